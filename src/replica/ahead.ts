/**
 * Entries whose stamp is too far ahead of the time here. They are refused, and the next summary names them; their
 * holder, whoever it is, then writes them again as own ones with a stamp that everybody takes.
 */
import { CLOCK_LEAD_MILLIS_MAX } from '../wire/limits.js'
import type { DottedMap } from './dotted-map.js'
import type { Dot, Entry } from './entry.js'
import type { Incoming } from './incoming.js'
import { stampMax, stampOf } from './stamp.js'
import { REFUSED_TOLD_MAX } from './summary.js'

/** The refused entries of one replica. */
export class AheadEntries {
  readonly #map: DottedMap
  readonly #wall: () => number
  readonly #refused = new Map<string, Dot>()

  constructor(map: DottedMap, wall: () => number) {
    this.#map = map
    this.#wall = wall
  }

  /** Whether `incoming` holds such an entry; remembers which. */
  isIn(incoming: Incoming): boolean {
    const limit = stampMax(this.#wall())
    let isAhead = false
    for (const { session, entries } of incoming.runs) {
      for (const { n, stamp } of entries) {
        if (stamp <= limit || n < this.#map.known(session)) continue
        isAhead = true
        if (this.#refused.size < REFUSED_TOLD_MAX) this.#refused.set(`${session}:${n}`, { session, n })
      }
    }
    return isAhead
  }

  /** What to tell in a summary: the refused that are still unknown. */
  told(): Dot[] {
    for (const [name, { session, n }] of this.#refused)
      if (n < this.#map.known(session)) this.#refused.delete(name)
    return [...this.#refused.values()]
  }

  /**
   * Which of those that another member refused are to be written again: what is ahead by this clock too, and by
   * less than what is refused, so that two clocks a little apart do not disagree for ever.
   */
  heldHere(dots: readonly Dot[]): Entry[] {
    const limit = stampOf(this.#wall() + CLOCK_LEAD_MILLIS_MAX)
    const entries: Entry[] = []
    for (const dot of dots) {
      const entry = this.#map.at(dot)
      if (entry && entry.stamp > limit) entries.push(entry)
    }
    return entries
  }

  /** All live entries that others would refuse, as after the restore of a checkpoint. */
  live(): Entry[] {
    const limit = stampMax(this.#wall())
    return [...this.#map.entries()].filter((entry) => entry.stamp > limit)
  }
}
