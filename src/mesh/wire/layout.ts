/** How values lie in bytes: layouts of single fields, and of what is made of them. What is read is as bounded as fields.ts has it. */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import {
  malformed,
  readBytes,
  readChoice,
  readCount,
  readFixed,
  readFlag,
  readInteger,
  readText,
  readView,
  readWord,
} from './fields.js'
import { FRAME_BYTES_MAX } from './wire-limits.js'

/** Writes a value and reads it again. Reading throws ProtocolError ERR_FRAME_MALFORMED, or what lib0 throws at an end. */
export interface Layout<T> {
  write(encoder: encoding.Encoder, value: T): void
  read(decoder: decoding.Decoder): T
}

/** The layout of an object, whose fields can be read into one that has been begun. */
export interface Struct<T> extends Layout<T> {
  read(decoder: decoding.Decoder, begun?: object): T
}

export const integer: Layout<number> = { write: encoding.writeVarUint, read: readInteger }
export const byte: Layout<number> = { write: encoding.writeUint8, read: decoding.readUint8 }
export const word: Layout<string> = { write: encoding.writeVarString, read: readWord }
export const flag: Layout<boolean> = {
  write: (encoder, value) => encoding.writeUint8(encoder, value ? 1 : 0),
  read: readFlag,
}

export function text(bytesMax: number): Layout<string> {
  return { write: encoding.writeVarString, read: (decoder) => readText(decoder, bytesMax) }
}

/** A length and so many bytes. */
export function bytes(bytesMax = FRAME_BYTES_MAX): Layout<Uint8Array> {
  return { write: encoding.writeVarUint8Array, read: (decoder) => readBytes(decoder, bytesMax) }
}

/** The same, read without a copy: for what is used up while its frame is handled. */
export const view: Layout<Uint8Array> = {
  write: encoding.writeVarUint8Array,
  read: (decoder) => readView(decoder, readInteger(decoder)),
}

/** So many bytes. */
export function fixed(length: number): Layout<Uint8Array> {
  return { write: encoding.writeUint8Array, read: (decoder) => readFixed(decoder, length) }
}

/** The place in a list. */
export function choice<T>(choices: readonly T[]): Layout<T> {
  return {
    write: (encoder, value) => encoding.writeUint8(encoder, choices.indexOf(value)),
    read: (decoder) => readChoice(decoder, choices),
  }
}

/** A flag, and the value when it is set; an absent one leaves no field in its object. */
export function optional<T>(layout: Layout<T>): Layout<T> {
  return {
    write(encoder, value: T | undefined) {
      flag.write(encoder, value !== undefined)
      if (value !== undefined) layout.write(encoder, value)
    },
    read: (decoder) => (readFlag(decoder) ? layout.read(decoder) : undefined) as T,
  }
}

export function list<T>(item: Layout<T>): Layout<readonly T[]> {
  return {
    write(encoder, items) {
      encoding.writeVarUint(encoder, items.length)
      for (const value of items) item.write(encoder, value)
    },
    read(decoder) {
      const items: T[] = []
      for (let left = readCount(decoder); left > 0; left--) items.push(item.read(decoder))
      return items
    },
  }
}

/** The fields of an object, one after another. */
export function struct<T extends object>(
  fields: { readonly [K in keyof T]-?: Layout<NonNullable<T[K]>> },
): Struct<T> {
  const names = Object.keys(fields) as (keyof T)[]
  const layouts = Object.values(fields) as Layout<unknown>[]
  return {
    write(encoder, value) {
      for (let at = 0; at < names.length; at++) layouts[at]?.write(encoder, value[names[at] as keyof T])
    },
    read(decoder, begun = {}) {
      const object = begun as T
      for (let at = 0; at < names.length; at++) {
        const value = layouts[at]?.read(decoder) as T[keyof T]
        if (value !== undefined) object[names[at] as keyof T] = value
      }
      return object
    },
  }
}

/** One of several objects, named by the place of its `type` in `types`. */
export function variants<T extends { type: string }>(
  types: readonly T['type'][],
  layouts: { readonly [K in T['type']]: Struct<Omit<Extract<T, { type: K }>, 'type'>> },
): Layout<T> {
  const named = choice(types)
  const layoutOf = layouts as unknown as { readonly [type: string]: Struct<never> }
  return {
    write(encoder, value) {
      named.write(encoder, value.type)
      layoutOf[value.type]?.write(encoder, value as never)
    },
    read(decoder) {
      const type: T['type'] = named.read(decoder)
      return layoutOf[type]?.read(decoder, { type }) as unknown as T
    },
  }
}

/** The same layout, of sound values only. */
export function checked<T>(layout: Layout<T>, isSound: (value: T) => boolean, what: string): Struct<T> {
  return {
    write: layout.write,
    read(decoder, begun) {
      const value = (layout as Struct<T>).read(decoder, begun)
      if (!isSound(value)) throw malformed(what)
      return value
    },
  }
}
