/**
 * A record of the log of a store: one merge that took place here, as clock and canonical update, so that it can be
 * merged again after a restart. A broadcast is its own record. A difference is not: what it says is dead depends on
 * what was asked, so it is recorded as what it did.
 *
 *   record = broadcast
 *
 * Logs of the time of generations are read: a record may end with the number of one, which means nothing any more, or be a
 * whole state where one began (clock, 0, 0, 1, length, checkpoint).
 */

import { MERGE_BYTES_MAX, MERGE_SESSIONS_MAX, MERGE_STRUCTS_MAX } from '../data-limits.js'
import type { Offence } from '../replica-port.js'
import { readWhole } from './bounded-reader.js'
import type { Entry } from './entry.js'
import { type Envelope, encodeEnvelope } from './envelope.js'
import type { Run } from './incoming.js'
import { killsOf } from './outgoing.js'
import { readUpdate, type UpdateLimits } from './update-reader.js'

/** Stands behind an empty update in front of a whole state. */
const STATE = 1

/** A decoded record. */
export interface Record extends Envelope {
  /** The whole state, where a generation began. */
  checkpoint?: Uint8Array
}

const RECORD_LIMITS: UpdateLimits = {
  bytesMax: MERGE_BYTES_MAX,
  structsMax: MERGE_STRUCTS_MAX,
  sessionsMax: MERGE_SESSIONS_MAX,
  gapMax: Number.POSITIVE_INFINITY,
  kills: true,
}

/** What a difference did: its runs, the entries that it killed, and writes that it contested, which take a record each. */
export function recordsOf(
  clock: number,
  runs: readonly Run[],
  killed: readonly Entry[],
  contested: readonly Entry[],
): Uint8Array[] {
  const alone = contested.map((entry) => ({
    ...{ session: entry.session, start: entry.n, end: entry.n + 1 },
    ...{ entries: [entry], dead: [] },
  }))
  return [encodeRecord(clock, runs, killed), ...alone.map((run) => encodeRecord(clock, [run], []))]
}

function encodeRecord(clock: number, runs: readonly Run[], killed: readonly Entry[]): Uint8Array {
  const bySession = new Map(runs.map((run) => [run.session, run]))
  // A run tells its own dead; naming one twice would be malformed.
  const untold = killed.filter(({ session, n }) => {
    const run = bySession.get(session)
    return run === undefined || n < run.start || n >= run.end
  })
  const kills = killsOf(untold.flatMap(({ session, n }) => [session, n]))
  return encodeEnvelope(clock, [...runs], kills)
}

/** Decodes a record, which may hold more than a broadcast. The offence names the rule that it breaks. */
export function decodeRecord(bytes: Uint8Array): Record | Offence {
  if (bytes.length > 2 * MERGE_BYTES_MAX) return { type: 'offence', kind: 'limit' }
  return readWhole(bytes, (reader) => {
    const envelope = { clock: reader.integer(), update: readUpdate(reader, RECORD_LIMITS) }
    if (reader.remaining === 0 || reader.integer() !== STATE) return envelope
    return { ...envelope, checkpoint: reader.bytes(reader.count(MERGE_BYTES_MAX, 1)) }
  })
}
