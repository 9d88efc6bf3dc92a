/**
 * The member table: who belongs to the cluster, and who is suspected to be gone. After SWIM (Das et al. 2002):
 * a watcher's suspicion is flooded, its subject refutes it by a greater incarnation, which only the subject
 * raises, and whoever is not refuted in time is removed by every member on its own clock. Claims are flooded
 * when they change something, so each crosses each link about once.
 */
import { hash32 } from '../../base/bytes.js'
import type { Frame, MemberRecord } from '../../wire/frame.js'
import { MEMBERS_MAX } from '../../wire/limits.js'
import type { ProtocolConfig } from '../config.js'

/** A member in the table. */
export interface TableEntry {
  readonly id: string
  record: MemberRecord
  lease: number
  /** Removed when no renewal came by then. */
  leaseUntil: number
  /** Set while suspected: removed when not refuted by then. */
  suspectUntil: number | undefined
}

/** How a claim is told on: to every neighbor but the one it came from. */
export type Flood = (frame: Frame, except?: string) => void

export class MemberTable {
  readonly #self: TableEntry
  readonly #config: ProtocolConfig
  readonly #flood: Flood
  readonly #onChange: () => void
  readonly #entries = new Map<string, TableEntry>()
  /** Members that left or died: id -> the incarnation that is gone, and until when that is remembered. */
  readonly #tombstones = new Map<string, { incarnation: number; until: number }>()
  #digest = 0
  #renewAt: number
  #refutedAt = Number.NEGATIVE_INFINITY

  constructor(
    self: { id: string; record: MemberRecord },
    config: ProtocolConfig,
    flood: Flood,
    onChange: () => void,
    now: number,
  ) {
    this.#config = config
    this.#flood = flood
    this.#onChange = onChange
    this.#self = { ...self, lease: 0, leaseUntil: Number.POSITIVE_INFINITY, suspectUntil: undefined }
    this.#renewAt = now + config.leaseMillis
    this.#put(this.#self)
  }

  get selfRecord(): MemberRecord {
    return this.#self.record
  }

  get size(): number {
    return this.#entries.size
  }

  get(id: string): TableEntry | undefined {
    return this.#entries.get(id)
  }

  entries(): IterableIterator<TableEntry> {
    return this.#entries.values()
  }

  /** Equal on two members that know the same members in the same incarnations. */
  get digest(): number {
    return this.#digest
  }

  /** What this member tells of `id`, to be sent to one that lacks it. */
  frameOf(entry: TableEntry): Frame {
    return { type: 'member', id: entry.id, record: entry.record, lease: entry.lease }
  }

  /** A record came in, from its owner or passed on. Returns the answer for its sender, if it deserves one. */
  merge(id: string, record: MemberRecord, lease: number, from: string, now: number): Frame | undefined {
    if (id === this.#self.id) return this.#mergeSelf(record, now)
    const tombstone = this.#tombstones.get(id)
    if (tombstone !== undefined && record.incarnation <= tombstone.incarnation) {
      // The sender believes in a member that this one has buried: if it lives, it hears of it and refutes.
      return { type: 'suspect', id, incarnation: record.incarnation, by: this.#self.id }
    }
    const known = this.#entries.get(id)
    if (known === undefined && this.#entries.size >= MEMBERS_MAX) return undefined
    if (known !== undefined && !isNewer(record, lease, known)) return undefined
    this.#tombstones.delete(id)
    const visible = known === undefined || record.incarnation > known.record.incarnation
    if (known !== undefined) this.#remove(known)
    const leaseUntil = now + this.#config.leaseMillis * this.#config.leasesMissed
    // A renewal comes from a living owner, but only a greater incarnation answers a suspicion.
    this.#put({ id, record, lease, leaseUntil, suspectUntil: visible ? undefined : known?.suspectUntil })
    this.#flood({ type: 'member', id, record, lease }, from)
    if (visible) this.#onChange()
    return undefined
  }

  /** Somebody, or this member itself (`from` undefined), does not hear from `id`. */
  suspect(id: string, incarnation: number, by: string, from: string | undefined, now: number): void {
    if (id === this.#self.id) return this.#refute(incarnation, now)
    const known = this.#entries.get(id)
    if (known === undefined || known.suspectUntil !== undefined) return
    // A claim about another incarnation than the one held is stale, or made up.
    if (incarnation !== known.record.incarnation) return
    known.suspectUntil = now + this.#config.suspicionMillis
    this.#flood({ type: 'suspect', id, incarnation, by }, from)
    this.#onChange()
  }

  /** A frame of `id` itself came in: it lives, whatever others say. */
  heard(id: string): void {
    const known = this.#entries.get(id)
    if (known?.suspectUntil === undefined) return
    known.suspectUntil = undefined
    this.#onChange()
  }

  /** `id` said goodbye. */
  leave(id: string, incarnation: number, from: string, now: number): void {
    if (id === this.#self.id) return this.#refute(incarnation, now)
    const known = this.#entries.get(id)
    if (known === undefined || incarnation !== known.record.incarnation) return
    this.#bury(known, now)
    this.#flood({ type: 'leave', id, incarnation }, from)
  }

  /** Removes whom nobody vouches for, renews the own lease, forgets old tombstones. */
  tick(now: number): void {
    for (const entry of [...this.#entries.values()]) {
      if (entry === this.#self) continue
      if (now >= entry.leaseUntil || now >= (entry.suspectUntil ?? Number.POSITIVE_INFINITY))
        this.#bury(entry, now)
    }
    if (now >= this.#renewAt) this.#renew(now)
    for (const [id, tombstone] of this.#tombstones) {
      if (now < tombstone.until && this.#tombstones.size <= this.#config.tombstonesMax) break
      this.#tombstones.delete(id)
    }
  }

  /** This member slept for `millis`: the others did not get older by it. */
  forgive(millis: number): void {
    for (const entry of this.#entries.values()) {
      entry.leaseUntil += millis
      if (entry.suspectUntil !== undefined) entry.suspectUntil += millis
    }
  }

  /** When `tick` has something to do next. */
  deadline(): number {
    let deadline = this.#renewAt
    for (const entry of this.#entries.values()) {
      deadline = Math.min(deadline, entry.leaseUntil, entry.suspectUntil ?? Number.POSITIVE_INFINITY)
    }
    return deadline
  }

  isBuried(id: string): boolean {
    return this.#tombstones.has(id)
  }

  /** An own record of an earlier life, or a rumor: only a greater incarnation of this life may stand. */
  #mergeSelf(record: MemberRecord, now: number): undefined {
    const own = this.#self.record
    if (
      record.incarnation > own.incarnation ||
      (record.incarnation === own.incarnation && record.session !== own.session)
    ) {
      this.#refute(record.incarnation, now)
    }
    return undefined
  }

  #refute(incarnation: number, now: number): void {
    if (incarnation < this.#self.record.incarnation || now < this.#refutedAt + this.#config.refuteMillis)
      return
    this.#refutedAt = now
    this.changeSelf({ incarnation: incarnation + 1 })
  }

  /** Changes the own record under a greater incarnation and tells everyone. */
  changeSelf(change: Partial<MemberRecord>): void {
    this.#remove(this.#self)
    const incarnation = Math.max(this.#self.record.incarnation + 1, change.incarnation ?? 0)
    this.#self.record = { ...this.#self.record, ...change, incarnation }
    this.#put(this.#self)
    this.#flood(this.frameOf(this.#self))
    this.#onChange()
  }

  #renew(now: number): void {
    this.#self.lease += 1
    this.#renewAt = now + this.#config.leaseMillis
    this.#flood(this.frameOf(this.#self))
  }

  #bury(entry: TableEntry, now: number): void {
    this.#remove(entry)
    this.#tombstones.delete(entry.id)
    this.#tombstones.set(entry.id, {
      incarnation: entry.record.incarnation,
      until: now + this.#config.tombstoneMillis,
    })
    this.#onChange()
  }

  #put(entry: TableEntry): void {
    this.#entries.set(entry.id, entry)
    this.#digest = (this.#digest ^ entryHash(entry)) >>> 0
  }

  #remove(entry: TableEntry): void {
    this.#entries.delete(entry.id)
    this.#digest = (this.#digest ^ entryHash(entry)) >>> 0
  }
}

function isNewer(record: MemberRecord, lease: number, known: TableEntry): boolean {
  if (record.incarnation !== known.record.incarnation) return record.incarnation > known.record.incarnation
  return lease > known.lease
}

function entryHash(entry: TableEntry): number {
  return hash32(`${entry.id}:${entry.record.incarnation}`)
}
