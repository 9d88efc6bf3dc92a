/** How much one member may make this one do. Honest members never come near, so an excess costs the answer and nothing else. */
import { BoundedMap } from '../../base/bounded-map.js'
import { MEMBERS_MAX } from '../../base/member-limits.js'
import { TokenBucket } from '../../base/token-bucket.js'
import { OFFENDERS_MAX, SUSPICIONS_PER_MINUTE } from './rate-limits.js'

const MINUTE_MILLIS = 60_000

interface Budget {
  /** What comes back by itself; 0 where `burst` is for one minute, and for the next one from then on. */
  perSecond: number
  burst: number
  /** What counts an excess. */
  counter?: 'answersRefused' | 'accusationsIgnored'
}

const BUDGETS = {
  /** Syncs that are answered; an honest neighbor asks once a second. Beyond: `sync-busy`. */
  sync: { perSecond: 2, burst: 4, counter: 'answersRefused' },
  /** Tables that are answered: two after a digest. Beyond: no answer. */
  members: { perSecond: 2, burst: 8, counter: 'answersRefused' },
  /** Signals that are carried on: those of a few dials. Beyond: dropped. */
  signal: { perSecond: 20, burst: 100, counter: 'answersRefused' },
  /** Messages to which no way is known, flooded once per receiver. Beyond: dropped. */
  flood: { perSecond: 10, burst: 50, counter: 'answersRefused' },
  /** Suspicions of one watcher: it has a handful of links. Beyond: they start no timer, or all members would be removed. */
  suspicion: { perSecond: 0, burst: SUSPICIONS_PER_MINUTE, counter: 'accusationsIgnored' },
  /** Those that start no timer and are told on, so that their subjects may answer: each member once a minute. Beyond: dropped. */
  rumor: { perSecond: 0, burst: 1 },
  /** Signatures checked for a link to a reader: it tells what it shows, five times a second. Beyond: not read. */
  readerProofs: { perSecond: 10, burst: 50 },
  /** Those for a link to a writer: it passes on what everybody tells, and a whole table at once. Beyond: not read. */
  writerProofs: { perSecond: 400, burst: 2 * MEMBERS_MAX },
  /** Those of one author over all links: it may send 50 messages a second. Beyond: not read. */
  authorProofs: { perSecond: 60, burst: 120 },
} satisfies Record<string, Budget>

export type BudgetName = keyof typeof BUDGETS

/** A bucket for each budget and member. The member whose bucket was not used for the longest starts with a full one. */
export class RateLimiter {
  readonly #buckets = new Map<BudgetName, BoundedMap<string, { tokens: TokenBucket; since: number }>>()
  /** Excesses since the start. */
  readonly refused = { answersRefused: 0, accusationsIgnored: 0 }

  /** Spends of what `member` has left; false, and counted, when that is too little. A member that links anew has no more. */
  take(name: BudgetName, member: string, now: number, tokens = 1): boolean {
    const { perSecond, burst, counter }: Budget = BUDGETS[name]
    const buckets = this.#buckets.get(name) ?? new BoundedMap(OFFENDERS_MAX)
    const known = buckets.get(member)
    const isOver = known && perSecond === 0 && now >= known.since + MINUTE_MILLIS
    const bucket = !known || isOver ? { tokens: new TokenBucket(perSecond, burst, now), since: now } : known
    this.#buckets.set(name, buckets.set(member, bucket))
    if (bucket.tokens.take(now, tokens)) return true
    if (counter) this.refused[counter] += 1
    return false
  }
}
