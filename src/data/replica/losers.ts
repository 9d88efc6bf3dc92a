/**
 * Dots of writes that are dead here and may live elsewhere, by the key that is absent now: a delete of what beat
 * them does not tell of them, the next write of the key does.
 */
import { BEATEN_KEYS_MAX } from '../data-limits.js'

/** The losers of absent keys; dots as session, n, session, n, ... */
export class Losers {
  readonly #byKey = new Map<string, number[]>()

  /** How many dots are kept for a key. */
  countOf(key: string): number {
    return (this.#byKey.get(key)?.length ?? 0) / 2
  }

  /** The dots of a key, which are forgotten here. */
  take(key: string): number[] | undefined {
    const dots = this.#byKey.get(key)
    if (dots) this.#byKey.delete(key)
    return dots
  }

  /** Keeps the dots of a key; beyond BEATEN_KEYS_MAX the oldest key is forgotten. */
  keep(key: string, dots: number[]): void {
    this.#byKey.set(key, dots)
    if (this.#byKey.size <= BEATEN_KEYS_MAX) return
    for (const oldest of this.#byKey.keys()) {
      this.#byKey.delete(oldest)
      return
    }
  }
}
