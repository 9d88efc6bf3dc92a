/**
 * Frames to bytes and back, in lib0's variable-length encoding. Decoding checks every length against the bytes
 * that are there before it allocates, and accepts no byte beyond the end of a frame.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { ProtocolError } from '../base/errors.js'
import { DISCONNECT_REASONS, FRAME_TAGS, type Frame, type MemberRecord, PROTOCOL_VERSION } from './frame.js'
import { FRAME_BYTES_MAX, MEMBER_RECORD_BYTES_MAX } from './limits.js'
import { isWord } from './signal.js'

/** The length of a replica digest. */
export const DIGEST_BYTES = 16
const INTEGER_MAX = Number.MAX_SAFE_INTEGER

/** Encodes a frame. The caller keeps within FRAME_BYTES_MAX. */
export function encodeFrame(frame: Frame): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeUint8(encoder, PROTOCOL_VERSION)
  encoding.writeUint8(encoder, FRAME_TAGS[frame.type])
  encoding.writeUint8(encoder, 0)
  writeBody(encoder, frame)
  return encoding.toUint8Array(encoder)
}

/**
 * Decodes a frame. An unknown type answers undefined, to be skipped and counted: a later minor version may
 * know more. @throws ProtocolError ERR_FRAME_MALFORMED, ERR_FRAME_TOO_LARGE, ERR_VERSION_MISMATCH
 */
export function decodeFrame(bytes: Uint8Array): Frame | undefined {
  if (bytes.length > FRAME_BYTES_MAX) throw tooLarge(bytes.length)
  if (bytes.length < 3) throw malformed('a frame has at least 3 bytes')
  if (bytes[0] !== PROTOCOL_VERSION) throw versionMismatch(bytes[0])
  const type = TYPE_OF_TAG.get(bytes[1] ?? 0)
  if (type === undefined) return undefined
  const decoder = decoding.createDecoder(bytes)
  decoder.pos = 3
  try {
    const frame = readBody(decoder, type)
    if (decoding.hasContent(decoder)) throw malformed(`${type}: bytes beyond the end`)
    return frame
  } catch (error) {
    if (error instanceof ProtocolError) throw error
    throw malformed(`${type}: ${error instanceof Error ? error.message : 'unreadable'}`)
  }
}

const TYPE_OF_TAG = new Map(
  Object.entries(FRAME_TAGS).map(([type, tag]) => [tag as number, type as Frame['type']] as const),
)

function writeBody(encoder: encoding.Encoder, frame: Frame): void {
  switch (frame.type) {
    case 'hello':
      encoding.writeVarString(encoder, frame.topic)
      encoding.writeVarString(encoder, frame.id)
      writeRecord(encoder, frame.record)
      return encoding.writeVarUint(encoder, frame.links)
    case 'heartbeat':
      encoding.writeUint8Array(encoder, frame.digest)
      encoding.writeVarUint(encoder, frame.time)
      return encoding.writeVarUint(encoder, frame.echo)
    case 'gossip':
      encoding.writeVarString(encoder, frame.origin)
      encoding.writeVarUint(encoder, frame.epoch)
      encoding.writeVarUint(encoder, frame.seq)
      encoding.writeVarUint(encoder, frame.round)
      return encoding.writeVarUint8Array(encoder, frame.update)
    case 'digest':
      encoding.writeUint8Array(encoder, frame.replica)
      encoding.writeVarUint(encoder, frame.members)
      return encoding.writeUint8(encoder, frame.ask ? 1 : 0)
    case 'sync-request':
      encoding.writeVarUint(encoder, frame.exchange)
      return encoding.writeVarUint8Array(encoder, frame.summary)
    case 'sync-part':
      encoding.writeVarUint(encoder, frame.exchange)
      encoding.writeVarUint(encoder, frame.index)
      encoding.writeVarUint(encoder, frame.count)
      return encoding.writeVarUint8Array(encoder, frame.bytes)
    case 'sync-pull':
      encoding.writeVarUint(encoder, frame.exchange)
      return encoding.writeVarUint(encoder, frame.next)
    case 'sync-busy':
      return encoding.writeVarUint(encoder, frame.exchange)
    case 'member':
      encoding.writeVarString(encoder, frame.id)
      writeRecord(encoder, frame.record)
      return encoding.writeVarUint(encoder, frame.lease)
    case 'suspect':
      encoding.writeVarString(encoder, frame.id)
      encoding.writeVarUint(encoder, frame.incarnation)
      return encoding.writeVarString(encoder, frame.by)
    case 'leave':
      encoding.writeVarString(encoder, frame.id)
      return encoding.writeVarUint(encoder, frame.incarnation)
    case 'disconnect':
      return encoding.writeUint8(encoder, DISCONNECT_REASONS.indexOf(frame.reason))
    default:
      return unreachable(frame)
  }
}

function readBody(decoder: decoding.Decoder, type: Frame['type']): Frame {
  switch (type) {
    case 'hello':
      return {
        type,
        topic: readWord(decoder),
        id: readWord(decoder),
        record: readRecord(decoder),
        links: readInteger(decoder),
      }
    case 'heartbeat':
      return {
        type,
        digest: readFixed(decoder, DIGEST_BYTES),
        time: readInteger(decoder),
        echo: readInteger(decoder),
      }
    case 'gossip':
      return {
        type,
        origin: readWord(decoder),
        epoch: readInteger(decoder),
        seq: readInteger(decoder),
        round: readInteger(decoder),
        update: readBytes(decoder),
      }
    case 'digest':
      return {
        type,
        replica: readFixed(decoder, DIGEST_BYTES),
        members: readInteger(decoder),
        ask: readFlag(decoder),
      }
    case 'sync-request':
      return { type, exchange: readInteger(decoder), summary: readBytes(decoder) }
    case 'sync-part':
      return readSyncPart(decoder)
    case 'sync-pull':
      return { type, exchange: readInteger(decoder), next: readInteger(decoder) }
    case 'sync-busy':
      return { type, exchange: readInteger(decoder) }
    case 'member':
      return { type, id: readWord(decoder), record: readRecord(decoder), lease: readInteger(decoder) }
    case 'suspect':
      return { type, id: readWord(decoder), incarnation: readInteger(decoder), by: readWord(decoder) }
    case 'leave':
      return { type, id: readWord(decoder), incarnation: readInteger(decoder) }
    case 'disconnect': {
      const reason = DISCONNECT_REASONS[decoding.readUint8(decoder)]
      if (reason === undefined) throw malformed('disconnect: an unknown reason')
      return { type, reason }
    }
    default:
      return unreachable(type)
  }
}

function readSyncPart(decoder: decoding.Decoder): Frame {
  const exchange = readInteger(decoder)
  const index = readInteger(decoder)
  const count = readInteger(decoder)
  if (index >= count) throw malformed('sync-part: the index is beyond the count')
  return { type: 'sync-part', exchange, index, count, bytes: readBytes(decoder) }
}

/** The size of a record on the wire. */
export function recordBytes(record: MemberRecord): number {
  const encoder = encoding.createEncoder()
  writeRecord(encoder, record)
  return encoding.length(encoder)
}

function writeRecord(encoder: encoding.Encoder, record: MemberRecord): void {
  encoding.writeVarString(encoder, JSON.stringify(record))
}

function readRecord(decoder: decoding.Decoder): MemberRecord {
  const text = readText(decoder, MEMBER_RECORD_BYTES_MAX)
  const value: unknown = JSON.parse(text)
  if (!isPlainObject(value)) throw malformed('a member record is an object')
  const { port, protocol, kind, role, session, incarnation, joined, name, zone, meta } = value
  if (port !== null && !(isInteger(port) && port >= 1 && port <= 65_535)) throw malformed('record.port')
  if (protocol !== 'v1') throw malformed('record.protocol')
  if (kind !== 'node' && kind !== 'browser') throw malformed('record.kind')
  if (role !== 'writer' && role !== 'reader') throw malformed('record.role')
  if (!isInteger(session)) throw malformed('record.session')
  if (!isInteger(incarnation)) throw malformed('record.incarnation')
  if (!isInteger(joined)) throw malformed('record.joined')
  const record: MemberRecord = { port, protocol, kind, role, session, incarnation, joined }
  if (name !== undefined) record.name = checkString(name, 'record.name')
  if (zone !== undefined) record.zone = checkString(zone, 'record.zone')
  if (meta !== undefined) record.meta = checkMeta(meta)
  return record
}

function checkString(value: unknown, field: string): string {
  if (typeof value !== 'string') throw malformed(field)
  return value
}

function checkMeta(value: unknown): NonNullable<MemberRecord['meta']> {
  if (!isPlainObject(value)) throw malformed('record.meta')
  const entries = Object.entries(value)
  for (const [key, field] of entries) {
    if (FORBIDDEN_KEYS.has(key)) throw malformed('record.meta: a forbidden key')
    if (field !== null && !['string', 'number', 'boolean'].includes(typeof field))
      throw malformed('record.meta')
  }
  return Object.fromEntries(entries) as NonNullable<MemberRecord['meta']>
}

/** Keys that reach an object's prototype in careless code; refused in every object that comes from outside. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

function readWord(decoder: decoding.Decoder): string {
  const word = readText(decoder, 64)
  if (!isWord(word)) throw malformed('an id is 1 to 64 characters of base64url')
  return word
}

function readText(decoder: decoding.Decoder, bytesMax: number): string {
  const start = decoder.pos
  const length = readInteger(decoder)
  if (length > bytesMax || length > decoder.arr.length - decoder.pos)
    throw malformed('a string beyond its bound')
  decoder.pos = start
  return decoding.readVarString(decoder)
}

function readBytes(decoder: decoding.Decoder): Uint8Array {
  const length = readInteger(decoder)
  return readFixed(decoder, length)
}

function readFixed(decoder: decoding.Decoder, length: number): Uint8Array {
  if (length > decoder.arr.length - decoder.pos) throw malformed('a byte string beyond the end')
  return decoding.readUint8Array(decoder, length).slice()
}

function readInteger(decoder: decoding.Decoder): number {
  const value = decoding.readVarUint(decoder)
  if (!(value <= INTEGER_MAX)) throw malformed('a number beyond 2^53')
  return value
}

function readFlag(decoder: decoding.Decoder): boolean {
  const flag = decoding.readUint8(decoder)
  if (flag > 1) throw malformed('a flag is 0 or 1')
  return flag === 1
}

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function malformed(what: string): ProtocolError {
  return new ProtocolError('ERR_FRAME_MALFORMED', {
    what: `A frame could not be read (${what})`,
    why: 'The peer runs a broken or foreign implementation',
    fix: 'Its link is closed; update that member',
  })
}

function tooLarge(bytes: number): ProtocolError {
  return new ProtocolError('ERR_FRAME_TOO_LARGE', {
    what: `A frame of ${bytes} bytes came in; the limit is ${FRAME_BYTES_MAX}`,
    why: 'The peer does not cut its messages',
    fix: 'Its link is closed; update that member',
  })
}

function versionMismatch(version: number | undefined): ProtocolError {
  return new ProtocolError('ERR_VERSION_MISMATCH', {
    what: `A peer speaks protocol version ${version}; this member speaks ${PROTOCOL_VERSION}`,
    why: 'The members run different major versions of gossip-kv',
    fix: 'Update the older one',
  })
}

function unreachable(value: never): never {
  throw new Error(`unreachable: ${String(value)}`)
}
