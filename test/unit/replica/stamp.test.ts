/** The hybrid clock: ahead of everything seen, and not to be pushed. */
import { expect } from 'chai'
import {
  HybridClock,
  millisOf,
  STAMP_EPOCH_MILLIS,
  STAMP_MAX,
  stampMax,
  stampOf,
} from '../../../src/data/replica/stamp.js'
import { NOW } from './replicas.js'

describe('A stamp', () => {
  it('is a time in steps of 1/4096 ms', () => {
    expect(stampOf(STAMP_EPOCH_MILLIS)).to.equal(0)
    expect(stampOf(STAMP_EPOCH_MILLIS + 1)).to.equal(4096)
    expect(millisOf(stampOf(NOW))).to.equal(NOW)
  })

  it('stays within what a float can count, at any wall clock', () => {
    for (const wall of [-1e18, 0, 1e18, Number.POSITIVE_INFINITY])
      expect(Number.isSafeInteger(stampOf(wall))).to.equal(true)
  })
})

describe('The hybrid clock', () => {
  it('never gives the same stamp twice, though time stands still or goes back', () => {
    const clock = new HybridClock()
    const stamps = [NOW, NOW, NOW - 1000, NOW - 60_000].map((wall) => clock.next(wall))
    expect(stamps).to.deep.equal([...new Set(stamps)].sort((a, b) => a - b))
  })

  it('follows the clock of another member however far ahead it is, since only what may be merged reaches it', () => {
    const clock = new HybridClock()
    clock.take(stampMax(NOW))
    expect(clock.next(NOW)).to.equal(stampMax(NOW) + 1)
    clock.take(stampOf(NOW))
    expect(clock.last).to.equal(stampMax(NOW) + 1)
  })

  it('has stamps left to give, whatever the wall clock says', () => {
    const clock = new HybridClock()
    clock.take(STAMP_MAX)
    const stamps = [clock.next(1e18), clock.next(1e18)]
    expect(stamps).to.deep.equal([STAMP_MAX + 1, STAMP_MAX + 2])
    expect(Number.isSafeInteger(STAMP_MAX + 2 ** 40)).to.equal(true)
  })
})
