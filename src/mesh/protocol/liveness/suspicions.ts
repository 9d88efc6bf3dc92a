/** The suspects, their watchers, and how long each suspect may answer before it counts as dead. */
import type { SuspectFrame } from '../../wire/claim.js'
import type { EngineContext } from '../context.js'
import type { TableEntry } from './roster.js'

/**
 * Confirmations at which the timer is shortest, Lifeguard's k. More: later detection, fewer false deaths. [Lifeguard
 * 2017, section V: k = 3; measured: bench detection]
 */
const CONFIRMATIONS = 2

type SuspicionsContext = Pick<EngineContext, 'config' | 'health' | 'limiter'>

export class Suspicions {
  readonly #self: string
  readonly #context: SuspicionsContext
  readonly #suspects = new Set<TableEntry>()

  constructor(self: string, context: SuspicionsContext) {
    this.#self = self
    this.#context = context
  }

  get size(): number {
    return this.#suspects.size
  }

  /** `by`, one of `writers`, suspects `entry`. Returns whether that, or one more confirmation of it, is news. */
  add(entry: TableEntry, by: string, writers: number, now: number): boolean {
    const { suspicionMinMillis, suspicionMaxMillis } = this.#context.config
    // Where fewer than k others could confirm, the subject has fewer links over which it hears of the suspicion: all of
    // them together shorten the timer, but not to the minimum.
    const confirmers = Math.max(0, Math.min(CONFIRMATIONS, writers - 2))
    const suspicion = entry.suspicion ?? { since: now, by: new Set<string>(), timer: 0 }
    if (suspicion.by.has(by) || suspicion.by.size > confirmers) return false
    const { limiter } = this.#context
    if (by !== this.#self && !limiter.take('suspicion', by, now))
      return limiter.take('rumor', by, now, 1 / writers) && this.#isToldAgain(entry, now)
    suspicion.by.add(by)
    const isUnanimous = suspicion.by.size > confirmers
    const counted = isUnanimous && confirmers < CONFIRMATIONS ? CONFIRMATIONS - 1 : suspicion.by.size - 1
    suspicion.timer = suspicionMillis(counted, CONFIRMATIONS, suspicionMinMillis, suspicionMaxMillis)
    entry.suspicion = suspicion
    this.#suspects.add(entry)
    return true
  }

  /** One such suspicion is enough for its subject to answer, from whichever watcher. */
  #isToldAgain(entry: TableEntry, now: number): boolean {
    if (now < (entry.carriedAt ?? Number.NEGATIVE_INFINITY) + this.#context.config.suspicionMaxMillis)
      return false
    entry.carriedAt = now
    return true
  }

  /** `entry` has shown that it lives: this member suspected it wrongly, or was wrongly told to; readers may be silent on purpose. */
  clear(entry: TableEntry, now: number): void {
    if (entry.record.role === 'writer') this.#context.health.late(now)
    entry.suspicion = undefined
    this.#suspects.delete(entry)
  }

  /** `entry` is in the table no more. */
  forget(entry: TableEntry): void {
    this.#suspects.delete(entry)
  }

  /** What this member would tell a new neighbor of those that it suspects itself, at most `max`. */
  own(max: number): SuspectFrame[] {
    const suspicions: SuspectFrame[] = []
    for (const { id, record, suspicion } of this.#suspects) {
      if (suspicions.length >= max) break
      if (suspicion?.by.has(this.#self))
        suspicions.push({ type: 'suspect', id, incarnation: record.incarnation, by: this.#self })
    }
    return suspicions
  }

  /** Suspects that have not answered in time; a member that hears badly waits longer. */
  *overdue(now: number): IterableIterator<TableEntry> {
    if (this.#suspects.size === 0) return
    const stretch = this.#context.health.stretch(now)
    for (const entry of this.#suspects)
      if (entry.suspicion && now >= entry.suspicion.since + entry.suspicion.timer * stretch) yield entry
  }
}

/**
 * Lifeguard (arXiv 1707.00788, section IV-B): the timer begins at the maximum and shrinks to the minimum with
 * the logarithm of the independent confirmations: max - (max - min) ln(n + 1) / ln(k + 1).
 * @param confirmations watchers beside the first one
 * @param k confirmations at which the minimum is reached; 0 means at once
 */
export function suspicionMillis(confirmations: number, k: number, min: number, max: number): number {
  if (confirmations >= k) return min
  const share = Math.log(confirmations + 1) / Math.log(k + 1)
  return Math.floor(max - (max - min) * share)
}
