/**
 * The member table: who belongs to the cluster, and who is suspected to be gone. After SWIM (Das et al. 2002):
 * a watcher's suspicion is told to all, its subject refutes it by a greater incarnation, which only the subject
 * raises, and whoever is not refuted in time is removed by every member on its own clock. Being the full list
 * of members, it is also what the passive view is in HyParView (ADR 2).
 */

import type { MemberRecord } from '../../../base/member.js'
import { unreachable } from '../../../base/unreachable.js'
import type { MemberFrame, MembershipClaim, SuspectFrame } from '../../wire/claim.js'
import type { RisenLease } from '../../wire/frame.js'
import type { ProtocolConfig } from '../config.js'
import type { EngineContext } from '../context.js'
import { periodMillis } from '../formulas.js'
import type { Health } from './health.js'
import { isEcho, isLaterRun, Refutation } from './refutation.js'
import { bucketOf, Roster, type TableEntry } from './roster.js'
import { Suspicions } from './suspicions.js'

/** Who is told of news. */
type Audience = 'nobody' | 'neighbors' | 'everyone' | 'unless heard'

/** What the table tells the rest of the engine. */
export interface TableEvents {
  /** A claim of this member, or one that it learned from a neighbor alone, for everyone. */
  tell(claim: MembershipClaim): void
  /** A record that others have told of, most likely. */
  tellUnlessHeard(claim: MemberFrame): void
  /** A lease of `id` rose: `from` told of it, or it is the own one. */
  renewed(id: string, tag: number, lease: number, from: string | undefined): void
  /** A neighbor repaired the table. */
  fetched(): void
  /** Somebody was removed. */
  removed(id: string, how: 'left' | 'dead'): void
  /** Nobody may watch this one any more: its lease stands still. */
  unwatched(id: string): void
  /** A later run of this very member is alive elsewhere. */
  displaced(): void
  changed(): void
}

export class MemberTable {
  readonly #self: TableEntry
  readonly #config: ProtocolConfig
  readonly #events: TableEvents
  readonly #health: Health
  readonly #roster = new Roster()
  readonly #suspicions: Suspicions
  readonly #refutation: Refutation
  /** Records that were not taken, since the table was full. */
  refused = 0
  #renewAt: number
  #ready = false
  #scanAt: number
  /** Somebody told of a lease that this member never took: its next ones would count for nothing. */
  #overstated = false
  /** No lease in the table rose earlier than this. */
  #oldestLeaseAt = Number.NEGATIVE_INFINITY

  constructor(
    self: { id: string; record: MemberRecord },
    context: Pick<EngineContext, 'config' | 'health' | 'limiter' | 'random'>,
    events: TableEvents,
    now: number,
  ) {
    const { config, health, random } = context
    this.#config = config
    this.#events = events
    this.#health = health
    this.#self = {
      ...self,
      bucket: bucketOf(self.id),
      lease: 0,
      tag: 0,
      leaseAt: Number.POSITIVE_INFINITY,
      suspicion: undefined,
    }
    this.#suspicions = new Suspicions(self.id, context)
    this.#refutation = new Refutation(config, random)
    this.#renewAt = now + config.leaseMillis
    this.#scanAt = now + config.leaseMillis
    this.#roster.put(this.#self)
  }

  get selfRecord(): MemberRecord {
    return this.#self.record
  }

  get selfLease(): number {
    return this.#self.lease
  }

  /** Whether the data of this member is complete. */
  get ready(): boolean {
    return this.#ready
  }

  /** It is complete: everyone hears of it, once the record of this member is everywhere. */
  makeReady(now: number): void {
    this.#ready = true
    this.#renewAt = Math.min(this.#renewAt, now + this.#config.presenceJoinMillis)
  }

  get size(): number {
    return this.#roster.size
  }

  /** Members but this one that may be linked to for data: all but readers. */
  get otherWriters(): number {
    return this.size - this.readers - (this.#self.record.role === 'writer' ? 1 : 0)
  }

  /** Readers, this one included. */
  get readers(): number {
    return this.#roster.readers
  }

  /** Whether it takes no more members. */
  get isFull(): boolean {
    return this.#roster.isFull
  }

  get(id: string): TableEntry | undefined {
    return this.#roster.get(id)
  }

  /** The incarnation under which a member is remembered as gone. */
  tombstoneOf(id: string): number | undefined {
    return this.#roster.tombstoneOf(id)
  }

  entries(): IterableIterator<TableEntry> {
    return this.#roster.all()
  }

  /** The digests by bucket. */
  get buckets(): readonly number[] {
    return this.#roster.buckets
  }

  /** The members whose records stand in buckets that differ. */
  differing(theirs: readonly number[], ours: readonly number[]): TableEntry[] {
    return this.#roster.differing(theirs, ours)
  }

  /** What this member tells of `entry`. */
  frameOf({ id, record, lease, proof }: TableEntry): MemberFrame {
    return { type: 'member', id, record, lease, ...(proof && { proof }) }
  }

  /** A claim that all others hear as well. What is long over is answered. */
  hear(claim: MembershipClaim, now: number): MembershipClaim | undefined {
    return this.#take(claim, 'nobody', now)
  }

  /** A claim that others know as well, if this member and the neighbor that told it are of one cluster: the neighbors are to compare. */
  fetch(claim: MembershipClaim, now: number): MembershipClaim | undefined {
    return this.#take(claim, 'neighbors', now)
  }

  /** A claim that only this neighbor told. What is news goes to all; what is long over is answered. */
  learn(claim: MembershipClaim, now: number): MembershipClaim | undefined {
    return this.#take(claim, 'everyone', now)
  }

  /** A claim that others have told to all by now, or tell soon. If it is not heard from them, this member tells it. */
  meet(claim: MemberFrame, now: number): MembershipClaim | undefined {
    return this.#take(claim, 'unless heard', now)
  }

  /** Leases rose, as `from` says; a reader speaks of its own one alone. */
  renew(leases: readonly RisenLease[], from: { id: string; isReader: boolean }, now: number): void {
    for (const { tag, lease } of leases) {
      for (const known of this.#roster.tagged(tag)) {
        if (lease === known.lease || (from.isReader && known.id !== from.id)) continue
        if (known === this.#self) {
          this.#overstated ||= lease > known.lease
          continue
        }
        // A lesser one: what is known here may be made up, and its owner is to hear of it.
        if (lease < known.lease) this.#events.renewed(known.id, tag, known.lease, undefined)
        else {
          this.#raise(known, lease, now)
          this.#events.renewed(known.id, tag, lease, from.id)
        }
      }
    }
  }

  /** This member does not hear from `id` any more. */
  suspect(id: string, now: number): void {
    const known = this.get(id)
    if (known === undefined || known === this.#self) return
    const claim: SuspectFrame = {
      type: 'suspect',
      id,
      incarnation: known.record.incarnation,
      by: this.#self.id,
    }
    if (this.#suspect(claim, now)) this.#events.tell(claim)
  }

  /**
   * A frame of `id` itself came in: it lives, whatever others say. Returns what it is to be told, so that it answers
   * the others (Lifeguard's buddy system, arXiv 1707.00788, section IV-C): the suspicion may not have reached it.
   */
  heard(id: string, now: number): SuspectFrame | undefined {
    if (this.#suspicions.size === 0) return undefined
    const known = this.get(id)
    if (!known?.suspicion) return undefined
    this.#suspicions.clear(known, now)
    this.#events.changed()
    return { type: 'suspect', id, incarnation: known.record.incarnation, by: this.#self.id }
  }

  /** What this member would tell a new neighbor of those that it suspects, at most `max`. */
  suspicions(max: number): SuspectFrame[] {
    return this.#suspicions.own(max)
  }

  /** Changes the own record under a greater incarnation and tells everyone. */
  changeSelf(change: Partial<MemberRecord>): void {
    this.#remove(this.#self)
    const incarnation = Math.max(this.#self.record.incarnation + 1, change.incarnation ?? 0)
    this.#self.record = { ...this.#self.record, ...change, incarnation }
    this.#roster.put(this.#self)
    this.#events.tell(this.frameOf(this.#self))
    this.#events.changed()
  }

  /** Removes whom nobody vouches for, renews the own lease, forgets old tombstones. */
  tick(now: number): void {
    for (const entry of this.#suspicions.overdue(now)) this.#tombstone(entry, now)
    if (now >= this.#renewAt) this.#renewSelf(now)
    this.#refute(now)
    if (now >= this.#scanAt) this.#scan(now)
  }

  /** This member slept for `millis`: the others did not get older by it. */
  forgive(millis: number): void {
    for (const entry of this.#roster.all()) {
      entry.leaseAt += millis
      if (entry.suspicion) entry.suspicion.since += millis
    }
  }

  /** Who slept for long knows nobody any more: of whom it tells, the others may have forgotten that they are gone. */
  dropOthers(): void {
    for (const entry of [...this.#roster.all()]) if (entry !== this.#self) this.#remove(entry)
    this.#events.changed()
  }

  /** When `tick` has something to do next; suspicions are looked at in steps. */
  deadline(now: number): number {
    const next = Math.min(this.#renewAt, this.#scanAt, this.#refutation.deadline(this.selfRecord))
    return this.#suspicions.size > 0 ? Math.min(next, now + this.#config.tableTickMillis) : next
  }

  #take(claim: MembershipClaim, audience: Audience, now: number): MembershipClaim | undefined {
    if (claim.id === this.#self.id) return this.#aboutSelf(claim, now)
    switch (claim.type) {
      case 'member':
        return this.#merge(claim, audience, now)
      case 'suspect':
        // Even a first neighbor's: only a subject that hears of the suspicion can answer it.
        if (this.#suspect(claim, now) && audience !== 'nobody') this.#events.tell(claim)
        return undefined
      case 'leave': {
        const known = this.get(claim.id)
        if (known?.record.incarnation !== claim.incarnation) return undefined
        this.#tombstone(known, now, 'left')
        if (audience === 'everyone') this.#events.tell(claim)
        return undefined
      }
      default:
        return unreachable(claim)
    }
  }

  #merge(claim: MemberFrame, audience: Audience, now: number): MembershipClaim | undefined {
    const { id, record, lease, proof } = claim
    const gone = this.#roster.tombstoneOf(id)
    // A reader takes its neighbors' word: it would tell nobody that it has removed it, and so hear of no greater one.
    const mayAnswer = this.#self.record.role === 'writer'
    if (gone !== undefined && record.incarnation <= gone && mayAnswer) {
      // The sender believes in a member that this one has removed: if it lives, it hears of it and refutes.
      return { type: 'suspect', id, incarnation: record.incarnation, by: this.#self.id }
    }
    const known = this.get(id)
    if (known === undefined && this.isFull) {
      this.refused += 1
      return undefined
    }
    if (known !== undefined && !supersedes(record, known.record)) {
      if (record.incarnation === known.record.incarnation && lease > known.lease) {
        this.#raise(known, lease, now)
        this.#events.renewed(id, known.tag, lease, undefined)
      }
      // Of two runs of one member the sender knows the one that is over, or both live: that one is to see it.
      return record.session === known.record.session ? undefined : this.frameOf(known)
    }
    if (known?.suspicion) this.#suspicions.clear(known, now)
    if (known !== undefined) this.#remove(known)
    const bucket = known?.bucket ?? bucketOf(id)
    this.#roster.put({
      id,
      record,
      bucket,
      lease,
      tag: 0,
      leaseAt: now,
      suspicion: undefined,
      ...(proof && { proof }),
    })
    if (audience === 'everyone') this.#events.tell(claim)
    if (audience === 'neighbors') this.#events.fetched()
    if (audience === 'unless heard') this.#events.tellUnlessHeard(claim)
    this.#events.changed()
    return undefined
  }

  /** Returns whether the suspicion, or one more confirmation of it, is news. */
  #suspect(claim: SuspectFrame, now: number): boolean {
    const known = this.get(claim.id)
    // A claim about another incarnation than the one held is stale, or made up.
    if (known === undefined || known === this.#self || known.record.incarnation !== claim.incarnation)
      return false
    // Anybody can make up watchers; readers watch for themselves alone.
    if (claim.by !== this.#self.id && this.get(claim.by)?.record.role !== 'writer') return false
    const wasSuspected = known.suspicion !== undefined
    const isNews = this.#suspicions.add(known, claim.by, this.size - this.readers, now)
    if (!wasSuspected && known.suspicion) this.#events.changed()
    return isNews
  }

  /** A rumor of the own death, or a record of another run. */
  #aboutSelf(claim: MembershipClaim, now: number): undefined {
    const own = this.#self.record
    if (this.#refutation.hear(claim, own) === 'displaced') {
      this.#events.displaced()
      return
    }
    if (claim.type === 'member' && isEcho(claim, own) && claim.lease > this.#self.lease)
      this.#overstated = true
    this.#refute(now)
  }

  /** Answers what was told of this member, now or when the pause after the last answer is over. */
  #refute(now: number): void {
    const incarnation = this.#refutation.answer(this.selfRecord, now)
    if (incarnation !== undefined) this.changeSelf({ incarnation })
  }

  #renewSelf(now: number): void {
    this.#renewAt = now + this.#leasePeriod
    if (this.#overstated) this.changeSelf({})
    this.#overstated = false
    this.#self.lease += this.#ready && !isReady(this.#self) ? 1 : 2
    this.#events.changed()
    this.#events.renewed(this.#self.id, this.#self.tag, this.#self.lease, undefined)
  }

  #scan(now: number): void {
    this.#scanAt = now + this.#config.leaseMillis / 4
    this.#scanLeases(now)
    this.#roster.forgetTombstones(Math.max(this.#config.tombstonesMax, 2 * this.size), now)
  }

  /**
   * Whoever lost all its watchers is noticed by its lease, at first aloud, but for tabs, whose timers may stand still.
   * Where most leases stand still, this member is cut off itself.
   */
  #scanLeases(now: number): void {
    const { leasesMissed, leasesSuspected } = this.#config
    const period = this.#leasePeriod
    if (now < this.#oldestLeaseAt + leasesSuspected * period) return
    const overdue: TableEntry[] = []
    this.#oldestLeaseAt = now
    for (const entry of this.#roster.all()) {
      this.#oldestLeaseAt = Math.min(this.#oldestLeaseAt, entry.leaseAt)
      if (now >= entry.leaseAt + leasesSuspected * period) overdue.push(entry)
    }
    const isCutOff = 2 * overdue.length >= this.size
    for (const entry of overdue) {
      if (now >= entry.leaseAt + leasesMissed * period) this.#tombstone(entry, now)
      else if (!isCutOff && isUnwatched(entry) && this.#health.score(now) === 0)
        this.#events.unwatched(entry.id)
    }
  }

  get #leasePeriod(): number {
    const { leaseMillis, leaseMillisPerMember } = this.#config
    return periodMillis(this.size, leaseMillis, leaseMillisPerMember)
  }

  #tombstone(entry: TableEntry, now: number, how: 'left' | 'dead' = 'dead'): void {
    this.#suspicions.forget(entry)
    this.#roster.tombstone(entry, now + this.#config.tombstoneMillis)
    this.#events.removed(entry.id, how)
    this.#events.changed()
  }

  #raise(entry: TableEntry, lease: number, now: number): void {
    if (isReady(entry) !== isReady({ lease })) this.#events.changed()
    entry.lease = lease
    if (entry !== this.#self) entry.leaseAt = now
  }

  #remove(entry: TableEntry): void {
    this.#suspicions.forget(entry)
    this.#roster.remove(entry)
  }
}

/** The greater incarnation stands; two runs that rose to the same one do not both: the later run does. */
function supersedes(record: MemberRecord, known: MemberRecord): boolean {
  const lead = record.incarnation - known.incarnation
  return lead > 0 || (lead === 0 && isLaterRun(record, known))
}

function isUnwatched({ record, suspicion }: TableEntry): boolean {
  return record.kind === 'node' && suspicion === undefined
}

/** Leases rise in twos: an odd one tells that the data of its member equalled that of another one, or is all there is. */
export function isReady({ lease }: Pick<TableEntry, 'lease'>): boolean {
  return lease % 2 === 1
}
