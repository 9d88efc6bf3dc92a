/**
 * The network of a simulation: who is there, the links between them, dials that take their time and may fail,
 * partitions in one direction or both. It moves frames as objects; nothing is encoded unless somebody weighs it.
 */

import type { MemberKind } from '../src/base/member.js'
import type { Frame } from '../src/mesh/wire/frame.js'
import type { Signal } from '../src/mesh/wire/signal.js'
import type { Conditions } from './conditions.js'
import { type Dialer, Dials } from './dials.js'
import { type Endpoint, LinkEnd } from './link-end.js'
import { MeetingPoint, type Visitor } from './meeting-point.js'

/** How long signaling takes to notice a crash. Guess: a socket that is reset is noticed at once, a lost one later. */
const CRASH_NOTICED_MILLIS = 2_000

/** A member as the network sees it. */
export interface Station extends Endpoint, Visitor, Dialer {
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
  /** A signal of `from` has come through the server. */
  signalFromServer(from: string, signal: Signal): void
  /** A frame has come that belongs to no link. */
  takeDatagram(from: string, frame: Frame): void
}

/** Decides whether frames get from one member to another. */
export type Reach = (from: Station, to: Station) => boolean

export class Network {
  readonly conditions: Conditions
  readonly signaling: MeetingPoint
  /** Whether members may send to whom they have no link to: for models of protocols on UDP. */
  datagrams = false
  readonly #stations = new Map<string, Station>()
  readonly #dials: Dials<Station>
  #reach: Reach | undefined

  constructor(conditions: Conditions) {
    this.conditions = conditions
    this.signaling = new MeetingPoint(conditions)
    this.#dials = new Dials(conditions, (station, target) => this.#meet(station, target))
  }

  /** Dials begun since the start. */
  get dials(): number {
    return this.#dials.count
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
    if (!station.links.has(peer)) this.#dials.dial(station, peer)
  }

  /** Gives up what is under way between the two. */
  abort(station: Station, peer: string): void {
    this.#dials.abort(station, peer)
  }

  /** A signal of `from` has arrived, by whatever way. */
  takeSignal(station: Station, from: string, signal: Signal): void {
    this.#dials.receive(station, from, signal)
  }

  /** Carries a signal through the server, which drops what is for somebody that it does not know. */
  signalThroughServer(station: Station, peer: string, signal: Signal): void {
    this.signaling.carry(station, peer, () => this.#stations.get(peer)?.signalFromServer(station.id, signal))
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

  /** Two members have described themselves to each other. */
  #meet(station: Station, target: Station): boolean {
    const reach = this.#reaches(station, target) && this.#reaches(target, station)
    if (!station.awake || !target.awake || !reach) return false
    if (!station.links.has(target.id)) this.#open(station, target)
    return true
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
