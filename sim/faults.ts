/**
 * Schedules of faults as data: drawn from a seed, played to a cluster, cut in half to find the part that matters.
 * Members are named by a share of those that are up at that time.
 */

import type { MemberKind } from '../src/base/member.js'
import { type Random, randomInteger, sample } from '../src/base/random.js'
import { unreachable } from '../src/base/unreachable.js'
import type { Cluster } from './cluster.js'
import type { SimMember } from './member.js'
import type { SimEngine } from './seat.js'

/** One fault; `who` in [0, 1) picks a member that is up. */
export type Fault = { at: number } & (
  | { type: 'crash'; who: number }
  /** So many members end at once, as with the rack that holds them. */
  | { type: 'mass-crash'; share: number }
  /** The member that crashed last comes back under its id. */
  | { type: 'restart' }
  | { type: 'leave'; who: number }
  | { type: 'join'; kind: MemberKind }
  | { type: 'pause'; who: number; millis: number }
  /** `share` of the members cannot reach the rest, nor the rest them unless `oneWay`. */
  | { type: 'split'; share: number; oneWay: boolean; millis: number }
  | { type: 'cut'; who: number; link: number }
  | { type: 'signaling'; millis: number }
  | { type: 'loss'; share: number; millis: number }
  | { type: 'dial-failure'; share: number; millis: number }
  | { type: 'slow-link'; who: number; link: number; bytesPerSecond: number; millis: number }
  | { type: 'clock'; who: number; millis: number }
  | { type: 'burst'; who: number; writes: number }
)

const TYPES: readonly Fault['type'][] = [
  'crash',
  'mass-crash',
  'restart',
  'leave',
  'join',
  'join',
  'pause',
  'split',
  'cut',
  'signaling',
  'loss',
  'dial-failure',
  'slow-link',
  'clock',
  'burst',
]

/** Fewer members than this are not taken away from. */
const MEMBERS_MIN = 3
const MEMBERS_MAX = 40

/** Draws `count` faults within `millis`, in order of time. */
export function drawFaults(random: Random, count: number, millis: number): Fault[] {
  const faults = Array.from({ length: count }, () => drawFault(random, millis * random()))
  return faults.sort((a, b) => a.at - b.at)
}

function drawFault(random: Random, at: number): Fault {
  const type = TYPES[randomInteger(random, TYPES.length)] ?? 'crash'
  const who = random()
  const millis = 200 + Math.floor(20_000 * random() ** 2)
  switch (type) {
    case 'crash':
    case 'leave':
      return { at, type, who }
    case 'restart':
      return { at, type }
    case 'mass-crash':
      return { at, type, share: 0.2 + 0.5 * random() }
    case 'join':
      return { at, type, kind: random() < 0.4 ? 'browser' : 'node' }
    case 'pause':
      return { at, type, who, millis: millis * 2 }
    case 'split':
      return { at, type, share: 0.1 + 0.4 * random(), oneWay: random() < 0.3, millis: millis * 2 }
    case 'cut':
      return { at, type, who, link: random() }
    case 'signaling':
      return { at, type, millis }
    case 'loss':
    case 'dial-failure':
      return { at, type, share: 0.5 * random(), millis }
    case 'slow-link':
      return { at, type, who, link: random(), bytesPerSecond: 200 + 5_000 * random(), millis }
    case 'clock':
      return { at, type, who, millis: 80_000 * (random() - 0.5) }
    case 'burst':
      return { at, type, who, writes: 1 + Math.floor(200 * random() ** 2) }
    default:
      return unreachable(type)
  }
}

/** When the last of `faults` is over. */
export function faultsEnd(faults: readonly Fault[]): number {
  return faults.reduce((end, fault) => Math.max(end, fault.at + ('millis' in fault ? fault.millis : 0)), 0)
}

/** Plans `faults` from now on. What they change is as before when they and their durations are over. */
export function playFaults<E extends SimEngine>(cluster: Cluster<E>, faults: readonly Fault[]): void {
  const play = new Play(cluster)
  for (const fault of faults) cluster.timeline.after(fault.at, () => play.do(fault))
}

class Play<E extends SimEngine> {
  readonly #cluster: Cluster<E>
  readonly #crashed: string[] = []
  #split = 0

  constructor(cluster: Cluster<E>) {
    this.#cluster = cluster
  }

  do(fault: Fault): void {
    const cluster = this.#cluster
    switch (fault.type) {
      case 'crash':
        return this.#crash(this.#pick(fault.who))
      case 'mass-crash':
        return this.#crashMany(fault.share)
      case 'restart':
        return this.#restart()
      case 'leave':
        return void (cluster.members.length > MEMBERS_MIN && cluster.leave(this.#pick(fault.who)))
      case 'join':
        return void (cluster.members.length < MEMBERS_MAX && cluster.add({ kind: fault.kind }))
      case 'pause':
        return this.#pick(fault.who).pause(fault.millis)
      case 'split':
        return this.#splitOff(fault.share, fault.oneWay, fault.millis)
      case 'cut':
        return this.#links(fault.who, fault.link, (a, b) => cluster.network.cut(a, b))
      case 'signaling':
      case 'loss':
      case 'dial-failure':
        return this.#disturb(fault)
      case 'slow-link':
        return this.#slow(fault.who, fault.link, fault.bytesPerSecond / 1000, fault.millis)
      case 'clock':
        this.#pick(fault.who).wallLead = fault.millis
        return
      case 'burst':
        return this.#burst(this.#pick(fault.who), fault.writes)
      default:
        return unreachable(fault)
    }
  }

  /** Something about the whole network, for a while. */
  #disturb(fault: Extract<Fault, { type: 'signaling' | 'loss' | 'dial-failure' }>): void {
    const { network, timeline } = this.#cluster
    const { now } = network.conditions
    if (fault.type === 'signaling') network.signaling.turn(false)
    else if (fault.type === 'loss') now.loss = fault.share
    else now.dialFailure = fault.share
    timeline.after(fault.millis, () => {
      if (fault.type === 'signaling') network.signaling.turn(true)
      else if (fault.type === 'loss') now.loss = 0
      else now.dialFailure = 0
    })
  }

  #pick(share: number): SimMember<E> {
    const { members } = this.#cluster
    const member = members[Math.floor(share * members.length)]
    if (member === undefined) throw new Error('nobody is up')
    return member
  }

  #crash(member: SimMember<E>): void {
    if (this.#cluster.members.length <= MEMBERS_MIN) return
    this.#crashed.push(member.id)
    this.#cluster.crash(member)
  }

  #crashMany(share: number): void {
    const { random, members } = this.#cluster
    for (const member of sample(random, members, share * members.length)) this.#crash(member)
  }

  #restart(): void {
    const id = this.#crashed.pop()
    if (id !== undefined) this.#cluster.add({ id })
  }

  #splitOff(share: number, oneWay: boolean, millis: number): void {
    const { members, network, timeline } = this.#cluster
    const away = new Set(members.slice(0, Math.ceil(share * members.length)).map(({ id }) => id))
    network.partition((from, to) =>
      oneWay ? !(away.has(from.id) && !away.has(to.id)) : away.has(from.id) === away.has(to.id),
    )
    this.#split += 1
    const split = this.#split
    timeline.after(millis, () => {
      if (split === this.#split) this.#cluster.heal()
    })
  }

  #links(who: number, link: number, act: (a: SimMember<E>, b: SimMember<E>) => void): void {
    const member = this.#pick(who)
    const peers = [...member.links.keys()]
    const peer = this.#cluster.find(peers[Math.floor(link * peers.length)] ?? '')
    if (peer) act(member, peer)
  }

  #slow(who: number, link: number, bandwidth: number, millis: number): void {
    this.#links(who, link, (member, peer) => {
      const end = member.links.get(peer.id)
      if (end === undefined) return
      end.bandwidth = bandwidth
      this.#cluster.timeline.after(millis, () => end.restoreBandwidth())
    })
  }

  #burst(member: SimMember<E>, writes: number): void {
    for (let written = 0; written < writes; written++)
      this.#cluster.timeline.after(written * 5, () => {
        if (member.up) member.write()
      })
  }
}
