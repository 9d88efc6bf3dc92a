/**
 * The links of one member from their opening to their end: HELLO, which members are let in, and how a link is closed.
 * Every part hears of links that come and go.
 */
import { BoundedMap } from '../../../base/bounded-map.js'
import { sample } from '../../../base/random.js'
import type { OffenceKind } from '../../rate-limit/score.js'
import type { MembershipClaim } from '../../wire/claim.js'
import type { DisconnectFrame, DisconnectReason, HelloFrame, InterleaveFrame } from '../../wire/frame.js'
import { PEERS_IN_HANDSHAKE_MAX } from '../../wire/wire-limits.js'
import type { Plumtree } from '../broadcast/plumtree.js'
import { type EngineContext, type Part, sendTo } from '../context.js'
import type { MemberTable } from '../liveness/member-table.js'
import type { AntiEntropy } from '../sync/anti-entropy.js'
import type { Interleave } from './interleave.js'
import type { Overlay } from './overlay.js'
import type { Neighbor } from './peer-view.js'
import { hasSlot, slotsElsewhere, slotsToSpare, WAITING_MAX } from './reader-slots.js'

/**
 * An isolated member may push somebody out, but only of a member with this many others. Less: a poor member gets
 * poorer.
 */
const EVICT_FROM = 3

/** A member whose links are all younger is a newcomer: it learns, and has nothing to tell. */
const NEWCOMER_MILLIS = 5_000
/** A full neighbor that was asked for a link makes its offer within this. */
const OFFER_MILLIS = 1_000
/** Suspicions that a first neighbor is told of at most. */
const SUSPICIONS_TOLD_MAX = 16

interface NeighborhoodParts {
  broadcast: Plumtree
  interleave: Interleave
  overlay: Overlay
  sync: AntiEntropy
  table: MemberTable
  /** All parts, to hear of links that come and go. */
  all: readonly Part[]
}

export class Neighborhood implements Part {
  readonly #context: EngineContext
  readonly #topic: string
  readonly #parts: NeighborhoodParts
  /** Readers that were turned down. */
  readonly #waiting = new BoundedMap<string, true>(WAITING_MAX)
  /** Until then it learns from every neighbor, however old its links are. */
  #newcomerUntil = 0

  constructor(context: EngineContext, topic: string, parts: NeighborhoodParts) {
    this.#context = context
    this.#topic = topic
    this.#parts = parts
  }

  /** A link opened: both sides introduce themselves first. */
  opened(peer: string, now: number): void {
    if (this.#context.score.isRefused(peer, now)) {
      this.#context.counters.linksRefused += 1
      return this.#context.outbox.disconnect(peer, 'protocol')
    }
    const { id, view } = this.#context
    const { selfRecord: record, selfLease: lease } = this.#parts.table
    const neighbor = view.add(peer, this.#parts.overlay.linked(peer), now)
    for (const part of this.#parts.all) part.linkUp?.(neighbor, now)
    const { intent } = neighbor
    const links = view.degree - (neighbor.isSilent ? 0 : 1)
    const hello = { type: 'hello', topic: this.#topic, id, record, lease, links, intent } as const
    sendTo(this.#context, neighbor, hello, now)
    this.#makeWay(now)
  }

  dialFailed(peer: string, now: number): void {
    this.#parts.overlay.refused(peer, now)
    this.#parts.interleave.taken(peer, false, now)
  }

  hello(neighbor: Neighbor, frame: HelloFrame, now: number): void {
    const table = this.#parts.table
    if (neighbor.record !== undefined || frame.id !== neighbor.id) return this.offence(neighbor.id, now)
    if (frame.topic !== this.#topic) return this.drop(neighbor, 'cluster', now)
    if (table.roster.isFull && !table.get(frame.id)) return this.drop(neighbor, 'members', now)
    // It counts as a link until it is turned down.
    neighbor.isSilent = false
    if (!this.#hasRoomFor(frame, now)) return this.#turnDown(neighbor, frame, now)
    const isOld = ({ since }: Neighbor) => now >= since + NEWCOMER_MILLIS
    neighbor.isBootstrap = now < this.#newcomerUntil || !this.#context.view.sources().some(isOld)
    this.#context.view.introduced(neighbor, frame.record)
    this.#parts.overlay.dials.welcomed(neighbor.id, now)
    const { record, lease, proof } = frame
    const claim = { type: 'member', id: frame.id, record, lease, ...(proof && { proof }) } as const
    // A neighbor that has links was announced by those whom it met before: for sure to a newcomer, most likely to others.
    const told = neighbor.isBootstrap ? 'neighbors' : 'unless heard'
    const answer = table.take(claim, frame.links > 0 ? told : 'everyone', now)
    // A member that comes back below its tombstone is told how high it has to get.
    const least = table.roster.tombstoneOf(frame.id)
    if (answer?.type === 'suspect' && least) answer.incarnation = least
    if (answer) sendTo(this.#context, neighbor, answer, now)
    const suspicion = table.heard(frame.id, now)
    if (suspicion) sendTo(this.#context, neighbor, suspicion, now)
    this.#parts.sync.tell(neighbor, true, now)
    const [first] = this.#context.view.sources()
    if (first === neighbor && this.#context.view.sources().length === 1) this.#tellSuspicions(neighbor, now)
    this.#settle(neighbor, frame, now)
    this.#context.outbox.push({ type: 'members' })
  }

  interleaved(neighbor: Neighbor, frame: InterleaveFrame, now: number): void {
    if (frame.step === 'offer') {
      this.#parts.overlay.expectOffer(neighbor.id, 0)
      if (this.#parts.interleave.take(neighbor, frame, now))
        this.#parts.overlay.dial(frame.member, 'interleave', now)
      return
    }
    const replaced = this.#context.view.get(this.#parts.interleave.given(neighbor.id, frame) ?? '')
    // Only a link too many is let go: meanwhile others may have left.
    if (replaced && this.#context.view.degree > this.#parts.overlay.target)
      this.drop(replaced, 'replaced', now)
  }

  /** The other side ended the link, and said why. */
  disconnected(neighbor: Neighbor, { reason, others = [] }: DisconnectFrame, now: number): void {
    this.remove(neighbor, now)
    this.#context.outbox.push({ type: 'disconnect', peer: neighbor.id })
    const isAlone = this.#context.view.established().length === 0
    if (reason === 'members' || (reason === 'full' && isAlone && others.length === 0))
      this.#context.outbox.push({ type: 'refused', peer: neighbor.id, reason })
    // A member that turns a link down is asked again later; a goodbye was announced by LEAVE.
    this.#parts.overlay.refused(neighbor.id, now)
    this.#parts.interleave.taken(neighbor.id, false, now)
    if (this.#isReader && others.length > 0) this.#parts.overlay.referred(others, now)
    else if (reason !== 'leave') this.#parts.overlay.fill(now)
  }

  /** The bytes of `peer` break a rule: its link ends. Before its HELLO anybody may have sent them in its name. */
  offence(peer: string, now: number, kind: OffenceKind = 'malformed'): void {
    const { counters, view, score } = this.#context
    counters.offences += 1
    const neighbor = view.get(peer)
    if (neighbor?.record) score.add(peer, kind, now)
    if (neighbor) this.drop(neighbor, 'protocol', now)
  }

  /**
   * A member is dead: a link to it is of no use. One that said goodbye closes its links itself, after the last of its
   * writes, which its goodbye has overtaken.
   */
  died(id: string, now: number): void {
    const neighbor = this.#context.view.get(id)
    if (!neighbor?.record) return this.#parts.overlay.left(id)
    this.drop(neighbor, 'error', now)
    this.#parts.overlay.lost(id)
  }

  /** Too much goes over the link of `peer`, or nothing gets through: it ends, and another one takes its place. */
  overloaded(peer: string, now: number): void {
    const neighbor = this.#context.view.get(peer)
    if (neighbor === undefined) return
    this.#context.counters.overloads += 1
    this.drop(neighbor, 'overload', now)
    this.#parts.overlay.fill(now)
  }

  /** Ends a link from this side. */
  drop(neighbor: Neighbor, reason: DisconnectReason, now: number, others?: readonly string[]): void {
    this.remove(neighbor, now)
    this.#context.outbox.disconnect(neighbor.id, reason, others)
    this.#parts.overlay.refused(neighbor.id, now)
    this.#parts.interleave.taken(neighbor.id, false, now)
  }

  /** A reader keeps one link. */
  tick(now: number): void {
    if (!this.#isReader) return
    for (const neighbor of slotsToSpare(this.#context.view, this.#parts.table.roster))
      this.drop(neighbor, 'replaced', now)
  }

  /** The link carries less than it is given: broadcasts to it are dropped until it drains. */
  slow(peer: string): void {
    const neighbor = this.#context.view.get(peer)
    if (neighbor === undefined) return
    neighbor.dirty = true
    neighbor.announcements.clear()
  }

  /** It is empty again: a sync makes up for what was dropped. */
  drained(peer: string, now: number): void {
    const neighbor = this.#context.view.get(peer)
    if (!neighbor?.dirty) return
    neighbor.dirty = false
    if (neighbor.record) this.#parts.sync.tell(neighbor, true, now)
  }

  /** A claim of `neighbor` alone: a newcomer takes it as one that the others know. */
  told(neighbor: Neighbor, claim: MembershipClaim, now: number): void {
    const answer = neighbor.isBootstrap
      ? this.#parts.table.take(claim, 'neighbors', now)
      : this.#parts.table.take(claim, 'everyone', now)
    if (answer) sendTo(this.#context, neighbor, answer, now)
  }

  /** This member slept for long: the neighbors tell who is there, as they tell a newcomer. */
  beginAnew(now: number): void {
    this.#newcomerUntil = now + NEWCOMER_MILLIS
    for (const neighbor of this.#context.view.all()) neighbor.isBootstrap = true
    this.#parts.table.dropOthers()
  }

  /** Of those that others opened and have not said HELLO the oldest goes: an honest one says it at once. */
  #makeWay(now: number): void {
    const [oldest, ...others] = this.#context.view.silent()
    if (oldest === undefined || others.length < PEERS_IN_HANDSHAKE_MAX) return
    this.#context.counters.linksRefused += 1
    this.drop(oldest, 'protocol', now)
  }

  get #isReader(): boolean {
    return this.#parts.table.selfRecord.role === 'reader'
  }

  /** Makes room where it must: a member without links, or from the other side of a split, has to get in. */
  #hasRoomFor(frame: HelloFrame, now: number): boolean {
    const { view, config } = this.#context
    if (frame.record.role === 'reader') return hasSlot(this.#parts.table.selfRecord, view)
    if (view.degree <= config.linksHigh) return true
    const isStranger = this.#parts.table.get(frame.id) === undefined
    if (frame.links > 0 && !isStranger) return false
    const others = view.sources().filter((neighbor) => neighbor.id !== frame.id)
    if (others.length < EVICT_FROM) return true
    for (const evicted of sample(this.#context.random, others, 1)) this.drop(evicted, 'evict', now)
    return true
  }

  /** There is no room: the other side is told so, and asks elsewhere at once. */
  #turnDown(neighbor: Neighbor, { record }: HelloFrame, now: number): void {
    this.#context.counters.linksRefused += 1
    if (record.role === 'writer') return this.drop(neighbor, 'full', now)
    this.drop(neighbor, 'full', now, slotsElsewhere(this.#context.view))
    this.#waiting.set(neighbor.id, true)
  }

  /** A slot that became free is for one that was turned down. */
  #offerSlot(now: number): void {
    if (!hasSlot(this.#parts.table.selfRecord, this.#context.view)) return
    const [next] = this.#waiting.keys()
    if (next === undefined) return
    this.#waiting.delete(next)
    this.#parts.overlay.dial(next, 'repair', now)
  }

  /** What a new link means for the others: a full member hands one over, a newcomer expects that. */
  #settle(neighbor: Neighbor, frame: HelloFrame, now: number): void {
    const { view } = this.#context
    const overlay = this.#parts.overlay
    if (neighbor.intent === 'interleave') return this.#parts.interleave.taken(neighbor.id, true, now)
    if (neighbor.intent === 'stranger' || frame.intent === 'stranger') this.#replaceFor(neighbor, now)
    const isFull = view.degree > overlay.target && frame.record.role === 'writer'
    if (isFull && (frame.intent === 'join' || frame.intent === 'repair'))
      return this.#parts.interleave.give(neighbor, now)
    const asked = neighbor.intent === 'join' || neighbor.intent === 'repair'
    if (asked && frame.links >= this.#context.config.linksTarget)
      overlay.expectOffer(neighbor.id, now + OFFER_MILLIS)
    overlay.fill(now)
  }

  /** A link that reaches across a former split takes the place of one that is not on the tree of all, which holds them together. */
  #replaceFor(newest: Neighbor, now: number): void {
    const { view, random } = this.#context
    if (view.degree <= this.#parts.overlay.target) return
    const spare = view.sources().filter(({ id }) => id !== newest.id && this.#parts.broadcast.isSpare(id))
    for (const one of sample(random, spare, 1)) this.drop(one, 'replaced', now)
  }

  /** Suspicions that had no link to travel on are told now, so that their subjects can answer. */
  #tellSuspicions(neighbor: Neighbor, now: number): void {
    for (const suspicion of this.#parts.table.suspicions(SUSPICIONS_TOLD_MAX))
      sendTo(this.#context, neighbor, suspicion, now)
  }

  /** A link is gone. */
  remove(neighbor: Neighbor, now: number): void {
    const { view, outbox } = this.#context
    view.delete(neighbor.id)
    for (const part of this.#parts.all) part.linkGone?.(neighbor.id, now)
    if (view.degree === 0) this.#parts.overlay.isolated(now)
    if (neighbor.record?.role === 'reader') this.#offerSlot(now)
    outbox.push({ type: 'members' })
  }
}
