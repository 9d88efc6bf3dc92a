/**
 * How well this member hears, from 0 (well) up. After Lifeguard (arXiv 1707.00788, section IV-A): whoever has reason
 * to doubt its own ears waits longer before it doubts others. Here the reason is a neighbor that was missed and then
 * heard, or a timer that ran late: a dead neighbor is never heard again, so crashes do not make anybody wait.
 */
import type { ProtocolConfig } from '../config.js'

export class Health {
  readonly #config: ProtocolConfig
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

  /** 0 to `healthMax`; it falls by one in each `healthMillis` in which nothing was late. */
  score(now: number): number {
    if (this.#score === 0) return 0
    const better = Math.floor((now - this.#at) / this.#config.healthMillis)
    return Math.max(0, this.#score - better)
  }
}
