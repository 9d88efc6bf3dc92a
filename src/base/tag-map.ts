/**
 * A map from hashes of up to 53 bits. `Map` keeps numbers beyond 2^31 as objects on the heap, and reaches each key over three
 * of them; here the keys lie side by side (open addressing with linear probing: Knuth, TAOCP vol. 3, section 6.4).
 */

const CAPACITY_MIN = 16

/** No order; a value is never undefined. */
export class TagMap<V> {
  #keys: Float64Array
  /** Undefined where nothing lies. */
  #values: (V | undefined)[]
  #size = 0

  /** Room for `expected` keys; it grows when there are more. */
  constructor(expected = 0) {
    let capacity = CAPACITY_MIN
    while (3 * capacity < 4 * expected) capacity *= 2
    this.#keys = new Float64Array(capacity)
    this.#values = new Array<V | undefined>(capacity).fill(undefined)
  }

  get size(): number {
    return this.#size
  }

  get(key: number): V | undefined {
    return this.#values[this.#placeOf(key)]
  }

  set(key: number, value: V): void {
    const place = this.#placeOf(key)
    if (this.#values[place] === undefined) this.#size += 1
    this.#keys[place] = key
    this.#values[place] = value
    if (4 * this.#size > 3 * this.#keys.length) this.#grow()
  }

  delete(key: number): void {
    let hole = this.#placeOf(key)
    if (this.#values[hole] === undefined) return
    this.#size -= 1
    const mask = this.#keys.length - 1
    // What lies behind moves up, unless that would bring it before its home.
    for (let place = (hole + 1) & mask; this.#values[place] !== undefined; place = (place + 1) & mask) {
      const moved = this.#keys[place] ?? 0
      if (((place - homeOf(moved, mask)) & mask) < ((place - hole) & mask)) continue
      this.#keys[hole] = moved
      this.#values[hole] = this.#values[place]
      hole = place
    }
    this.#values[hole] = undefined
  }

  /** Where `key` lies, or would. */
  #placeOf(key: number): number {
    const keys = this.#keys
    const values = this.#values
    const mask = keys.length - 1
    let place = homeOf(key, mask)
    while (values[place] !== undefined && keys[place] !== key) place = (place + 1) & mask
    return place
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values]
    this.#keys = new Float64Array(2 * keys.length)
    this.#values = new Array<V | undefined>(2 * keys.length).fill(undefined)
    for (let at = 0; at < keys.length; at++) {
      const [key, value] = [keys[at] ?? 0, values[at]]
      if (value === undefined) continue
      const place = this.#placeOf(key)
      this.#keys[place] = key
      this.#values[place] = value
    }
  }
}

/** Fibonacci hashing: hashes that end alike do not lie together. */
function homeOf(key: number, mask: number): number {
  return (Math.imul(key, 0x9e3779b1) >>> 8) & mask
}
