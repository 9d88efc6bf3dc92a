/**
 * The links of one member from their opening to their end: HELLO, who is let in, who is silent for too long,
 * and how a link is closed. A link's end is told to every part that holds something of it.
 */
import { BoundedMap } from '../../../base/bounded-map.js'
import { jittered, sample } from '../../../base/random.js'
import type { OffenceKind } from '../../rate-limit/score.js'
import type { MemberFrame, MembershipClaim } from '../../wire/claim.js'
import type {
  DisconnectFrame,
  DisconnectReason,
  HelloFrame,
  InterleaveFrame,
  Visibility,
} from '../../wire/frame.js'
import { PEERS_IN_HANDSHAKE_MAX } from '../../wire/wire-limits.js'
import type { Plumtree } from '../broadcast/plumtree.js'
import { type EngineContext, sendTo } from '../context.js'
import type { Heartbeat } from '../liveness/heartbeat.js'
import type { MemberTable } from '../liveness/member-table.js'
import type { PresenceTable } from '../liveness/presence-table.js'
import type { AntiEntropy } from '../sync/anti-entropy.js'
import { Interleave } from './interleave.js'
import type { Overlay } from './overlay.js'
import type { Neighbor } from './peer-view.js'
import { hasSlot, slotsElsewhere, slotsToSpare, WAITING_MAX } from './reader-slots.js'

/** First heartbeats are spread by this share of their period, so that links do not beat in step. */
const FIRST_BEAT_SHARE = 0.5
/** A member whose links are all younger is a newcomer: it learns, and has nothing to tell. */
const NEWCOMER_MILLIS = 5_000
/** A watcher that misses beats of at least so many writers, and of half of all, suspects itself. */
const SUSPECT_LINKS_MIN = 2
/** A full neighbor that was asked for a link makes its offer within this. */
const OFFER_MILLIS = 1_000
/** Suspicions that a first neighbor is told of at most. */
const SUSPICIONS_TOLD_MAX = 16

/** The parts of the engine that hold something of a link. */
export interface NeighborhoodParts {
  table: MemberTable
  overlay: Overlay
  heartbeat: Heartbeat
  broadcast: Plumtree
  sync: AntiEntropy
  presence: PresenceTable
}

export class Neighborhood {
  readonly #context: EngineContext
  readonly #topic: string
  readonly #parts: NeighborhoodParts
  readonly #interleave: Interleave
  /** Readers that were turned down. */
  readonly #waiting = new BoundedMap<string, true>(WAITING_MAX)
  #awakeAt: number
  #deadline: number | undefined
  /** This member suspects nobody before this. */
  #humbleUntil = 0
  /** Until then it learns from every neighbor, however old its links are. */
  #newcomerUntil = 0

  constructor(context: EngineContext, topic: string, parts: NeighborhoodParts, now: number) {
    this.#context = context
    this.#topic = topic
    this.#parts = parts
    this.#interleave = new Interleave(context)
    this.#awakeAt = now
  }

  /** A link opened: both sides introduce themselves first. */
  linkUp(peer: string, now: number): void {
    if (this.#context.score.isRefused(peer, now)) {
      this.#context.counters.linksRefused += 1
      return this.#context.outbox.disconnect(peer, 'protocol')
    }
    const { table, overlay, broadcast, sync } = this.#parts
    const { id, view, random, config } = this.#context
    sync.drop(peer)
    broadcast.linked(peer)
    const neighbor = view.add(peer, overlay.linked(peer), now)
    this.#deadline = undefined
    neighbor.nextBeat = now + jittered(random, config.heartbeatMillis, FIRST_BEAT_SHARE)
    const { selfRecord: record, selfLease: lease } = table
    const { intent } = neighbor
    const links = view.degree - (neighbor.isSilent ? 0 : 1)
    sendTo(
      this.#context,
      neighbor,
      { type: 'hello', topic: this.#topic, id, record, lease, links, intent },
      now,
    )
    this.#makeWay(now)
  }

  /** A link broke without a word: its member may be gone, or only the path to it. */
  linkDown(peer: string, now: number): void {
    const neighbor = this.#context.view.get(peer)
    if (neighbor === undefined) return
    this.#remove(neighbor, now)
    if (neighbor.record) this.#lose(peer, now)
    // Dialed again at once, a link that breaks as soon as it is there would come and go for ever.
    if (now < neighbor.since + this.#context.config.helloMillis) this.#parts.overlay.refused(peer, now)
    this.#parts.overlay.fill(now)
  }

  /** The server has no such member. If the mesh knows it and it lives, it is reached through the mesh, and answers the suspicion. */
  absent(peer: string, now: number): void {
    const { table, overlay } = this.#parts
    if (this.#context.view.degree === 0 || !table.get(peer)) return overlay.left(peer)
    if (overlay.isDialing(peer)) this.unwatched(peer, now)
  }

  dialFailed(peer: string, now: number): void {
    this.#parts.overlay.refused(peer, now)
    this.#interleave.taken(peer, false, now)
  }

  hello(neighbor: Neighbor, frame: HelloFrame, now: number): void {
    const { table, overlay, sync } = this.#parts
    if (neighbor.record !== undefined || frame.id !== neighbor.id) return this.offence(neighbor.id, now)
    if (frame.topic !== this.#topic) return this.drop(neighbor, 'cluster', now)
    if (table.isFull && !table.get(frame.id)) return this.drop(neighbor, 'members', now)
    this.#context.view.greeted(neighbor)
    if (!this.#hasRoomFor(frame, now)) return this.#turnDown(neighbor, frame, now)
    const isOld = ({ since }: Neighbor) => now >= since + NEWCOMER_MILLIS
    neighbor.isBootstrap = now < this.#newcomerUntil || !this.#context.view.sources().some(isOld)
    this.#context.view.introduced(neighbor, frame.record)
    this.#deadline = undefined
    overlay.welcomed(neighbor.id, now)
    const { record, lease, proof } = frame
    const claim = { type: 'member', id: frame.id, record, lease, ...(proof && { proof }) } as const
    const answer = this.#meet(neighbor, claim, frame.links > 0, now)
    // Who comes back below what is remembered of it is told how high it has to get.
    const least = table.tombstoneOf(frame.id)
    if (answer?.type === 'suspect' && least) answer.incarnation = least
    if (answer) sendTo(this.#context, neighbor, answer, now)
    const suspicion = table.heard(frame.id, now)
    if (suspicion) sendTo(this.#context, neighbor, suspicion, now)
    sync.tell(neighbor, true, now)
    const [first] = this.#context.view.sources()
    if (first === neighbor && this.#context.view.sources().length === 1) this.#tellSuspicions(neighbor, now)
    this.#settle(neighbor, frame, now)
    this.#context.outbox.push({ type: 'members' })
  }

  /** A neighbor that has links was told of by those whom it met before: a teacher for sure, a newcomer most likely. */
  #meet(
    { isBootstrap }: Neighbor,
    claim: MemberFrame,
    hasLinks: boolean,
    now: number,
  ): MembershipClaim | undefined {
    const { table } = this.#parts
    if (!hasLinks) return table.learn(claim, now)
    return isBootstrap ? table.fetch(claim, now) : table.meet(claim, now)
  }

  interleaved(neighbor: Neighbor, frame: InterleaveFrame, now: number): void {
    if (frame.step === 'offer') {
      if (this.#interleave.take(neighbor, frame, now))
        this.#parts.overlay.dial(frame.member, 'interleave', now)
      return
    }
    const replaced = this.#context.view.get(this.#interleave.given(neighbor.id, frame) ?? '')
    // Only a link too many is let go: meanwhile others may have left.
    if (replaced && this.#context.view.degree > this.#parts.overlay.target)
      this.drop(replaced, 'replaced', now)
  }

  /** The other side ended the link, and said why. */
  disconnected(neighbor: Neighbor, { reason, others = [] }: DisconnectFrame, now: number): void {
    this.#remove(neighbor, now)
    this.#context.outbox.push({ type: 'disconnect', peer: neighbor.id })
    const isAlone = this.#context.view.established().length === 0
    if (reason === 'members' || (reason === 'full' && isAlone && others.length === 0))
      this.#context.outbox.push({ type: 'refused', peer: neighbor.id, reason })
    // Who turns a link down is asked again later; who said goodbye was announced by LEAVE.
    this.#parts.overlay.refused(neighbor.id, now)
    this.#interleave.taken(neighbor.id, false, now)
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
    this.#remove(neighbor, now)
    this.#context.outbox.disconnect(neighbor.id, reason, others)
    this.#parts.overlay.refused(neighbor.id, now)
    this.#interleave.taken(neighbor.id, false, now)
  }

  /** Tells the watchers how long to wait for this member from now on. */
  show(visibility: Visibility, now: number): void {
    const { heartbeat } = this.#parts
    heartbeat.visibility = visibility
    for (const neighbor of this.#context.view.established()) {
      sendTo(this.#context, neighbor, heartbeat.make(neighbor, this.#state, now), now)
    }
  }

  /** Heartbeats, suspicions, and the end of links that are silent or never said HELLO. */
  tick(now: number): void {
    this.#deadline = undefined
    this.#interleave.tick(now)
    this.#context.health.silent = this.#silent(now)
    const maySuspect = !this.#suspectsItself(now) && now >= this.#humbleUntil
    for (const neighbor of this.#missingBeats(this.#context.view.established(), now))
      this.#missing(neighbor, maySuspect, now)
    if (maySuspect) for (const id of this.#parts.presence.thawed(now)) this.#parts.table.suspect(id, now)
    for (const neighbor of [...this.#context.view.all()]) this.#tickNeighbor(neighbor, now)
    if (this.#isReader) this.#endSpareLinks(now)
  }

  /** What a link brings moves its deadlines only ahead: they are computed anew after ticks and changes of the links. */
  deadline(now: number): number {
    if (this.#deadline !== undefined) return this.#deadline
    let deadline = Number.POSITIVE_INFINITY
    for (const neighbor of this.#context.view.all()) deadline = Math.min(deadline, this.#due(neighbor, now))
    this.#deadline = deadline
    return deadline
  }

  /** Of those that others opened and have not said HELLO the oldest goes: an honest one says it at once. */
  #makeWay(now: number): void {
    const [oldest, ...others] = this.#context.view.silent()
    if (oldest === undefined || others.length < PEERS_IN_HANDSHAKE_MAX) return
    this.#context.counters.linksRefused += 1
    this.drop(oldest, 'protocol', now)
  }

  get #state(): { digest: Uint8Array; hasSlot: boolean } {
    const { replica, view } = this.#context
    return { digest: replica.digest(), hasSlot: hasSlot(this.#parts.table.selfRecord, view) }
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
    if (others.length < config.evictFrom) return true
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
    if (!this.#state.hasSlot) return
    const [next] = this.#waiting.keys()
    if (next === undefined) return
    this.#waiting.delete(next)
    this.#parts.overlay.dial(next, 'repair', now)
  }

  #endSpareLinks(now: number): void {
    const spare = slotsToSpare(this.#context.view, this.#parts.table)
    for (const neighbor of spare) this.drop(neighbor, 'replaced', now)
  }

  /** What a new link means for the others: a full member hands one over, a newcomer expects that. */
  #settle(neighbor: Neighbor, frame: HelloFrame, now: number): void {
    const { overlay } = this.#parts
    const { view } = this.#context
    if (neighbor.intent === 'interleave') return this.#interleave.taken(neighbor.id, true, now)
    if (neighbor.intent === 'stranger' || frame.intent === 'stranger') this.#replaceFor(neighbor, now)
    const isFull = view.degree > overlay.target && frame.record.role === 'writer'
    if (isFull && (frame.intent === 'join' || frame.intent === 'repair'))
      return this.#interleave.give(neighbor, now)
    const asked = neighbor.intent === 'join' || neighbor.intent === 'repair'
    if (asked && frame.links >= this.#context.config.linksTarget) neighbor.offerUntil = now + OFFER_MILLIS
    overlay.fill(now)
  }

  /** A link that reaches across a former split takes the place of one that is not on the tree of all, which holds them together. */
  #replaceFor(newest: Neighbor, now: number): void {
    const { view, random } = this.#context
    if (view.degree <= this.#parts.overlay.target) return
    const spare = view.sources().filter(({ id }) => id !== newest.id && this.#parts.broadcast.isSpare(id))
    for (const one of sample(random, spare, 1)) this.drop(one, 'replaced', now)
  }

  /**
   * To be called before anything else: after a sleep everyone else looks dead; the first to be suspected is this member
   * itself, and what it missed comes before what it says.
   */
  wake(now: number): void {
    const { view, config } = this.#context
    const gap = now - this.#awakeAt
    this.#awakeAt = now
    // An engine without links may rest for long by itself: only links oblige it to act every second.
    if (gap < config.sleepMillis || view.size === 0) return
    this.#humbleUntil = now + config.humbleMillis
    if (gap >= config.staleMillis) this.#beginAnew(now)
    else this.#parts.table.forgive(gap)
    const recently = now - config.heartbeatMillis
    for (const neighbor of view.all()) neighbor.lastHeard = Math.max(neighbor.lastHeard, recently)
    for (const neighbor of view.established()) this.#parts.sync.tell(neighbor, true, now)
  }

  /** The neighbors tell who is there, as they tell a newcomer. */
  #beginAnew(now: number): void {
    this.#newcomerUntil = now + NEWCOMER_MILLIS
    for (const neighbor of this.#context.view.all()) neighbor.isBootstrap = true
    this.#parts.table.dropOthers()
  }

  #silent(now: number): number {
    const { heartbeat, table } = this.#parts
    let silent = 0
    for (const neighbor of this.#witnesses)
      if (heartbeat.isLate(neighbor, now) && !table.get(neighbor.id)?.suspicion) silent += 1
    return silent
  }

  #missingBeats(neighbors: readonly Neighbor[], now: number): Neighbor[] {
    const { heartbeat } = this.#parts
    return neighbors.filter((neighbor) => now >= heartbeat.suspectAt(neighbor, now))
  }

  /** Who tells this member how well it hears: readers could keep it from noticing who is dead. Alone with them it has nobody else. */
  get #witnesses(): readonly Neighbor[] {
    const { view } = this.#context
    return view.sources().length > 0 ? view.sources() : view.established()
  }

  #suspectsItself(now: number): boolean {
    const witnesses = this.#witnesses
    const missing = this.#missingBeats(witnesses, now).length
    return missing >= SUSPECT_LINKS_MIN && 2 * missing >= witnesses.length
  }

  /** Beats of `neighbor` are missing: it is suspected, or looked at again later. */
  #missing(neighbor: Neighbor, maySuspect: boolean, now: number): void {
    if (now < neighbor.suspectNotBefore) return
    const { beatsMissed, beatMillis, beatTimeoutMillis, heartbeatMillis } = this.#context.config
    // A subject that refutes through others while its link here stalls is not suspected at every tick.
    const pause = maySuspect ? beatsMissed * beatMillis + beatTimeoutMillis : heartbeatMillis / 2
    neighbor.suspectNotBefore = now + pause
    if (maySuspect) this.#suspect(neighbor.id, now)
  }

  /** What was suspected while no link was there to tell it is told now, so that it can be answered. */
  #tellSuspicions(neighbor: Neighbor, now: number): void {
    for (const suspicion of this.#parts.table.suspicions(SUSPICIONS_TOLD_MAX))
      sendTo(this.#context, neighbor, suspicion, now)
  }

  /** Nobody may watch `id` any more; without links this member can not ask whether it lives. */
  unwatched(id: string, now: number): void {
    if (this.#context.view.established().length > 0) this.#suspect(id, now)
  }

  #lose(id: string, now: number): void {
    this.#parts.overlay.lost(id)
    this.#suspect(id, now)
  }

  /** The silence of a page that said that it is being stopped means nothing. */
  #suspect(id: string, now: number): void {
    const { table, presence } = this.#parts
    if (now >= this.#humbleUntil && !presence.isFrozen(id, now)) table.suspect(id, now)
  }

  #tickNeighbor(neighbor: Neighbor, now: number): void {
    const { heartbeat } = this.#parts
    if (neighbor.record === undefined) {
      if (now >= this.#due(neighbor, now)) this.drop(neighbor, 'protocol', now)
      return
    }
    if (now >= heartbeat.silentAt(neighbor)) {
      this.drop(neighbor, 'error', now)
      return this.#lose(neighbor.id, now)
    }
    if (!heartbeat.isDue(neighbor, now)) return
    const beat = heartbeat.beat(neighbor, this.#state, now)
    if (beat) sendTo(this.#context, neighbor, beat, now)
    heartbeat.next(neighbor)
  }

  #due(neighbor: Neighbor, now: number): number {
    if (neighbor.record === undefined) return neighbor.since + this.#context.config.helloMillis
    const { heartbeat } = this.#parts
    const missed = Math.max(neighbor.suspectNotBefore, heartbeat.suspectAt(neighbor, now))
    return Math.min(neighbor.nextBeat, missed, heartbeat.silentAt(neighbor))
  }

  #remove(neighbor: Neighbor, now: number): void {
    const { view, outbox } = this.#context
    view.delete(neighbor.id)
    this.#deadline = undefined
    this.#parts.sync.drop(neighbor.id)
    this.#parts.broadcast.unlinked(neighbor.id, now)
    this.#interleave.forget(neighbor.id)
    if (view.degree === 0) this.#parts.overlay.isolated(now)
    if (neighbor.record?.role === 'reader') this.#offerSlot(now)
    outbox.push({ type: 'members' })
  }
}
