/**
 * Watches the links: sends what they are owed, suspects the members whose beats are missing, and ends the links that are
 * silent for too long or never said HELLO. A watcher that has reason to doubt itself suspects nobody (ADR 4, ADR 7).
 */

import type { EngineContext, Part } from '../context.js'
import { BEAT_TIMEOUT_MILLIS } from '../formulas.js'
import { HELLO_MILLIS } from '../overlay/dials.js'
import type { Neighborhood } from '../overlay/neighborhood.js'
import type { Overlay } from '../overlay/overlay.js'
import type { Neighbor } from '../overlay/peer-view.js'
import type { AntiEntropy } from '../sync/anti-entropy.js'
import type { Heartbeat } from './heartbeat.js'
import { BEAT_MILLIS, BEATS_MISSED, HEARTBEAT_MILLIS } from './heartbeat.js'
import type { MemberTable } from './member-table.js'
import type { PresenceTable } from './presence-table.js'

/** After a sleep a member suspects nobody for this long. Less: who wakes suspects those who slept with it. */
export const HUMBLE_MILLIS = 10_000
/**
 * After a sleep of this length a member does not trust its table, and fetches it anew. Less than the tombstones last,
 * as the others have to remember who has gone meanwhile; much less: tables are fetched for nothing.
 */
const STALE_MILLIS = 10 * 60_000

/** A watcher that misses beats of at least so many writers, and of half of all, takes itself for cut off. */
const SUSPECT_LINKS_MIN = 2

interface WatchParts {
  heartbeat: Heartbeat
  neighborhood: Neighborhood
  overlay: Overlay
  presence: PresenceTable
  sync: AntiEntropy
  table: MemberTable
}

export class Watch implements Part {
  readonly #context: EngineContext
  readonly #parts: WatchParts
  /** Neighbors that are late -> when they may be suspected again. */
  readonly #notBefore = new Map<string, number>()
  #awakeAt: number
  /** This member suspects nobody before this. */
  #humbleUntil = 0
  #deadline: { at: number; links: number } | undefined

  constructor(context: EngineContext, parts: WatchParts, now: number) {
    this.#context = context
    this.#parts = parts
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
    this.#humbleUntil = now + HUMBLE_MILLIS
    if (gap >= STALE_MILLIS) this.#parts.neighborhood.beginAnew(now)
    else this.#parts.table.forgive(gap)
    this.#parts.heartbeat.excuse(now)
    for (const neighbor of view.established()) this.#parts.sync.tell(neighbor, true, now)
  }

  tick(now: number): void {
    const { view, health } = this.#context
    this.#deadline = undefined
    health.silent = this.#late(now)
    const maySuspect = !this.#isCutOff(now) && now >= this.#humbleUntil
    for (const neighbor of this.#missingBeats(view.established(), now))
      this.#missing(neighbor, maySuspect, now)
    if (maySuspect) for (const id of this.#parts.presence.thawed(now)) this.#parts.table.suspect(id, now)
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

  /** A link broke without a word. */
  broken(peer: string, now: number): void {
    const { view } = this.#context
    const { neighborhood, overlay } = this.#parts
    const neighbor = view.get(peer)
    if (neighbor === undefined) return
    neighborhood.remove(neighbor, now)
    if (neighbor.record) this.#lose(peer, now)
    // Dialed again at once, a link that breaks as soon as it is there would come and go for ever.
    if (now < neighbor.since + HELLO_MILLIS) overlay.refused(peer, now)
    overlay.fill(now)
  }

  /** The server has no such member. If the mesh knows it and it lives, it is reached through the mesh, and answers the suspicion. */
  absent(peer: string, now: number): void {
    const { table, overlay } = this.#parts
    if (this.#context.view.degree === 0 || !table.get(peer)) return overlay.left(peer)
    if (overlay.dials.has(peer)) this.unwatched(peer, now)
  }

  /** A member that fell silent may be gone, or only the path to it. */
  #lose(id: string, now: number): void {
    this.#parts.overlay.lost(id)
    this.#suspect(id, now)
  }

  #late(now: number): number {
    const isLate = (neighbor: Neighbor) =>
      this.#parts.heartbeat.isLate(neighbor, now) && !this.#parts.table.get(neighbor.id)?.suspicion
    return this.#witnesses.filter(isLate).length
  }

  #missingBeats(neighbors: readonly Neighbor[], now: number): Neighbor[] {
    return neighbors.filter((neighbor) => now >= this.#parts.heartbeat.suspectAt(neighbor, now))
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
    // A subject that refutes through others while its link here stalls is not suspected at every tick.
    const pause = maySuspect ? BEATS_MISSED * BEAT_MILLIS + BEAT_TIMEOUT_MILLIS : HEARTBEAT_MILLIS / 2
    this.#notBefore.set(id, now + pause)
    if (maySuspect) this.#suspect(id, now)
  }

  /** The silence of a page that said that it is being stopped means nothing. */
  #suspect(id: string, now: number): void {
    if (now >= this.#humbleUntil && !this.#parts.presence.isFrozen(id, now))
      this.#parts.table.suspect(id, now)
  }

  #tickNeighbor(neighbor: Neighbor, now: number): void {
    if (neighbor.record === undefined) {
      if (now >= this.#due(neighbor, now)) this.#parts.neighborhood.drop(neighbor, 'protocol', now)
    } else if (now >= this.#parts.heartbeat.silentAt(neighbor)) {
      this.#parts.neighborhood.drop(neighbor, 'error', now)
      this.#lose(neighbor.id, now)
    } else this.#parts.heartbeat.beat(neighbor, now)
  }

  #due(neighbor: Neighbor, now: number): number {
    if (neighbor.record === undefined) return neighbor.since + HELLO_MILLIS
    const missed = Math.max(
      this.#notBefore.get(neighbor.id) ?? 0,
      this.#parts.heartbeat.suspectAt(neighbor, now),
    )
    return Math.min(this.#parts.heartbeat.dueAt(neighbor), missed, this.#parts.heartbeat.silentAt(neighbor))
  }
}
