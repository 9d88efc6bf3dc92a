/** Honest messages of each kind, made by the code that makes them. */

import type { MemberRecord } from '../../src/base/member.js'
import { seededRandom } from '../../src/base/random.js'
import { planAll } from '../../src/data/replica/plan.js'
import { Replica } from '../../src/data/replica/replica.js'
import { encodeFrame } from '../../src/mesh/wire/codec.js'
import { Fragmenter } from '../../src/mesh/wire/fragment.js'
import type { Frame } from '../../src/mesh/wire/frame.js'
import type { ClientMessage, ServerMessage, Signal } from '../../src/mesh/wire/signal.js'
import { GOLDEN_FRAMES } from '../unit/wire/golden-frames.js'

const RECORD: MemberRecord = {
  port: 8080,
  protocol: 'v1',
  kind: 'node',
  role: 'writer',
  session: 4_503_599_627_370_496,
  incarnation: 1_767_225_600_000,
  joined: 1_767_225_600_000,
  name: 'a name',
  zone: 'zone-1',
  meta: { color: 'red', count: 1, flag: true, none: null },
}
const LEASE = 3

/** A frame of every type: the golden ones, and those that `evil`, a linked neighbor, might send. */
export function frames(): Frame[] {
  const replica = new Replica({ random: seededRandom(3), wall: () => 1_767_225_600_000 })
  replica.commit(planAll([{ type: 'set', key: 'key', value: { list: [1, 'two', null] } }]))
  replica.commit(planAll([{ type: 'delete', key: 'gone' }]))
  const [update = new Uint8Array()] = replica.exchange.drain()
  const digest = replica.exchange.digest()
  const wanted = [{ tag: 7, from: 1, to: 3 }]
  const gossip = {
    type: 'gossip',
    origin: 'other',
    epoch: 5,
    round: 1,
    ownTree: true,
    shapes: false,
  } as const
  return [
    { type: 'hello', topic: 't', id: 'evil', record: RECORD, lease: LEASE, links: 2, intent: 'join' },
    {
      type: 'heartbeat',
      digest,
      time: 1000,
      echo: 900,
      visibility: 'visible',
      hasSlot: true,
      announced: wanted,
      leases: [{ tag: 9, lease: LEASE }],
    },
    { ...gossip, seq: 1, body: { type: 'update', update } },
    {
      ...gossip,
      seq: 2,
      ownTree: false,
      shapes: true,
      body: {
        type: 'claims',
        claims: [
          { type: 'member', id: 'other', record: RECORD, lease: LEASE },
          { type: 'suspect', id: 'me', incarnation: 1, by: 'other' },
          { type: 'leave', id: 'third', incarnation: 2 },
        ],
      },
    },
    { ...gossip, seq: 3, body: { type: 'beacon' } },
    { type: 'graft', tree: 7, wanted },
    { type: 'prune', tree: 0 },
    { type: 'interleave', step: 'offer', member: 'other' },
    { type: 'signal', from: 'other', to: 'me', hops: 5, payload: JSON.stringify(signals()[0]) },
    { type: 'members', buckets: Array.from({ length: 64 }, (_, i) => i * 1000), ask: true },
    { type: 'digest', replica: digest, members: 12, ask: true },
    { type: 'sync-request', exchange: 1, summary: replica.exchange.summary() },
    { type: 'sync-part', exchange: 1, index: 0, last: true, bytes: update },
    { type: 'sync-pull', exchange: 1, next: 2 },
    { type: 'sync-busy', exchange: 1 },
    { type: 'member', id: 'other', record: RECORD, lease: LEASE },
    { type: 'suspect', id: 'other', incarnation: 1_767_225_600_000, by: 'evil' },
    { type: 'leave', id: 'other', incarnation: 1_767_225_600_000 },
    { type: 'disconnect', reason: 'evict' },
    ...Object.values(GOLDEN_FRAMES).flatMap((all) => all.map(({ frame }) => frame)),
  ]
}

/** The same as bytes. */
export function frameBytes(): Uint8Array[] {
  return frames().map(encodeFrame)
}

/** Messages of a channel that carry whole frames, pieces of large ones, acknowledgements and an end. */
export function messages(): Uint8Array[] {
  const fragmenter = new Fragmenter()
  for (const bytes of frameBytes()) fragmenter.push(bytes, 1)
  fragmenter.push(new Uint8Array(20_000).fill(7), 1)
  fragmenter.push(Uint8Array.of(1, 2, 3), 0)
  fragmenter.acknowledge(4096)
  fragmenter.end()
  const made: Uint8Array[] = []
  for (let message = fragmenter.next(); message; message = fragmenter.next()) made.push(message.slice())
  return made
}

/** The description of a data channel, with candidates in it. */
export const SDP = [
  'v=0',
  'o=- 7306878999200230846 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'c=IN IP4 0.0.0.0',
  'a=candidate:1 1 udp 2122265343 192.0.2.2 51172 typ host generation 0',
  'a=candidate:2 1 udp 1677729535 fd00::2 51173 typ srflx raddr 10.0.0.1 rport 9',
  'a=ice-ufrag:9Idn',
  'a=ice-pwd:bEaRUOoeL2ieq1yzmVF5QCcJ',
  'a=fingerprint:sha-256 37:03:7D:F5:1F:D9:43:D0:4E:8B:CF:12:BE:60:A6:7B:1F:71:AF:8C:2F:25:2F:C8:5B:18:90:F9:7A:41:4D:13',
  'a=setup:actpass',
  'a=mid:0',
  '',
].join('\r\n')

export const CANDIDATE =
  'candidate:3077952869 1 udp 2122265343 192.0.2.2 51172 typ host generation 0 ufrag FyXH'

/** A signal of every type. */
export function signals(): Signal[] {
  return [
    { type: 'offer', session: 's1', sdp: SDP },
    { type: 'answer', session: 's1', sdp: SDP },
    { type: 'candidate', session: 's1', candidate: CANDIDATE, sdpMid: '0', sdpMLineIndex: 0 },
    { type: 'request', session: 's2' },
    { type: 'busy', session: 's2' },
  ]
}

/** Everything that is said at signaling, of every type. */
export function signalingTexts(): string[] {
  const clients: ClientMessage[] = [
    { type: 'auth', token: 'header.payload.signature' },
    { type: 'join', topic: 'topic', id: 'a', kind: 'node' },
    { type: 'introduce', topic: 'topic', count: 3 },
    { type: 'signal', topic: 'topic', to: 'b', payload: '{}' },
    { type: 'ice', topic: 'topic' },
    { type: 'leave', topic: 'topic' },
  ]
  const servers: ServerMessage[] = [
    { type: 'contacts', topic: 'topic', contacts: [{ id: 'b', kind: 'browser' }] },
    { type: 'signal', topic: 'topic', from: 'b', payload: '{}' },
    { type: 'absent', topic: 'topic', id: 'b' },
    {
      type: 'ice',
      topic: 'topic',
      servers: [{ urls: ['turn:turn.example.org:3478'], username: '1:a', credential: 'x' }],
      seconds: 600,
    },
    { type: 'error', code: 'rate', message: 'Too many messages.' },
  ]
  return [...clients, ...servers, ...signals()].map((message) => JSON.stringify(message))
}
