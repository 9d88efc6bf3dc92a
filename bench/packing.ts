/**
 * Writes Yjs v1 updates byte by byte, right or wrong. It shares no code with the replica, so that what it writes
 * is judged by the format and not by the replica's own encoder. Runs in every runtime.
 */
import * as encoding from 'lib0/encoding'

/** A number becomes a varint, a text a text with its length, bytes stay as they are. */
export type Part = number | string | Uint8Array

/** Joins parts. */
export function pack(...parts: readonly Part[]): Uint8Array {
  const encoder = encoding.createEncoder()
  for (const part of parts) {
    if (typeof part === 'number') encoding.writeVarUint(encoder, part)
    else if (typeof part === 'string') encoding.writeVarString(encoder, part)
    else encoding.writeUint8Array(encoder, part)
  }
  return encoding.toUint8Array(encoder)
}

/** A value as lib0 writes it. */
export function any(value: unknown): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeAny(encoder, value as Parameters<typeof encoding.writeAny>[1])
  return encoding.toUint8Array(encoder)
}

/** A number as eight bytes with its tag: how stamps travel. */
export function float(value: number): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.write(encoder, 123)
  encoding.writeFloat64(encoder, value)
  return encoding.toUint8Array(encoder)
}

/** The parts of an item; what is left out is as an honest member writes it. */
export interface ItemParts {
  /** Kind of content, and which origins and names follow. Default 0x28: any values, a key, no origin. */
  info?: number
  /** 1: the parent is a root that is named; 0: it is an item. Default 1. */
  parent?: number
  /** Default `usr`. */
  root?: Part
  key: Part
  /** How many values the content has. Default 2: meta and value. */
  arity?: number
  meta: Uint8Array
  value?: Uint8Array
}

/** One item. */
export function item({
  info = 0x28,
  parent = 1,
  root = 'usr',
  key,
  arity = 2,
  ...rest
}: ItemParts): Uint8Array {
  return pack(Uint8Array.of(info), parent, root, key, arity, rest.meta, rest.value ?? any('x'))
}

/** A run of dead clocks; a dot takes two of them. */
export function dead(clocks: number): Uint8Array {
  return pack(0, clocks)
}

/** Consecutive structs of one session, from `clock` on. `count` is what is claimed. */
export function run(
  session: number,
  clock: number,
  structs: readonly Uint8Array[],
  count?: number,
): Uint8Array {
  return pack(count ?? structs.length, session, clock, ...structs)
}

/** Dead clocks of one session, as pairs of start and length. */
export function kill(session: number, ...ranges: readonly (readonly [number, number])[]): Uint8Array {
  return pack(session, ranges.length, ...ranges.flat())
}

/** A whole update. */
export function update(runs: readonly Uint8Array[], kills: readonly Uint8Array[] = []): Uint8Array {
  return pack(runs.length, ...runs, kills.length, ...kills)
}

/** The parts of a checkpoint; what is left out is as an honest member writes it. */
export interface CheckpointParts {
  clock?: Part
  /** Sessions, with their number in front. */
  sessions: Part
  entries?: readonly Uint8Array[]
  /** How many structs are claimed. */
  structs?: number
  deletes?: Part
}

/** A whole checkpoint. */
export function checkpoint({ clock = 0, sessions, entries = [], ...rest }: CheckpointParts): Uint8Array {
  const state = pack(clock, 0, sessions)
  const { structs = 1 + entries.length, deletes = pack(1, 9, 1, 0, 1) } = rest
  const hidden = pack(Uint8Array.of(0x23), 1, 'usr', '', state.length, state)
  return pack(1, structs, 9, 0, hidden, ...entries, deletes)
}
