/** Writes update bytes field by field, so that a test can break one rule at a time. */
import * as encoding from 'lib0/encoding'

/** A number is a varuint; a string is lib0 text; bytes go as they are. */
export type Field = number | string | Uint8Array

/** Concatenates fields. */
export function raw(...fields: Field[]): Uint8Array {
  const encoder = encoding.createEncoder()
  for (const field of fields) {
    if (typeof field === 'number') encoding.writeVarUint(encoder, field)
    else if (typeof field === 'string') encoding.writeVarString(encoder, field)
    else encoding.writeUint8Array(encoder, field)
  }
  return encoding.toUint8Array(encoder)
}

/** A value as lib0 writes it. */
export function any(value: unknown): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeAny(encoder, value as Parameters<typeof encoding.writeAny>[1])
  return encoding.toUint8Array(encoder)
}

/** A stamp as it travels: always a float64. */
export function float(value: number): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.write(encoder, 123)
  encoding.writeFloat64(encoder, value)
  return encoding.toUint8Array(encoder)
}

/** An item of `usr`, with any part replaced. */
export function item(
  parts: {
    info?: number
    parent?: number
    root?: string
    key?: string
    length?: number
    meta?: Uint8Array
    value?: Uint8Array
  } = {},
): Uint8Array {
  return raw(
    parts.info ?? 0x28,
    parts.parent ?? 1,
    parts.root ?? 'usr',
    parts.key ?? 'key',
    parts.length ?? 2,
    parts.meta ?? float(1000),
    parts.value ?? any('value'),
  )
}

/** A run of dead writes, `clocks` being twice their number. */
export function gap(clocks: number): Uint8Array {
  return raw(0, clocks)
}

/** An update of one run, without deaths outside of it. */
export function update(session: number, clock: number, ...structs: Uint8Array[]): Uint8Array {
  return raw(1, structs.length, session, clock, ...structs, 0)
}

/** An envelope: the clock of the sender, then an update. */
export function envelope(clock: number, bytes: Uint8Array): Uint8Array {
  return raw(clock, bytes)
}
