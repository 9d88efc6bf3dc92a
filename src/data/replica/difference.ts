/**
 * Anti-entropy: all that the author of a summary lacks, from one version of the map, in parts that are encoded as they
 * are asked for and decoded as they come.
 *
 *   difference = clock, version, update, told, live, (contested)
 *   told       = 0, count, (session, known)* | 1, bitmap, count, (session, known)*
 *   live       = 0 | 1, bitmap; count, (session, count, n*)*     (n as distances)
 *   contested  = count, (session, n, item)*
 *
 * The update holds the runs beyond the author's context. A dot of the author that is inside of the answerer's
 * context, in a bucket that is told, and neither among the live dots nor in a run, is dead. `version` is the
 * author's: what it learned after its summary is not judged by the answer. Where both contexts are equal and the contents
 * are not, the live entries of the buckets that differ come along whole: one dot may stand for two contents. Parts are
 * cut between the structs of the update, and anywhere behind it.
 */
import * as encoding from 'lib0/encoding'
import { concat } from '../../base/bytes.js'
import { MERGE_BYTES_MAX, MERGE_ENTRIES_MAX, MERGE_SESSIONS_MAX, MERGE_STRUCTS_MAX } from '../data-limits.js'
import type { Offence, Parts } from '../replica-port.js'
import { BoundedReader, Refusal, readSafely, readWhole } from './bounded-reader.js'
import { runOf, writeItem } from './canonical-update.js'
import { partsOf } from './difference-parts.js'
import { BUCKETS, type Buckets, sessionBucket } from './digest.js'
import type { DottedMap } from './dotted-map.js'
import type { Dot, Entry } from './entry.js'
import type { Run } from './incoming.js'
import { readContext, readFlag, type Summary, writeContext } from './summary.js'
import { RunsReader, readItem } from './update-reader.js'

const BITMAP_BYTES = BUCKETS / 8
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
  /** Live entries whose dots the author knows. */
  contested: readonly Entry[]
}

/** What the author of `summary` lacks of `map` as it is now. Yields the parts and returns the last one. */
export function encodeDifference(map: DottedMap, summary: Summary, clock: number): Parts {
  const starts = runStarts(map, summary.context)
  // Entries do not change: what is written later tells of now.
  const runs = Array.from(starts, ([session, start]) => runOf(map, session, start))
  runs.sort((a, b) => b.session - a.session)
  const tail = encoding.createEncoder()
  // No deletes outside of the runs.
  encoding.write(tail, 0)
  writeTold(tail, map, summary.context)
  writeLive(tail, map, summary.content, starts)
  if (summary.content && isContextOf(map, summary)) writeContested(tail, map, summary.content)
  return partsOf([clock, summary.version, runs.length], runs, encoding.toUint8Array(tail))
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

function isContextOf(map: DottedMap, { context }: Summary): boolean {
  if (context instanceof Int32Array) return context.every((word, i) => word === map.digest.context.words[i])
  if (context.size !== map.context.size) return false
  for (const [session, known] of context) if (map.known(session) !== known) return false
  return true
}

function writeContested(encoder: encoding.Encoder, map: DottedMap, theirs: Int32Array): void {
  const bitmap = differing(map.digest.content, theirs)
  const contested = [...map.entries()].filter(({ bucket }) => isSet(bitmap, bucket))
  if (contested.length === 0) return
  encoding.writeVarUint(encoder, contested.length)
  for (const entry of contested) {
    encoding.writeVarUint(encoder, entry.session)
    encoding.writeVarUint(encoder, entry.n)
    writeItem(encoder, entry)
  }
}

/** Decodes a difference part by part. One that was refused is of no further use. */
export class DifferenceReader {
  readonly #runs = new RunsReader({
    bytesMax: MERGE_BYTES_MAX,
    structsMax: MERGE_STRUCTS_MAX,
    sessionsMax: MERGE_SESSIONS_MAX,
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
      const contested = reader.remaining > 0 ? readContested(reader) : []
      return { ...this.#head, runs: this.#runs.runs, knew, buckets, live, contested }
    })
  }
}

function readTold(reader: BoundedReader): Difference['knew'] {
  const bitmap = readFlag(reader) ? readBitmap(reader) : undefined
  const told = readContext(reader, MERGE_SESSIONS_MAX)
  return ({ session, n }) => {
    const known = told.get(session)
    if (known !== undefined) return n < known
    return bitmap === undefined || !isSet(bitmap, sessionBucket(session))
  }
}

function readLive(reader: BoundedReader): Map<number, Set<number>> {
  const live = new Map<number, Set<number>>()
  const sessions = reader.count(MERGE_SESSIONS_MAX, 3)
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

function readContested(reader: BoundedReader): Entry[] {
  const count = reader.count(MERGE_ENTRIES_MAX, 4)
  // None are not written.
  if (count === 0) throw new Refusal('trailing')
  return Array.from({ length: count }, () => {
    const [session, n] = [reader.integer(), reader.integer()]
    if (session === 0) throw new Refusal('session')
    return readItem(reader, session, n)
  })
}

/**
 * Which entries of `map` are dead by a `difference` that is to be merged into it. Those that came late may have lost
 * elsewhere. For the others there has to be a write that the map does not know: each takes the place of one entry at most. One
 * more than there are such writes dies at a time, so that lies under one dot end as well.
 */
export function deathsIn(difference: Difference, map: DottedMap): Entry[] {
  const { buckets, live, version, knew } = difference
  let left = 1
  for (const run of difference.runs) {
    const known = map.known(run.session)
    addKnownLive(live, run, known)
    left += Math.max(0, run.end - Math.max(known, run.start))
  }
  const deaths: Entry[] = []
  for (const entry of map.entries()) {
    if (entry.version > version || (buckets && !isSet(buckets, entry.bucket))) continue
    if (!knew(entry) || live.get(entry.session)?.has(entry.n) === true) continue
    if (entry.late || left-- > 0) deaths.push(entry)
  }
  return deaths
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
