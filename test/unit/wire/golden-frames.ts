/** One frame of each type, and of each form that it has, with the bytes that it must have for ever. */

import type { MemberRecord } from '../../../src/base/member.js'
import type { Frame } from '../../../src/mesh/wire/frame.js'

export interface Golden<F extends Frame = Frame> {
  frame: F
  hex: string
}

const RECORD: MemberRecord = {
  port: null,
  protocol: 'v1',
  kind: 'node',
  role: 'writer',
  session: 7,
  incarnation: 300,
  joined: 5,
}
const PROOF = new Uint8Array(96).fill(7)
const DIGEST = Uint8Array.from({ length: 16 }, (_, index) => index)
const GOSSIP = { type: 'gossip', origin: 'ab', epoch: 300, seq: 2, round: 1 } as const

/** The type makes a frame without golden bytes an error of the compiler. */
export const GOLDEN_FRAMES: { [T in Frame['type']]: Golden<Extract<Frame, { type: T }>>[] } = {
  hello: [
    {
      frame: { type: 'hello', topic: 't', id: 'ab', record: RECORD, lease: 1, links: 2, intent: 'join' },
      hex: '0101000174026162647b22706f7274223a6e756c6c2c2270726f746f636f6c223a227631222c226b696e64223a226e6f6465222c22726f6c65223a22777269746572222c2273657373696f6e223a372c22696e6361726e6174696f6e223a3330302c226a6f696e6564223a357d01000201',
    },
  ],
  heartbeat: [
    {
      frame: {
        type: 'heartbeat',
        digest: DIGEST,
        time: 300,
        echo: 299,
        visibility: 'hidden',
        hasSlot: false,
        announced: [{ tag: 5, from: 2, to: 4 }],
        leases: [{ tag: 6, lease: 1 }],
      },
      hex: '010300000102030405060708090a0b0c0d0e0fac02ab020101050202010601',
    },
    {
      frame: {
        type: 'heartbeat',
        digest: DIGEST,
        time: 0,
        echo: 0,
        visibility: 'frozen',
        hasSlot: true,
        announced: [],
        leases: [],
      },
      hex: '010300000102030405060708090a0b0c0d0e0f0000060000',
    },
  ],
  gossip: [
    {
      frame: {
        ...GOSSIP,
        ownTree: true,
        shapes: false,
        body: { type: 'update', update: Uint8Array.of(9, 8) },
      },
      hex: '010400026162ac0202010100020908',
    },
    {
      frame: {
        ...GOSSIP,
        ownTree: false,
        shapes: false,
        body: {
          type: 'claims',
          claims: [
            { type: 'member', id: 'cd', record: RECORD, lease: 1 },
            { type: 'suspect', id: 'cd', incarnation: 300, by: 'ab' },
            { type: 'leave', id: 'cd', incarnation: 300 },
            { type: 'presence', id: 'ab', version: 300, frozen: false, state: Uint8Array.of(9) },
          ],
        },
      },
      hex: '010400026162ac02020100010400026364647b22706f7274223a6e756c6c2c2270726f746f636f6c223a227631222c226b696e64223a226e6f6465222c22726f6c65223a22777269746572222c2273657373696f6e223a372c22696e6361726e6174696f6e223a3330302c226a6f696e6564223a357d010001026364ac020261620002026364ac020003026162ac0200010900',
    },
    {
      frame: { ...GOSSIP, ownTree: false, shapes: true, body: { type: 'beacon' } },
      hex: '010400026162ac0202010202',
    },
    {
      frame: {
        ...GOSSIP,
        ownTree: false,
        shapes: false,
        body: { type: 'message', from: 'ab', to: '', hops: 10, number: 300, bytes: Uint8Array.of(9) },
      },
      hex: '010400026162ac0202010003026162000aac02010900',
    },
    {
      frame: {
        ...GOSSIP,
        ownTree: false,
        shapes: false,
        body: { type: 'ack-request', marks: [{ session: 7, n: 300 }] },
      },
      hex: '010400026162ac02020100040107ac02',
    },
  ],
  graft: [
    { frame: { type: 'graft', tree: 5, wanted: [{ tag: 5, from: 2, to: 300 }] }, hex: '01060005010502aa02' },
  ],
  prune: [{ frame: { type: 'prune', tree: 300 }, hex: '010700ac02' }],
  digest: [
    {
      frame: { type: 'digest', replica: DIGEST, members: 300, ask: true },
      hex: '010800000102030405060708090a0b0c0d0e0fac0201',
    },
  ],
  'sync-request': [
    { frame: { type: 'sync-request', exchange: 1, summary: Uint8Array.of(9, 8) }, hex: '01090001020908' },
  ],
  'sync-part': [
    {
      frame: { type: 'sync-part', exchange: 1, index: 0, last: true, bytes: Uint8Array.of(9, 8) },
      hex: '010a00010001020908',
    },
  ],
  'sync-pull': [{ frame: { type: 'sync-pull', exchange: 1, next: 2 }, hex: '011c000102' }],
  'sync-busy': [{ frame: { type: 'sync-busy', exchange: 1 }, hex: '011d0001' }],
  interleave: [{ frame: { type: 'interleave', step: 'failed', member: 'cd' }, hex: '010c0002026364' }],
  disconnect: [
    { frame: { type: 'disconnect', reason: 'full' }, hex: '010e000600' },
    { frame: { type: 'disconnect', reason: 'full', others: ['ab'] }, hex: '010e0006010102' + '6162' },
  ],
  signal: [
    {
      frame: { type: 'signal', from: 'ab', to: 'cd', hops: 10, payload: '{}' },
      hex: '0111000261620263640a027b7d',
    },
  ],
  suspect: [
    { frame: { type: 'suspect', id: 'cd', incarnation: 300, by: 'ab' }, hex: '011200026364ac0202616200' },
  ],
  leave: [
    { frame: { type: 'leave', id: 'ab', incarnation: 300 }, hex: '011500026162ac0200' },
    {
      frame: { type: 'leave', id: 'ab', incarnation: 300, proof: PROOF },
      hex: `011500026162ac0201${'07'.repeat(96)}`,
    },
  ],
  member: [
    {
      frame: { type: 'member', id: 'ab', record: RECORD, lease: 1 },
      hex: '011900026162647b22706f7274223a6e756c6c2c2270726f746f636f6c223a227631222c226b696e64223a226e6f6465222c22726f6c65223a22777269746572222c2273657373696f6e223a372c22696e6361726e6174696f6e223a3330302c226a6f696e6564223a357d0100',
    },
  ],
  presence: [
    {
      frame: { type: 'presence', id: 'ab', version: 300, frozen: true, state: Uint8Array.of(9, 8) },
      hex: '011a00026162ac020102090800',
    },
  ],
  message: [
    {
      frame: { type: 'message', from: 'ab', to: 'cd', hops: 10, number: 300, bytes: Uint8Array.of(9, 8) },
      hex: '011b000261620263640aac0202090800',
    },
    {
      frame: {
        type: 'message',
        from: 'ab',
        to: '',
        hops: 10,
        number: 1,
        bytes: Uint8Array.of(9),
        proof: PROOF,
      },
      hex: `011b00026162000a01010901${'07'.repeat(96)}`,
    },
  ],
  'ack-request': [
    {
      frame: {
        type: 'ack-request',
        marks: [
          { session: 7, n: 300 },
          { session: 8, n: 0 },
        ],
      },
      hex: '011f000207ac020800',
    },
  ],
  ack: [
    {
      frame: { type: 'ack', from: 'ab', to: 'cd', hops: 10, marks: [{ session: 7, n: 300 }] },
      hex: '0120000261620263640a0107ac0200',
    },
    {
      frame: { type: 'ack', from: 'ab', to: 'cd', hops: 10, marks: [{ session: 7, n: 300 }], proof: PROOF },
      hex: `0120000261620263640a0107ac0201${'07'.repeat(96)}`,
    },
  ],
  members: [{ frame: { type: 'members', buckets: [0, 300], ask: true }, hex: '011e00010200ac02' }],
}
