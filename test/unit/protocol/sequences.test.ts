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

  it('that were skipped are asked for, newest first and no more than so many', () => {
    expect(seen(1, 3).skipped(TAG, 6, 10)).to.deep.equal([5, 4, 2])
    expect(seen(1).skipped(TAG, 100, 3)).to.deep.equal([99, 98, 97])
  })

  it('of an unknown origin begin anywhere: what was before comes by sync', () => {
    const sequences = seen(20)
    expect([19, 20, 21].map((seq) => sequences.has(TAG, seq))).to.deep.equal([true, true, false])
    expect(sequences.skipped(TAG, 22, 10)).to.deep.equal([21])
    expect(sequences.missing({ tag: TAG, from: 1, to: 21 }, 10)).to.deep.equal([21])
  })

  it('announced of an unknown origin are asked for from the newest one only', () => {
    expect(seen().missing({ tag: TAG, from: 1, to: 9 }, 10)).to.deep.equal([9])
  })

  it('leave no more gaps than the configuration allows', () => {
    const sequences = new Sequences({ ...DEFAULT_CONFIG, originGapsMax: 2 })
    for (const seq of [1, 3, 5, 7]) sequences.add(TAG, seq)
    expect([2, 4, 6].map((seq) => sequences.has(TAG, seq))).to.deep.equal([true, false, false])
  })
})
