/** A difference taken apart into its fields, still encoded, so that a mutant can put them together otherwise. */
import * as encoding from 'lib0/encoding'
import { BoundedReader } from '../../src/data/replica/bounded-reader.js'
import { writeUpdate } from '../../src/data/replica/canonical-update.js'
import type { Run } from '../../src/data/replica/incoming.js'
import { readUpdate } from '../../src/data/replica/update-reader.js'

/** clock, version, update, told, live: as in difference.ts. */
export interface DifferenceBytes {
  clock: number
  version: number
  runs: Run[]
  told: Uint8Array
  live: Uint8Array
}

const BITMAP_BYTES = 128
const NO_LIMITS = {
  bytesMax: Number.MAX_SAFE_INTEGER,
  structsMax: Number.MAX_SAFE_INTEGER,
  sessionsMax: Number.MAX_SAFE_INTEGER - 1,
  gapMax: Number.POSITIVE_INFINITY,
  kills: false,
  clock: false,
}

export function takeApart(difference: Uint8Array): DifferenceBytes {
  const reader = new BoundedReader(difference)
  const [clock, version] = [reader.integer(), reader.integer()]
  const { runs } = readUpdate(reader, NO_LIMITS)
  const start = reader.position
  if (reader.byte() === 1) reader.bytes(BITMAP_BYTES)
  const sessions = reader.integer()
  for (let i = 0; i < 2 * sessions; i++) reader.integer()
  const told = difference.slice(start, reader.position)
  return { clock, version, runs, told, live: difference.slice(reader.position) }
}

export function putTogether({ clock, version, runs, told, live }: DifferenceBytes): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, clock)
  encoding.writeVarUint(encoder, version)
  writeUpdate(encoder, [...runs], [])
  encoding.writeUint8Array(encoder, told)
  encoding.writeUint8Array(encoder, live)
  return encoding.toUint8Array(encoder)
}
