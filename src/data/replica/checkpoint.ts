/**
 * A checkpoint: the whole state as one Yjs v1 update, which an empty stock `Y.Doc` opens to the same `usr`. What
 * only a replica reads comes first, in an item under the empty key, which no entry can have; it is deleted in the
 * same update, so that nobody else sees it. The entries follow in the order in which it names them. (As runs, as
 * they are broadcast, a session would cost three bytes more and a document of 10,000 clients.)
 *
 *   checkpoint = 1, structs, client, 0, state, entry*, 1, client, 1, 0, 1
 *   state      = 0x23, 1, "usr", "", length, clock, 0, count, session*
 *   session    = distance to the last one, known, (dead, live)*         until they sum up to `known`
 *   entry      = an item as in an update
 *
 * Earlier versions of gossip-kv wrote a list in place of the 0: count, (id, parent, length, sessions)*. It is skipped.
 */
import * as encoding from 'lib0/encoding'
import { MERGE_BYTES_MAX, MERGE_ENTRIES_MAX, MERGE_SESSIONS_MAX, SESSION_WRITES_MAX } from '../data-limits.js'
import type { Offence } from '../replica-port.js'
import { BoundedReader, Refusal, readWhole } from './bounded-reader.js'
import { completed, writeItem, writeRoot } from './canonical-update.js'
import type { DottedMap } from './dotted-map.js'
import type { Entry } from './entry.js'
import type { Incoming, Run } from './incoming.js'
import { millisOf } from './stamp.js'
import { readItem, readRoot } from './update-reader.js'
import type { Value } from './value.js'

/** Items of that list, at most. */
const FORMER_STEPS_MAX = 4
/** ContentBinary (3) with a parent key (bit 6) and no origins. */
const STATE_INFO = 0x23

/** A decoded checkpoint. */
export interface Checkpoint {
  clock: number
  incoming: Incoming
}

/** Everything that `map` knows, at the clock of its replica. */
export function encodeCheckpoint(map: DottedMap, clock: number): Uint8Array {
  const entries: Entry[] = []
  const state = encoding.createEncoder()
  encoding.writeVarUint(state, clock)
  encoding.write(state, 0)
  writeSessions(state, map, entries)
  const encoder = encoding.createEncoder()
  const client = clientOf(map)
  for (const field of [1, 1 + entries.length, client, 0, STATE_INFO]) encoding.writeVarUint(encoder, field)
  writeRoot(encoder)
  encoding.writeVarString(encoder, '')
  encoding.writeVarUint8Array(encoder, encoding.toUint8Array(state))
  for (const entry of entries) writeItem(encoder, entry)
  for (const field of [1, client, 1, 0, 1]) encoding.writeVarUint(encoder, field)
  return encoding.toUint8Array(encoder)
}

/** Two states are two clients of Yjs: a document that is given both takes neither for the other. */
function clientOf(map: DottedMap): number {
  const { high, low } = map.digest.content
  return (high & 0x1fffff) * 2 ** 32 + (low >>> 0) || 1
}

function writeSessions(encoder: encoding.Encoder, map: DottedMap, entries: Entry[]): void {
  encoding.writeVarUint(encoder, map.context.size)
  let last = 0
  for (const session of [...map.context.keys()].sort((a, b) => a - b)) {
    const known = map.known(session)
    encoding.writeVarUint(encoder, session - last)
    encoding.writeVarUint(encoder, known)
    last = session
    const live = map.liveOf(session)
    writeLengths(encoder, live, known)
    for (const entry of live) entries.push(entry)
  }
}

function writeLengths(encoder: encoding.Encoder, live: readonly Entry[], known: number): void {
  let next = 0
  for (let i = 0; i < live.length; ) {
    const start = live[i]?.n ?? 0
    let end = start
    while (live[i]?.n === end) {
      end++
      i++
    }
    encoding.writeVarUint(encoder, start - next)
    encoding.writeVarUint(encoder, end - start)
    next = end
  }
  if (next < known) encoding.writeVarUint(encoder, known - next)
}

/** Decodes a checkpoint; the offence names the rule that it breaks. */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint | Offence {
  if (bytes.length > MERGE_BYTES_MAX) return { type: 'offence', kind: 'limit' }
  return readWhole(bytes, readState)
}

function readState(reader: BoundedReader): Checkpoint {
  expect(reader, 1)
  const structs = reader.count(1 + MERGE_ENTRIES_MAX, 2)
  const client = reader.integer()
  expect(reader, 0)
  expect(reader, STATE_INFO)
  readRoot(reader)
  expect(reader, 0)
  const state = new BoundedReader(reader.bytes(reader.count(MERGE_BYTES_MAX, 1)))
  const clock = state.integer()
  skipFormerSteps(state)
  const runs: Run[] = []
  let left = structs - 1
  let session = 0
  for (let sessions = state.count(MERGE_SESSIONS_MAX, 3); sessions > 0; sessions--) {
    session = readSession(state, session)
    const run = readRun(state, reader, session, left)
    left -= run.entries.length
    runs.push(run)
  }
  if (left !== 0) throw new Refusal('malformed')
  if (state.remaining > 0) throw new Refusal('trailing')
  for (const field of [1, client, 1, 0, 1]) expect(reader, field)
  return { clock, incoming: { runs, kills: [] } }
}

function skipFormerSteps(state: BoundedReader): void {
  for (let left = state.count(FORMER_STEPS_MAX, 4); left > 0; left--) {
    state.integer()
    state.integer()
    state.bytes(state.count(MERGE_BYTES_MAX, 1))
  }
}

/** A session beyond the last one. @throws Refusal */
function readSession(reader: BoundedReader, last: number): number {
  const distance = reader.integer()
  if (distance === 0 || last + distance > Number.MAX_SAFE_INTEGER) throw new Refusal('malformed')
  return last + distance
}

/** How many writes of a session are known: one at least. @throws Refusal */
function readKnown(reader: BoundedReader): number {
  const known = reader.integer()
  if (known === 0) throw new Refusal('malformed')
  if (known > SESSION_WRITES_MAX) throw new Refusal('counter')
  return known
}

/** The lengths come from `state`, the entries from `reader`: `left` of them at most. */
function readRun(state: BoundedReader, reader: BoundedReader, session: number, left: number): Run {
  const end = readKnown(state)
  const run: Run = { session, start: 0, end, entries: [], dead: [] }
  let n = 0
  for (let isLive = false; n < end; isLive = !isLive) {
    const length = state.integer()
    // Only the first length may be none: a session may begin alive.
    if (length > end - n || (length === 0 && (isLive || n > 0))) throw new Refusal('malformed')
    if (isLive && length > left - run.entries.length) throw new Refusal('malformed')
    const to = n + length
    if (isLive) while (n < to) run.entries.push(readItem(reader, session, n++))
    n = to
  }
  return completed(run)
}

function expect(reader: BoundedReader, field: number): void {
  if (reader.integer() !== field) throw new Refusal('malformed')
}

/** What a checkpoint shows, in ascending order of key. */
export function readCheckpoint(bytes: Uint8Array): { key: string; value: Value; at: number }[] | Offence {
  const decoded = decodeCheckpoint(bytes)
  if ('type' in decoded) return decoded
  const entries = new Map<string, Entry>()
  for (const { entries: live } of decoded.incoming.runs) {
    for (const entry of live) {
      // Of a whole state, one write of each key is live.
      if (entries.has(entry.key)) return { type: 'offence', kind: 'duplicate' }
      entries.set(entry.key, entry)
    }
  }
  return [...entries.values()]
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, value, stamp }) => ({ key, value, at: millisOf(stamp) }))
}
