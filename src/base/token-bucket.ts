/** A token bucket: allows a burst, then a steady rate. A value without a clock: the caller brings the time. */

/** Counts what is spent against what time gives back. */
export class TokenBucket {
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #at: number

  /** Starts full. `now` and every later time are milliseconds of one monotonic clock. */
  constructor(perSecond: number, burst: number, now: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
    this.#at = now
  }

  /** Spends tokens; false, and nothing spent, when there are too few. */
  take(now: number, tokens = 1): boolean {
    this.#refill(now)
    if (this.#tokens < tokens) return false
    this.#tokens -= tokens
    return true
  }

  /** Milliseconds until `take` succeeds; 0 when it would now. */
  waitMillis(now: number): number {
    this.#refill(now)
    return this.#tokens >= 1 ? 0 : Math.ceil(((1 - this.#tokens) / this.#perSecond) * 1000)
  }

  #refill(now: number): void {
    const elapsed = Math.max(0, now - this.#at)
    this.#tokens = Math.min(this.#burst, this.#tokens + (elapsed * this.#perSecond) / 1000)
    this.#at = Math.max(this.#at, now)
  }
}
