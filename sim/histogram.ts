/** Counts of whole numbers, as delays in milliseconds: exact percentiles without keeping the single values. */
export class Histogram {
  readonly #counts: number[] = []
  #total = 0
  #sum = 0

  /** How many values were added. */
  get total(): number {
    return this.#total
  }

  get mean(): number {
    return this.#total === 0 ? Number.NaN : this.#sum / this.#total
  }

  /** The greatest value. */
  get max(): number {
    return this.#total === 0 ? Number.NaN : this.#counts.length - 1
  }

  /** Adds a value, rounded; `times` of it. */
  add(value: number, times = 1): void {
    const index = Math.round(value)
    while (this.#counts.length <= index) this.#counts.push(0)
    this.#counts[index] = (this.#counts[index] ?? 0) + times
    this.#total += times
    this.#sum += index * times
  }

  /** The least value that at least `share` of all do not exceed: `percentile(0.99)`. */
  percentile(share: number): number {
    let left = Math.ceil(share * this.#total)
    for (const [value, count] of this.#counts.entries()) {
      left -= count
      if (left <= 0 && this.#total > 0) return value
    }
    return Number.NaN
  }

  /** How many values are above `limit`. */
  above(limit: number): number {
    return this.#counts.slice(limit + 1).reduce((sum, count) => sum + count, 0)
  }

  /** Value and count, of those that occur, in ascending order. */
  *entries(): IterableIterator<[number, number]> {
    for (const [value, count] of this.#counts.entries()) if (count > 0) yield [value, count]
  }
}
