/** Who takes part in a run of the oracle, and under which faults at the moment. */
import { randomInteger } from '../../base/random.js'
import { medianOffset } from '../../protocol/liveness/wall-offset.js'
import { ballast } from './ballast.js'
import { OracleMember } from './member.js'
import { drawProfile, type Profile, type Size } from './profile.js'
import type { World } from './world.js'

const HOUR_MILLIS = 3_600_000
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
    for (const { replica } of this.members) replica.restore(ballast(kind))
  }

  /** Draws other faults, and clocks that are off as they say. */
  redraw(): void {
    this.profile = drawProfile(this.world.random, this.#size)
    for (const member of this.members) member.skewMillis = this.skewOf(member)
    this.beat()
    this.world.note([this.profile.stepCount], () => JSON.stringify(this.profile))
  }

  /** Heartbeats of everybody come through where they can: clocks are corrected by those of the own group. */
  beat(): void {
    for (const member of this.members) {
      const heard = this.members.filter((other) => other !== member && other.group === member.group)
      // Who is alone keeps what it heard last.
      if (heard.length === 0) continue
      member.correctionMillis = medianOffset(heard.map(({ skewMillis }) => skewMillis - member.skewMillis))
    }
  }

  /** How far the clock of a member is off, in milliseconds. */
  skewOf({ index }: OracleMember): number {
    const isStray = index < this.profile.strays
    return isStray ? (index % 2 === 0 ? HOUR_MILLIS : -HOUR_MILLIS) : this.skew()
  }

  /** How far an ordinary clock is off. */
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
