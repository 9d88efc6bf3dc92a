/**
 * What may be stored: keys and values, checked, measured and cloned on entry. Strings must be well-formed
 * UTF-16, since two keys with lone surrogates are one key after encoding.
 */
import { shown, UsageError } from '../../base/errors.js'
import { FORBIDDEN_KEYS } from '../../base/forbidden-keys.js'
import { KEY_BYTES_MAX, VALUE_BYTES_MAX, VALUE_DEPTH_MAX } from '../data-limits.js'

/** What may be stored: JSON values and bytes. Cloned and frozen on entry; a whole value wins, never a part of one. */
export type Value =
  | null
  | boolean
  | number
  | string
  | readonly Value[]
  | { readonly [key: string]: Value }
  | Uint8Array

/** What cloning learns of a value besides the clone. */
export interface Measure {
  /** The size of the encoded value in bytes; lib0's `writeAny` writes exactly as many or a few less. */
  bytes: number
  /** True when a Uint8Array is the value or is inside it: it cannot be frozen. */
  binary: boolean
}

/** The length of `text` in UTF-8, or -1 when it holds a lone surrogate. */
export function utf8Length(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) continue
    if (unit < 0x800) bytes += 1
    else if (unit < 0xd800 || unit > 0xdfff) bytes += 2
    else if (unit > 0xdbff || !isLowSurrogate(text, ++i)) return -1
    else bytes += 2
  }
  return bytes
}

function isLowSurrogate(text: string, index: number): boolean {
  const unit = text.charCodeAt(index)
  return unit >= 0xdc00 && unit <= 0xdfff
}

/** Checks a key and returns its length in bytes of UTF-8. @throws UsageError ERR_KEY_INVALID */
export function checkKey(key: unknown): number {
  if (typeof key !== 'string') throw keyInvalid(key, 'is not a string')
  if (key.length > KEY_BYTES_MAX) throw keyInvalid(key, `has more than ${KEY_BYTES_MAX} bytes`)
  const bytes = utf8Length(key)
  if (bytes <= 0)
    throw keyInvalid(key, bytes === 0 ? 'is empty' : 'is not well-formed: it holds half of a surrogate pair')
  if (bytes > KEY_BYTES_MAX) throw keyInvalid(key, `has ${bytes} bytes of at most ${KEY_BYTES_MAX}`)
  if (FORBIDDEN_KEYS.has(key)) throw keyInvalid(key, "would reach an object's prototype")
  return bytes
}

function keyInvalid(key: unknown, reason: string): UsageError {
  return new UsageError('ERR_KEY_INVALID', `The key ${shown(key)} ${reason}`, {
    fix: `Use a well-formed string of 1 to ${KEY_BYTES_MAX} bytes of UTF-8`,
  })
}

/**
 * Clones and freezes a value, deeply. Bytes are cloned but cannot be frozen: the holder of the clone must not
 * write to it. Minus zero becomes zero. Fills `measure` when it is given.
 * @throws UsageError ERR_VALUE_INVALID, ERR_TOO_LARGE
 */
export function cloneValue(value: unknown, measure: Measure = { bytes: 0, binary: false }): Value {
  measure.bytes = 0
  measure.binary = false
  return clone(value, measure, 0)
}

function clone(value: unknown, measure: Measure, depth: number): Value {
  switch (typeof value) {
    case 'string':
      return cloneString(value, measure)
    case 'number':
      if (!Number.isFinite(value)) throw valueInvalid(value, 'is not a finite number')
      grow(measure, numberBytes(value))
      // Minus zero would be another value in bytes and the same one in JSON.
      return value === 0 ? 0 : value
    case 'boolean':
      grow(measure, 1)
      return value
    case 'object':
      if (value === null) {
        grow(measure, 1)
        return null
      }
      return cloneObject(value, measure, depth)
    default:
      throw valueInvalid(value, `is of type ${typeof value}`)
  }
}

function cloneString(value: string, measure: Measure): string {
  // A string that is too long is refused before it is scanned.
  const bytes = value.length > VALUE_BYTES_MAX ? value.length : utf8Length(value)
  if (bytes < 0) throw valueInvalid(value, 'is not well-formed: it holds half of a surrogate pair')
  grow(measure, 1 + lengthBytes(bytes) + bytes)
  return value
}

function cloneObject(value: object, measure: Measure, depth: number): Value {
  if (value instanceof Uint8Array) return cloneBytes(value, measure)
  if (depth >= VALUE_DEPTH_MAX)
    throw valueInvalid(value, `nests deeper than ${VALUE_DEPTH_MAX} levels (or contains itself)`)
  if (Array.isArray(value)) return cloneArray(value, measure, depth)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null && !isForeignPlain(prototype))
    throw valueInvalid(value, 'is an instance of a class')
  return cloneRecord(value, measure, depth)
}

/** Whether it is the `Object.prototype` of another realm, as of an iframe. */
function isForeignPlain(prototype: unknown): boolean {
  if (typeof prototype !== 'object' || prototype === null || Object.getPrototypeOf(prototype) !== null)
    return false
  return Object.hasOwn(prototype, 'isPrototypeOf')
}

function cloneBytes(value: Uint8Array, measure: Measure): Uint8Array {
  grow(measure, 1 + lengthBytes(value.length) + value.length)
  measure.binary = true
  // A view of a subclass, as Node's Buffer, becomes a plain one: Yjs looks at the constructor.
  return Uint8Array.from(value)
}

function cloneArray(value: readonly unknown[], measure: Measure, depth: number): readonly Value[] {
  grow(measure, 1 + lengthBytes(value.length))
  const copy: Value[] = []
  for (let i = 0; i < value.length; i++) copy.push(clone(value[i], measure, depth + 1))
  return Object.freeze(copy)
}

function cloneRecord(value: object, measure: Measure, depth: number): { readonly [key: string]: Value } {
  if (Object.getOwnPropertySymbols(value).length > 0) throw valueInvalid(value, 'has a symbol as a key')
  const keys = Object.keys(value)
  grow(measure, 1 + lengthBytes(keys.length))
  const copy: Record<string, Value> = {}
  for (const key of keys) {
    if (FORBIDDEN_KEYS.has(key)) throw valueInvalid(value, `has the forbidden key ${shown(key)}`)
    const bytes = key.length > VALUE_BYTES_MAX ? key.length : utf8Length(key)
    if (bytes < 0) throw valueInvalid(value, 'has a key that is not well-formed')
    grow(measure, lengthBytes(bytes) + bytes)
    copy[key] = clone((value as Record<string, unknown>)[key], measure, depth + 1)
  }
  return Object.freeze(copy)
}

function grow(measure: Measure, bytes: number): void {
  measure.bytes += bytes
  if (measure.bytes > VALUE_BYTES_MAX) throw valueTooLarge()
}

function numberBytes(value: number): number {
  if (!Number.isInteger(value) || Math.abs(value) > 0x7fffffff) return 9
  const size = Math.abs(value)
  return size < 0x40 ? 2 : 2 + Math.ceil((32 - Math.clz32(size) - 6) / 7)
}

function lengthBytes(length: number): number {
  return length < 0x80 ? 1 : length < 0x4000 ? 2 : length < 0x200000 ? 3 : 4
}

function valueInvalid(value: unknown, reason: string): UsageError {
  return new UsageError('ERR_VALUE_INVALID', `The value ${described(value)} ${reason}`)
}

function described(value: unknown): string {
  if (typeof value !== 'object' || value === null) return shown(value)
  return Array.isArray(value) ? '[array]' : '[object]'
}

function valueTooLarge(): UsageError {
  return new UsageError('ERR_TOO_LARGE', `The value has more than ${VALUE_BYTES_MAX} bytes in encoded form`)
}
