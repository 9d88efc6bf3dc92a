/**
 * What a member knows, for another one to compute the difference against. Up to 1,000 sessions a summary names the
 * context itself, above that 1,024 hashes of it; up to 1,000 keys it says nothing of the content, above that, or to a
 * member that knows of the same writes, 1,024 hashes of it.
 *
 *   summary    = version, context, content
 *   context    = 0, count, (session, known)* | 1, hashes         content = 0 | 1, hashes
 */
import * as encoding from 'lib0/encoding'
import { bytesEqual } from '../../base/bytes.js'
import { MERGE_BYTES_MAX } from '../data-limits.js'
import type { Offence } from '../replica-port.js'
import { type BoundedReader, Refusal, readWhole } from './bounded-reader.js'
import { BUCKETS, type Buckets } from './digest.js'
import type { DottedMap } from './dotted-map.js'

/** Up to this many sessions a summary names them all; above, it sends hashes. */
export const SESSIONS_LISTED_MAX = 1000
/** Up to this many keys a summary says nothing of the content. */
export const KEYS_WHOLE_MAX = 1000

const HASH_BYTES = 8 * BUCKETS

/** A decoded summary. */
export interface Summary {
  version: number
  /** session -> known, or hashes of it by bucket. */
  context: Map<number, number> | Int32Array
  /** Hashes of the live entries by bucket. */
  content: Int32Array | undefined
}

/** What `map` knows, for a member whose digest is `theirs`, if that is known. */
export function encodeSummary(map: DottedMap, theirs?: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, map.version)
  const isHashed = map.context.size > SESSIONS_LISTED_MAX
  if (isHashed) writeHashes(encoder, map.digest.context)
  else {
    encoding.write(encoder, 0)
    writeContext(encoder, map.context)
  }
  if (isHashed || map.size > KEYS_WHOLE_MAX || isContested(map, theirs))
    writeHashes(encoder, map.digest.content)
  else encoding.write(encoder, 0)
  return encoding.toUint8Array(encoder)
}

/** Whether another member knows of the same writes, and holds something else. */
function isContested(map: DottedMap, theirs: Uint8Array = new Uint8Array()): boolean {
  const differs = (from: number, to: number) => {
    const ours = map.digest.bytes().subarray(from, to)
    return !bytesEqual(ours, theirs.subarray(from, to))
  }
  return differs(0, 8) && !differs(8, 16)
}

/** Reads a summary. */
export function decodeSummary(bytes: Uint8Array): Summary | Offence {
  if (bytes.length > MERGE_BYTES_MAX) return { type: 'offence', kind: 'limit' }
  return readWhole(bytes, (reader) => ({
    version: reader.integer(),
    context: readFlag(reader) ? readHashes(reader) : readContext(reader, SESSIONS_LISTED_MAX),
    content: readFlag(reader) ? readHashes(reader) : undefined,
  }))
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

/** A byte that is 0 or 1. @throws Refusal */
export function readFlag(reader: BoundedReader): boolean {
  const flag = reader.byte()
  if (flag > 1) throw new Refusal('malformed')
  return flag === 1
}
