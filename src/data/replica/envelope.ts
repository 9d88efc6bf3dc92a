/**
 * The bytes of one broadcast: the clock of the sender, then a canonical update.
 *
 *   broadcast = clock, update
 */
import * as encoding from 'lib0/encoding'
import { UPDATE_BYTES_MAX, UPDATE_GAP_MAX, UPDATE_SESSIONS_MAX, UPDATE_STRUCTS_MAX } from '../data-limits.js'
import type { Offence } from '../replica-port.js'
import { readWhole } from './bounded-reader.js'
import { writeUpdate } from './canonical-update.js'
import type { Kill, Run } from './incoming.js'
import { type Decoded, readUpdate, type UpdateLimits } from './update-reader.js'

/** A decoded broadcast. */
export interface Envelope {
  /** The sender's clock: dead runs carry no stamp, and without it a member falls behind what it follows. */
  clock: number
  update: Decoded
}

const BROADCAST_LIMITS: UpdateLimits = {
  bytesMax: UPDATE_BYTES_MAX,
  structsMax: UPDATE_STRUCTS_MAX,
  sessionsMax: UPDATE_SESSIONS_MAX,
  gapMax: UPDATE_GAP_MAX,
  kills: true,
}

/** Encodes a broadcast. */
export function encodeEnvelope(clock: number, runs: Run[], kills: Kill[]): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, clock)
  writeUpdate(encoder, runs, kills)
  return encoding.toUint8Array(encoder)
}

/** Decodes a broadcast; the offence names the rule that it breaks. */
export function decodeEnvelope(bytes: Uint8Array): Envelope | Offence {
  if (bytes.length > UPDATE_BYTES_MAX) return { type: 'offence', kind: 'limit' }
  return readWhole(bytes, (reader) => ({
    clock: reader.integer(),
    update: readUpdate(reader, BROADCAST_LIMITS),
  }))
}
