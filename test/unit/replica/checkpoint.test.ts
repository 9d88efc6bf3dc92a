/** Checkpoints: the whole state as bytes that Yjs reads as well. */
import { expect } from 'chai'
import fc from 'fast-check'
import * as Y from 'yjs'
import { decodeCheckpoint, encodeCheckpoint } from '../../../src/data/replica/checkpoint.js'
import { DottedMap } from '../../../src/data/replica/dotted-map.js'
import { Entry } from '../../../src/data/replica/entry.js'
import { any } from './raw-update.js'

function entry(session: number, n: number, key: string, value: string | Uint8Array = 'v'): Entry {
  const encoded = value instanceof Uint8Array ? any(value) : undefined
  return new Entry({ key, session, n, stamp: 4096, value, bytes: key.length + 3, encoded })
}

/** A map with writes of several sessions: the alive ones by their numbers, and how many there were. */
function mapOf(sessions: readonly { session: number; known: number; live: readonly number[] }[]): DottedMap {
  const map = new DottedMap()
  for (const { session, known, live } of sessions) {
    for (const n of live) map.set(entry(session, n, `${session}/${n}`))
    map.advance(session, known)
  }
  return map
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Session, number and key of what is alive, and how much of each session is known. */
function told(map: DottedMap) {
  return {
    context: [...map.context].sort(([a], [b]) => a - b),
    live: [...map.entries()].map(({ session, n, key }) => [session, n, key].join()).sort(),
  }
}

describe('A checkpoint', () => {
  it('has these bytes: a change of them is a change of the format', () => {
    const map = new DottedMap()
    map.set(entry(300, 1, 'key'))
    map.advance(300, 4)
    map.advance(7, 2)
    const bytes = hex(encodeCheckpoint(map, 5))
    const client = bytes.slice(4, bytes.indexOf('0023'))
    expect(bytes.replaceAll(client, '<client>')).to.equal(
      '0102<client>0023010375737200' +
        '0c' +
        '0500020702' +
        '02' +
        'a50204' +
        '010102' +
        '2801037573' +
        '72036b6579027b40b0000000000000770176' +
        '01<client>010001',
    )
  })

  it('opens in an empty stock Y.Doc to the same content, and shows nothing else', () => {
    const map = mapOf([
      { session: 9, known: 8, live: [1, 2, 5] },
      { session: 2 ** 52, known: 1, live: [] },
    ])
    map.set(entry(8, 0, 'bytes', new Uint8Array([1, 2])))
    const doc = new Y.Doc()
    Y.applyUpdate(doc, encodeCheckpoint(map, 2 ** 52))
    expect(doc.getMap('usr').toJSON()).to.deep.equal({
      '9/1': 'v',
      '9/2': 'v',
      '9/5': 'v',
      bytes: new Uint8Array([1, 2]),
    })
    expect([...doc.share.keys()]).to.deep.equal(['usr'])
    expect(doc.store.pendingStructs ?? doc.store.pendingDs).to.equal(null)
    const copy = new Y.Doc()
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc))
    expect(copy.getMap('usr').toJSON()).to.deep.equal(doc.getMap('usr').toJSON())
  })

  it('comes back as it was', () => {
    const session = fc.record({
      session: fc.integer({ min: 1 }),
      gaps: fc.array(fc.nat(3), { maxLength: 12 }),
      rest: fc.nat(5),
    })
    fc.assert(
      fc.property(fc.uniqueArray(session, { selector: (each) => each.session }), (sessions) => {
        const map = mapOf(
          sessions.map(({ session, gaps, rest }) => {
            let n = -1
            const live = gaps.map((gap) => (n += 1 + gap))
            return { session, known: 1 + Math.max(n, 0) + rest, live }
          }),
        )
        const decoded = decodeCheckpoint(encodeCheckpoint(map, 77))
        if ('type' in decoded) throw new Error(decoded.kind)
        const copy = new DottedMap()
        copy.merge(decoded.incoming)
        expect(decoded.clock).to.equal(77)
        expect(told(copy)).to.deep.equal(told(map))
        expect(copy.digest.bytes()).to.deep.equal(map.digest.bytes())
      }),
      { numRuns: 200 },
    )
  })

  it('costs less than nine bytes for each session of three writes', () => {
    const random = (i: number) => Math.floor(((i * 0.6180339887) % 1) * 2 ** 53)
    const sessions = Array.from({ length: 10_000 }, (_, i) => ({
      session: 1 + random(i),
      known: 3,
      live: [],
    }))
    expect(encodeCheckpoint(mapOf(sessions), 1).length / 10_000).to.be.below(9)
  })

  it('decodes to a result or an offence, whatever the bytes are', () => {
    const valid = encodeCheckpoint(
      mapOf([
        { session: 9, known: 8, live: [1, 2, 5] },
        { session: 700, known: 1, live: [] },
      ]),
      5,
    )
    const change = fc.record({ at: fc.nat(valid.length - 1), byte: fc.nat(255) })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(valid.length), (changes, cut) => {
        const bytes = valid.slice(0, cut < 20 ? cut * 3 : undefined)
        for (const { at, byte } of changes) bytes[at] = byte
        const result = decodeCheckpoint(bytes)
        if ('type' in result) expect(result.type).to.equal('offence')
        else new DottedMap().merge(result.incoming)
      }),
      { numRuns: 3000 },
    )
  })
})
