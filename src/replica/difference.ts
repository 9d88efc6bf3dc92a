/**
 * Anti-entropy: all that the author of a summary lacks, from one version of the map, in parts that are encoded as they
 * are asked for and decoded as they come.
 *
 *   difference = clock, version, update, told, live, (lineage)
 *   told       = 0, count, (session, known)* | 1, bitmap, count, (session, known)*
 *   live       = 0 | 1, bitmap; count, (session, count, n*)*     (n as distances)
 *
 * The update holds the runs beyond the author's context. A dot of the author that is inside of the answerer's
 * context, in a bucket that is told, and neither among the live dots nor in a run, is dead. `version` is the
 * author's: what it learned after its summary is not judged by the answer. Generations are named from the second
 * one on; to an author in another one, the answer names the steps that lead there, and if it knows none from where
 * the author is, it tells everything. Parts are cut between the structs of the update, and anywhere behind it.
 */
import * as encoding from 'lib0/encoding'
import { concat, takeWritten } from '../base/bytes.js'
import type { Offence, Parts } from '../protocol/replica-port.js'
import {
  MERGE_BYTES_MAX,
  MERGE_ENTRIES_MAX,
  MERGE_STRUCTS_MAX,
  SESSIONS_MAX,
  SYNC_PART_BYTES,
} from '../wire/limits.js'
import { BoundedReader, Refusal, readSafely, readWhole } from './bounded-reader.js'
import { runOf, STRUCT_BYTES_MAX, writeRunHead, writeStructs } from './canonical-update.js'
import { BUCKETS, type Buckets, sessionBucket } from './digest.js'
import type { DottedMap } from './dotted-map.js'
import type { Dot, Entry } from './entry.js'
import type { Run } from './incoming.js'
import { commonOf, Lineage, readLineage, writeLineage } from './lineage.js'
import { readContext, readFlag, type Summary, writeContext } from './summary.js'
import { RunsReader } from './update-reader.js'

const BITMAP_BYTES = BUCKETS / 8
/** The first part; each later one may have twice as much, up to SYNC_PART_BYTES: so the first one leaves, and is decoded, soon. */
const FIRST_PART_BYTES = SYNC_PART_BYTES / 8

/** A decoded difference. */
export interface Difference {
  clock: number
  version: number
  /** Beyond the author's context. */
  runs: readonly Run[]
  /** Whether the answerer knew of this write of the author's summary. */
  knew: (dot: Dot) => boolean
  /** The buckets of keys that are told; undefined: all. */
  buckets: Uint8Array | undefined
  /** The live dots in them that the author's context covers. */
  live: Map<number, Set<number>>
  /** Where the answerer is. */
  lineage: Lineage
}

/** What the author of `summary` lacks of `map` as it is now. Yields the parts and returns the last one. */
export function encodeDifference(map: DottedMap, asked: Summary, clock: number, lineage: Lineage): Parts {
  // Who is too far behind is told everything.
  const isReachable = commonOf(asked.generations, lineage.ids) !== undefined
  const summary = isReachable ? asked : { ...asked, context: new Map(), content: undefined }
  const starts = runStarts(map, summary.context)
  // Entries do not change: what is written later tells of now.
  const runs = Array.from(starts, ([session, start]) => runOf(map, session, start))
  runs.sort((a, b) => b.session - a.session)
  const tail = encoding.createEncoder()
  // No deletes outside of the runs.
  encoding.write(tail, 0)
  writeTold(tail, map, summary.context)
  writeLive(tail, map, summary.content, starts)
  if (lineage.id > 0) writeLineage(tail, lineage)
  return partsOf([clock, summary.version, runs.length], runs, encoding.toUint8Array(tail))
}

function* partsOf(
  head: readonly number[],
  runs: readonly Run[],
  tail: Uint8Array,
): Generator<Uint8Array, Uint8Array, Uint8Array | undefined> {
  const encoder = encoding.createEncoder()
  let room: Uint8Array | undefined
  let size = FIRST_PART_BYTES
  const grow = () => {
    size = Math.min(2 * size, SYNC_PART_BYTES)
  }
  for (const field of head) encoding.writeVarUint(encoder, field)
  for (const run of runs) {
    if (encoding.length(encoder) + STRUCT_BYTES_MAX > size) {
      room = yield fullPart(encoder, room)
      grow()
    }
    writeRunHead(encoder, run)
    let next = writeStructs(encoder, run, 0, size)
    while (next < run.entries.length) {
      // A large value may not fit yet into a part of its own.
      if (encoding.hasContent(encoder)) room = yield fullPart(encoder, room)
      grow()
      next = writeStructs(encoder, run, next, size)
    }
  }
  let cut = SYNC_PART_BYTES - encoding.length(encoder)
  encoding.writeUint8Array(encoder, tail.subarray(0, cut))
  for (; cut < tail.length; cut += SYNC_PART_BYTES) {
    room = yield fullPart(encoder, room)
    encoding.writeUint8Array(encoder, tail.subarray(cut, cut + SYNC_PART_BYTES))
  }
  return takeWritten(encoder)
}

/** What was written, in the memory of an earlier part if there is one. */
function fullPart(encoder: encoding.Encoder, earlier: Uint8Array | undefined): Uint8Array {
  return takeWritten(encoder, earlier?.buffer ?? new ArrayBuffer(SYNC_PART_BYTES))
}

/** Where the runs of an answer begin: only sessions of which the author may lack something. */
function runStarts(map: DottedMap, theirs: Summary['context']): Map<number, number> {
  const starts = new Map<number, number>()
  for (const [session, known] of map.context) {
    if (theirs instanceof Int32Array) {
      // The author's count is not known here: it skips what it has.
      if (!map.digest.context.equals(sessionBucket(session), theirs)) starts.set(session, 0)
    } else if (known > (theirs.get(session) ?? 0)) starts.set(session, theirs.get(session) ?? 0)
  }
  return starts
}

function writeTold(encoder: encoding.Encoder, map: DottedMap, theirs: Summary['context']): void {
  const told = new Map<number, number>()
  if (theirs instanceof Int32Array) {
    encoding.write(encoder, 1)
    const bitmap = differing(map.digest.context, theirs)
    encoding.writeUint8Array(encoder, bitmap)
    for (const [session, known] of map.context)
      if (isSet(bitmap, sessionBucket(session))) told.set(session, known)
  } else {
    encoding.write(encoder, 0)
    for (const [session, known] of theirs)
      if (map.known(session) < known) told.set(session, map.known(session))
  }
  writeContext(encoder, told)
}

function writeLive(
  encoder: encoding.Encoder,
  map: DottedMap,
  theirs: Int32Array | undefined,
  starts: ReadonlyMap<number, number>,
): void {
  const bitmap = theirs && differing(map.digest.content, theirs)
  encoding.write(encoder, bitmap ? 1 : 0)
  if (bitmap) encoding.writeUint8Array(encoder, bitmap)
  const live = new Map<number, number[]>()
  for (const entry of map.entries()) {
    if (bitmap && !isSet(bitmap, entry.bucket)) continue
    // The run tells it already.
    if (entry.n >= (starts.get(entry.session) ?? Number.POSITIVE_INFINITY)) continue
    const numbers = live.get(entry.session)
    if (numbers) numbers.push(entry.n)
    else live.set(entry.session, [entry.n])
  }
  encoding.writeVarUint(encoder, live.size)
  for (const [session, numbers] of live) writeNumbers(encoder, session, numbers)
}

function writeNumbers(encoder: encoding.Encoder, session: number, numbers: number[]): void {
  numbers.sort((a, b) => a - b)
  encoding.writeVarUint(encoder, session)
  encoding.writeVarUint(encoder, numbers.length)
  let next = 0
  for (const n of numbers) {
    encoding.writeVarUint(encoder, n - next)
    next = n + 1
  }
}

/** Decodes a difference part by part. One that was refused is of no further use. */
export class DifferenceReader {
  readonly #runs = new RunsReader({
    bytesMax: MERGE_BYTES_MAX,
    structsMax: MERGE_STRUCTS_MAX,
    sessionsMax: SESSIONS_MAX,
    // A newcomer learns years of a session at once.
    gapMax: Number.POSITIVE_INFINITY,
    kills: false,
  })
  #head: { clock: number; version: number } | undefined
  #tail: Uint8Array[] = []
  #bytes = 0

  /** Reads the next part, which may be the last one. */
  read(part: Uint8Array): Offence | undefined {
    this.#bytes += part.length
    if (this.#bytes > MERGE_BYTES_MAX) return { type: 'offence', kind: 'limit' }
    return readSafely(() => {
      const reader = new BoundedReader(part)
      this.#head ??= { clock: reader.integer(), version: reader.integer() }
      if (this.#runs.read(reader, false)) this.#tail.push(reader.bytes(reader.remaining))
      return undefined
    })
  }

  /** The whole, once its last part was read. */
  end(): Difference | Offence {
    return readWhole(concat(...this.#tail), (reader) => {
      if (!this.#head) throw new Refusal('malformed')
      reader.count(0, 1)
      const knew = readTold(reader)
      const buckets = readFlag(reader) ? readBitmap(reader) : undefined
      const live = readLive(reader)
      const start = reader.position
      const lineage = reader.remaining > 0 ? readLineage(reader) : new Lineage()
      // An empty one is not written.
      if (reader.position > start && lineage.id === 0) throw new Refusal('trailing')
      return { ...this.#head, runs: this.#runs.runs, knew, buckets, live, lineage }
    })
  }
}

function readTold(reader: BoundedReader): Difference['knew'] {
  const bitmap = readFlag(reader) ? readBitmap(reader) : undefined
  const told = readContext(reader, SESSIONS_MAX)
  return ({ session, n }) => {
    const known = told.get(session)
    if (known !== undefined) return n < known
    return bitmap === undefined || !isSet(bitmap, sessionBucket(session))
  }
}

function readLive(reader: BoundedReader): Map<number, Set<number>> {
  const live = new Map<number, Set<number>>()
  const sessions = reader.count(SESSIONS_MAX, 3)
  let left = MERGE_ENTRIES_MAX
  for (let i = 0; i < sessions; i++) {
    const session = reader.integer()
    const count = reader.count(left, 1)
    left -= count
    const numbers = new Set<number>()
    let next = 0
    for (let j = 0; j < count; j++) {
      next += reader.integer()
      numbers.add(next++)
    }
    if (live.has(session)) throw new Refusal('malformed')
    live.set(session, numbers)
  }
  return live
}

/** Which entries of the author are dead by its `difference`; asked before it is merged into `map`. */
export function deathsIn(difference: Difference, map: DottedMap): (entry: Entry) => boolean {
  const { buckets, live, version, knew } = difference
  for (const run of difference.runs) addKnownLive(live, run, map.known(run.session))
  return (entry) => {
    if (entry.version > version || (buckets && !isSet(buckets, entry.bucket))) return false
    return knew(entry) && live.get(entry.session)?.has(entry.n) !== true
  }
}

function addKnownLive(live: Map<number, Set<number>>, run: Run, known: number): void {
  for (const entry of run.entries) {
    if (entry.n >= known) return
    const numbers = live.get(run.session)
    if (numbers) numbers.add(entry.n)
    else live.set(run.session, new Set([entry.n]))
  }
}

function differing(mine: Buckets, theirs: Int32Array): Uint8Array {
  const bitmap = new Uint8Array(BITMAP_BYTES)
  for (let bucket = 0; bucket < BUCKETS; bucket++)
    if (!mine.equals(bucket, theirs)) bitmap[bucket >> 3] = (bitmap[bucket >> 3] ?? 0) | (1 << (bucket & 7))
  return bitmap
}

function isSet(bitmap: Uint8Array, bucket: number): boolean {
  return ((bitmap[bucket >> 3] ?? 0) & (1 << (bucket & 7))) !== 0
}

function readBitmap(reader: BoundedReader): Uint8Array {
  return reader.bytes(BITMAP_BYTES)
}
