/** Sets of writes by their number, as bits: the oracle unites and compares such sets at every event. */
export class WriteSet {
  #words: number[] = []

  add(id: number): void {
    const index = id >> 5
    while (this.#words.length <= index) this.#words.push(0)
    this.#words[index] = (this.#words[index] ?? 0) | (1 << (id & 31))
  }

  has(id: number): boolean {
    return ((this.#words[id >> 5] ?? 0) & (1 << (id & 31))) !== 0
  }

  /** Adds all that `other` has. */
  unite(other: WriteSet): void {
    const from = other.#words
    while (this.#words.length < from.length) this.#words.push(0)
    for (let i = 0; i < from.length; i++) this.#words[i] = (this.#words[i] ?? 0) | (from[i] ?? 0)
  }

  clone(): WriteSet {
    const copy = new WriteSet()
    copy.#words = [...this.#words]
    return copy
  }

  /** What is in both. */
  intersection(other: WriteSet): WriteSet {
    const both = new WriteSet()
    both.#words = this.#words.map((word, index) => word & (other.#words[index] ?? 0))
    return both
  }

  /** The numbers that are in here, in `all`, and in none of `excluded`; ascending. */
  pick(all: WriteSet, excluded: readonly WriteSet[]): number[] {
    const picked: number[] = []
    for (let index = 0; index < this.#words.length; index++) {
      let word = (this.#words[index] ?? 0) & (all.#words[index] ?? 0)
      for (const set of excluded) word &= ~(set.#words[index] ?? 0)
      for (; word !== 0; word &= word - 1) picked.push(index * 32 + (31 - Math.clz32(word & -word)))
    }
    return picked
  }
}
