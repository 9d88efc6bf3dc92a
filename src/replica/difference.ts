/**
 * Anti-entropy: what a member knows (the summary) and all that its author lacks (the difference), each computed
 * in one turn from one version of the map. Up to 1,000 sessions the summary names the context itself, above that
 * 1,024 hashes of it; up to 1,000 keys it says nothing of the content, above that 1,024 hashes of it.
 *
 *   summary    = version, context, content, refused, (count, generation*)       oldest first
 *   context    = 0, count, (session, known)* | 1, hashes         content = 0 | 1, hashes
 *   refused    = count, (session, n)*       (entries too far ahead of the author's time)
 *   difference = clock, version, update, told, live, (lineage)
 *   told       = 0, count, (session, known)* | 1, bitmap, count, (session, known)*
 *   live       = 0 | 1, bitmap; count, (session, count, n*)*     (n as distances)
 *
 * The update holds the runs beyond the author's context. A dot of the author that is inside of the answerer's
 * context, in a bucket that is told, and neither among the live dots nor in a run, is dead. `version` is the
 * author's: what it learned after its summary is not judged by the answer. Generations are named from the second
 * one on; to an author in another one, the answer names the steps that lead there, and if it knows none from where
 * the author is, it tells everything.
 */
import * as encoding from 'lib0/encoding'
import type { Offence } from '../protocol/replica-port.js'
import {
  GENERATIONS_KEPT,
  MERGE_BYTES_MAX,
  MERGE_ENTRIES_MAX,
  MERGE_STRUCTS_MAX,
  SESSIONS_MAX,
} from '../wire/limits.js'
import { type BoundedReader, Refusal, readWhole } from './bounded-reader.js'
import { type Decoded, readUpdate, runOf, writeUpdate } from './canonical-update.js'
import { BUCKETS, type Buckets, sessionBucket } from './digest.js'
import type { DottedMap } from './dotted-map.js'
import type { Dot, Entry } from './entry.js'
import type { Run } from './incoming.js'
import { commonOf, Lineage, readGeneration, readLineage, writeLineage } from './lineage.js'

/** Up to this many sessions a summary names them all; above, it sends hashes. */
export const SESSIONS_LISTED_MAX = 1000
/** Up to this many keys a summary says nothing of the content. */
export const KEYS_WHOLE_MAX = 1000
/** Refused entries that one summary can name. */
export const REFUSED_TOLD_MAX = 1024

const HASH_BYTES = 8 * BUCKETS
const BITMAP_BYTES = BUCKETS / 8

/** A decoded summary. */
export interface Summary {
  version: number
  /** session -> known, or hashes of it by bucket. */
  context: Map<number, number> | Int32Array
  /** Hashes of the live entries by bucket. */
  content: Int32Array | undefined
  refused: Dot[]
  /** The generations that the author knows, oldest first; the last one is where it is. */
  generations: number[]
}

/** A decoded difference. */
export interface Difference {
  clock: number
  version: number
  update: Decoded
  /** Whether the answerer knew of this write of the author's summary. */
  knew: (dot: Dot) => boolean
  /** The buckets of keys that are told; undefined: all. */
  buckets: Uint8Array | undefined
  /** The live dots in them that the author's context covers. */
  live: Map<number, Set<number>>
  /** Where the answerer is. */
  lineage: Lineage
}

/** What `map` knows. */
export function encodeSummary(map: DottedMap, refused: readonly Dot[], lineage: Lineage): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, map.version)
  const isHashed = map.context.size > SESSIONS_LISTED_MAX
  if (isHashed) writeHashes(encoder, map.digest.context)
  else {
    encoding.write(encoder, 0)
    writeContext(encoder, map.context)
  }
  if (isHashed || map.size > KEYS_WHOLE_MAX) writeHashes(encoder, map.digest.content)
  else encoding.write(encoder, 0)
  encoding.writeVarUint(encoder, refused.length)
  for (const { session, n } of refused) {
    encoding.writeVarUint(encoder, session)
    encoding.writeVarUint(encoder, n)
  }
  if (lineage.id > 0) writeGenerations(encoder, lineage.ids)
  return encoding.toUint8Array(encoder)
}

function writeGenerations(encoder: encoding.Encoder, ids: readonly number[]): void {
  encoding.writeVarUint(encoder, ids.length)
  for (const id of ids) encoding.writeVarUint(encoder, id)
}

function readGenerations(reader: BoundedReader): number[] {
  const count = reader.integer()
  if (count < 2 || count > 1 + GENERATIONS_KEPT) throw new Refusal('trailing')
  return Array.from({ length: count }, (_, i) => (i === 0 ? reader.integer() : readGeneration(reader)))
}

/** Reads a summary. */
export function decodeSummary(bytes: Uint8Array): Summary | Offence {
  if (bytes.length > MERGE_BYTES_MAX) return { type: 'offence', kind: 'limit' }
  return readWhole(bytes, (reader) => ({
    version: reader.integer(),
    context: readFlag(reader) ? readHashes(reader) : readContext(reader, SESSIONS_LISTED_MAX),
    content: readFlag(reader) ? readHashes(reader) : undefined,
    refused: readDots(reader),
    generations: reader.remaining > 0 ? readGenerations(reader) : [0],
  }))
}

/** What the author of `summary` lacks of `map`. */
export function encodeDifference(
  map: DottedMap,
  asked: Summary,
  clock: number,
  lineage: Lineage,
): Uint8Array {
  // Who is too far behind is told everything.
  const isReachable = commonOf(asked.generations, lineage.ids) !== undefined
  const summary = isReachable ? asked : { ...asked, context: new Map(), content: undefined }
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, clock)
  encoding.writeVarUint(encoder, summary.version)
  const starts = runStarts(map, summary.context)
  const runs: Run[] = []
  for (const [session, start] of starts) runs.push(runOf(map, session, start))
  writeUpdate(encoder, runs, [])
  writeTold(encoder, map, summary.context)
  writeLive(encoder, map, summary.content, starts)
  if (lineage.id > 0) writeLineage(encoder, lineage)
  return encoding.toUint8Array(encoder)
}

/** How many writes of `session` the author of `summary` is known to know. */
export function knownIn({ context }: Summary, session: number, map: DottedMap): number {
  if (context instanceof Map) return context.get(session) ?? 0
  return map.digest.context.equals(sessionBucket(session), context) ? map.known(session) : 0
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

/** Reads a whole difference. */
export function decodeDifference(bytes: Uint8Array): Difference | Offence {
  if (bytes.length > MERGE_BYTES_MAX) return { type: 'offence', kind: 'limit' }
  return readWhole(bytes, (reader) => {
    const clock = reader.integer()
    const version = reader.integer()
    const update = readUpdate(reader, {
      bytesMax: MERGE_BYTES_MAX,
      structsMax: MERGE_STRUCTS_MAX,
      sessionsMax: SESSIONS_MAX,
      // A newcomer learns years of a session at once.
      gapMax: Number.POSITIVE_INFINITY,
      kills: false,
    })
    const knew = readTold(reader)
    const buckets = readFlag(reader) ? readBitmap(reader) : undefined
    const live = readLive(reader)
    const start = reader.position
    const lineage = reader.remaining > 0 ? readLineage(reader) : new Lineage()
    // An empty one is not written.
    if (reader.position > start && lineage.id === 0) throw new Refusal('trailing')
    return { clock, version, update, knew, buckets, live, lineage }
  })
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
  for (const run of difference.update.runs) addKnownLive(live, run, map.known(run.session))
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

function writeContext(encoder: encoding.Encoder, context: ReadonlyMap<number, number>): void {
  encoding.writeVarUint(encoder, context.size)
  for (const [session, known] of context) {
    encoding.writeVarUint(encoder, session)
    encoding.writeVarUint(encoder, known)
  }
}

function readContext(reader: BoundedReader, max: number): Map<number, number> {
  const count = reader.count(max, 2)
  const context = new Map<number, number>()
  for (let i = 0; i < count; i++) context.set(reader.integer(), reader.integer())
  if (context.size !== count) throw new Refusal('malformed')
  return context
}

function writeHashes(encoder: encoding.Encoder, buckets: Buckets): void {
  encoding.write(encoder, 1)
  const bytes = new Uint8Array(HASH_BYTES)
  const view = new DataView(bytes.buffer)
  buckets.words.forEach((word, index) => {
    view.setInt32(4 * index, word)
  })
  encoding.writeUint8Array(encoder, bytes)
}

function readHashes(reader: BoundedReader): Int32Array {
  const bytes = reader.bytes(HASH_BYTES)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Int32Array.from({ length: 2 * BUCKETS }, (_, index) => view.getInt32(4 * index))
}

function readDots(reader: BoundedReader): Dot[] {
  const count = reader.count(REFUSED_TOLD_MAX, 2)
  return Array.from({ length: count }, () => ({ session: reader.integer(), n: reader.integer() }))
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

function readFlag(reader: BoundedReader): boolean {
  const flag = reader.byte()
  if (flag > 1) throw new Refusal('malformed')
  return flag === 1
}
