/** Seeded chance: replayable, in range, without repetition where that is promised. */
import { expect } from 'chai'
import * as fc from 'fast-check'
import {
  jittered,
  random53,
  randomInteger,
  randomWord,
  sample,
  seededRandom,
} from '../../../src/base/random.js'

describe('seededRandom', () => {
  it('gives the same sequence for the same seed in every runtime', () => {
    const random = seededRandom(42)
    const first = [random(), random(), random()].map((value) => Math.floor(value * 1e9))
    expect(first).to.deep.equal([601_103_751, 448_290_558, 852_465_793])
  })

  it('stays in [0, 1) for any seed', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const value = seededRandom(seed)()
        expect(value).to.be.at.least(0).and.below(1)
      }),
    )
  })
})

describe('what is drawn from a Random', () => {
  it('keeps integers below their bound and 53-bit integers safe and positive', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 1000 }), (seed, bound) => {
        const random = seededRandom(seed)
        expect(randomInteger(random, bound)).to.be.at.least(0).and.below(bound)
        const wide = random53(random)
        expect(Number.isSafeInteger(wide) && wide >= 1).to.equal(true)
      }),
    )
  })

  it('samples distinct elements, as many as there are at most, and leaves the list alone', () => {
    fc.assert(
      fc.property(fc.integer(), fc.uniqueArray(fc.integer()), fc.nat(20), (seed, items, count) => {
        const before = [...items]
        const taken = sample(seededRandom(seed), items, count)
        expect(new Set(taken).size).to.equal(Math.min(count, items.length))
        expect(items).to.include.members(taken)
        expect(items).to.deep.equal(before)
      }),
    )
  })

  it('makes words of base64url and spreads a jittered delay over its share', () => {
    const random = seededRandom(7)
    expect(randomWord(random, 22)).to.match(/^[A-Za-z0-9_-]{22}$/)
    for (let i = 0; i < 1000; i++) expect(jittered(random, 100, 0.2)).to.be.within(80, 120)
  })
})
