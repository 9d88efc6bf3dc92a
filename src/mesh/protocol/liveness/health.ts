/**
 * How well this member hears, from 0 (well) up. After Lifeguard (arXiv 1707.00788, section IV-A): a member that has reason
 * to believe that it hears badly waits longer before it suspects others. Here the reason is a neighbor that was missed and then
 * heard, or a timer that ran late: a dead neighbor is never heard again, so crashes do not make anybody wait.
 */
import type { ProtocolConfig } from '../config.js'

/** The score falls by one in so long without anything late. More: the same. [measured: bench false-deaths] */
export const HEALTH_MILLIS = 4_000

export class Health {
  readonly #config: ProtocolConfig
  /** Neighbors of which a beat is missing now, and that nobody suspects: what others say may not get here either. */
  silent = 0
  #score = 0
  #at = Number.NEGATIVE_INFINITY

  constructor(config: ProtocolConfig) {
    this.#config = config
  }

  /** Something came later than it should. */
  late(now: number): void {
    this.#score = Math.min(this.#config.healthMax, this.score(now) + 1)
    this.#at = now
  }

  /**
   * By how much the timers of suspicions are longer: 1 and up. A link that is silent right now counts at once, or who hears nobody any
   * more would take itself for well.
   */
  stretch(now: number): number {
    return 1 + Math.max(this.score(now), Math.min(this.silent, this.#config.healthMax))
  }

  /** 0 to `healthMax`; it falls by one in each `HEALTH_MILLIS` in which nothing was late. */
  score(now: number): number {
    if (this.#score === 0) return 0
    const better = Math.floor((now - this.#at) / HEALTH_MILLIS)
    return Math.max(0, this.#score - better)
  }
}
