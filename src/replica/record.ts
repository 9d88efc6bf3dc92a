/**
 * A record of the log of a store: one merge that took place here, as clock and canonical update, so that it can be
 * merged again after a restart. A broadcast is its own record. A difference is not: what it says is dead depends on
 * what was asked, so it is recorded as what it did. The way into another generation is recorded as what is there.
 *
 *   record = broadcast | clock, 0, 0, 1, length, checkpoint
 */
import * as encoding from 'lib0/encoding'
import type { Offence } from '../protocol/replica-port.js'
import { MERGE_BYTES_MAX, MERGE_STRUCTS_MAX, SESSIONS_MAX } from '../wire/limits.js'
import { readWhole } from './bounded-reader.js'
import type { Entry } from './entry.js'
import { type Envelope, encodeEnvelope } from './envelope.js'
import type { Run } from './incoming.js'
import { killsOf } from './outgoing.js'
import { readUpdate, type UpdateLimits } from './update-reader.js'

/** Stands where a broadcast names its generation; none has that name. */
const RESTART = 1

/** A decoded record. */
export interface Record extends Envelope {
  /** The whole state, in place of everything before. */
  checkpoint?: Uint8Array
}

const RECORD_LIMITS: UpdateLimits = {
  bytesMax: MERGE_BYTES_MAX,
  structsMax: MERGE_STRUCTS_MAX,
  sessionsMax: SESSIONS_MAX,
  gapMax: Number.POSITIVE_INFINITY,
  kills: true,
}

/** What a difference did: its runs, and the entries that it killed. */
export function encodeRecord(
  clock: number,
  runs: readonly Run[],
  killed: readonly Entry[],
  generation: number,
): Uint8Array {
  const bySession = new Map(runs.map((run) => [run.session, run]))
  // A run tells its own dead; naming one twice would be malformed.
  const untold = killed.filter(({ session, n }) => {
    const run = bySession.get(session)
    return run === undefined || n < run.start || n >= run.end
  })
  const kills = killsOf(untold.flatMap(({ session, n }) => [session, n]))
  return encodeEnvelope(clock, [...runs], kills, generation)
}

/** The whole state, from which the records after it go on. */
export function encodeRestart(clock: number, checkpoint: Uint8Array): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, clock)
  for (const field of [0, 0, RESTART]) encoding.write(encoder, field)
  encoding.writeVarUint8Array(encoder, checkpoint)
  return encoding.toUint8Array(encoder)
}

/** Decodes a record, which may hold more than a broadcast. The offence names the rule that it breaks. */
export function decodeRecord(bytes: Uint8Array): Record | Offence {
  if (bytes.length > 2 * MERGE_BYTES_MAX) return { type: 'offence', kind: 'limit' }
  return readWhole(bytes, (reader) => {
    const envelope = { clock: reader.integer(), update: readUpdate(reader, RECORD_LIMITS), generation: 0 }
    if (reader.remaining === 0) return envelope
    const generation = reader.integer()
    if (generation !== RESTART) return { ...envelope, generation }
    return { ...envelope, checkpoint: reader.bytes(reader.count(MERGE_BYTES_MAX, 1)) }
  })
}
