/**
 * What a member knows, for another one to compute the difference against. Up to 1,000 sessions a summary names the
 * context itself, above that 1,024 hashes of it; up to 1,000 keys it says nothing of the content, above that 1,024
 * hashes of it.
 *
 *   summary    = version, context, content, refused, (count, generation*)       oldest first
 *   context    = 0, count, (session, known)* | 1, hashes         content = 0 | 1, hashes
 *   refused    = count, (session, n)*       (entries too far ahead of the author's time)
 */
import * as encoding from 'lib0/encoding'
import type { Offence } from '../protocol/replica-port.js'
import { GENERATIONS_KEPT, MERGE_BYTES_MAX } from '../wire/limits.js'
import { type BoundedReader, Refusal, readWhole } from './bounded-reader.js'
import { BUCKETS, type Buckets, sessionBucket } from './digest.js'
import type { DottedMap } from './dotted-map.js'
import type { Dot } from './entry.js'
import { type Lineage, readGeneration } from './lineage.js'

/** Up to this many sessions a summary names them all; above, it sends hashes. */
export const SESSIONS_LISTED_MAX = 1000
/** Up to this many keys a summary says nothing of the content. */
export const KEYS_WHOLE_MAX = 1000
/** Refused entries that one summary can name. */
export const REFUSED_TOLD_MAX = 1024

const HASH_BYTES = 8 * BUCKETS

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

/** How many writes of `session` the author of `summary` is known to know. */
export function knownIn({ context }: Summary, session: number, map: DottedMap): number {
  if (context instanceof Map) return context.get(session) ?? 0
  return map.digest.context.equals(sessionBucket(session), context) ? map.known(session) : 0
}

/** Sessions, and how much of each is known. */
export function writeContext(encoder: encoding.Encoder, context: ReadonlyMap<number, number>): void {
  encoding.writeVarUint(encoder, context.size)
  for (const [session, known] of context) {
    encoding.writeVarUint(encoder, session)
    encoding.writeVarUint(encoder, known)
  }
}

/** The same, of at most `max` sessions. @throws Refusal */
export function readContext(reader: BoundedReader, max: number): Map<number, number> {
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

/** A byte that is 0 or 1. @throws Refusal */
export function readFlag(reader: BoundedReader): boolean {
  const flag = reader.byte()
  if (flag > 1) throw new Refusal('malformed')
  return flag === 1
}
