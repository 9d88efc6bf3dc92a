/**
 * Reads bytes that nobody vouches for. Every length and count is checked against the bytes that remain before
 * anything is allocated; what breaks a rule throws `Refusal` with the rule's name, and nothing else escapes
 * `readWhole`.
 */
import * as decoding from 'lib0/decoding'
import type { Offence } from '../protocol/replica-port.js'
import { FORBIDDEN_KEYS, VALUE_BYTES_MAX, VALUE_DEPTH_MAX } from '../wire/limits.js'
import type { Measure, Value } from './value.js'

/** A rule that bytes broke. */
export class Refusal extends Error {
  readonly kind: string

  constructor(kind: string) {
    super(kind)
    this.kind = kind
  }
}

/** The first byte of a value in lib0's `writeAny`. */
const ANY = {
  bytes: 116,
  array: 117,
  object: 118,
  string: 119,
  true: 120,
  false: 121,
  float64: 123,
  float32: 124,
  integer: 125,
  null: 126,
} as const

/** Calls `read` on all of `bytes`; a broken rule or bytes left over make an offence. */
export function readWhole<T extends object>(
  bytes: Uint8Array,
  read: (reader: BoundedReader) => T,
): T | Offence {
  const reader = new BoundedReader(bytes)
  try {
    const result = read(reader)
    return reader.remaining === 0 ? result : { type: 'offence', kind: 'trailing' }
  } catch (error) {
    // Whatever lib0 or the platform throws on bytes (a RangeError, a TypeError of the UTF-8 decoder) is their fault.
    return { type: 'offence', kind: error instanceof Refusal ? error.kind : 'malformed' }
  }
}

/** A position in bytes. */
export class BoundedReader {
  readonly #decoder: decoding.Decoder
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#decoder = decoding.createDecoder(bytes)
  }

  get remaining(): number {
    return this.#bytes.length - this.#decoder.pos
  }

  get position(): number {
    return this.#decoder.pos
  }

  /** A copy of what was read since `start`. */
  copySince(start: number): Uint8Array {
    return this.#bytes.slice(start, this.#decoder.pos)
  }

  byte(): number {
    const byte = this.#bytes[this.#decoder.pos++]
    if (byte === undefined) throw new Refusal('malformed')
    return byte
  }

  /** A copy of the next `length` bytes. */
  bytes(length: number): Uint8Array {
    if (length > this.remaining) throw new Refusal('malformed')
    return this.#copy(length)
  }

  /** An integer of at most 53 bits. */
  integer(): number {
    const first = this.#bytes[this.#decoder.pos]
    if (first !== undefined && first < 0x80) {
      this.#decoder.pos++
      return first
    }
    const value = decoding.readVarUint(this.#decoder)
    if (!(value <= Number.MAX_SAFE_INTEGER)) throw new Refusal('malformed')
    return value
  }

  /** A number of things of at least `bytesEach` bytes each, at most `max`. */
  count(max: number, bytesEach: number): number {
    const count = this.integer()
    if (count > max) throw new Refusal('limit')
    if (count * bytesEach > this.remaining) throw new Refusal('malformed')
    return count
  }

  /** A float as lib0 writes it. */
  float64(): number {
    if (this.remaining < 8) throw new Refusal('malformed')
    return decoding.readFloat64(this.#decoder)
  }

  /** Well-formed text of at most `bytesMax` bytes; a longer one breaks the rule `kind`. */
  text(bytesMax: number, kind: string): string {
    const length = this.integer()
    if (length > bytesMax) throw new Refusal(kind)
    if (length > this.remaining) throw new Refusal('malformed')
    return length <= SHORT_TEXT ? this.#shortText(length) : this.#longText(length)
  }

  /** The platform's decoder costs a call out of the engine; short ASCII is quicker by hand. */
  #shortText(length: number): string {
    const start = this.#decoder.pos
    let text = ''
    for (let i = 0; i < length; i++) {
      const byte = this.#bytes[start + i] ?? 0
      if (byte >= 0x80) return this.#longText(length)
      text += ASCII[byte]
    }
    this.#decoder.pos = start + length
    return text
  }

  #longText(length: number): string {
    const start = this.#decoder.pos
    this.#decoder.pos = start + length
    return utf8.decode(this.#bytes.subarray(start, start + length))
  }

  /** A value, built within the limits of values. Fills `measure`. */
  value(measure: Measure): Value {
    const start = this.#decoder.pos
    measure.binary = false
    const value = this.#any(measure, 0)
    measure.bytes = this.#decoder.pos - start
    if (measure.bytes > VALUE_BYTES_MAX) throw new Refusal('value')
    return value
  }

  #any(measure: Measure, depth: number): Value {
    switch (this.byte()) {
      case ANY.string:
        return this.text(VALUE_BYTES_MAX, 'value')
      case ANY.integer:
        return finite(decoding.readVarInt(this.#decoder))
      case ANY.float32:
        if (this.remaining < 4) throw new Refusal('malformed')
        return finite(decoding.readFloat32(this.#decoder))
      case ANY.float64:
        return finite(this.float64())
      case ANY.true:
        return true
      case ANY.false:
        return false
      case ANY.null:
        return null
      case ANY.bytes:
        measure.binary = true
        return this.#copy(this.count(VALUE_BYTES_MAX, 1))
      case ANY.array:
        return this.#array(measure, depth)
      case ANY.object:
        return this.#object(measure, depth)
      default:
        throw new Refusal('value')
    }
  }

  #copy(length: number): Uint8Array {
    const start = this.#decoder.pos
    this.#decoder.pos += length
    return this.#bytes.slice(start, start + length)
  }

  #array(measure: Measure, depth: number): readonly Value[] {
    if (depth >= VALUE_DEPTH_MAX) throw new Refusal('value')
    const length = this.count(VALUE_BYTES_MAX, 1)
    const array: Value[] = []
    for (let i = 0; i < length; i++) array.push(this.#any(measure, depth + 1))
    return Object.freeze(array)
  }

  #object(measure: Measure, depth: number): { readonly [key: string]: Value } {
    if (depth >= VALUE_DEPTH_MAX) throw new Refusal('value')
    const size = this.count(VALUE_BYTES_MAX, 2)
    const object: Record<string, Value> = {}
    for (let i = 0; i < size; i++) {
      const key = this.text(VALUE_BYTES_MAX, 'value')
      if (FORBIDDEN_KEYS.has(key) || Object.hasOwn(object, key)) throw new Refusal('value')
      object[key] = this.#any(measure, depth + 1)
    }
    return Object.freeze(object)
  }
}

const SHORT_TEXT = 24
const ASCII = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code))
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Minus zero has a form in bytes; two members must not hold two zeros. */
function finite(value: number): number {
  if (!Number.isFinite(value) || Object.is(value, -0)) throw new Refusal('value')
  return value
}
