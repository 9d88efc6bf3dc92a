/** The members of a run of the oracle, and the faults of the moment. */
import { randomInteger } from '../../src/base/random.js'
import { ballast } from './ballast.js'
import { OracleMember } from './member.js'
import { drawProfile, type Profile, type Size } from './profile.js'
import type { World } from './world.js'

/** Runs whose members share more than 1,000 keys or sessions from the start. */
const BALLAST_SHARE = 0.03

export class Scene {
  readonly world: World
  readonly members: readonly OracleMember[]
  profile: Profile
  readonly #size: Size

  constructor(world: World, size: Size) {
    this.world = world
    this.#size = size
    this.profile = drawProfile(world.random, size)
    this.members = Array.from({ length: size.members }, (_, index) => new OracleMember(world, index))
    if (world.random() < BALLAST_SHARE) this.#restoreBallast(world.random() < 0.5 ? 'keys' : 'sessions')
  }

  #restoreBallast(kind: 'keys' | 'sessions'): void {
    for (const member of this.members) member.begin(ballast(kind))
  }

  /** Draws other faults, and clocks that are off as they say. */
  redraw(): void {
    this.profile = drawProfile(this.world.random, this.#size)
    for (const member of this.members) member.skewMillis = this.skew()
    this.world.note([this.profile.stepCount], () => JSON.stringify(this.profile))
  }

  /** How far a clock is off. */
  skew(): number {
    return Math.round((2 * this.world.random() - 1) * this.profile.skewMillis)
  }

  at(index: number): OracleMember {
    const member = this.members[index]
    if (!member) throw new Error(`There is no member ${index}`)
    return member
  }

  anyone(): OracleMember {
    return this.at(randomInteger(this.world.random, this.members.length))
  }

  /** All members in one group. */
  reunite(): void {
    for (const member of this.members) member.group = 0
    this.world.note([], () => 'no groups')
  }
}
