/**
 * Watches how members learn that one is gone: when each survivor removed it, and whether anyone was removed that
 * lives.
 */
import type { Engine } from '../src/mesh/protocol/engine.js'
import type { Output } from '../src/mesh/protocol/step.js'
import type { Cluster } from './cluster.js'
import { knows } from './engine-view.js'
import { Histogram } from './histogram.js'
import { Observer, type SimMember } from './member.js'

/** A member that is gone, and who has not noticed. */
interface Gone {
  member: SimMember
  at: number
  unaware: Set<SimMember>
}

/** A living member was removed by another one. */
export interface FalseDeath {
  at: number
  by: SimMember
  subject: SimMember
}

export class Deaths extends Observer {
  /** Milliseconds until a crash is noticed, over all pairs of a crash and a survivor. */
  readonly detection: Histogram
  /** The same for members that said goodbye. */
  readonly farewell = new Histogram()
  readonly falseDeaths: FalseDeath[] = []
  readonly #cluster: Cluster<Engine>
  readonly #gone = new Map<string, Gone>()

  /** Begins to watch; several may add their times to one histogram. */
  constructor(cluster: Cluster<Engine>, detection = new Histogram()) {
    super()
    this.detection = detection
    this.#cluster = cluster
  }

  /** Pairs of a gone member and a living one that still believes in it. */
  get ghosts(): number {
    let ghosts = 0
    for (const { unaware } of this.#gone.values()) for (const member of unaware) if (member.up) ghosts += 1
    return ghosts
  }

  override joined(member: SimMember): void {
    // A member that is back is no ghost.
    this.#gone.delete(member.id)
  }

  override gone(member: SimMember): void {
    const unaware = new Set(this.#cluster.members.filter((other) => knows(other.engine, member.id)))
    this.#gone.set(member.id, { member, at: this.#cluster.now, unaware: unaware as Set<SimMember> })
  }

  override output(member: SimMember, output: Output): void {
    if (output.type !== 'gone') return
    const gone = this.#gone.get(output.id)
    if (gone?.unaware.has(member)) this.#noticed(gone, member)
    const subject = this.#cluster.find(output.id)
    if (subject) this.falseDeaths.push({ at: this.#cluster.now, by: member, subject })
  }

  #noticed(gone: Gone, by: SimMember): void {
    gone.unaware.delete(by)
    const histogram = gone.member.state === 'left' ? this.farewell : this.detection
    histogram.add(this.#cluster.now - gone.at)
    if (gone.unaware.size === 0) this.#gone.delete(gone.member.id)
  }
}
