/** Time as a port: the driver's real clock in production, a virtual one in the simulator. */

/** A pending call of a clock; `cancel` is idempotent. */
export interface Timer {
  cancel(): void
}

/** The two times that the library needs, and one way to be called later. */
export interface Clock {
  /** Milliseconds of a clock that never goes back; the zero point means nothing. */
  monotonic(): number
  /** Milliseconds since 1970 as this machine believes; may jump. */
  wall(): number
  /** Calls `callback` once, after at least `millis`. */
  after(millis: number, callback: () => void): Timer
}
