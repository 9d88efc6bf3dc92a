/** A token bucket: allows a burst, then a steady rate. A value without a clock: the caller brings the time. */

import { BoundedMap } from './bounded-map.js'

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

/** What a bucket gives back per second, and holds. */
export type Rate = readonly [perSecond: number, burst: number]

/** A bucket for each key. Beyond `max` the one that was not used for the longest is forgotten: it starts full again. */
export class TokenBuckets {
  readonly #buckets: BoundedMap<string, TokenBucket>

  constructor(max: number) {
    this.#buckets = new BoundedMap(max)
  }

  /** Spends one token of `key`; false when it has none. */
  take(key: string, [perSecond, burst]: Rate, now: number): boolean {
    const bucket = this.#buckets.get(key) ?? new TokenBucket(perSecond, burst, now)
    this.#buckets.set(key, bucket)
    return bucket.take(now)
  }
}
