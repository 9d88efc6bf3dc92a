/**
 * What must hold of a cluster of engines: bounds at any time, and agreement once it had time to settle. It samples
 * every second while the cluster runs, and says in words what does not hold.
 */
import type { Engine } from '../src/mesh/protocol/engine.js'
import type { Cluster } from './cluster.js'
import { Deaths } from './deaths.js'
import { Delivery } from './delivery.js'
import { known, neighbors, suspected } from './engine-view.js'
import { components } from './overlay.js'

const SAMPLE_MILLIS = 1_000
/** Inputs of one member in one second: more is a loop. */
const INPUTS_PER_SECOND_MAX = 20_000
/** A write has to be everywhere after this, with every repair that there is. */
export const DELIVERED_MILLIS_MAX = 15_000

export interface Bounds {
  /** Links of a settled member, unless the cluster is smaller. */
  linksLow: number
  /** Neighbors of a member at any time. */
  linksHigh: number
  /** Updates that wait at one member for what they follow. */
  heldMax: number
}

export const DEFAULT_BOUNDS: Readonly<Bounds> = { linksLow: 4, linksHigh: 8, heldMax: 4_096 }

export class Checker {
  readonly delivery: Delivery
  readonly deaths: Deaths
  /** The most neighbors that any member had at a sample. */
  linksMax = 0
  readonly #cluster: Cluster<Engine>
  readonly #bounds: Bounds
  readonly #broken = new Set<string>()
  #inputs: number

  /** Watches from now on. */
  constructor(cluster: Cluster<Engine>, bounds: Partial<Bounds> = {}) {
    this.#cluster = cluster
    this.#bounds = { ...DEFAULT_BOUNDS, ...bounds }
    this.delivery = new Delivery(cluster)
    this.deaths = new Deaths(cluster)
    cluster.observers.push(this.delivery, this.deaths)
    this.#inputs = cluster.inputs
    cluster.every(SAMPLE_MILLIS, () => this.#sample())
  }

  /** What was broken at any time so far. */
  get broken(): string[] {
    return [...this.#broken]
  }

  /** What a settled cluster still lacks; nothing when it agrees. */
  unsettled(): string[] {
    const { members } = this.#cluster
    const problems: string[] = []
    const parts = components(members)
    if (parts.length > 1) problems.push(`${parts.length} components: ${parts.join(', ')}`)
    const digests = this.#cluster.digests().size
    if (digests > 1) problems.push(`${digests} different digests`)
    const strangers = members.filter((member) => !this.#knowsExactly(member.engine)).length
    if (strangers > 0) problems.push(`${strangers} of ${members.length} do not know exactly who is there`)
    const doubts = members.reduce((sum, { engine }) => sum + suspected(engine), 0)
    if (doubts > 0) problems.push(`${doubts} doubts about living members`)
    const dirty = members.filter(({ engine }) => engine.view.established().some((link) => link.dirty)).length
    if (dirty > 0) problems.push(`${dirty} hold links that never drained`)
    const low = Math.min(this.#bounds.linksLow, members.length - 1)
    const lonely = members.filter((member) => neighbors(member.engine).length < low).length
    if (lonely > 0) problems.push(`${lonely} have fewer than ${low} links`)
    const held = members.reduce((sum, { engine }) => sum + engine.counters.held, 0)
    if (held > 0) problems.push(`${held} updates wait for what they follow`)
    return problems
  }

  #knowsExactly(engine: Engine): boolean {
    let count = 0
    for (const id of known(engine)) {
      if (!this.#cluster.find(id)) return false
      count += 1
    }
    return count === this.#cluster.members.length
  }

  #sample(): void {
    const { members, inputs } = this.#cluster
    const { linksHigh, heldMax } = this.#bounds
    for (const { engine } of members) {
      const links = neighbors(engine).length
      this.linksMax = Math.max(this.linksMax, links)
      if (links > linksHigh) this.#broken.add(`a member with ${links} neighbors`)
      const { held, offences } = engine.counters
      if (held > heldMax) this.#broken.add(`${held} updates held back`)
      if (offences > 0) this.#broken.add('an honest member was taken for an offender')
    }
    if (inputs - this.#inputs > INPUTS_PER_SECOND_MAX * Math.max(1, members.length))
      this.#broken.add(`${inputs - this.#inputs} inputs in a second`)
    this.#inputs = inputs
  }
}
