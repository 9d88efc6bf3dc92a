/** The fields that frames are made of: reads that check every length before they allocate, and the errors. */

import * as decoding from 'lib0/decoding'
import { MESH_CATALOGUE } from '../../base/error-catalogue.mesh.js'
import { ProtocolError } from '../../base/errors.js'
import { isWord } from '../../base/random.js'
import { PROTOCOL_VERSION } from './frame.js'
import { FRAME_BYTES_MAX, LIST_ITEMS_MAX } from './wire-limits.js'

const INTEGER_MAX = Number.MAX_SAFE_INTEGER

/** Reads an id, a topic or a session. */
export function readWord(decoder: decoding.Decoder): string {
  const word = readText(decoder, 64)
  if (!isWord(word)) throw malformed('an id is 1 to 64 characters of base64url')
  return word
}

/** Reads a string of at most `bytesMax` bytes of UTF-8. */
export function readText(decoder: decoding.Decoder, bytesMax: number): string {
  const start = decoder.pos
  const length = readInteger(decoder)
  if (length > bytesMax || length > decoder.arr.length - decoder.pos)
    throw malformed('a string beyond its bound')
  decoder.pos = start
  return decoding.readVarString(decoder)
}

/** Reads a length, at most `bytesMax`, and so many bytes; the copy is the caller's. */
export function readBytes(decoder: decoding.Decoder, bytesMax = FRAME_BYTES_MAX): Uint8Array {
  const length = readInteger(decoder)
  if (length > bytesMax) throw malformed('a byte string beyond its bound')
  return readFixed(decoder, length)
}

/** Reads so many bytes; the copy is the caller's. */
export function readFixed(decoder: decoding.Decoder, length: number): Uint8Array {
  return readView(decoder, length).slice()
}

/** Reads so many bytes, where they are. */
export function readView(decoder: decoding.Decoder, length: number): Uint8Array {
  if (length > decoder.arr.length - decoder.pos) throw malformed('a byte string beyond the end')
  return decoding.readUint8Array(decoder, length)
}

/** Reads an integer below 2^53. */
export function readInteger(decoder: decoding.Decoder): number {
  const value = decoding.readVarUint(decoder)
  if (!(value <= INTEGER_MAX)) throw malformed('a number beyond 2^53')
  return value
}

/** Reads a boolean. */
export function readFlag(decoder: decoding.Decoder): boolean {
  const flag = decoding.readUint8(decoder)
  if (flag > 1) throw malformed('a flag is 0 or 1')
  return flag === 1
}

/** Reads a number of items that each take at least one byte, so that a short frame cannot claim a long list. */
export function readCount(decoder: decoding.Decoder): number {
  const count = readInteger(decoder)
  if (count > decoder.arr.length - decoder.pos) throw malformed('a list beyond the end')
  if (count > LIST_ITEMS_MAX) throw malformed('a list beyond its bound')
  return count
}

/** Reads an index into a list of words. */
export function readChoice<T>(decoder: decoding.Decoder, choices: readonly T[]): T {
  const choice = choices[decoding.readUint8(decoder)]
  if (choice === undefined) throw malformed('an unknown choice')
  return choice
}

/** The bytes break the format. */
export function malformed(what: string): ProtocolError {
  return new ProtocolError(
    'ERR_FRAME_MALFORMED',
    `A frame could not be read (${what})`,
    MESH_CATALOGUE.ProtocolError.ERR_FRAME_MALFORMED,
  )
}

/** More bytes than a frame may have. */
export function tooLarge(bytes: number): ProtocolError {
  return new ProtocolError(
    'ERR_FRAME_TOO_LARGE',
    `A frame of ${bytes} bytes came in; the limit is ${FRAME_BYTES_MAX}`,
    MESH_CATALOGUE.ProtocolError.ERR_FRAME_TOO_LARGE,
  )
}

/** Another major version. */
export function versionMismatch(version: number | undefined): ProtocolError {
  return new ProtocolError(
    'ERR_VERSION_MISMATCH',
    `A peer speaks protocol version ${version}; this member speaks ${PROTOCOL_VERSION}`,
    MESH_CATALOGUE.ProtocolError.ERR_VERSION_MISMATCH,
  )
}
