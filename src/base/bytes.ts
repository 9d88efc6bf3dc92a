/** Small questions about byte strings. */
import * as encoding from 'lib0/encoding'

/** Whether two byte strings hold the same bytes. */
export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** Puts byte strings together. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/**
 * What was written, as a copy, in `room` if that is given. The encoder is empty again and keeps its own room, so that
 * the next use allocates nothing.
 */
export function takeWritten(encoder: encoding.Encoder, room?: ArrayBufferLike): Uint8Array {
  const length = encoding.length(encoder)
  const bytes = room ? new Uint8Array(room, 0, length) : new Uint8Array(length)
  let at = 0
  for (const full of encoder.bufs) {
    bytes.set(full, at)
    at += full.length
  }
  bytes.set(encoder.cbuf.subarray(0, encoder.cpos), at)
  encoder.bufs = []
  encoder.cpos = 0
  return bytes
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** A 32-bit FNV-1a hash of a string's UTF-16 units: for digests and buckets, never against an adversary. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i)
    hash = Math.imul(hash, 0x01000193)
  }
  // FNV's low bits are weak for short texts; one round of mixing makes the XOR of many hashes safe.
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}
