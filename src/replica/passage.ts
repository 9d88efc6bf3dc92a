/**
 * The way of a map from one generation into another: what happens to it before, during and after the merge that
 * tells what is there. All of it is one step, or a key whose killer is only there would be lost on the way.
 */
import { runOf } from './canonical-update.js'
import { DottedMap } from './dotted-map.js'
import type { Entry } from './entry.js'
import type { Incoming } from './incoming.js'
import type { Lineage, Path } from './lineage.js'

/** One passage. */
export class Passage {
  readonly target: Lineage
  readonly #map: DottedMap
  readonly #path: Path | undefined

  constructor(map: DottedMap, from: Lineage, target: Lineage) {
    this.#map = map
    this.target = target
    this.#path = from.pathTo(target)
  }

  /** Whether no common generation is known: then the map takes over what is there, and brings what only it has. */
  get isFar(): boolean {
    return this.#path === undefined
  }

  /** Takes the steps back that do not lead there. */
  begin(): void {
    if (this.#path === undefined) return this.#map.forgetAll()
    for (const dropped of this.#path.undo)
      for (const [session, known] of dropped) this.#map.advance(session, known)
  }

  /** Whether an entry dies by the passage. */
  kills(entry: Entry): boolean {
    if (this.#path === undefined) return true
    return this.#path.redo.some((dropped) => entry.n < (dropped.get(entry.session) ?? 0))
  }

  /** Forgets the sessions that are forgotten there. */
  end(): void {
    for (const dropped of this.#path?.redo ?? [])
      for (const [session, known] of dropped) this.#map.forget(session, known)
    this.#map.forgetNameless()
  }
}

/** What a state of generation `from` tells in generation `to`; undefined when nothing connects them. */
export function translated(incoming: Incoming, from: Lineage, to: Lineage): Incoming | undefined {
  if (from.id === to.id) return incoming
  const map = new DottedMap()
  map.merge(incoming)
  const passage = new Passage(map, from, to)
  if (passage.isFar) return undefined
  passage.begin()
  map.merge({ runs: [], kills: [] }, (entry) => passage.kills(entry))
  passage.end()
  return { runs: [...map.context.keys()].map((session) => runOf(map, session, 0)), kills: [] }
}
