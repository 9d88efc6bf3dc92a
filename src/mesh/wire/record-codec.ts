/** Member records as bytes; what comes in is checked field by field and only known fields are kept. */
import type * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { FORBIDDEN_KEYS } from '../../base/forbidden-keys.js'
import type { MemberRecord } from '../../base/member.js'
import { MEMBER_RECORD_BYTES_MAX } from '../../base/member-limits.js'
import { malformed, readText } from './fields.js'

/** Writes a record. */
export function writeRecord(encoder: encoding.Encoder, record: MemberRecord): void {
  encoding.writeVarString(encoder, recordText(record))
}

/** A record as it is written and signed: the same text wherever it is read and written again. */
export function recordText(record: MemberRecord): string {
  return JSON.stringify(record)
}

/** Reads a record. @throws ProtocolError ERR_FRAME_MALFORMED */
export function readRecord(decoder: decoding.Decoder): MemberRecord {
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

function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
