/**
 * A value as text and back. Strings are shown and edited as they are; everything else is JSON. Bytes have no
 * JSON form, so that a value that holds some is shown and not edited.
 */
import type { Value } from '../src/index.js'
import { sizeText } from './plain-text.js'

/** How a text is read: as it stands, or as JSON. */
export type TextForm = 'text' | 'json'

const SHOWN_CHARACTERS_MAX = 240

/** The form in which a value is edited; undefined for one that cannot be. */
export function formOf(value: Value): TextForm | undefined {
  if (typeof value === 'string') return 'text'
  return holdsBytes(value) ? undefined : 'json'
}

/** The text that an editor begins with. */
export function textOf(value: Value): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** The text that a table shows: shortened, and with bytes in hexadecimal. */
export function shownText(value: Value): string {
  const text = wholeText(value)
  if (text.length <= SHOWN_CHARACTERS_MAX) return text
  return `${text.slice(0, SHOWN_CHARACTERS_MAX)}... (${sizeText(text.length)})`
}

/**
 * Reads a text.
 * @throws Error with a sentence for people when it is no JSON
 */
export function parseText(text: string, form: TextForm): Value {
  if (form === 'text') return text
  try {
    return JSON.parse(text) as Value
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`This is not JSON: ${reason}. Texts need double quotes, as in "hello".`)
  }
}

function wholeText(value: Value): string {
  if (typeof value === 'string') return value
  return value instanceof Uint8Array ? bytesText(value) : JSON.stringify(value, bytesInJson)
}

function holdsBytes(value: Value): boolean {
  if (value instanceof Uint8Array) return true
  if (value === null || typeof value !== 'object') return false
  return Object.values(value).some(holdsBytes)
}

function bytesInJson(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? bytesText(value) : value
}

function bytesText(bytes: Uint8Array): string {
  const head = [...bytes.subarray(0, 24)].map((byte) => byte.toString(16).padStart(2, '0'))
  return `${sizeText(bytes.length)}: ${head.join(' ')}${bytes.length > 24 ? ' ...' : ''}`
}
