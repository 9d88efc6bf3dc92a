/**
 * The hybrid logical clock that stamps writes: one integer below 2^53 that follows the wall clock in steps of
 * 1/4096 ms since 2020 and never falls behind what this member has seen. Between concurrent writes the greater
 * stamp wins; a causal overwrite wins whatever its stamp is. (Kulkarni et al. 2014, "Logical Physical Clocks".)
 */
import { CLOCK_LEAD_MILLIS_MAX, OVERWRITE_LEAD_MILLIS_MAX, STAMP_LEAD_MILLIS_MAX } from '../wire/limits.js'

/** Stamp 0: 2020-01-01T00:00:00Z, in milliseconds since 1970. */
export const STAMP_EPOCH_MILLIS = Date.UTC(2020, 0, 1)
/** Stamps of one millisecond. */
export const STAMPS_PER_MILLI = 4096

/** The first stamp of a wall-clock time; times outside of what a stamp can say go to the nearest one. */
export function stampOf(wallMillis: number): number {
  const stamp = Math.floor((wallMillis - STAMP_EPOCH_MILLIS) * STAMPS_PER_MILLI)
  return Math.min(Math.max(stamp, 0), Number.MAX_SAFE_INTEGER)
}

/** The wall-clock time of a stamp, in milliseconds since 1970. */
export function millisOf(stamp: number): number {
  return STAMP_EPOCH_MILLIS + Math.floor(stamp / STAMPS_PER_MILLI)
}

/** The greatest stamp that is taken at wall-clock time `wallMillis`: 5 minutes ahead. */
export function stampMax(wallMillis: number): number {
  return stampOf(wallMillis + STAMP_LEAD_MILLIS_MAX)
}

/** The clock of one replica. */
export class HybridClock {
  #last = 0

  /** The greatest stamp given or taken: what travels beside an update. */
  get last(): number {
    return this.#last
  }

  /**
   * A stamp above everything seen and above `floor`, the stamp of the entry that is overwritten. What no other
   * member would accept is not followed: it was given while the wall clock was wrong.
   */
  next(wallMillis: number, floor: number): number {
    const now = stampOf(wallMillis)
    const legalMax = stampMax(wallMillis)
    if (this.#last >= legalMax) this.#last = now
    this.#last = Math.max(this.#last + 1, now)
    if (floor < this.#last || floor >= legalMax) return this.#last
    const bound = now + OVERWRITE_LEAD_MILLIS_MAX * STAMPS_PER_MILLI
    this.#last = Math.max(this.#last, Math.min(floor + 1, bound))
    return floor + 1
  }

  /** A stamp that everybody takes, for an entry that others refused: a minute ahead at most, whatever was seen. */
  legal(wallMillis: number): number {
    return Math.min(this.next(wallMillis, 0), stampOf(wallMillis + CLOCK_LEAD_MILLIS_MAX))
  }

  /** Takes the clock of another member, at most one minute ahead of the own time, so that nobody can push it. */
  take(stamp: number, wallMillis: number): void {
    const bounded = Math.min(stamp, stampOf(wallMillis + CLOCK_LEAD_MILLIS_MAX))
    if (bounded > this.#last) this.#last = bounded
  }
}
