/**
 * What a neighbor may make this member do with small frames: each answer that is larger than its question, and each
 * signal that is carried on, is paid for out of a bucket of the link. Honest members never come near.
 */
import { TokenBuckets } from '../../base/token-bucket.js'

/** Per second, and at once. Honest: a sync a second, two tables after a digest, the signals of a few dials; a message of the application that finds no way is flooded once per receiver. [guess] */
const BUDGETS = {
  sync: [2, 4],
  members: [2, 8],
  signal: [20, 100],
  flood: [10, 50],
} as const

/** Buckets that are remembered, also over the links of a peer: one that links anew does not begin with full ones. */
const BUCKETS_MAX = 4096

/** What is paid for. */
export type Budget = keyof typeof BUDGETS

/** The buckets of all links. */
export class Budgets {
  readonly #buckets = new TokenBuckets(BUCKETS_MAX)
  /** Questions that got no answer. */
  refused = 0

  /** Pays for one answer to `peer`; false, and counted, when it has had too many. */
  take(peer: string, budget: Budget, now: number): boolean {
    if (this.#buckets.take(`${budget} ${peer}`, BUDGETS[budget], now)) return true
    this.refused += 1
    return false
  }
}
