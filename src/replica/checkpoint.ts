/** A checkpoint: the whole state as one bare Yjs v1 update, with the clock in it. */
import type { Offence } from '../protocol/replica-port.js'
import { MERGE_BYTES_MAX, MERGE_STRUCTS_MAX, SESSIONS_MAX } from '../wire/limits.js'
import { type Decoded, decodeUpdate, encodeUpdate, runOf, type UpdateLimits } from './canonical-update.js'
import type { DottedMap } from './dotted-map.js'
import type { Entry } from './entry.js'
import { millisOf } from './stamp.js'
import type { Value } from './value.js'

const CHECKPOINT_LIMITS: UpdateLimits = {
  bytesMax: MERGE_BYTES_MAX,
  structsMax: MERGE_STRUCTS_MAX,
  sessionsMax: SESSIONS_MAX,
  gapMax: Number.POSITIVE_INFINITY,
  kills: false,
  clock: true,
}

/** Everything that `map` knows, at the clock of its replica. */
export function encodeCheckpoint(map: DottedMap, clock: number): Uint8Array {
  const runs = [...map.context.keys()].map((session) => runOf(map, session, 0))
  return encodeUpdate(runs, [], clock)
}

/** Decodes a checkpoint; the offence names the rule that it breaks. */
export function decodeCheckpoint(bytes: Uint8Array): Decoded | Offence {
  return decodeUpdate(bytes, CHECKPOINT_LIMITS)
}

/** What a checkpoint shows: the entries that are not hidden, in ascending order of key. */
export function readCheckpoint(bytes: Uint8Array): { key: string; value: Value; at: number }[] | Offence {
  const decoded = decodeCheckpoint(bytes)
  if ('type' in decoded) return decoded
  const entries = new Map<string, Entry>()
  for (const { entries: live } of decoded.runs) {
    for (const entry of live) {
      // Of a whole state, one write of each key is live.
      if (entries.has(entry.key)) return { type: 'offence', kind: 'duplicate' }
      entries.set(entry.key, entry)
    }
  }
  return [...entries.values()]
    .filter((entry) => !entry.hidden)
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, value, stamp }) => ({ key, value, at: millisOf(stamp) }))
}
