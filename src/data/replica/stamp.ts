/**
 * The hybrid logical clock that stamps writes: one integer below 2^53 that follows the wall clock in steps of
 * 1/4096 ms since 2020 and never falls behind what this member has seen. So stamps rise along causality: a write has
 * a greater stamp than whatever it follows. (Kulkarni et al. 2014, "Logical Physical Clocks".)
 */
import { SESSION_WRITES_MAX, STAMP_LEAD_MILLIS_MAX } from '../data-limits.js'

/** Stamp 0: 2020-01-01T00:00:00Z, in milliseconds since 1970. */
export const STAMP_EPOCH_MILLIS = Date.UTC(2020, 0, 1)
/** Stamps of one millisecond. */
export const STAMPS_PER_MILLI = 4096
/** The greatest stamp that is taken (of the year 2089): a clock always has others left to count on. */
export const STAMP_MAX = Number.MAX_SAFE_INTEGER - SESSION_WRITES_MAX

/** The first stamp of a wall-clock time; times outside of what a stamp can say go to the nearest one. */
export function stampOf(wallMillis: number): number {
  const stamp = Math.floor((wallMillis - STAMP_EPOCH_MILLIS) * STAMPS_PER_MILLI)
  return Math.min(Math.max(stamp, 0), STAMP_MAX)
}

/** The wall-clock time of a stamp, in milliseconds since 1970. */
export function millisOf(stamp: number): number {
  return STAMP_EPOCH_MILLIS + Math.floor(stamp / STAMPS_PER_MILLI)
}

/** The greatest stamp that is taken from others at wall-clock time `wallMillis`. */
export function stampMax(wallMillis: number): number {
  return stampOf(wallMillis + STAMP_LEAD_MILLIS_MAX)
}

/** The clock of one replica: never below a stamp that it has given or merged, of the living and of the dead. */
export class HybridClock {
  #last = 0

  /** The greatest stamp given or taken: what travels beside an update. */
  get last(): number {
    return this.#last
  }

  /** A stamp for a write at wall-clock time `wallMillis`, above everything seen. */
  next(wallMillis: number): number {
    this.#last = Math.max(this.#last + 1, stampOf(wallMillis))
    return this.#last
  }

  /** Takes the clock of another member, or of a state on disk. */
  take(stamp: number): void {
    if (stamp > this.#last) this.#last = stamp
  }
}
