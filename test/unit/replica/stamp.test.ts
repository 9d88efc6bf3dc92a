/** The hybrid clock: ahead of everything seen, and not to be pushed. */
import { expect } from 'chai'
import { HybridClock, millisOf, STAMP_EPOCH_MILLIS, stampMax, stampOf } from '../../../src/replica/stamp.js'
import {
  CLOCK_LEAD_MILLIS_MAX,
  OVERWRITE_LEAD_MILLIS_MAX,
  STAMP_LEAD_MILLIS_MAX,
} from '../../../src/wire/limits.js'
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
    const stamps = [NOW, NOW, NOW - 1000, NOW - 60_000].map((wall) => clock.next(wall, 0))
    expect(stamps).to.deep.equal([...new Set(stamps)].sort((a, b) => a - b))
  })

  it('goes beyond the entry that is overwritten, and later writes stay beyond it', () => {
    const clock = new HybridClock()
    const ahead = stampOf(NOW + CLOCK_LEAD_MILLIS_MAX + 5000)
    expect(clock.next(NOW, ahead)).to.equal(ahead + 1)
    expect(clock.next(NOW, 0)).to.be.above(ahead)
  })

  it('follows an overwritten entry only as far as others take its later stamps', () => {
    const clock = new HybridClock()
    const ahead = stampMax(NOW) - 1
    expect(clock.next(NOW, ahead)).to.equal(ahead + 1)
    expect(clock.next(NOW, 0)).to.be.at.most(stampOf(NOW + OVERWRITE_LEAD_MILLIS_MAX) + 1)
  })

  it('takes the clock of another member, at most a minute ahead', () => {
    const clock = new HybridClock()
    clock.take(stampOf(NOW + 1000), NOW)
    expect(clock.last).to.equal(stampOf(NOW + 1000))
    clock.take(Number.MAX_SAFE_INTEGER, NOW)
    expect(clock.last).to.equal(stampOf(NOW + CLOCK_LEAD_MILLIS_MAX))
  })

  it('starts over when it stands where nobody would take its stamps', () => {
    const clock = new HybridClock()
    clock.next(NOW + 3_600_000, 0)
    expect(clock.next(NOW, 0)).to.equal(stampOf(NOW) + 1)
  })

  it('gives a legal stamp for an entry that others refused', () => {
    const clock = new HybridClock()
    clock.next(NOW, stampOf(NOW + STAMP_LEAD_MILLIS_MAX) - 1)
    expect(clock.legal(NOW)).to.be.at.most(stampOf(NOW + CLOCK_LEAD_MILLIS_MAX))
  })
})
