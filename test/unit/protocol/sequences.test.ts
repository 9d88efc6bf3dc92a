import { expect } from 'chai'
import { seededRandom } from '../../../src/base/random.js'
import { Sequences, tagOf } from '../../../src/mesh/protocol/broadcast/sequences.js'
import type { EnvelopeBody } from '../../../src/mesh/wire/frame.js'

const BEACON = { type: 'beacon' } as const
const RUN = { origin: 'o', epoch: 1 }
const TAG = tagOf(RUN)

class Names extends Sequences {
  /** The envelope of that number. */
  of(seq: number, body: EnvelopeBody = BEACON) {
    return this.named({ type: 'gossip', ...RUN, seq, round: 0, ownTree: false, shapes: false, body })
  }
}

const seen = (...numbers: number[]) => {
  const names = new Names(seededRandom(1))
  for (const seq of numbers) names.add(names.of(seq))
  return names
}

const update = (...bytes: number[]) => ({ type: 'update', update: Uint8Array.from(bytes) }) as const

describe('the sequence numbers of an origin', () => {
  it('are new once each, in whatever order', () => {
    const names = seen(3, 1)
    expect([1, 2, 3, 4].map((seq) => names.has(names.of(seq)))).to.deep.equal([true, false, true, false])
  })

  it('name any number of contents, each of which is new once', () => {
    const names = seen(1)
    const bodies = [update(1), update(2), update(1, 0)]
    for (const body of bodies) {
      expect(names.has(names.of(1, body))).to.equal(false)
      names.add(names.of(1, body))
    }
    for (const body of [BEACON, ...bodies]) expect(names.has(names.of(1, body))).to.equal(true)
    expect(names.has(names.of(2, update(1)))).to.equal(false)
  })

  it('stand for a content by another number at each member', () => {
    const contents = [1, 2, 3].map((seed) => new Names(seededRandom(seed)).of(1).content)
    expect(new Set(contents).size).to.equal(3)
  })

  it('that were skipped are asked for, newest first, unless they are more than that', () => {
    expect(seen(1).skipped(TAG, 3, 10)).to.deep.equal([2])
    expect(seen(1, 3).skipped(TAG, 6, 10)).to.deep.equal([5, 4])
    expect(seen(1, 6).skipped(TAG, 7, 10)).to.deep.equal([])
    expect(seen(1).skipped(TAG, 5, 3)).to.deep.equal([4, 3, 2])
    expect(seen(1).skipped(TAG, 6, 3)).to.deep.equal([])
  })

  it('of an unknown origin begin anywhere: what was before is not asked for, and comes by sync', () => {
    expect(seen(20).skipped(TAG, 22, 10)).to.deep.equal([21])
    expect(seen().skipped(TAG, 20, 10)).to.be.empty
  })

  it('that were made up say nothing of those before and behind them', () => {
    const names = seen(2 ** 40, ...Array.from({ length: 2_000 }, (_, i) => 2 ** 41 + 100 + 2 * i))
    expect(names.has(names.of(1))).to.equal(false)
    expect(names.missing({ tag: TAG, from: 1, to: 3 }, 10)).to.deep.equal([1, 2, 3])
    names.add(names.of(1))
    expect(names.skipped(TAG, 3, 10)).to.deep.equal([2])
  })

  it('are asked for when they are announced and have not come, the newest of them', () => {
    expect(seen(20, 22).missing({ tag: TAG, from: 18, to: 23 }, 10)).to.deep.equal([18, 19, 21, 23])
    expect(seen(20, 22).missing({ tag: TAG, from: 18, to: 23 }, 3)).to.deep.equal([19, 21, 23])
    expect(seen(20).missing({ tag: TAG, from: 20, to: 20 }, 10)).to.be.empty
    expect(seen().missing({ tag: TAG, from: 1, to: 9 }, 3)).to.deep.equal([7, 8, 9])
  })

  it('of a run without an end cost no more than was asked for', () => {
    const run = { tag: TAG, from: 0, to: Number.MAX_SAFE_INTEGER }
    for (const names of [seen(), seen(1, 2, 3), seen(1_000_000)])
      expect(names.missing(run, 10)).to.have.length(10)
    const many = seen(...Array.from({ length: 5_000 }, (_, seq) => seq))
    expect(many.missing({ tag: TAG, from: 0, to: 4_999 }, 10)).to.be.empty
  })

  it('are forgotten all at once, the oldest, when there are very many', () => {
    const names = seen(...Array.from({ length: 20_000 }, (_, seq) => seq))
    expect([names.has(names.of(0)), names.has(names.of(15_000))]).to.deep.equal([false, true])
  })
})
