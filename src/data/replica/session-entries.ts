/**
 * The live entries of one session in order of their numbers. A session only ever gains greater numbers, so it is
 * an array that grows at its end; the dead stay in place until they are half of it. (A map from number to entry
 * would be rehashed over and over by overwrites, and the collector carries its old tables along.)
 */
import type { Entry } from './entry.js'

/** Dead entries that are not worth the work. */
const SLACK = 32

/** The entries of one session. */
export class SessionEntries {
  readonly #entries: Entry[] = []
  #live = 0

  /** Live entries. */
  get size(): number {
    return this.#live
  }

  /** Adds an entry, most often with a number beyond all others; of two with one number it takes the place of the dead one. */
  add(entry: Entry): void {
    this.#live++
    const last = this.#entries.at(-1)
    if (last === undefined || last.n < entry.n) return void this.#entries.push(entry)
    const index = this.#indexOf(entry.n)
    this.#entries.splice(index, this.#entries[index]?.n === entry.n ? 1 : 0, entry)
  }

  /** One of the entries died. */
  retired(): void {
    this.#live--
    if (this.#entries.length > 2 * this.#live + SLACK) this.#prune()
  }

  /** The live entry of a number. */
  at(n: number): Entry | undefined {
    const entry = this.#entries[this.#indexOf(n)]
    return entry?.n === n && entry.live ? entry : undefined
  }

  /** The live entries from `from` up to but not including `to`, ascending. Entries may die meanwhile. */
  within(from: number, to: number): Entry[] {
    const found: Entry[] = []
    for (let i = this.#indexOf(from); i < this.#entries.length; i++) {
      const entry = this.#entries[i]
      if (entry === undefined || entry.n >= to) break
      if (entry.live) found.push(entry)
    }
    return found
  }

  /** The first index whose number is `n` or beyond. A scan made a receive of 10,000 keys take 1.8 s. */
  #indexOf(n: number): number {
    let from = 0
    let to = this.#entries.length
    while (from < to) {
      const middle = (from + to) >>> 1
      if ((this.#entries[middle]?.n ?? 0) < n) from = middle + 1
      else to = middle
    }
    return from
  }

  #prune(): void {
    let length = 0
    for (const entry of this.#entries) if (entry.live) this.#entries[length++] = entry
    this.#entries.length = length
  }
}
