/**
 * What a neighbor is to be told with its next heartbeat, by tag. Something is added for every neighbor at every
 * broadcast and read once a second, so it lies here as it came, and is put together when it is read.
 */
import { TagMap } from '../../../base/tag-map.js'

/** Beyond so many, items are put together although nobody reads them. */
const UNREAD_MAX = 1_024

/** One item for each tag, in the order in which the tags first came. */
export class News<T extends { readonly tag: number }> {
  readonly #combine: (earlier: T, later: T) => T
  #items: T[] = []
  /** The first so many have different tags. */
  #distinct = 0
  #tidyAt = UNREAD_MAX

  /** `combine` makes one of two items of the same tag. */
  constructor(combine: (earlier: T, later: T) => T) {
    this.#combine = combine
  }

  get size(): number {
    return this.#tidied().length
  }

  add(item: T): void {
    this.#items.push(item)
    if (this.#items.length >= this.#tidyAt) this.#tidyAt = Math.max(UNREAD_MAX, 2 * this.size)
  }

  get(tag: number): T | undefined {
    return this.#tidied().find((item) => item.tag === tag)
  }

  clear(): void {
    this.#items = []
    this.#distinct = 0
  }

  /** Takes all items out. */
  take(): readonly T[] {
    const items = this.#tidied()
    this.clear()
    return items
  }

  #tidied(): readonly T[] {
    if (this.#distinct === this.#items.length) return this.#items
    const places = new TagMap<number>(this.#items.length)
    const tidied: T[] = []
    for (const item of this.#items) {
      const place = places.get(item.tag)
      const known = place === undefined ? undefined : tidied[place]
      if (place !== undefined && known) tidied[place] = this.#combine(known, item)
      else places.set(item.tag, tidied.push(item) - 1)
    }
    this.#items = tidied
    this.#distinct = tidied.length
    return tidied
  }
}
