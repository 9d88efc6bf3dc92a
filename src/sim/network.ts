/**
 * The network of a simulation: who is there, the links between them, dials that take their time and may fail,
 * partitions in one direction or both. It moves frames as objects; nothing is encoded unless somebody weighs it.
 */
import type { Frame, MemberKind } from '../wire/frame.js'
import type { Conditions } from './conditions.js'
import { type Endpoint, LinkEnd } from './link-end.js'
import { MeetingPoint, type Visitor } from './meeting-point.js'

/** How long signaling takes to notice a crash. Guess: a socket that is reset is noticed at once, a lost one later. */
const CRASH_NOTICED_MILLIS = 2_000

/** A member as the network sees it. */
export interface Station extends Endpoint, Visitor {
  readonly id: string
  readonly index: number
  readonly kind: MemberKind
  /** Open ends by the id of the member at the other end. */
  readonly links: Map<string, LinkEnd>
  /** Its process runs. */
  readonly up: boolean
  /** It runs and is not stopped. */
  readonly awake: boolean
  linkUp(end: LinkEnd): void
  dialFailed(peer: string): void
  /** A frame has come that belongs to no link. */
  takeDatagram(from: string, frame: Frame): void
}

/** Decides whether frames get from one member to another. */
export type Reach = (from: Station, to: Station) => boolean

export class Network {
  readonly conditions: Conditions
  readonly signaling: MeetingPoint
  /** Dials begun since the start. */
  dials = 0
  /** Whether members may send to whom they have no link to: for models of protocols on UDP. */
  datagrams = false
  readonly #stations = new Map<string, Station>()
  readonly #dialing = new Set<string>()
  #reach: Reach | undefined

  constructor(conditions: Conditions) {
    this.conditions = conditions
    this.signaling = new MeetingPoint(conditions)
  }

  /** A member starts. */
  join(station: Station): void {
    this.#stations.set(station.id, station)
    this.signaling.register(station)
  }

  /** A member's process ends without a word. */
  crash(station: Station): void {
    for (const end of station.links.values()) end.vanish()
    this.conditions.timeline.after(CRASH_NOTICED_MILLIS, () => this.signaling.forget(station))
    this.#remove(station)
  }

  /** A member has said goodbye: what is left of its links closes. */
  leave(station: Station): void {
    for (const end of station.links.values()) end.close()
    this.signaling.forget(station)
    this.#remove(station)
  }

  /** Links two members at once, without a dial: for models that bring their own topology. */
  link(a: Station, b: Station): void {
    this.#open(a, b)
  }

  /** Closes the link of two members on both sides, as a reset would. */
  cut(a: Station, b: Station): void {
    a.links.get(b.id)?.lose()
    b.links.get(a.id)?.lose()
  }

  /** From now on only what `reach` allows gets through; undefined: everything. */
  partition(reach: Reach | undefined): void {
    this.#reach = reach
    for (const station of this.#stations.values())
      for (const end of station.links.values()) this.#check(station, end)
  }

  /** Wants a link, as `Links.dial`. */
  dial(station: Station, peer: string): void {
    const name = `${station.id} ${peer}`
    if (this.#dialing.has(name) || station.links.has(peer)) return
    this.#dialing.add(name)
    this.dials += 1
    const { now, timeline } = this.conditions
    const takes = this.conditions.within(now.dialMillis)
    timeline.after(takes, () => {
      const target = this.#answers(station, peer)
      if (target) this.#finish(name, () => this.#meet(station, target))
      else
        timeline.after(this.#silence(peer) - takes, () => this.#finish(name, () => station.dialFailed(peer)))
    })
  }

  /** Sends without a link; what is lost is gone. */
  datagram(station: Station, peer: string, frame: Frame): void {
    const target = this.#stations.get(peer)
    if (!this.datagrams || target === undefined || this.conditions.loses()) return
    if (!this.#reaches(station, target)) return
    const latency = this.conditions.latency(station.index, target.index)
    this.conditions.timeline.after(this.conditions.transit(latency), () =>
      target.takeDatagram(station.id, frame),
    )
  }

  /** The member that takes the dial, if it does. */
  #answers(station: Station, peer: string): Station | undefined {
    const target = this.#stations.get(peer)
    const { now, random } = this.conditions
    if (!target?.awake || !station.awake || !this.signaling.up) return undefined
    if (!this.#reaches(station, target) || !this.#reaches(target, station)) return undefined
    return now.dialFailure > 0 && random() < now.dialFailure ? undefined : target
  }

  /** How long nobody answers: signaling says at once that it does not know a member. */
  #silence(peer: string): number {
    const { now } = this.conditions
    return this.signaling.knows(peer) || !this.signaling.up ? now.dialTimeoutMillis : 0
  }

  #finish(name: string, end: () => void): void {
    this.#dialing.delete(name)
    end()
  }

  #meet(station: Station, target: Station): void {
    if (station.up && target.up && !station.links.has(target.id)) this.#open(station, target)
  }

  #open(station: Station, target: Station): void {
    // A link that only the other side still believes in is replaced.
    target.links.get(station.id)?.lose()
    const [near, far] = LinkEnd.pair(station, target, this.conditions)
    station.links.set(target.id, near)
    target.links.set(station.id, far)
    this.#check(station, near)
    this.#check(target, far)
    station.linkUp(near)
    // The other side notices before the first frame can come.
    this.conditions.timeline.after(near.latency / 2, () => {
      if (far.open && target.links.get(station.id) === far) target.linkUp(far)
    })
  }

  #check(station: Station, end: LinkEnd): void {
    const target = this.#stations.get(end.other.owner.id)
    if (target) end.block(!this.#reaches(station, target))
  }

  #reaches(from: Station, to: Station): boolean {
    return this.#reach === undefined || this.#reach(from, to)
  }

  #remove(station: Station): void {
    station.links.clear()
    if (this.#stations.get(station.id) === station) this.#stations.delete(station.id)
  }
}
