/**
 * Reads untrusted bytes in the encoding of lib0. Every length and count is checked against the bytes that remain before
 * anything is allocated; what breaks a rule throws `Refusal` with the rule's name, and nothing else escapes
 * `readSafely`.
 */

import { FORBIDDEN_KEYS } from '../../base/forbidden-keys.js'
import { VALUE_BYTES_MAX, VALUE_DEPTH_MAX } from '../data-limits.js'
import type { Offence } from '../replica-port.js'
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
  return readSafely(() => {
    const reader = new BoundedReader(bytes)
    const result = read(reader)
    if (reader.remaining > 0) throw new Refusal('trailing')
    return result
  })
}

/** Calls `read`; a broken rule makes an offence. */
export function readSafely<T>(read: () => T): T | Offence {
  try {
    return read()
  } catch (error) {
    // What the platform throws on bytes (a RangeError, a TypeError of the UTF-8 decoder) is the fault of the bytes.
    return { type: 'offence', kind: error instanceof Refusal ? error.kind : 'malformed' }
  }
}

/** A position in bytes. */
export class BoundedReader {
  readonly #bytes: Uint8Array
  #position = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get remaining(): number {
    return this.#bytes.length - this.#position
  }

  get position(): number {
    return this.#position
  }

  /** A copy of what was read since `start`. */
  copySince(start: number): Uint8Array {
    return this.#bytes.slice(start, this.#position)
  }

  byte(): number {
    const byte = this.#bytes[this.#position++]
    if (byte === undefined) throw new Refusal('malformed')
    return byte
  }

  /** A copy of the next `length` bytes. */
  bytes(length: number): Uint8Array {
    if (length > this.remaining) throw new Refusal('malformed')
    return this.#copy(length)
  }

  /** An integer of at most 53 bits, the least significant seven first. */
  integer(): number {
    let value = 0
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.byte()
      value += (byte & 0x7f) * factor
      if (value > Number.MAX_SAFE_INTEGER) throw new Refusal('malformed')
      if (byte < 0x80) return value
    }
  }

  /** An integer with its sign in the second bit. */
  #signed(): number {
    const first = this.byte()
    const rest = first < 0x80 ? 0 : this.integer()
    const size = rest * 0x40 + (first & 0x3f)
    if (size > Number.MAX_SAFE_INTEGER) throw new Refusal('malformed')
    return (first & 0x40) === 0 ? size : -size
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
    this.#fill(8)
    return floatView.getFloat64(0)
  }

  #float32(): number {
    this.#fill(4)
    return floatView.getFloat32(0)
  }

  #fill(length: number): void {
    if (this.remaining < length) throw new Refusal('malformed')
    for (let i = 0; i < length; i++) float[i] = this.byte()
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
    const bytes = this.#bytes
    const start = this.#position
    const end = start + length
    let text = ''
    let i = start
    // Four at a time: each piece of a text is garbage afterwards.
    for (; i + 4 <= end; i += 4) {
      const [a = 0, b = 0, c = 0, d = 0] = [bytes[i], bytes[i + 1], bytes[i + 2], bytes[i + 3]]
      if ((a | b | c | d) >= 0x80) return this.#longText(length)
      text += String.fromCharCode(a, b, c, d)
    }
    for (; i < end; i++) {
      const byte = bytes[i] ?? 0
      if (byte >= 0x80) return this.#longText(length)
      text += String.fromCharCode(byte)
    }
    this.#position = start + length
    return text
  }

  #longText(length: number): string {
    const start = this.#position
    this.#position = start + length
    return utf8.decode(this.#bytes.subarray(start, start + length))
  }

  /** A value, built within the limits of values. Fills `measure`. */
  value(measure: Measure): Value {
    const start = this.#position
    measure.binary = false
    const value = this.#any(measure, 0)
    measure.bytes = this.#position - start
    if (measure.bytes > VALUE_BYTES_MAX) throw new Refusal('value')
    return value
  }

  #any(measure: Measure, depth: number): Value {
    switch (this.byte()) {
      case ANY.string:
        return this.text(VALUE_BYTES_MAX, 'value')
      case ANY.integer:
        return finite(this.#signed())
      case ANY.float32:
        return finite(this.#float32())
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
    const start = this.#position
    this.#position += length
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
// Reused: a view for each float would be garbage.
const float = new Uint8Array(8)
const floatView = new DataView(float.buffer)
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Minus zero has a form in bytes; two members must not hold two zeros. */
function finite(value: number): number {
  if (!Number.isFinite(value) || Object.is(value, -0)) throw new Refusal('value')
  return value
}
