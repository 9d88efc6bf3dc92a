/**
 * The member table: who belongs to the cluster, and who is suspected to be gone. After SWIM (Das et al. 2002):
 * a watcher's suspicion is told to all, its subject refutes it by a greater incarnation, which only the subject
 * raises, and whoever is not refuted in time is removed by every member on its own clock. Being the full list
 * of members, it is also the passive view of HyParView.
 */
import { hash32 } from '../../base/bytes.js'
import { type Random, randomInteger } from '../../base/random.js'
import { TagMap } from '../../base/tag-map.js'
import type {
  MemberFrame,
  MemberRecord,
  MembershipClaim,
  RisenLease,
  SuspectFrame,
} from '../../wire/frame.js'
import { MEMBERS_MAX, READERS_PER_NODE_MAX, READERS_PER_TAB_MAX } from '../../wire/limits.js'
import type { ProtocolConfig } from '../config.js'
import { periodMillis } from '../formulas.js'
import { Accusations } from './accusations.js'
import type { Health } from './health.js'
import { suspicionMillis } from './suspicion.js'

/** Records are compared by digests of this many buckets. */
export const MEMBER_BUCKETS = 64

/**
 * How far above the own incarnation one that somebody doubts is believed to be: a day, as incarnations begin with the wall
 * clock. It is nobody's word but the watcher's, and a number that could not rise any more would be the end of this member.
 */
const DOUBT_LEAD_MAX = 24 * 3_600_000
/**
 * Incarnations that a question is drawn from, upwards of the greatest known one: too many to have been signed by an
 * earlier run by chance, and few enough that a next run, which begins with the wall clock, gets above them (70 minutes).
 */
const QUESTIONS = 2 ** 22

/** Doubt about one member. */
interface Suspicion {
  since: number
  /** The watchers that doubt, up to k + 1. */
  by: Set<string>
  /** Removed when not refuted for so long, by a member that hears well. */
  timer: number
}

/** A member in the table. */
export interface TableEntry {
  readonly id: string
  record: MemberRecord
  /** The owner's signature over the record, to be passed on with it. */
  proof?: Uint8Array
  lease: number
  /** Where the digests count it; of its id. */
  readonly bucket: number
  /** When the lease last rose, as far as this member has heard. */
  leaseAt: number
  suspicion: Suspicion | undefined
}

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
  readonly #random: Random
  readonly #entries = new Map<string, TableEntry>()
  /** The same by the hash that stands for id and incarnation in short frames. */
  readonly #byTag = new TagMap<TableEntry>()
  #readers = 0
  #seats = 0
  readonly #suspects = new Set<TableEntry>()
  /** Members that left or died: id -> the incarnation that is gone, and until when that is remembered. */
  readonly #tombstones = new Map<string, { incarnation: number; until: number }>()
  readonly #buckets = new Array<number>(MEMBER_BUCKETS).fill(0)
  readonly #accusations = new Accusations()
  /** Records that were not taken, since the table was full. */
  refused = 0
  #renewAt: number
  #ready = false
  #scanAt: number
  /** Somebody told of a lease that this member never took: its next ones would count for nothing. */
  #overstated = false
  /** No lease in the table rose earlier than this. */
  #oldestLeaseAt = Number.NEGATIVE_INFINITY
  /** The greatest own incarnation that others doubt, or knew before this one did. */
  #accused = Number.NEGATIVE_INFINITY
  /** The next answer to that leaves no sooner. */
  #refuteAt = Number.NEGATIVE_INFINITY
  /** Whether that answer asks a later run of this member whether it lives, and the incarnation that asked it. */
  #asks = false
  #asked: number | undefined

  constructor(
    self: { id: string; record: MemberRecord },
    config: ProtocolConfig,
    events: TableEvents,
    health: Health,
    random: Random,
    now: number,
  ) {
    this.#random = random
    this.#config = config
    this.#events = events
    this.#health = health
    this.#self = {
      ...self,
      bucket: bucketOf(self.id),
      lease: 0,
      leaseAt: Number.POSITIVE_INFINITY,
      suspicion: undefined,
    }
    this.#renewAt = now + config.leaseMillis
    this.#scanAt = now + config.leaseMillis
    this.#put(this.#self)
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
    return this.#entries.size
  }

  /** Members but this one that may be linked to for data: all but readers. */
  get otherWriters(): number {
    return this.#entries.size - this.#readers - (this.#self.record.role === 'writer' ? 1 : 0)
  }

  /** Readers, this one included. */
  get readers(): number {
    return this.#readers
  }

  /** Links to readers that all writers together take. */
  get seats(): number {
    return this.#seats
  }

  /** Whether it takes no more members. */
  get isFull(): boolean {
    return this.#entries.size >= MEMBERS_MAX
  }

  /** Accusations that counted for nothing: their watchers accuse too many. */
  get accusationsIgnored(): number {
    return this.#accusations.ignored
  }

  get(id: string): TableEntry | undefined {
    return this.#entries.get(id)
  }

  /** The incarnation under which a member is remembered as gone. */
  buriedAs(id: string): number | undefined {
    return this.#tombstones.get(id)?.incarnation
  }

  entries(): IterableIterator<TableEntry> {
    return this.#entries.values()
  }

  /** The digests by bucket. */
  get buckets(): readonly number[] {
    return [...this.#buckets]
  }

  /** The members whose records stand in buckets that differ. */
  differing(theirs: readonly number[], ours: readonly number[]): TableEntry[] {
    const differ = ours.map((digest, bucket) => theirs[bucket] !== digest)
    return [...this.#entries.values()].filter(({ bucket }) => differ[bucket])
  }

  /** What this member tells of `entry`. */
  frameOf(entry: TableEntry): MemberFrame {
    const { id, record, lease, proof } = entry
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
      const known = this.#byTag.get(tag)
      if (known === undefined || lease <= known.lease || (from.isReader && known.id !== from.id)) continue
      if (known === this.#self) {
        this.#overstated = true
        continue
      }
      this.#raise(known, lease, now)
      this.#events.renewed(known.id, tag, lease, from.id)
    }
  }

  /** This member does not hear from `id` any more. */
  doubt(id: string, now: number): void {
    const known = this.#entries.get(id)
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
   * the others (Lifeguard's buddy system, arXiv 1707.00788, section IV-C): the doubt may not have reached it.
   */
  heard(id: string, now: number): SuspectFrame | undefined {
    if (this.#suspects.size === 0) return undefined
    const known = this.#entries.get(id)
    if (!known?.suspicion) return undefined
    this.#clear(known, now)
    return { type: 'suspect', id, incarnation: known.record.incarnation, by: this.#self.id }
  }

  /** What this member would tell a new neighbor of those that it doubts, at most `max`. */
  doubts(max: number): SuspectFrame[] {
    const doubts: SuspectFrame[] = []
    for (const { id, record, suspicion } of this.#suspects) {
      if (doubts.length >= max) break
      if (suspicion?.by.has(this.#self.id))
        doubts.push({ type: 'suspect', id, incarnation: record.incarnation, by: this.#self.id })
    }
    return doubts
  }

  /** Changes the own record under a greater incarnation and tells everyone. */
  changeSelf(change: Partial<MemberRecord>): void {
    this.#remove(this.#self)
    const incarnation = Math.max(this.#self.record.incarnation + 1, change.incarnation ?? 0)
    this.#self.record = { ...this.#self.record, ...change, incarnation }
    this.#put(this.#self)
    this.#events.tell(this.frameOf(this.#self))
    this.#events.changed()
  }

  /** Removes whom nobody vouches for, renews the own lease, forgets old tombstones. */
  tick(now: number): void {
    const stretch = this.#health.stretch(now)
    for (const entry of this.#suspects)
      if (entry.suspicion && now >= entry.suspicion.since + entry.suspicion.timer * stretch)
        this.#bury(entry, now)
    if (now >= this.#renewAt) this.#renewSelf(now)
    this.#refute(now)
    if (now >= this.#scanAt) this.#scan(now)
  }

  /** This member slept for `millis`: the others did not get older by it. */
  forgive(millis: number): void {
    for (const entry of this.#entries.values()) {
      entry.leaseAt += millis
      if (entry.suspicion) entry.suspicion.since += millis
    }
  }

  /** Who slept for long knows nobody any more: of whom it tells, the others may have forgotten that they are gone. */
  dropOthers(): void {
    for (const entry of [...this.#entries.values()]) if (entry !== this.#self) this.#remove(entry)
    this.#events.changed()
  }

  /** When `tick` has something to do next; suspicions are looked at in steps. */
  deadline(now: number): number {
    const answer = this.#accused < this.selfRecord.incarnation ? Number.POSITIVE_INFINITY : this.#refuteAt
    const next = Math.min(this.#renewAt, this.#scanAt, answer)
    return this.#suspects.size > 0 ? Math.min(next, now + this.#config.tableTickMillis) : next
  }

  #take(claim: MembershipClaim, audience: Audience, now: number): MembershipClaim | undefined {
    if (claim.id === this.#self.id) return this.#aboutSelf(claim, now)
    switch (claim.type) {
      case 'member':
        return this.#merge(claim, audience, now)
      case 'suspect':
        if (this.#suspect(claim, now) && audience === 'everyone') this.#events.tell(claim)
        return undefined
      case 'leave': {
        const known = this.#entries.get(claim.id)
        if (known?.record.incarnation !== claim.incarnation) return undefined
        this.#bury(known, now, 'left')
        if (audience === 'everyone') this.#events.tell(claim)
        return undefined
      }
      default:
        return unreachable(claim)
    }
  }

  #merge(claim: MemberFrame, audience: Audience, now: number): MembershipClaim | undefined {
    const { id, record, lease, proof } = claim
    const tombstone = this.#tombstones.get(id)
    if (tombstone !== undefined && record.incarnation <= tombstone.incarnation) {
      // The sender believes in a member that this one has buried: if it lives, it hears of it and refutes.
      return { type: 'suspect', id, incarnation: record.incarnation, by: this.#self.id }
    }
    const known = this.#entries.get(id)
    if (known === undefined && this.isFull) {
      this.refused += 1
      return undefined
    }
    if (known !== undefined && record.incarnation <= known.record.incarnation) {
      if (record.incarnation === known.record.incarnation && lease > known.lease) {
        this.#raise(known, lease, now)
        this.#events.renewed(id, leaseTag(known), lease, undefined)
      }
      // Of two runs of one member the sender knows the one that is over, or both live: that one is to see it.
      const isOtherRun = record.session !== known.record.session
      return isOtherRun && record.incarnation < known.record.incarnation ? this.frameOf(known) : undefined
    }
    this.#tombstones.delete(id)
    if (known?.suspicion) this.#health.late(now)
    if (known !== undefined) this.#remove(known)
    const bucket = known?.bucket ?? bucketOf(id)
    this.#put({ id, record, bucket, lease, leaseAt: now, suspicion: undefined, ...(proof && { proof }) })
    if (audience === 'everyone') this.#events.tell(claim)
    if (audience === 'neighbors') this.#events.fetched()
    if (audience === 'unless heard') this.#events.tellUnlessHeard(claim)
    this.#events.changed()
    return undefined
  }

  /** Returns whether the suspicion, or one more confirmation of it, is news. */
  #suspect(claim: SuspectFrame, now: number): boolean {
    const known = this.#entries.get(claim.id)
    // A claim about another incarnation than the one held is stale, or made up.
    if (known === undefined || known === this.#self || known.record.incarnation !== claim.incarnation)
      return false
    const { confirmations: k, suspicionMinMillis, suspicionMaxMillis } = this.#config
    // Where fewer than k others could confirm, the subject has fewer links over which it hears of the doubt: all of
    // them together shorten the timer, but not to the minimum.
    const confirmations = Math.max(0, Math.min(k, this.#entries.size - 2))
    const suspicion = known.suspicion ?? { since: now, by: new Set<string>(), timer: 0 }
    if (suspicion.by.has(claim.by) || suspicion.by.size > confirmations) return false
    const isOwn = claim.by === this.#self.id
    const weight = isOwn ? 'counts' : this.#accusations.judge(claim.by, this.#entries.size, now)
    if (weight !== 'counts') return weight === 'carried'
    suspicion.by.add(claim.by)
    const isUnanimous = suspicion.by.size > confirmations
    const counted = isUnanimous && confirmations < k ? k - 1 : suspicion.by.size - 1
    suspicion.timer = suspicionMillis(counted, k, suspicionMinMillis, suspicionMaxMillis)
    if (known.suspicion === undefined) {
      known.suspicion = suspicion
      this.#suspects.add(known)
      this.#events.changed()
    }
    return true
  }

  /**
   * A rumor of the own death, or a record of another run: only a greater incarnation of this run may stand. A run that
   * joined later is asked whether it lives: nobody but that run raises an incarnation that was just drawn by one.
   */
  #aboutSelf(claim: MembershipClaim, now: number): undefined {
    const own = this.#self.record
    const told = claim.type === 'member' ? claim.record.incarnation : claim.incarnation
    if (claim.type === 'member' && isLaterRun(claim.record, own)) {
      if (this.#asked !== undefined && told === this.#asked + 1) {
        this.#events.displaced()
        return
      }
      this.#asks = true
    }
    const isEcho = claim.type === 'member' && told === own.incarnation && claim.record.session === own.session
    const leadMax = claim.type === 'suspect' ? DOUBT_LEAD_MAX : Number.POSITIVE_INFINITY
    // Nothing could follow 2^53 - 1.
    const isMadeUp = told > own.incarnation + leadMax || told >= Number.MAX_SAFE_INTEGER
    if (isEcho && claim.lease > this.#self.lease) this.#overstated = true
    if (told < own.incarnation || isEcho || isMadeUp) return
    this.#accused = Math.max(this.#accused, told)
    this.#refute(now)
  }

  /** Answers what was told of this member, now or when the pause after the last answer is over. */
  #refute(now: number): void {
    if (this.#accused < this.selfRecord.incarnation || now < this.#refuteAt) return
    this.#refuteAt = now + this.#config.refuteMillis
    const incarnation = this.#accused + 1 + (this.#asks ? randomInteger(this.#random, QUESTIONS) : 0)
    this.#asked = this.#asks ? incarnation : this.#asked
    this.#asks = false
    this.changeSelf({ incarnation })
  }

  #renewSelf(now: number): void {
    this.#renewAt = now + this.#leasePeriod
    if (this.#overstated) this.changeSelf({})
    this.#overstated = false
    this.#self.lease += this.#ready && !isReady(this.#self) ? 1 : 2
    this.#events.changed()
    this.#events.renewed(this.#self.id, leaseTag(this.#self), this.#self.lease, undefined)
  }

  #scan(now: number): void {
    this.#scanAt = now + this.#config.leaseMillis / 4
    this.#scanLeases(now)
    for (const [id, tombstone] of this.#tombstones) {
      if (now < tombstone.until && this.#tombstones.size <= this.#tombstonesMax) break
      this.#tombstones.delete(id)
    }
  }

  /**
   * Whoever lost all its watchers is noticed by its lease, at first aloud, but for tabs, whose timers may stand still.
   * Where most leases stand still, this member is cut off itself.
   */
  #scanLeases(now: number): void {
    const { leasesMissed, leasesDoubted } = this.#config
    const period = this.#leasePeriod
    if (now < this.#oldestLeaseAt + leasesDoubted * period) return
    const overdue: TableEntry[] = []
    this.#oldestLeaseAt = now
    for (const entry of this.#entries.values()) {
      this.#oldestLeaseAt = Math.min(this.#oldestLeaseAt, entry.leaseAt)
      if (now >= entry.leaseAt + leasesDoubted * period) overdue.push(entry)
    }
    const isCutOff = 2 * overdue.length >= this.#entries.size
    for (const entry of overdue) {
      if (now >= entry.leaseAt + leasesMissed * period) this.#bury(entry, now)
      else if (!isCutOff && isDoubtful(entry) && this.#health.score(now) === 0)
        this.#events.unwatched(entry.id)
    }
  }

  get #leasePeriod(): number {
    const { leaseMillis, leaseMillisPerMember } = this.#config
    return periodMillis(this.#entries.size, leaseMillis, leaseMillisPerMember)
  }

  get #tombstonesMax(): number {
    return Math.max(this.#config.tombstonesMax, 2 * this.#entries.size)
  }

  #bury(entry: TableEntry, now: number, how: 'left' | 'dead' = 'dead'): void {
    this.#remove(entry)
    this.#tombstones.delete(entry.id)
    const { incarnation } = entry.record
    this.#tombstones.set(entry.id, { incarnation, until: now + this.#config.tombstoneMillis })
    this.#events.removed(entry.id, how)
    this.#events.changed()
  }

  #clear(entry: TableEntry, now: number): void {
    this.#health.late(now)
    entry.suspicion = undefined
    this.#suspects.delete(entry)
    this.#events.changed()
  }

  #raise(entry: TableEntry, lease: number, now: number): void {
    if (isReady(entry) !== isReady({ lease })) this.#events.changed()
    entry.lease = lease
    if (entry !== this.#self) entry.leaseAt = now
  }

  #put(entry: TableEntry): void {
    this.#entries.set(entry.id, entry)
    if (entry.record.role === 'reader') this.#readers += 1
    this.#seats += seatsOf(entry.record)
    const tag = leaseTag(entry)
    this.#byTag.set(tag, entry)
    this.#hash(entry, tag)
  }

  #remove(entry: TableEntry): void {
    if (this.#entries.delete(entry.id)) {
      if (entry.record.role === 'reader') this.#readers -= 1
      this.#seats -= seatsOf(entry.record)
    }
    this.#suspects.delete(entry)
    const tag = leaseTag(entry)
    this.#byTag.delete(tag)
    this.#hash(entry, tag)
  }

  /** Adds the entry to its bucket's digest, or takes it out: XOR is its own inverse. */
  #hash({ bucket }: TableEntry, tag: number): void {
    this.#buckets[bucket] = ((this.#buckets[bucket] ?? 0) ^ tag) >>> 0
  }
}

/** Whether `record` is of another run of the same member, and of one that joined after the one of `own`. */
function isLaterRun(record: MemberRecord, own: MemberRecord): boolean {
  if (record.session === own.session) return false
  return record.joined === own.joined ? record.session > own.session : record.joined > own.joined
}

/** Links to readers that a member takes: a leaf takes none. */
export function seatsOf({ role, kind }: Pick<MemberRecord, 'role' | 'kind'>): number {
  if (role === 'reader') return 0
  return kind === 'node' ? READERS_PER_NODE_MAX : READERS_PER_TAB_MAX
}

function isDoubtful({ record, suspicion }: TableEntry): boolean {
  return record.kind === 'node' && suspicion === undefined
}

/** Leases rise in twos: an odd one tells that the data of its member equalled that of another one, or is all there is. */
export function isReady({ lease }: Pick<TableEntry, 'lease'>): boolean {
  return lease % 2 === 1
}

/** The short name of a member in one incarnation. */
function leaseTag(entry: TableEntry): number {
  return hash32(`${entry.id}:${entry.record.incarnation}`)
}

/** The bucket of the digests that `id` belongs to. */
export function bucketOf(id: string): number {
  return hash32(id) % MEMBER_BUCKETS
}

function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}
