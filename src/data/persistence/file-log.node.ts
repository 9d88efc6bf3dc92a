/**
 * The bytes of a log file: a head, then records one after the other. A record tells its length and its number, and
 * a checksum covers both with its content, so that neither a torn tail nor a flipped bit passes for a record.
 *
 *   log    = "GKVLOG", version (u16), generation (u48), CRC-32 of these (u32), record*     integers little-endian
 *   record = length (u32), checksum (u32), number (u48), content
 *   checksum = CRC-32 of generation, length, number, content
 */
import { crc32 } from 'node:zlib'

const MAGIC = Buffer.from('GKVLOG', 'ascii')
const VERSION = 1
const HEAD_BYTES = 18
const RECORD_HEAD_BYTES = 14
/** Beyond damage, a record is looked for whose number is at most this much greater. */
const NUMBERS_SKIPPED_MAX = 2 ** 24

/** What is left of a log file. */
export type ReadLog =
  | {
      type: 'read'
      records: Uint8Array[]
      /** Bytes at the end that are no whole record: the process or the machine stopped in the middle of a write. */
      tornBytes: number
      /** Bytes before a whole record that are none: the disk, or something else, changed them. */
      damagedBytes: number
    }
  /** Whole, but of a version that this program does not know: a newer one wrote it. */
  | { type: 'unknown-version'; version: number }

/** The first bytes of the log of a generation. */
export function logHead(generation: number): Uint8Array {
  const head = Buffer.alloc(HEAD_BYTES)
  MAGIC.copy(head)
  head.writeUInt16LE(VERSION, 6)
  head.writeUIntLE(generation, 8, 6)
  head.writeUInt32LE(crc32(head.subarray(0, 14)), 14)
  return head
}

/** The bytes of consecutive records, the first with the number `first`. */
export function encodeRecords(
  generation: number,
  first: number,
  contents: readonly Uint8Array[],
): Uint8Array {
  return Buffer.concat(
    contents.flatMap((content, index) => {
      const head = Buffer.alloc(RECORD_HEAD_BYTES)
      head.writeUInt32LE(content.length, 0)
      head.writeUIntLE(first + index, 8, 6)
      head.writeUInt32LE(checksumOf(generation, head, content), 4)
      return [head, content]
    }),
  )
}

/** Reads what is whole; trusts nothing. */
export function readLog(bytes: Uint8Array, generation: number): ReadLog {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const result: ReadLog = { type: 'read', records: [], tornBytes: 0, damagedBytes: 0 }
  const version = versionOf(buffer, generation)
  if (version !== undefined && version !== VERSION) return { type: 'unknown-version', version }
  let position = version === undefined ? 0 : HEAD_BYTES
  let number = 0
  while (position < buffer.length) {
    const start = wholeRecordFrom(buffer, position, generation, number)
    if (start === undefined) {
      result.tornBytes = buffer.length - position
      break
    }
    result.damagedBytes += start - position
    number = buffer.readUIntLE(start + 8, 6) + 1
    position = start + RECORD_HEAD_BYTES + buffer.readUInt32LE(start)
    result.records.push(new Uint8Array(buffer.subarray(start + RECORD_HEAD_BYTES, position)))
  }
  return result
}

/** Undefined for a head that is damaged: the records may be whole all the same. */
function versionOf(buffer: Buffer, generation: number): number | undefined {
  if (buffer.length < HEAD_BYTES || !MAGIC.equals(buffer.subarray(0, MAGIC.length))) return undefined
  const isWhole = crc32(buffer.subarray(0, 14)) === buffer.readUInt32LE(14)
  return isWhole && buffer.readUIntLE(8, 6) === generation ? buffer.readUInt16LE(6) : undefined
}

/** Where the next whole record begins, at `from` if nothing is damaged; undefined: nowhere. */
function wholeRecordFrom(buffer: Buffer, from: number, generation: number, number: number) {
  for (let start = from; start + RECORD_HEAD_BYTES < buffer.length; start++) {
    const found = buffer.readUIntLE(start + 8, 6)
    if (found < number || found > number + (start === from ? 0 : NUMBERS_SKIPPED_MAX)) continue
    if (isWhole(buffer, start, generation)) return start
  }
  return undefined
}

function isWhole(buffer: Buffer, start: number, generation: number): boolean {
  const length = buffer.readUInt32LE(start)
  const contentStart = start + RECORD_HEAD_BYTES
  if (length === 0 || length > buffer.length - contentStart) return false
  const head = buffer.subarray(start, contentStart)
  const content = buffer.subarray(contentStart, contentStart + length)
  return buffer.readUInt32LE(start + 4) === checksumOf(generation, head, content)
}

function checksumOf(generation: number, head: Buffer, content: Uint8Array): number {
  const prefix = Buffer.alloc(16)
  prefix.writeUIntLE(generation, 0, 6)
  head.copy(prefix, 6, 0, 4)
  head.copy(prefix, 10, 8, 14)
  return crc32(content, crc32(prefix))
}
