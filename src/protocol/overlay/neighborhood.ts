/**
 * The links of one member from their opening to their end: HELLO, who is let in, who is silent for too long,
 * and how a link is closed. A link's end is told to every part that holds something of it.
 */
import { jittered, sample } from '../../base/random.js'
import type { DisconnectReason, Frame, HelloFrame } from '../../wire/frame.js'
import { type EngineContext, sendTo } from '../context.js'
import type { Heartbeat } from '../liveness/heartbeat.js'
import type { MemberTable } from '../liveness/member-table.js'
import type { AntiEntropy } from '../sync/anti-entropy.js'
import type { Neighbor } from './peer-view.js'
import type { RandomMesh } from './random-mesh.js'

/** First heartbeats are spread by this share of their period, so that links do not beat in step. */
const FIRST_BEAT_SHARE = 0.5

/** The parts of the engine that hold something of a link. */
export interface NeighborhoodParts {
  table: MemberTable
  mesh: RandomMesh
  heartbeat: Heartbeat
  sync: AntiEntropy
}

export class Neighborhood {
  readonly #context: EngineContext
  readonly #topic: string
  readonly #parts: NeighborhoodParts
  #tickedAt: number

  constructor(context: EngineContext, topic: string, parts: NeighborhoodParts, now: number) {
    this.#context = context
    this.#topic = topic
    this.#parts = parts
    this.#tickedAt = now
  }

  /** A link opened: both sides introduce themselves first. */
  linkUp(peer: string, now: number): void {
    const { table, mesh, sync } = this.#parts
    const { id, view, random, config } = this.#context
    mesh.linked(peer)
    sync.drop(peer)
    const neighbor = view.add(peer, now)
    neighbor.nextBeat = now + jittered(random, config.heartbeatMillis, FIRST_BEAT_SHARE)
    const links = view.size - 1
    this.#send(neighbor, { type: 'hello', topic: this.#topic, id, record: table.selfRecord, links }, now)
  }

  /** A link broke without a word: its member may be gone, or only the path to it. */
  linkDown(peer: string, now: number): void {
    const neighbor = this.#context.view.get(peer)
    if (neighbor === undefined) return
    this.#remove(neighbor, now)
    if (neighbor.record) this.#suspect(peer, now)
    this.#parts.mesh.dial(now)
  }

  hello(neighbor: Neighbor, frame: HelloFrame, now: number): void {
    const { table, sync } = this.#parts
    if (neighbor.record !== undefined || frame.id !== neighbor.id) return this.offence(neighbor.id, now)
    if (frame.topic !== this.#topic) return this.#drop(neighbor, 'cluster', now)
    if (!this.#hasRoomFor(frame, now)) return this.#drop(neighbor, 'full', now)
    neighbor.record = frame.record
    const answer = table.merge(frame.id, frame.record, 0, frame.id, now)
    if (answer) this.#send(neighbor, answer, now)
    table.heard(frame.id)
    sync.tell(neighbor, true, now)
    this.#context.outbox.push({ type: 'members' })
  }

  /** The other side ended the link, and said why. */
  disconnected(neighbor: Neighbor, reason: DisconnectReason, now: number): void {
    this.#remove(neighbor, now)
    this.#context.outbox.push({ type: 'disconnect', peer: neighbor.id })
    // Who says goodbye was announced by LEAVE; who turns a link down is asked again later.
    this.#parts.mesh.refused(neighbor.id, now)
    if (reason !== 'leave') this.#parts.mesh.dial(now)
  }

  /** The bytes of `peer` break a rule: its link ends. */
  offence(peer: string, now: number): void {
    this.#context.counters.offences += 1
    const neighbor = this.#context.view.get(peer)
    if (neighbor) this.#drop(neighbor, 'protocol', now)
  }

  /** Heartbeats, and the end of links that are silent or never said HELLO. */
  tick(now: number): void {
    this.#wake(now)
    for (const neighbor of [...this.#context.view.all()]) this.#tickNeighbor(neighbor, now)
  }

  deadline(): number {
    let deadline = Number.POSITIVE_INFINITY
    for (const neighbor of this.#context.view.all()) deadline = Math.min(deadline, this.#due(neighbor))
    return deadline
  }

  /** Makes room where it must: a member without links, or from the other side of a split, has to get in. */
  #hasRoomFor(frame: HelloFrame, now: number): boolean {
    const { view, config } = this.#context
    if (view.size <= config.linksMax) return true
    const isStranger = this.#parts.table.get(frame.id) === undefined
    if (frame.links > 0 && !isStranger) return false
    const others = [...view.established()].filter((neighbor) => neighbor.id !== frame.id)
    for (const evicted of sample(this.#context.random, others, 1)) this.#drop(evicted, 'evict', now)
    return true
  }

  /** After a sleep everyone else looks dead; the first to be doubted is this member itself. */
  #wake(now: number): void {
    const { view, config } = this.#context
    const gap = now - this.#tickedAt
    this.#tickedAt = now
    // An engine without links may rest for long by itself: only links oblige it to tick every second.
    if (gap < config.sleepMillis || view.size === 0) return
    this.#parts.table.forgive(gap)
    const recently = now - config.heartbeatMillis
    for (const neighbor of view.all()) neighbor.lastHeard = Math.max(neighbor.lastHeard, recently)
  }

  #tickNeighbor(neighbor: Neighbor, now: number): void {
    const { heartbeat } = this.#parts
    if (neighbor.record === undefined) {
      if (now >= this.#due(neighbor)) this.#drop(neighbor, 'protocol', now)
      return
    }
    if (heartbeat.isSilent(neighbor, now)) {
      this.#drop(neighbor, 'error', now)
      return this.#suspect(neighbor.id, now)
    }
    const beat = heartbeat.beat(neighbor, this.#context.replica.digest(), now)
    if (beat) this.#send(neighbor, beat, now)
  }

  #due(neighbor: Neighbor): number {
    const { heartbeat } = this.#parts
    return neighbor.record ? heartbeat.deadline(neighbor) : neighbor.since + this.#context.config.helloMillis
  }

  #suspect(id: string, now: number): void {
    const { table } = this.#parts
    const incarnation = table.get(id)?.record.incarnation
    if (incarnation !== undefined) table.suspect(id, incarnation, this.#context.id, undefined, now)
  }

  /** Ends a link from this side. */
  #drop(neighbor: Neighbor, reason: DisconnectReason, now: number): void {
    this.#remove(neighbor, now)
    this.#context.outbox.disconnect(neighbor.id, reason)
    this.#parts.mesh.refused(neighbor.id, now)
  }

  #remove(neighbor: Neighbor, now: number): void {
    const { view, outbox } = this.#context
    view.delete(neighbor.id)
    this.#parts.sync.drop(neighbor.id)
    if (view.size === 0) this.#parts.mesh.isolated(now)
    outbox.push({ type: 'members' })
  }

  #send(neighbor: Neighbor, frame: Frame, now: number): void {
    sendTo(this.#context, neighbor, frame, now)
  }
}
