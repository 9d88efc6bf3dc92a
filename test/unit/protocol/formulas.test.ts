import { expect } from 'chai'
import {
  beatTimeoutMillis,
  dialPauseMillis,
  graftWaitMillis,
  periodMillis,
} from '../../../src/mesh/protocol/formulas.js'
import { LEASE_MILLIS, LEASE_MILLIS_PER_MEMBER } from '../../../src/mesh/protocol/liveness/leases.js'

describe('the formulas of the timers', () => {
  for (const [members, millis] of [
    [1, 30_000],
    [500, 30_000],
    [501, 30_060],
    [10_000, 600_000],
  ] as const)
    it(`let a lease rise every ${millis} ms in a cluster of ${members}`, () => {
      expect(periodMillis(members, LEASE_MILLIS, LEASE_MILLIS_PER_MEMBER)).to.equal(millis)
    })

  for (const [srtt, rttvar, millis] of [
    [undefined, 0, 700],
    [100, 50, 700],
    [300, 150, 900],
  ] as const)
    it(`grant ${millis} ms to a frame with a round trip of ${srtt} +- ${rttvar} ms`, () => {
      expect(beatTimeoutMillis(srtt, rttvar)).to.equal(millis)
    })

  for (const [srtt, millis] of [
    [undefined, 60],
    [20, 60],
    [50, 120],
    [115, 250],
    [5_000, 250],
  ] as const)
    it(`wait ${millis} ms for an announced envelope at a round trip of ${srtt} ms`, () => {
      expect(graftWaitMillis(srtt)).to.equal(millis)
    })

  for (const [failures, share, millis] of [
    [1, 0, 500],
    [1, 0.5, 1_000],
    [3, 0.5, 2_500],
    [10, 0.5, 15_500],
    [1_000, 0.5, 15_500],
  ] as const)
    it(`pause ${millis} ms after ${failures} failed dials, at a jitter of ${share}`, () => {
      expect(dialPauseMillis(failures, share)).to.equal(millis)
    })
})
