/**
 * A record of the log of a store: one merge that took place here, as clock and canonical update, so that it can be
 * merged again after a restart. A broadcast is its own record. A difference is not: what it says is dead depends on
 * what was asked, so it is recorded as what it did.
 */
import * as encoding from 'lib0/encoding'
import type { Offence } from '../protocol/replica-port.js'
import { MERGE_BYTES_MAX, MERGE_STRUCTS_MAX, SESSIONS_MAX } from '../wire/limits.js'
import { readWhole } from './bounded-reader.js'
import { readUpdate, type UpdateLimits, writeUpdate } from './canonical-update.js'
import type { Entry } from './entry.js'
import type { Envelope } from './envelope.js'
import type { Run } from './incoming.js'
import { killsOf } from './outgoing.js'

const RECORD_LIMITS: UpdateLimits = {
  bytesMax: MERGE_BYTES_MAX,
  structsMax: MERGE_STRUCTS_MAX,
  sessionsMax: SESSIONS_MAX,
  gapMax: Number.POSITIVE_INFINITY,
  kills: true,
  clock: false,
}

/** What a difference did: its runs, and the entries that it killed. */
export function encodeRecord(clock: number, runs: Run[], killed: readonly Entry[]): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, clock)
  const bySession = new Map(runs.map((run) => [run.session, run]))
  // A run tells its own dead; naming one twice would be malformed.
  const untold = killed.filter(({ session, n }) => {
    const run = bySession.get(session)
    return run === undefined || n < run.start || n >= run.end
  })
  writeUpdate(encoder, runs, killsOf(untold.flatMap(({ session, n }) => [session, n])))
  return encoding.toUint8Array(encoder)
}

/** Decodes a record, which may hold more than a broadcast. The offence names the rule that it breaks. */
export function decodeRecord(bytes: Uint8Array): Envelope | Offence {
  if (bytes.length > MERGE_BYTES_MAX) return { type: 'offence', kind: 'limit' }
  return readWhole(bytes, (reader) => ({
    clock: reader.integer(),
    update: readUpdate(reader, RECORD_LIMITS),
  }))
}
