/**
 * The records of the members: by id, by the hash that stands for them in short frames, and as digests in buckets, by
 * which two members compare what they know. Who has gone is remembered for a while, so that no rumor brings it back.
 */
import { hash32 } from '../../base/bytes.js'
import { TagMap } from '../../base/tag-map.js'
import type { MemberRecord } from '../../wire/frame.js'
import { MEMBERS_MAX, READERS_PER_NODE_MAX, READERS_PER_TAB_MAX } from '../../wire/limits.js'

/** Records are compared by digests of this many buckets. */
export const MEMBER_BUCKETS = 64

/** Doubt about one member. */
export interface Suspicion {
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

export class Roster {
  readonly #entries = new Map<string, TableEntry>()
  readonly #byTag = new TagMap<TableEntry>()
  readonly #buckets = new Array<number>(MEMBER_BUCKETS).fill(0)
  /** Members that left or died: id -> the incarnation that is gone, and until when that is remembered. */
  readonly #buried = new Map<string, { incarnation: number; until: number }>()
  #readers = 0
  #seats = 0

  get size(): number {
    return this.#entries.size
  }

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

  get(id: string): TableEntry | undefined {
    return this.#entries.get(id)
  }

  /** The member and incarnation that `tag` stands for. */
  tagged(tag: number): TableEntry | undefined {
    return this.#byTag.get(tag)
  }

  all(): IterableIterator<TableEntry> {
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

  put(entry: TableEntry): void {
    this.#buried.delete(entry.id)
    this.#entries.set(entry.id, entry)
    if (entry.record.role === 'reader') this.#readers += 1
    this.#seats += seatsOf(entry.record)
    const tag = leaseTag(entry)
    this.#byTag.set(tag, entry)
    this.#hash(entry, tag)
  }

  remove(entry: TableEntry): void {
    if (this.#entries.delete(entry.id)) {
      if (entry.record.role === 'reader') this.#readers -= 1
      this.#seats -= seatsOf(entry.record)
    }
    const tag = leaseTag(entry)
    this.#byTag.delete(tag)
    this.#hash(entry, tag)
  }

  /** Removes one that has gone, and remembers it. */
  bury(entry: TableEntry, until: number): void {
    this.remove(entry)
    this.#buried.delete(entry.id)
    this.#buried.set(entry.id, { incarnation: entry.record.incarnation, until })
  }

  /** The incarnation under which `id` is remembered as gone. */
  buriedAs(id: string): number | undefined {
    return this.#buried.get(id)?.incarnation
  }

  /** Forgets of the gone ones the longest buried: those whose time is over, and those beyond `max`. */
  forgetBuried(max: number, now: number): void {
    for (const [id, { until }] of this.#buried) {
      if (now < until && this.#buried.size <= max) break
      this.#buried.delete(id)
    }
  }

  /** Adds the entry to its bucket's digest, or takes it out: XOR is its own inverse. */
  #hash({ bucket }: TableEntry, tag: number): void {
    this.#buckets[bucket] = ((this.#buckets[bucket] ?? 0) ^ tag) >>> 0
  }
}

/** Links to readers that a member takes: a leaf takes none. */
export function seatsOf({ role, kind }: Pick<MemberRecord, 'role' | 'kind'>): number {
  if (role === 'reader') return 0
  return kind === 'node' ? READERS_PER_NODE_MAX : READERS_PER_TAB_MAX
}

/** The short name of a member in one incarnation. */
export function leaseTag({ id, record }: Pick<TableEntry, 'id' | 'record'>): number {
  return hash32(`${id}:${record.incarnation}`)
}

/** The bucket of the digests that `id` belongs to. */
export function bucketOf(id: string): number {
  return hash32(id) % MEMBER_BUCKETS
}
