import { expect } from 'chai'
import fc from 'fast-check'
import { concat, toHex } from '../../../src/base/bytes.js'
import { ProtocolError } from '../../../src/base/errors.js'
import type { MemberRecord } from '../../../src/base/member.js'
import {
  APPLICATION_BYTES_MAX,
  MEMBER_RECORD_BYTES_MAX,
  PRESENCE_BYTES_MAX,
} from '../../../src/base/member-limits.js'
import type { Claim } from '../../../src/mesh/wire/claim.js'
import { decodeFrame, encodeFrame, encodePartHead } from '../../../src/mesh/wire/codec.js'
import {
  DISCONNECT_REASONS,
  type EnvelopeBody,
  type Frame,
  LINK_INTENTS,
  VISIBILITIES,
} from '../../../src/mesh/wire/frame.js'
import { FRAMES } from '../../../src/mesh/wire/frames.js'
import { ACK_MARKS_MAX, FRAME_BYTES_MAX, SLOTS_NAMED_MAX } from '../../../src/mesh/wire/wire-limits.js'

const word = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/)
const integer = fc.maxSafeNat()
const bytes = fc.uint8Array({ maxLength: 2_000 })
const digest = fc.uint8Array({ minLength: 16, maxLength: 16 })
const record: fc.Arbitrary<MemberRecord> = fc
  .record(
    {
      port: fc.option(fc.integer({ min: 1, max: 65_535 })),
      protocol: fc.constant('v1' as const),
      kind: fc.constantFrom('node' as const, 'browser' as const),
      role: fc.constantFrom('writer' as const, 'reader' as const),
      session: integer,
      incarnation: integer,
      joined: integer,
      name: fc.string({ unit: 'grapheme-ascii', maxLength: 30 }),
      meta: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.boolean(), { maxKeys: 3 }),
    },
    { requiredKeys: ['port', 'protocol', 'kind', 'role', 'session', 'incarnation', 'joined'] },
  )
  .map(plain)

/** fast-check makes objects without a prototype; the codec makes ordinary ones. */
function plain(value: MemberRecord): MemberRecord {
  const copy: MemberRecord = { ...value }
  if (copy.meta) copy.meta = { ...copy.meta }
  return copy
}

const announced = fc.array(
  fc.tuple(fc.nat(), fc.nat(), fc.nat()).map(([tag, from, more]) => ({ tag, from, to: from + more })),
  { maxLength: 5 },
)
const claim: fc.Arbitrary<Claim> = fc.oneof(
  fc.record({ type: fc.constant('member' as const), id: word, record, lease: integer }),
  fc.record({ type: fc.constant('suspect' as const), id: word, incarnation: integer, by: word }),
  fc.record({ type: fc.constant('leave' as const), id: word, incarnation: integer }),
  fc.record({
    type: fc.constant('presence' as const),
    id: word,
    version: integer,
    frozen: fc.boolean(),
    state: bytes,
  }),
)
const message = fc.record({
  type: fc.constant('message' as const),
  from: word,
  to: fc.oneof(word, fc.constant('')),
  hops: fc.nat(255),
  number: integer,
  bytes,
})
const marks = fc.array(fc.record({ session: integer, n: integer }), {
  minLength: 1,
  maxLength: ACK_MARKS_MAX,
})
const body: fc.Arbitrary<EnvelopeBody> = fc.oneof(
  fc.record({ type: fc.constant('beacon' as const) }),
  message,
  fc.record({ type: fc.constant('ack-request' as const), marks }),
  fc.record({ type: fc.constant('update' as const), update: bytes }),
  fc.record({ type: fc.constant('claims' as const), claims: fc.array(claim, { maxLength: 3 }) }),
)
const frame: fc.Arbitrary<Frame> = fc.oneof(
  claim,
  message,
  fc.record({
    type: fc.constant('hello' as const),
    topic: word,
    id: word,
    record,
    lease: integer,
    links: integer,
    intent: fc.constantFrom(...LINK_INTENTS),
  }),
  fc.record({
    type: fc.constant('heartbeat' as const),
    digest,
    time: integer,
    echo: integer,
    visibility: fc.constantFrom(...VISIBILITIES),
    hasSlot: fc.boolean(),
    announced,
    leases: fc.array(fc.record({ tag: fc.nat(), lease: fc.nat() }), { maxLength: 5 }),
  }),
  fc.record({
    type: fc.constant('gossip' as const),
    origin: word,
    epoch: integer,
    seq: integer,
    round: integer,
    ownTree: fc.boolean(),
    shapes: fc.boolean(),
    body,
  }),
  fc.record({ type: fc.constant('graft' as const), tree: integer, wanted: announced }),
  fc.record({ type: fc.constant('prune' as const), tree: integer }),
  fc.record({
    type: fc.constant('interleave' as const),
    step: fc.constantFrom('offer' as const, 'done' as const, 'failed' as const),
    member: word,
  }),
  fc.record({
    type: fc.constant('signal' as const),
    from: word,
    to: word,
    hops: fc.nat(255),
    payload: fc.string({ maxLength: 100 }),
  }),
  fc.record({
    type: fc.constant('members' as const),
    buckets: fc.array(fc.nat(), { maxLength: 64 }),
    ask: fc.boolean(),
  }),
  fc.record({ type: fc.constant('digest' as const), replica: digest, members: integer, ask: fc.boolean() }),
  fc.record({ type: fc.constant('sync-request' as const), exchange: integer, summary: bytes }),
  fc.record({
    type: fc.constant('sync-part' as const),
    exchange: integer,
    index: fc.nat(9),
    last: fc.boolean(),
    bytes,
  }),
  fc.record({ type: fc.constant('sync-pull' as const), exchange: integer, next: integer }),
  fc.record({ type: fc.constant('ack-request' as const), marks }),
  fc.record({
    type: fc.constant('ack' as const),
    from: word,
    to: word,
    hops: fc.nat(255),
    marks,
  }),
  fc.record({ type: fc.constant('sync-busy' as const), exchange: integer }),
  fc.record(
    {
      type: fc.constant('disconnect' as const),
      reason: fc.constantFrom(...DISCONNECT_REASONS),
      others: fc.array(word, { maxLength: SLOTS_NAMED_MAX }),
    },
    { requiredKeys: ['type', 'reason'] },
  ),
)

const RECORD: MemberRecord = {
  port: 8080,
  protocol: 'v1',
  kind: 'node',
  role: 'writer',
  session: 7,
  incarnation: 3,
  joined: 5,
}

describe('the frame codec', () => {
  it('reads back every frame that it wrote', () => {
    fc.assert(
      fc.property(frame, (given) => {
        expect(decodeFrame(encodeFrame(given))).to.deep.equal({ ...given })
      }),
    )
  })

  it('writes the head of a part as the part begins', () => {
    const part = frame.filter((given) => given.type === 'sync-part')
    fc.assert(
      fc.property(part, (given) => {
        expect(concat(encodePartHead(given), given.bytes)).to.deep.equal(encodeFrame(given))
      }),
    )
  })

  it('has a generator here for every type of frame', () => {
    const seen = new Set(fc.sample(frame, 2_000).map((sample) => sample.type))
    expect([...seen].sort()).to.deep.equal(Object.keys(FRAMES).sort())
  })

  it('answers any bytes with a frame, with nothing for an unknown type, or with a ProtocolError', () => {
    const anything = fc.uint8Array({ maxLength: 300 }).map((tail) => Uint8Array.of(1, ...tail))
    fc.assert(
      fc.property(anything, (given) => expectFrameOrProtocolError(given)),
      { numRuns: 5_000 },
    )
  })

  it('answers a damaged frame in the same way', () => {
    const damaged = fc.tuple(frame, fc.nat(), fc.integer({ min: 1, max: 255 })).map(([given, at, flip]) => {
      const copy = encodeFrame(given)
      const index = at % copy.length
      copy[index] = (copy[index] ?? 0) ^ flip
      return copy
    })
    fc.assert(
      fc.property(damaged, (given) => expectFrameOrProtocolError(given)),
      { numRuns: 5_000 },
    )
  })

  it('refuses every frame that is cut short, and every one with a byte too many', () => {
    fc.assert(
      fc.property(frame, fc.nat(), (given, cut) => {
        const whole = encodeFrame(given)
        expect(() => decodeFrame(whole.subarray(0, 3 + (cut % (whole.length - 3))))).to.throw(ProtocolError)
        expect(() => decodeFrame(Uint8Array.of(...whole, 0))).to.throw(ProtocolError)
      }),
    )
  })

  it('skips a type that a later version may know', () => {
    expect(decodeFrame(Uint8Array.of(1, 200, 0, 1, 2, 3))).to.equal(undefined)
  })

  it('refuses another major version by its own code', () => {
    expect(() => decodeFrame(Uint8Array.of(2, 3, 0)))
      .to.throw(ProtocolError)
      .with.property('code', 'ERR_VERSION_MISMATCH')
  })

  it('refuses a frame one byte over the bound before it looks into it', () => {
    expect(() => decodeFrame(new Uint8Array(FRAME_BYTES_MAX + 1)))
      .to.throw(ProtocolError)
      .with.property('code', 'ERR_FRAME_TOO_LARGE')
  })

  it('refuses a member record one byte over its bound', () => {
    const room = MEMBER_RECORD_BYTES_MAX - JSON.stringify({ ...RECORD, name: '' }).length
    const fits: Frame = { type: 'member', id: 'a', record: { ...RECORD, name: 'x'.repeat(room) }, lease: 0 }
    const over: Frame = {
      type: 'member',
      id: 'a',
      record: { ...RECORD, name: 'x'.repeat(room + 1) },
      lease: 0,
    }
    expect(decodeFrame(encodeFrame(fits))).to.deep.equal(fits)
    expect(() => decodeFrame(encodeFrame(over))).to.throw(ProtocolError)
  })

  it('refuses presence and messages one byte over their bounds, and a message to no name', () => {
    const presence = (length: number) =>
      encodeFrame({ type: 'presence', id: 'a', version: 1, frozen: false, state: new Uint8Array(length) })
    const message = (length: number, to = 'b') =>
      encodeFrame({ type: 'message', from: 'a', to, hops: 1, number: 1, bytes: new Uint8Array(length) })
    expect(decodeFrame(presence(PRESENCE_BYTES_MAX))).to.include({ type: 'presence' })
    expect(decodeFrame(message(APPLICATION_BYTES_MAX))).to.include({ type: 'message' })
    expect(() => decodeFrame(presence(PRESENCE_BYTES_MAX + 1))).to.throw(ProtocolError)
    expect(() => decodeFrame(message(APPLICATION_BYTES_MAX + 1))).to.throw(ProtocolError)
    expect(() => decodeFrame(message(1, 'not a word'))).to.throw(ProtocolError)
  })

  it('refuses a request for acknowledgements without marks, and one with a mark too many', () => {
    const requestOf = (marks: number): Frame => ({
      type: 'ack-request',
      marks: Array.from({ length: marks }, (_, session) => ({ session, n: 1 })),
    })
    expect(decodeFrame(encodeFrame(requestOf(ACK_MARKS_MAX)))).to.deep.equal(requestOf(ACK_MARKS_MAX))
    for (const marks of [0, ACK_MARKS_MAX + 1])
      expect(() => decodeFrame(encodeFrame(requestOf(marks)))).to.throw(ProtocolError)
  })

  it('refuses more than 8 others in a disconnect, and a page that is hidden and frozen', () => {
    const full = (others: number): Frame => ({
      type: 'disconnect',
      reason: 'full',
      others: Array.from({ length: others }, () => 'ab'),
    })
    expect(decodeFrame(encodeFrame(full(SLOTS_NAMED_MAX)))).to.deep.equal(full(SLOTS_NAMED_MAX))
    expect(() => decodeFrame(encodeFrame(full(SLOTS_NAMED_MAX + 1)))).to.throw(ProtocolError)
    for (const bits of [3, 8])
      expect(() => decodeFrame(Uint8Array.of(1, 3, ...new Uint8Array(19), bits, 0, 0))).to.throw(
        ProtocolError,
      )
  })

  it('refuses a record whose meta reaches for a prototype', () => {
    const hostile = JSON.parse(`{"__proto__":{"admin":true}}`)
    const given = encodeFrame({ type: 'member', id: 'a', record: { ...RECORD, meta: hostile }, lease: 0 })
    expect(() => decodeFrame(given)).to.throw(ProtocolError)
  })

  it('keeps its bytes: the wire does not change unnoticed', () => {
    const golden = (given: Frame) => toHex(encodeFrame(given))
    expect(golden({ type: 'leave', id: 'ab', incarnation: 300 })).to.equal('01150002616' + '2ac0200')
    expect(golden({ type: 'disconnect', reason: 'full' })).to.equal('010e000600')
    expect(
      golden({
        type: 'gossip',
        origin: 'o',
        epoch: 1,
        seq: 2,
        round: 0,
        ownTree: true,
        shapes: false,
        body: { type: 'update', update: Uint8Array.of(9, 8) },
      }),
    ).to.equal('010400016f010200010002' + '0908')
  })
})

function expectFrameOrProtocolError(given: Uint8Array): void {
  try {
    const decoded = decodeFrame(given)
    if (decoded) expect(FRAMES).to.have.property(decoded.type)
  } catch (error) {
    expect(error).to.be.instanceOf(ProtocolError)
  }
}
