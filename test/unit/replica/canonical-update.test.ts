/** Updates to bytes and back, and every way in which bytes can be refused. */
import { expect } from 'chai'
import fc from 'fast-check'
import * as Y from 'yjs'
import {
  KEY_BYTES_MAX,
  SESSION_WRITES_MAX,
  UPDATE_BYTES_MAX,
  UPDATE_GAP_MAX,
  UPDATE_SESSIONS_MAX,
  UPDATE_STRUCTS_MAX,
  VALUE_BYTES_MAX,
  VALUE_DEPTH_MAX,
} from '../../../src/data/data-limits.js'
import { completed, encodeUpdate } from '../../../src/data/replica/canonical-update.js'
import { Entry } from '../../../src/data/replica/entry.js'
import { decodeEnvelope } from '../../../src/data/replica/envelope.js'
import type { Run } from '../../../src/data/replica/incoming.js'
import { type Decoded, decodeUpdate, type UpdateLimits } from '../../../src/data/replica/update-reader.js'
import { cloneValue, type Value } from '../../../src/data/replica/value.js'
import { any, envelope, float, gap, item, raw, update } from './raw-update.js'

const LIMITS: UpdateLimits = {
  bytesMax: UPDATE_BYTES_MAX,
  structsMax: UPDATE_STRUCTS_MAX,
  sessionsMax: UPDATE_SESSIONS_MAX,
  gapMax: UPDATE_GAP_MAX,
  kills: true,
}

/** The rule that bytes break, or `ok`. */
function kindOf(bytes: Uint8Array, limits: Partial<UpdateLimits> = {}): string {
  const result = decodeUpdate(bytes, { ...LIMITS, ...limits })
  return 'type' in result ? result.kind : 'ok'
}

function decoded(bytes: Uint8Array): Decoded {
  const result = decodeUpdate(bytes, LIMITS)
  if ('type' in result) throw new Error(result.kind)
  return result
}

function entry(session: number, n: number, value: Value, key = `k${n}`): Entry {
  const encoded = value instanceof Uint8Array ? any(value) : undefined
  return new Entry({ key, session, n, stamp: 4096, value, bytes: 0, encoded })
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

describe('A canonical update', () => {
  it('has these bytes: a change of them is a change of the format', () => {
    const run = completed({ session: 300, start: 1, end: 4, entries: [entry(300, 2, 'v', 'key')], dead: [] })
    const bytes = encodeUpdate([run], [{ session: 7, ranges: [0, 2] }])
    expect(hex(bytes)).to.equal(
      '0103ac020200022801037573' + '72036b6579027b40b00000000000007701760002' + '0107010004',
    )
  })

  it('is a Yjs update that shows the same content in an empty document', () => {
    const entries = [entry(9, 0, { a: [1, 'ä'] }), entry(9, 3, new Uint8Array([1, 2]))]
    const doc = new Y.Doc()
    const run = completed({ session: 9, start: 0, end: 5, entries, dead: [] })
    Y.applyUpdate(doc, encodeUpdate([run], []))
    expect(doc.getMap('usr').toJSON()).to.deep.equal({ k0: { a: [1, 'ä'] }, k3: new Uint8Array([1, 2]) })
    expect(doc.store.pendingStructs).to.equal(null)
    expect(doc.store.pendingDs).to.equal(null)
  })

  it('comes back as it was', () => {
    const value = fc
      .jsonValue({ maxDepth: 4 })
      .filter(
        (json) =>
          JSON.stringify(json).length < 5000 && !/__proto__|constructor|prototype/.test(JSON.stringify(json)),
      )
    const write = fc.record({
      gap: fc.nat(5),
      value: fc.oneof(value, fc.uint8Array()),
      expires: fc.option(fc.nat()),
    })
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1 }), { maxLength: 4 }),
        fc.array(write),
        (sessions, writes) => {
          const runs = sessions.map((session): Run => {
            let n = 3
            const entries = writes.map((each) => {
              n += each.gap + 1
              const own = cloneValue(each.value)
              const fields = { key: `key ${n}`, session, n, stamp: 5 * n, value: own, bytes: 0 }
              return new Entry({ ...fields, expires: each.expires ?? undefined, encoded: any(own) })
            })
            return completed({ session, start: 3, end: n + 2, entries, dead: [] })
          })
          const back = decoded(encodeUpdate(runs, [{ session: 2 ** 50, ranges: [0, 1] }]))
          expect(back.kills).to.deep.equal([{ session: 2 ** 50, ranges: [0, 1] }])
          expect(back.runs.map(({ session, start, end }) => ({ session, start, end }))).to.deep.equal(
            runs.map(({ session, start, end }) => ({ session, start, end })),
          )
          back.runs.forEach((run, index) => {
            expect(run.entries.map(shownOf)).to.deep.equal(runs[index]?.entries.map(shownOf))
            expect(run.dead.length % 2).to.equal(0)
          })
        },
      ),
      { numRuns: 200 },
    )
  })

  it('decodes to a result or an offence, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        for (const result of [decodeUpdate(bytes, LIMITS), decodeEnvelope(bytes)])
          if ('type' in result) expect(result.type).to.equal('offence')
      }),
      { numRuns: 2000 },
    )
  })

  it('decodes to a result or an offence when a valid one was changed in a few bytes', () => {
    const valid = raw(
      2,
      2,
      900,
      4,
      item({ key: 'a' }),
      gap(6),
      1,
      800,
      0,
      item({ key: 'b' }),
      1,
      900,
      1,
      0,
      4,
    )
    expect(kindOf(valid)).to.equal('ok')
    const change = fc.tuple(fc.nat(valid.length - 1), fc.nat(255))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = valid.slice()
        for (const [index, byte] of changes) bytes[index] = byte
        expect(kindOf(bytes)).to.be.a('string')
      }),
      { numRuns: 5000 },
    )
  })
})

function shownOf({ key, session, n, stamp, value, expires }: Entry): unknown {
  return { key, session, n, stamp, value, expires }
}

describe('The strict reader refuses', () => {
  const cases: [string, string, Uint8Array][] = [
    ['no bytes', 'malformed', new Uint8Array()],
    ['bytes beyond the end', 'trailing', raw(update(9, 0, item()), 0)],
    ['a count beyond the bytes', 'malformed', raw(1, 4000, 9, 0)],
    ['a run without structs', 'malformed', update(9, 0)],
    ['an odd clock', 'malformed', update(9, 1, item())],
    ['half of a dead write', 'malformed', update(9, 0, gap(3))],
    ['a dead run of no writes', 'malformed', update(9, 0, gap(0))],
    ['two dead runs in a row', 'malformed', update(9, 0, gap(2), gap(2))],
    ['sessions out of order', 'malformed', raw(2, 1, 8, 0, gap(2), 1, 9, 0, gap(2), 0)],
    ['a session twice', 'malformed', raw(2, 1, 9, 0, gap(2), 1, 9, 4, gap(2), 0)],
    ['session 0 in a broadcast', 'session', update(0, 0, gap(2))],
    ['another root', 'root', update(9, 0, item({ root: 'sys' }))],
    ['a parent that is an item', 'root', update(9, 0, item({ parent: 0 }))],
    ['an item with an origin', 'content', update(9, 0, item({ info: 0xa8 }))],
    ['an item with a right origin', 'content', update(9, 0, item({ info: 0x68 }))],
    ['an item without a key', 'content', update(9, 0, item({ info: 0x08 }))],
    ['a skip', 'content', update(9, 0, raw(10, 4))],
    ['a nested type', 'content', update(9, 0, item({ info: 0x27 }))],
    ['three contents', 'content', update(9, 0, item({ length: 3 }))],
    ['an empty key', 'key', update(9, 0, item({ key: '' }))],
    ['a key that reaches a prototype', 'key', update(9, 0, item({ key: '__proto__' }))],
    ['a key one byte too long', 'key', update(9, 0, item({ key: 'k'.repeat(KEY_BYTES_MAX + 1) }))],
    ['a stamp that is no float', 'meta', update(9, 0, item({ meta: any(7) }))],
    ['an infinite stamp', 'meta', update(9, 0, item({ meta: float(Number.POSITIVE_INFINITY) }))],
    ['a stamp of 2^53', 'meta', update(9, 0, item({ meta: float(2 ** 53) }))],
    ['a negative stamp', 'meta', update(9, 0, item({ meta: float(-1) }))],
    ['a stamp between two', 'meta', update(9, 0, item({ meta: float(1.5) }))],
    ['a meta of three', 'meta', update(9, 0, item({ meta: raw(117, 3, float(1), float(2), float(3)) }))],
    ['undefined', 'value', update(9, 0, item({ value: any(undefined) }))],
    ['a BigInt', 'value', update(9, 0, item({ value: any(5n) }))],
    ['not a number', 'value', update(9, 0, item({ value: any(Number.NaN) }))],
    ['minus zero', 'value', update(9, 0, item({ value: any(-0) }))],
    [
      'a forbidden name in a value',
      'value',
      update(9, 0, item({ value: raw(118, 1, 'constructor', any(1)) })),
    ],
    [
      'a name twice in a value',
      'value',
      update(9, 0, item({ value: raw(118, 2, 'a', any(1), 'a', any(2)) })),
    ],
    ['a value one level too deep', 'value', update(9, 0, item({ value: deep(VALUE_DEPTH_MAX + 1) }))],
    [
      'a value one byte too large',
      'value',
      update(9, 0, item({ value: any('x'.repeat(VALUE_BYTES_MAX - 3)) })),
    ],
    [
      'text that is no UTF-8',
      'malformed',
      update(9, 0, item({ value: raw(119, 1, new Uint8Array([0xff])) })),
    ],
    ['a write beyond the last one', 'counter', update(9, 2 * SESSION_WRITES_MAX, item())],
    ['a claimed context of 2^40', 'counter', update(9, 0, gap(2 * SESSION_WRITES_MAX + 2))],
    ['a leap', 'gap', update(9, 0, gap(2 * (UPDATE_GAP_MAX + 2)))],
    ['a dead range of nothing', 'malformed', raw(0, 1, 9, 1, 4, 0)],
    ['half of a killed write', 'malformed', raw(0, 1, 9, 1, 1, 2)],
    ['killed ranges that touch', 'malformed', raw(0, 1, 9, 2, 0, 2, 2, 2)],
    ['killed ranges out of order', 'malformed', raw(0, 1, 9, 2, 8, 2, 0, 2)],
    ['a killed session twice', 'malformed', raw(0, 2, 9, 1, 0, 2, 9, 1, 8, 2)],
    ['a session killed of nothing', 'malformed', raw(0, 1, 9, 0)],
    ['a write both live and dead', 'malformed', raw(1, 1, 9, 0, item(), 1, 9, 1, 0, 2)],
    ['a killed write beyond the last one', 'counter', raw(0, 1, 9, 1, 2 * SESSION_WRITES_MAX, 2)],
  ]
  for (const [what, kind, bytes] of cases)
    it(`${what} as ${kind}`, () => {
      expect(kindOf(bytes)).to.equal(kind)
    })

  it('one struct, one session or one byte more than the limit', () => {
    const structs = Array.from({ length: 4 }, (_, index) => item({ key: `k${index}` }))
    expect(kindOf(update(9, 0, ...structs), { structsMax: 4 })).to.equal('ok')
    expect(kindOf(update(9, 0, ...structs), { structsMax: 3 })).to.equal('limit')
    const sessions = raw(3, 1, 9, 0, gap(2), 1, 8, 0, gap(2), 1, 7, 0, gap(2), 0)
    expect(kindOf(sessions, { sessionsMax: 3 })).to.equal('ok')
    expect(kindOf(sessions, { sessionsMax: 2 })).to.equal('limit')
    const bytes = update(9, 0, item())
    expect(kindOf(bytes, { bytesMax: bytes.length })).to.equal('ok')
    expect(kindOf(bytes, { bytesMax: bytes.length - 1 })).to.equal('limit')
  })

  it('a broadcast one beyond each of its limits', () => {
    const runs = Array.from({ length: UPDATE_SESSIONS_MAX + 1 }, (_, i) => raw(1, 9000 - i, 0, gap(2)))
    const sessions = raw(5, runs.length, ...runs, 0)
    expect(decodeEnvelope(sessions)).to.deep.equal({ type: 'offence', kind: 'limit' })
    expect('type' in decodeEnvelope(raw(5, runs.length - 1, ...runs.slice(1), 0))).to.equal(false)
    const structs = Array.from({ length: UPDATE_STRUCTS_MAX + 1 }, (_, i) => item({ key: `k${i}` }))
    expect(decodeEnvelope(raw(5, update(9, 0, ...structs)))).to.deep.equal({ type: 'offence', kind: 'limit' })
    expect('type' in decodeEnvelope(raw(5, update(9, 0, ...structs.slice(1))))).to.equal(false)
    const bytes = new Uint8Array(UPDATE_BYTES_MAX + 1)
    expect(decodeEnvelope(bytes)).to.deep.equal({ type: 'offence', kind: 'limit' })
  })

  it('deaths where they have no business, and the session 0', () => {
    expect(kindOf(raw(0, 1, 9, 1, 0, 2), { kills: false })).to.equal('limit')
    expect(kindOf(update(0, 0, gap(8)))).to.equal('session')
  })

  it('an envelope whose clock is beyond 2^53', () => {
    const beyond = new Uint8Array([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])
    expect(decodeEnvelope(raw(beyond, update(9, 0, item())))).to.deep.equal({
      type: 'offence',
      kind: 'malformed',
    })
    expect('type' in decodeEnvelope(envelope(2 ** 53 - 1, update(9, 0, item())))).to.equal(false)
  })
})

describe('The reader takes', () => {
  it('a lifetime', () => {
    const lifetime = update(9, 0, item({ meta: raw(117, 2, float(10), float(1e12)) }))
    expect(decoded(lifetime).runs[0]?.entries[0]?.expires).to.equal(1e12)
  })

  it('the largest key and the largest value', () => {
    const key = 'k'.repeat(KEY_BYTES_MAX)
    const largest = update(9, 0, item({ key, value: any('x'.repeat(VALUE_BYTES_MAX - 4)) }))
    expect(decoded(largest).runs[0]?.entries[0]?.bytes).to.equal(KEY_BYTES_MAX + VALUE_BYTES_MAX)
  })
})

function deep(levels: number): Uint8Array {
  let value: unknown = 1
  for (let i = 0; i < levels; i++) value = [value]
  return any(value)
}
