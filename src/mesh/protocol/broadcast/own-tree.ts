import { OWN_TREE_MILLIS } from './trees.js'

/**
 * An origin with this many updates within `OWN_TREE_MILLIS` is busy, and gets a tree of its own. Less: slow writers
 * flood. [measured: bench propagation]
 */
const OWN_TREE_UPDATES = 3
/**
 * A busy origin gives its tree a new shape after so many updates. Less: one flood of an empty envelope more, each
 * time. [measured: bench redundancy]
 */
const RESHAPE_UPDATES = 200
/** Or after so long. More: a tree stays longer in the shape of old delays. [measured: bench propagation] */
const RESHAPE_MILLIS = 60_000

/** Whether updates of this member go along a tree of its own, and when that one takes a new shape. */
export class OwnTree {
  /** When the last updates left, the newest last. */
  readonly #recent: number[] = []
  #shapedAt = Number.NEGATIVE_INFINITY
  #usedAt = Number.NEGATIVE_INFINITY
  /** Updates since the last shape, whatever their tree. */
  #updates = 0

  /** An update leaves: whether along this tree, and whether the tree is to take a shape after it. */
  update(now: number): { isUsed: boolean; isDue: boolean } {
    this.#updates += 1
    if (!this.#isBusy(now)) return { isUsed: false, isDue: false }
    const isUsed = now < this.#usedAt + OWN_TREE_MILLIS
    const isDue = !isUsed || this.#updates > RESHAPE_UPDATES || now >= this.#shapedAt + RESHAPE_MILLIS
    if (isUsed || isDue) this.#usedAt = now
    if (isDue) {
      this.#shapedAt = now
      this.#updates = 0
    }
    return { isUsed, isDue }
  }

  #isBusy(now: number): boolean {
    this.#recent.push(now)
    if (this.#recent.length > OWN_TREE_UPDATES) this.#recent.shift()
    return this.#recent.length === OWN_TREE_UPDATES && now - (this.#recent[0] ?? now) <= OWN_TREE_MILLIS
  }
}
