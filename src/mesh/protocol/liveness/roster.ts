/**
 * The records of the members: by id, by the hash that stands for them in short frames, and as digests in buckets, by
 * which two members compare what they know. Who has gone is remembered for a while, so that no rumor brings it back.
 */
import * as sha256 from 'lib0/hash/sha256'
import { encodeUtf8 } from 'lib0/string'
import { hash32 } from '../../../base/bytes.js'
import type { MemberRecord } from '../../../base/member.js'
import { MEMBERS_MAX } from '../../../base/member-limits.js'
import { TagMap } from '../../../base/tag-map.js'
import type { MemberFrame } from '../../wire/claim.js'

/** Records are compared by digests of this many buckets. */
export const MEMBER_BUCKETS = 64

/** Suspicion of one member. */
export interface Suspicion {
  since: number
  /** The watchers that suspect, up to k + 1. */
  by: Set<string>
  /** Removed when not refuted for so long, by a member that hears well. */
  timer: number
}

/**
 * A member in the table. Each layer adds what it alone knows: `MemberRecord` is what the owner tells, `MemberFrame` has its
 * lease and signature, this one when that was heard, `MemberView` of the driver the link, and `Member` of the store is what
 * the application sees.
 */
export interface TableEntry {
  readonly id: string
  record: MemberRecord
  /** The owner's signature over the record, to be passed on with it. */
  proof?: Uint8Array
  lease: number
  /** The short name of this member in this incarnation; set by the roster. */
  tag: number
  /** Where the digests count it; of its id. */
  readonly bucket: number
  /** When the lease last rose, as far as this member has heard. */
  leaseAt: number
  suspicion: Suspicion | undefined
  /** When a suspicion of it that counts for nothing was last told on. */
  carriedAt?: number
}

export class Roster {
  readonly #entries = new Map<string, TableEntry>()
  /** Nearly always one each. A member that makes up a second one must neither take the place of the first nor keep it. */
  readonly #byTag = new TagMap<readonly TableEntry[]>()
  readonly #tagOf: typeof leaseTag
  readonly #buckets = new Array<number>(MEMBER_BUCKETS).fill(0)
  /** Members that left or died: id -> the incarnation that is gone, and until when that is remembered. */
  readonly #tombstones = new Map<string, { incarnation: number; until: number }>()
  #readers = 0

  constructor(tagOf = leaseTag) {
    this.#tagOf = tagOf
  }

  get size(): number {
    return this.#entries.size
  }

  get readers(): number {
    return this.#readers
  }

  /** Whether it takes no more members. */
  get isFull(): boolean {
    return this.#entries.size >= MEMBERS_MAX
  }

  get(id: string): TableEntry | undefined {
    return this.#entries.get(id)
  }

  /** The members, in their incarnations, that `tag` stands for. */
  tagged(tag: number): readonly TableEntry[] {
    return this.#byTag.get(tag) ?? []
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
    this.#tombstones.delete(entry.id)
    this.#entries.set(entry.id, entry)
    if (entry.record.role === 'reader') this.#readers += 1
    entry.tag = this.#tagOf(entry.id, entry.record.incarnation)
    this.#byTag.set(entry.tag, [...this.tagged(entry.tag), entry])
    this.#hash(entry)
  }

  remove(entry: TableEntry): void {
    if (this.#entries.delete(entry.id) && entry.record.role === 'reader') this.#readers -= 1
    const others = this.tagged(entry.tag).filter((other) => other !== entry)
    if (others.length > 0) this.#byTag.set(entry.tag, others)
    else this.#byTag.delete(entry.tag)
    this.#hash(entry)
  }

  /** Removes one that has gone, and remembers it. */
  tombstone(entry: TableEntry, until: number): void {
    this.remove(entry)
    this.#tombstones.delete(entry.id)
    this.#tombstones.set(entry.id, { incarnation: entry.record.incarnation, until })
  }

  /** The incarnation under which `id` is remembered as gone. */
  tombstoneOf(id: string): number | undefined {
    return this.#tombstones.get(id)?.incarnation
  }

  /** Forgets of the gone ones those removed the longest ago: those whose time is over, and those beyond `max`. */
  forgetTombstones(max: number, now: number): void {
    for (const [id, { until }] of this.#tombstones) {
      if (now < until && this.#tombstones.size <= max) break
      this.#tombstones.delete(id)
    }
  }

  /** Adds the entry to its bucket's digest, or takes it out: XOR is its own inverse. */
  #hash({ bucket, tag }: TableEntry): void {
    this.#buckets[bucket] = ((this.#buckets[bucket] ?? 0) ^ tag) >>> 0
  }
}

/**
 * The short name of a member in one incarnation: of SHA-256 the 42 bits that take six bytes on the wire. Who makes the same
 * name again, with 2^42 hashes, has one of its own raised along with the other one, and ends nobody.
 */
export function leaseTag(id: string, incarnation: number): number {
  const hash = sha256.digest(encodeUtf8(`${id}:${incarnation}`))
  const view = new DataView(hash.buffer, hash.byteOffset)
  return (view.getUint16(0) >>> 6) * 2 ** 32 + view.getUint32(2)
}

/** What a claim puts into the table. */
export function entryOf(
  { id, record, lease, proof }: Pick<MemberFrame, 'id' | 'record' | 'lease' | 'proof'>,
  leaseAt: number,
): TableEntry {
  const bucket = bucketOf(id)
  return { id, record, bucket, lease, tag: 0, leaseAt, suspicion: undefined, ...(proof && { proof }) }
}

/** The bucket of the digests that `id` belongs to. */
export function bucketOf(id: string): number {
  return hash32(id) % MEMBER_BUCKETS
}
