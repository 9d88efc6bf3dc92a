import { expect } from 'chai'
import { Sequences } from '../../../src/protocol/broadcast/sequences.js'
import { DEFAULT_CONFIG } from '../../../src/protocol/config.js'

const TAG = 7
const seen = (...numbers: number[]) => {
  const sequences = new Sequences(DEFAULT_CONFIG)
  for (const seq of numbers) sequences.add(TAG, seq)
  return sequences
}

describe('the sequence numbers of an origin', () => {
  it('are new once each, in whatever order', () => {
    const sequences = seen(1, 3)
    expect([1, 2, 3, 4].map((seq) => sequences.has(TAG, seq))).to.deep.equal([true, false, true, false])
  })

  it('that were skipped are asked for once, newest first and no more than so many', () => {
    expect(seen(1).skipped(TAG, 3, 10)).to.deep.equal([2])
    expect(seen(1, 3).skipped(TAG, 6, 10)).to.deep.equal([5, 4])
    expect(seen(1, 6).skipped(TAG, 4, 10)).to.deep.equal([])
    expect(seen(1).skipped(TAG, 100, 3)).to.deep.equal([99, 98, 97])
  })

  it('of an unknown origin begin anywhere: what was before is not asked for, and comes by sync', () => {
    const sequences = seen(20)
    expect([20, 21].map((seq) => sequences.has(TAG, seq))).to.deep.equal([true, false])
    expect(sequences.skipped(TAG, 22, 10)).to.deep.equal([21])
    expect(seen().skipped(TAG, 20, 10)).to.be.empty
  })

  it('before the first one that came are new once each, as that one may have overtaken them', () => {
    const sequences = seen(20, 18)
    expect([17, 18, 19, 20].map((seq) => sequences.has(TAG, seq))).to.deep.equal([false, true, false, true])
    for (const seq of [19, 17]) sequences.add(TAG, seq)
    expect([16, 17, 18, 19, 20, 21].map((seq) => sequences.has(TAG, seq))).to.deep.equal([
      false,
      true,
      true,
      true,
      true,
      false,
    ])
  })

  it('count as seen when they lie too far before the first one', () => {
    const sequences = new Sequences({ ...DEFAULT_CONFIG, originGapsMax: 2 })
    sequences.add(TAG, 20)
    expect([17, 18, 19].map((seq) => sequences.has(TAG, seq))).to.deep.equal([true, false, false])
    expect(sequences.missing({ tag: TAG, from: 1, to: 22 }, 10)).to.deep.equal([18, 19, 21, 22])
  })

  it('are asked for when they are announced, before and after those that came', () => {
    const sequences = seen(20, 22)
    expect(sequences.missing({ tag: TAG, from: 18, to: 23 }, 10)).to.deep.equal([18, 19, 21, 23])
    expect(sequences.missing({ tag: TAG, from: 18, to: 23 }, 3)).to.deep.equal([18, 19, 21])
    expect(sequences.missing({ tag: TAG, from: 20, to: 20 }, 10)).to.be.empty
  })

  it('announced of an unknown origin are asked for, the newest of them', () => {
    expect(seen().missing({ tag: TAG, from: 1, to: 9 }, 3)).to.deep.equal([7, 8, 9])
  })

  it('of a run without an end cost no more than was asked for', () => {
    const run = { tag: TAG, from: 0, to: Number.MAX_SAFE_INTEGER }
    expect(seen().missing(run, 10)).to.have.length(10)
    expect(seen(1, 2, 3).missing(run, 10)).to.have.length(10)
    expect(seen(1_000_000).missing(run, 10)).to.have.length(10)
  })

  it('leave no more gaps than the configuration allows', () => {
    const sequences = new Sequences({ ...DEFAULT_CONFIG, originGapsMax: 2 })
    for (const seq of [1, 3, 5, 7]) sequences.add(TAG, seq)
    expect([2, 4, 6].map((seq) => sequences.has(TAG, seq))).to.deep.equal([true, false, false])
  })
})
