/** The digest: equal for equal data, different for any difference, whatever way led there. */
import { expect } from 'chai'
import fc from 'fast-check'
import { BUCKETS, Digest, sessionBucket } from '../../../src/data/replica/digest.js'
import { Entry, type EntryFields } from '../../../src/data/replica/entry.js'
import { cloneValue } from '../../../src/data/replica/value.js'

const FIELDS: EntryFields = { key: 'k', session: 9, n: 1, stamp: 100, value: 'v', bytes: 2 }

/** Around the lengths at which texts are hashed otherwise, in units and in bytes; alike at both ends. */
const LIKE_TEXTS = [3, 4, 5, 23, 24, 25, 26, 27, 28, 2000, 5000].flatMap((length) => {
  const text = 'a'.repeat(length)
  const middle = length >> 1
  const inTheMiddle = (other: string) => text.slice(0, middle) + other + text.slice(middle + 1)
  return [text, `${text.slice(1)}\u0000`, inTheMiddle('b'), inTheMiddle('\u00e4'), inTheMiddle('\u20ac')]
})

function digestOf(fields: Partial<EntryFields>): string {
  const digest = new Digest()
  digest.toggle(new Entry({ ...FIELDS, ...fields }))
  return digest.bytes().join()
}

describe('The digest', () => {
  it('differs when any part of an entry differs', () => {
    const parts: Partial<EntryFields>[] = [
      {},
      { key: 'j' },
      { key: 'k\u0000' },
      { session: 8 },
      { session: 9 + 2 ** 40 },
      { n: 2 },
      { stamp: 101 },
      { stamp: 100 + 2 ** 40 },
      { expires: 5 },
      { value: 'w' },
      { value: '' },
      { value: null },
      { value: true },
      { value: false },
      { value: 1 },
      { value: 1.5 },
      { value: '1' },
      { value: [] },
      { value: {} },
      { value: [[]] },
      { value: ['v'] },
      { value: ['v', ''] },
      { value: { v: '' } },
      { value: { v: null } },
      { value: new Uint8Array() },
      { value: new Uint8Array([118]) },
      ...LIKE_TEXTS.map((value) => ({ value })),
    ]
    expect(new Set(parts.map(digestOf)).size).to.equal(parts.length)
  })

  it('does not depend on the order in which things came and went', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.jsonValue()), { maxLength: 20 }), (pairs) => {
        const entries = pairs.map(
          ([key, value], n) => new Entry({ ...FIELDS, key, n, value: cloneValue(safe(value)) }),
        )
        const [forward, backward] = [new Digest(), new Digest()]
        for (const entry of entries) forward.toggle(entry)
        for (const entry of [...entries, ...entries, ...entries].reverse()) backward.toggle(entry)
        expect(forward.bytes()).to.deep.equal(backward.bytes())
      }),
    )
  })

  it('returns to nothing when everything has gone', () => {
    const digest = new Digest()
    const entry = new Entry(FIELDS)
    digest.toggle(entry)
    digest.advance(9, 0, 5)
    digest.toggle(entry)
    digest.advance(9, 5, 0)
    expect(digest.bytes()).to.deep.equal(new Uint8Array(16))
  })

  it('counts the context step by step as it does at once', () => {
    const [steps, once] = [new Digest(), new Digest()]
    for (let n = 0; n < 100; n++) steps.advance(2 ** 50 + 1, n, n + 1)
    once.advance(2 ** 50 + 1, 0, 100)
    expect(steps.bytes()).to.deep.equal(once.bytes())
    expect(steps.context.words).to.deep.equal(once.context.words)
  })

  it('spreads keys and sessions over its buckets', () => {
    const keys = new Set(
      Array.from({ length: 4 * BUCKETS }, (_, i) => new Entry({ ...FIELDS, key: `k${i}` }).bucket),
    )
    const sessions = new Set(Array.from({ length: 4 * BUCKETS }, (_, i) => sessionBucket(2 ** 40 + 7 * i)))
    // Of 4,096 balls in 1,024 boxes 98 % of the boxes have one.
    expect(keys.size).to.be.above(0.95 * BUCKETS)
    expect(sessions.size).to.be.above(0.95 * BUCKETS)
  })
})

/** Without the names that no value may have. */
function safe(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll(/__proto__|constructor|prototype/g, 'name'))
}
