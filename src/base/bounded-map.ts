/** A map in order of setting, which holds so many entries at most: the one that was set the longest ago makes way. */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #max: number
  readonly #onEvict: ((key: K, value: V) => void) | undefined

  constructor(max: number, onEvict?: (key: K, value: V) => void) {
    super()
    this.#max = max
    this.#onEvict = onEvict
  }

  /** Sets a value at the young end. */
  override set(key: K, value: V): this {
    this.delete(key)
    super.set(key, value)
    if (this.size <= this.#max) return this
    for (const [oldest, evicted] of this) {
      this.delete(oldest)
      this.#onEvict?.(oldest, evicted)
      break
    }
    return this
  }
}
