/**
 * Watches the links: sends what they are owed, suspects the members whose beats are missing, and ends the links that are
 * silent for too long or never said HELLO. A watcher that has reason to doubt itself suspects nobody (ADR 4, ADR 7).
 */
import type { DisconnectReason, Visibility } from '../../wire/frame.js'
import type { EngineContext, Part } from '../context.js'
import type { Neighbor } from '../overlay/peer-view.js'
import type { Heartbeat } from './heartbeat.js'
import type { MemberTable } from './member-table.js'
import type { PresenceTable } from './presence-table.js'

/** A watcher that misses beats of at least so many writers, and of half of all, takes itself for cut off. */
const SUSPECT_LINKS_MIN = 2

/** What a watch makes the other parts do. */
export interface WatchEvents {
  drop(neighbor: Neighbor, reason: DisconnectReason, now: number): void
  /** A neighbor fell silent. */
  lost(id: string): void
  /** This member slept for so long that it has to learn anew who is there. */
  beginAnew(now: number): void
  /** This member slept: the neighbors compare. */
  compare(neighbor: Neighbor, now: number): void
}

export class Watch implements Part {
  readonly #context: EngineContext
  readonly #heartbeat: Heartbeat
  readonly #table: MemberTable
  readonly #presence: PresenceTable
  readonly #events: WatchEvents
  /** Neighbors that are late -> when they may be suspected again. */
  readonly #notBefore = new Map<string, number>()
  #awakeAt: number
  /** This member suspects nobody before this. */
  #humbleUntil = 0
  #deadline: { at: number; links: number } | undefined

  constructor(
    context: EngineContext,
    parts: { heartbeat: Heartbeat; table: MemberTable; presence: PresenceTable },
    events: WatchEvents,
    now: number,
  ) {
    this.#context = context
    this.#heartbeat = parts.heartbeat
    this.#table = parts.table
    this.#presence = parts.presence
    this.#events = events
    this.#awakeAt = now
  }

  linkUp({ id }: Neighbor): void {
    this.#notBefore.delete(id)
  }

  linkGone(id: string): void {
    this.#notBefore.delete(id)
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
    if (gap >= config.staleMillis) this.#events.beginAnew(now)
    else this.#table.forgive(gap)
    this.#heartbeat.excuse(now)
    for (const neighbor of view.established()) this.#events.compare(neighbor, now)
  }

  /** The page of this member is seen, hidden or being stopped: its watchers are told. */
  show(visibility: Visibility, now: number): void {
    this.#heartbeat.show(visibility, now)
  }

  tick(now: number): void {
    const { view, health } = this.#context
    this.#deadline = undefined
    health.silent = this.#late(now)
    const maySuspect = !this.#isCutOff(now) && now >= this.#humbleUntil
    for (const neighbor of this.#missingBeats(view.established(), now))
      this.#missing(neighbor, maySuspect, now)
    if (maySuspect) for (const id of this.#presence.thawed(now)) this.#table.suspect(id, now)
    for (const neighbor of [...view.all()]) this.#tickNeighbor(neighbor, now)
  }

  /** What a link brings moves its deadlines only ahead: they are computed anew after ticks and changes of the links. */
  deadline(now: number): number {
    const { view } = this.#context
    if (this.#deadline?.links === view.changes) return this.#deadline.at
    let at = Number.POSITIVE_INFINITY
    for (const neighbor of view.all()) at = Math.min(at, this.#due(neighbor, now))
    this.#deadline = { at, links: view.changes }
    return at
  }

  /** Nobody may watch `id` any more; without links this member can not ask whether it lives. */
  unwatched(id: string, now: number): void {
    if (this.#context.view.established().length > 0) this.#suspect(id, now)
  }

  /** The link to `id` broke, or nothing came over it for long: its member may be gone, or only the path to it. */
  lose(id: string, now: number): void {
    this.#events.lost(id)
    this.#suspect(id, now)
  }

  #late(now: number): number {
    const isLate = (neighbor: Neighbor) =>
      this.#heartbeat.isLate(neighbor, now) && !this.#table.get(neighbor.id)?.suspicion
    return this.#witnesses.filter(isLate).length
  }

  #missingBeats(neighbors: readonly Neighbor[], now: number): Neighbor[] {
    return neighbors.filter((neighbor) => now >= this.#heartbeat.suspectAt(neighbor, now))
  }

  /** They tell this member how well it hears: readers could keep it from noticing who is dead. Alone with them it has nobody else. */
  get #witnesses(): readonly Neighbor[] {
    const { view } = this.#context
    return view.sources().length > 0 ? view.sources() : view.established()
  }

  #isCutOff(now: number): boolean {
    const witnesses = this.#witnesses
    const missing = this.#missingBeats(witnesses, now).length
    return missing >= SUSPECT_LINKS_MIN && 2 * missing >= witnesses.length
  }

  /** Beats of `neighbor` are missing: it is suspected, or looked at again later. */
  #missing({ id }: Neighbor, maySuspect: boolean, now: number): void {
    if (now < (this.#notBefore.get(id) ?? 0)) return
    const { beatsMissed, beatMillis, beatTimeoutMillis, heartbeatMillis } = this.#context.config
    // A subject that refutes through others while its link here stalls is not suspected at every tick.
    const pause = maySuspect ? beatsMissed * beatMillis + beatTimeoutMillis : heartbeatMillis / 2
    this.#notBefore.set(id, now + pause)
    if (maySuspect) this.#suspect(id, now)
  }

  /** The silence of a page that said that it is being stopped means nothing. */
  #suspect(id: string, now: number): void {
    if (now >= this.#humbleUntil && !this.#presence.isFrozen(id, now)) this.#table.suspect(id, now)
  }

  #tickNeighbor(neighbor: Neighbor, now: number): void {
    if (neighbor.record === undefined) {
      if (now >= this.#due(neighbor, now)) this.#events.drop(neighbor, 'protocol', now)
    } else if (now >= this.#heartbeat.silentAt(neighbor)) {
      this.#events.drop(neighbor, 'error', now)
      this.lose(neighbor.id, now)
    } else this.#heartbeat.beat(neighbor, now)
  }

  #due(neighbor: Neighbor, now: number): number {
    if (neighbor.record === undefined) return neighbor.since + this.#context.config.helloMillis
    const missed = Math.max(this.#notBefore.get(neighbor.id) ?? 0, this.#heartbeat.suspectAt(neighbor, now))
    return Math.min(this.#heartbeat.dueAt(neighbor), missed, this.#heartbeat.silentAt(neighbor))
  }
}
