/** A dotted map that merges by other rules than the library's. */
import { DottedMap } from '../../src/data/replica/dotted-map.js'
import type { Entry } from '../../src/data/replica/entry.js'
import type { Incoming } from '../../src/data/replica/incoming.js'
import type { Merged } from '../../src/data/replica/merged.js'

/** The decisions of a merge that a variant takes otherwise. */
export interface MergeRules {
  /** Whether `a` wins over the concurrent write `b`. */
  wins?(a: Entry, b: Entry): boolean
  /** Whether everything that `incoming` builds on is known. */
  isReady?(map: RuledMap, incoming: Incoming): boolean
  /** Whether an entry forgets what it has beaten. */
  forgetsBeaten?: boolean
}

export class RuledMap extends DottedMap {
  readonly #rules: MergeRules

  constructor(rules: MergeRules) {
    super()
    this.#rules = rules
  }

  override wins(a: Entry, b: Entry): boolean {
    return this.#rules.wins?.(a, b) ?? super.wins(a, b)
  }

  override isReady(incoming: Incoming): boolean {
    return this.#rules.isReady?.(this, incoming) ?? super.isReady(incoming)
  }

  /** Whether the library would merge `incoming`. */
  follows(incoming: Incoming): boolean {
    return super.isReady(incoming)
  }

  override merge(incoming: Incoming, deaths?: readonly Entry[]): Merged {
    const merged = super.merge(incoming, deaths)
    if (this.#rules.forgetsBeaten) for (const entry of this.entries()) entry.beaten = undefined
    return merged
  }

  override takeOrphans(key: string): number[] | undefined {
    const orphans = super.takeOrphans(key)
    return this.#rules.forgetsBeaten ? undefined : orphans
  }
}
