/**
 * Leases: a number of each member that only its owner raises, every half a minute or more. A member that no watcher has
 * is noticed by a lease that stands still (ADR 4).
 */
import type { RisenLease } from '../../wire/frame.js'
import type { EngineContext } from '../context.js'
import { periodMillis } from '../formulas.js'
import { PRESENCE_JOIN_MILLIS } from './presence-table.js'
import type { Roster, TableEntry } from './roster.js'

/**
 * Leases rise every max(this, N x LEASE_MILLIS_PER_MEMBER). More: a member that nobody watches stays longer.
 * [measured: bench detection]
 */
export const LEASE_MILLIS = 30_000
/**
 * The share of one member in that period: 1,000 members cost 17 small entries a second. Less: more idle traffic.
 * [measured: bench idle]
 */
export const LEASE_MILLIS_PER_MEMBER = 60
/** So many are remembered, or twice the members if that is more. Less: the same. */
const TOMBSTONES_MAX = 1_024

interface LeaseEvents {
  renewed(id: string, tag: number, lease: number, from: string | undefined): void
  unwatched(id: string, now: number): void
  /** The lease of this one stood still for too long. */
  gone(entry: TableEntry, now: number): void
  /** This member needs a greater incarnation. */
  rise(now: number): void
}

export class Leases {
  readonly #context: EngineContext
  readonly #roster: Roster
  readonly #self: TableEntry
  readonly #events: LeaseEvents
  /** A lease was told that this member never took: its next ones would count for nothing. */
  overstated = false
  #renewAt: number
  #ready = false
  #scanAt: number
  /** No lease in the table rose earlier than this. */
  #oldestLeaseAt = Number.NEGATIVE_INFINITY

  constructor(context: EngineContext, roster: Roster, self: TableEntry, events: LeaseEvents, now: number) {
    this.#context = context
    this.#roster = roster
    this.#self = self
    this.#events = events
    this.#renewAt = now + LEASE_MILLIS
    this.#scanAt = now + LEASE_MILLIS
  }

  /** Whether the data of this member is complete. */
  get ready(): boolean {
    return this.#ready
  }

  /** It is complete: everyone hears of it, once the record of this member is everywhere. */
  makeReady(now: number): void {
    this.#ready = true
    this.#renewAt = Math.min(this.#renewAt, now + PRESENCE_JOIN_MILLIS)
  }

  /** Leases rose, as `from` says; a reader speaks of its own lease alone. */
  renew(leases: readonly RisenLease[], from: { id: string; isReader: boolean }, now: number): void {
    for (const { tag, lease } of leases) {
      for (const known of this.#roster.tagged(tag)) {
        if (lease === known.lease || (from.isReader && known.id !== from.id)) continue
        if (known === this.#self) {
          this.overstated ||= lease > known.lease
          continue
        }
        // A lesser one: what is known here may be made up, and its owner is to hear of it.
        if (lease < known.lease) this.#events.renewed(known.id, tag, known.lease, undefined)
        else {
          this.raise(known, lease, now)
          this.#events.renewed(known.id, tag, lease, from.id)
        }
      }
    }
  }

  deadline(): number {
    return Math.min(this.#renewAt, this.#scanAt)
  }

  /** This member's own lease rises, for everyone to see that it lives. */
  renewSelf(now: number): void {
    if (now < this.#renewAt) return
    this.#renewAt = now + this.#leasePeriod
    if (this.overstated) this.#events.rise(now)
    this.overstated = false
    this.#self.lease += this.#ready && !isReady(this.#self) ? 1 : 2
    this.#changed()
    this.#events.renewed(this.#self.id, this.#self.tag, this.#self.lease, undefined)
  }

  /** Removes the members whose leases stand still, and forgets old tombstones. */
  scan(now: number): void {
    if (now < this.#scanAt) return
    this.#scanAt = now + LEASE_MILLIS / 4
    this.#scanLeases(now)
    this.#roster.forgetTombstones(Math.max(TOMBSTONES_MAX, 2 * this.#roster.size), now)
  }

  /**
   * A member that lost all its watchers is noticed by its lease: it is suspected first, but for tabs, whose timers may stand still.
   * Where most leases stand still, this member is cut off itself.
   */
  #scanLeases(now: number): void {
    const { leasesMissed, leasesSuspected } = this.#context.config
    const period = this.#leasePeriod
    if (now < this.#oldestLeaseAt + leasesSuspected * period) return
    const overdue: TableEntry[] = []
    this.#oldestLeaseAt = now
    for (const entry of this.#roster.all()) {
      this.#oldestLeaseAt = Math.min(this.#oldestLeaseAt, entry.leaseAt)
      if (now >= entry.leaseAt + leasesSuspected * period) overdue.push(entry)
    }
    const isCutOff = 2 * overdue.length >= this.#roster.size
    for (const entry of overdue) {
      if (now >= entry.leaseAt + leasesMissed * period) this.#events.gone(entry, now)
      else if (!isCutOff && isUnwatched(entry) && this.#context.health.score(now) === 0)
        this.#events.unwatched(entry.id, now)
    }
  }

  raise(entry: TableEntry, lease: number, now: number): void {
    if (isReady(entry) !== isReady({ lease })) this.#changed()
    entry.lease = lease
    if (entry !== this.#self) entry.leaseAt = now
  }

  get #leasePeriod(): number {
    return periodMillis(this.#roster.size, LEASE_MILLIS, LEASE_MILLIS_PER_MEMBER)
  }

  #changed(): void {
    this.#context.outbox.push({ type: 'members' })
  }
}

function isUnwatched({ record, suspicion }: TableEntry): boolean {
  return record.kind === 'node' && suspicion === undefined
}

/** Leases rise in twos: an odd one tells that the data of its member equalled that of another one, or is all there is. */
export function isReady({ lease }: Pick<TableEntry, 'lease'>): boolean {
  return lease % 2 === 1
}
