/**
 * The member table: who belongs to the cluster, and who is suspected to be gone. After SWIM (Das et al. 2002):
 * a watcher's suspicion is told to all, its subject refutes it by a greater incarnation, which only the subject
 * raises, and a suspect that does not refute in time is removed by every member on its own clock. Being the full list
 * of members, it is also what the passive view is in HyParView (ADR 2).
 */

import type { MemberRecord } from '../../../base/member.js'
import { unreachable } from '../../../base/unreachable.js'
import type { MemberFrame, MembershipClaim, SuspectFrame } from '../../wire/claim.js'
import type { ClaimQueue } from '../broadcast/claim-queue.js'
import type { EngineContext, Part } from '../context.js'
import { Leases } from './leases.js'
import { isEcho, isLaterRun, Refutation } from './refutation.js'
import { entryOf, Roster, type TableEntry } from './roster.js'
import { Suspicions } from './suspicions.js'

/** How often the table looks who is due. More: adds to detection; less: costs ticks. */
const TABLE_TICK_MILLIS = 100

/**
 * Which members do not know yet what a claim says. `nobody`: it was flooded. `neighbors`: a bootstrap peer told it, whose
 * cluster knows it. `everyone`: this neighbor alone told it. `unless heard`: others tell it most likely; if they do not,
 * this member does.
 */
type Audience = 'nobody' | 'neighbors' | 'everyone' | 'unless heard'

/** What the table tells the rest of the engine. */
export interface TableEvents {
  /** A lease of `id` rose: `from` told of it, or it is this member's. */
  renewed(id: string, tag: number, lease: number, from: string | undefined): void
  /** A neighbor repaired the table. */
  fetched(now: number): void
  /** Somebody was removed. */
  removed(id: string, how: 'left' | 'dead', now: number): void
  /** Nobody may watch this one any more: its lease stands still. */
  unwatched(id: string, now: number): void
  /** A later run of this very member is alive elsewhere. */
  displaced(now: number): void
}

export class MemberTable implements Part {
  readonly #self: TableEntry
  readonly #context: EngineContext
  readonly #claims: ClaimQueue
  readonly #events: TableEvents
  /** The records. */
  readonly roster = new Roster()
  readonly #suspicions: Suspicions
  readonly #refutation: Refutation
  /** How the leases rise, and which stand still. */
  readonly leases: Leases
  /** Records that were not taken, since the table was full. */
  refused = 0

  constructor(
    record: MemberRecord,
    context: EngineContext,
    claims: ClaimQueue,
    events: TableEvents,
    now: number,
  ) {
    const { id, random } = context
    this.#context = context
    this.#claims = claims
    this.#events = events
    this.#self = entryOf({ id, record, lease: 0 }, Number.POSITIVE_INFINITY)
    this.#suspicions = new Suspicions(id, context)
    this.#refutation = new Refutation(random)
    const gone = (entry: TableEntry, at: number) => this.#tombstone(entry, at)
    const rise = (at: number) => this.changeSelf({}, at)
    this.leases = new Leases(context, this.roster, this.#self, { ...events, gone, rise }, now)
    this.roster.put(this.#self)
  }

  get selfRecord(): MemberRecord {
    return this.#self.record
  }

  get selfLease(): number {
    return this.#self.lease
  }

  get size(): number {
    return this.roster.size
  }

  /** Members but this one that may be linked to for data: all but readers. */
  get otherWriters(): number {
    return this.size - this.roster.readers - (this.#isWriter ? 1 : 0)
  }

  get(id: string): TableEntry | undefined {
    return this.roster.get(id)
  }

  entries(): IterableIterator<TableEntry> {
    return this.roster.all()
  }

  /** What this member tells of `entry`. */
  frameOf({ id, record, lease, proof }: TableEntry): MemberFrame {
    return { type: 'member', id, record, lease, ...(proof && { proof }) }
  }

  /** Takes a claim. Returns what its sender is told when it is long over. */
  take(claim: MembershipClaim, audience: Audience, now: number): MembershipClaim | undefined {
    if (claim.id === this.#self.id) return this.#aboutSelf(claim, now)
    switch (claim.type) {
      case 'member':
        return this.#merge(claim, audience, now)
      case 'suspect':
        // Even a first neighbor's: only a subject that hears of the suspicion can answer it.
        if (this.#suspect(claim, now) && audience !== 'nobody') this.#tell(claim, now)
        return undefined
      case 'leave': {
        const known = this.get(claim.id)
        if (known?.record.incarnation !== claim.incarnation) return undefined
        this.#tombstone(known, now, 'left')
        if (audience === 'everyone') this.#tell(claim, now)
        return undefined
      }
      default:
        return unreachable(claim)
    }
  }

  /** This member does not hear from `id` any more. */
  suspect(id: string, now: number): void {
    const known = this.get(id)
    if (known === undefined || known === this.#self) return
    const claim = this.#suspicionOf(known.record.incarnation, id)
    if (this.#suspect(claim, now)) this.#tell(claim, now)
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
    this.#changed()
    return this.#suspicionOf(known.record.incarnation, id)
  }

  /** What this member would tell a new neighbor of those that it suspects, at most `max`. */
  suspicions(max: number): SuspectFrame[] {
    return this.#suspicions.own(max)
  }

  /** Changes the record of this member under a greater incarnation, and tells everyone. */
  changeSelf(change: Partial<MemberRecord>, now: number): void {
    this.#remove(this.#self)
    const incarnation = Math.max(this.#self.record.incarnation + 1, change.incarnation ?? 0)
    this.#self.record = { ...this.#self.record, ...change, incarnation }
    this.roster.put(this.#self)
    this.#claims.add(this.frameOf(this.#self), now)
    this.#changed()
  }

  tick(now: number): void {
    for (const entry of this.#suspicions.overdue(now)) this.#tombstone(entry, now)
    this.leases.renewSelf(now)
    this.#refute(now)
    this.leases.scan(now)
  }

  /** This member slept for `millis`: the others did not get older by it. */
  forgive(millis: number): void {
    for (const entry of this.roster.all()) {
      entry.leaseAt += millis
      if (entry.suspicion) entry.suspicion.since += millis
    }
  }

  /** After a long sleep: the others may have forgotten that those whom this member knows are gone. */
  dropOthers(): void {
    for (const entry of [...this.roster.all()]) if (entry !== this.#self) this.#remove(entry)
    this.#changed()
  }

  /** When `tick` has something to do next; suspicions are looked at in steps. */
  deadline(now: number): number {
    const next = Math.min(this.leases.deadline(), this.#refutation.deadline(this.selfRecord))
    return this.#suspicions.size > 0 ? Math.min(next, now + TABLE_TICK_MILLIS) : next
  }

  #merge(claim: MemberFrame, audience: Audience, now: number): MembershipClaim | undefined {
    const { id, record } = claim
    const gone = this.roster.tombstoneOf(id)
    // A reader takes its neighbors' word: it would tell nobody that it has removed it, and so hear of no greater one.
    if (gone !== undefined && record.incarnation <= gone && this.#isWriter) {
      // The sender believes in a member that this one has removed: if it lives, it hears of it and refutes.
      return this.#suspicionOf(record.incarnation, id)
    }
    const known = this.get(id)
    if (known === undefined && this.roster.isFull) {
      this.refused += 1
      return undefined
    }
    if (known !== undefined && !supersedes(record, known.record)) return this.#compare(known, claim, now)
    if (known?.suspicion) this.#suspicions.clear(known, now)
    if (known !== undefined) this.#remove(known)
    this.roster.put(entryOf(claim, now))
    if (audience === 'everyone') this.#tell(claim, now)
    if (audience === 'neighbors') this.#events.fetched(now)
    if (audience === 'unless heard' && this.#isWriter) this.#claims.addUnlessHeard(claim, now)
    this.#changed()
    return undefined
  }

  /** A record that is no news may bring a greater lease, or be of another run. */
  #compare(known: TableEntry, { id, record, lease }: MemberFrame, now: number): MemberFrame | undefined {
    if (record.incarnation === known.record.incarnation && lease > known.lease) {
      this.leases.raise(known, lease, now)
      this.#events.renewed(id, known.tag, lease, undefined)
    }
    // Of two runs of one member the sender knows the one that is over, or both live: that one is to see it.
    return record.session === known.record.session ? undefined : this.frameOf(known)
  }

  #suspicionOf(incarnation: number, id: string): SuspectFrame {
    return { type: 'suspect', id, incarnation, by: this.#self.id }
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
    const isNews = this.#suspicions.add(known, claim.by, this.size - this.roster.readers, now)
    if (!wasSuspected && known.suspicion) this.#changed()
    return isNews
  }

  /** A rumor of this member's death, or a record of another run of it. */
  #aboutSelf(claim: MembershipClaim, now: number): undefined {
    const own = this.#self.record
    if (this.#refutation.hear(claim, own) === 'displaced') {
      this.#events.displaced(now)
      return
    }
    if (claim.type === 'member' && isEcho(claim, own) && claim.lease > this.#self.lease)
      this.leases.overstated = true
    this.#refute(now)
  }

  /** Answers what was told of this member, now or when the pause after the last answer is over. */
  #refute(now: number): void {
    const incarnation = this.#refutation.answer(this.selfRecord, now)
    if (incarnation !== undefined) this.changeSelf({ incarnation }, now)
  }

  get #isWriter(): boolean {
    return this.#self.record.role === 'writer'
  }

  /** A reader speaks of itself alone: of others nobody takes anything from it. */
  #tell(claim: MembershipClaim, now: number): void {
    if (this.#isWriter || claim.id === this.#self.id) this.#claims.add(claim, now)
  }

  #changed(): void {
    this.#context.outbox.push({ type: 'members' })
  }

  #tombstone(entry: TableEntry, now: number, how: 'left' | 'dead' = 'dead'): void {
    this.#suspicions.forget(entry)
    this.roster.tombstone(entry, now + this.#context.config.tombstoneMillis)
    this.#events.removed(entry.id, how, now)
    this.#changed()
  }

  #remove(entry: TableEntry): void {
    this.#suspicions.forget(entry)
    this.roster.remove(entry)
  }
}

/** The greater incarnation stands; two runs that rose to the same one do not both: the later run does. */
function supersedes(record: MemberRecord, known: MemberRecord): boolean {
  const lead = record.incarnation - known.incarnation
  return lead > 0 || (lead === 0 && isLaterRun(record, known))
}
