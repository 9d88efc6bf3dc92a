/**
 * What a hostile holder of the writers' secret can still do to the data (docs/SECURITY.md), in what it has to send and in
 * what each honest member pays.
 */

import { mergeDifference } from '../sim/whole-difference.js'
import { seededRandom } from '../src/base/random.js'
import { STAMP_LEAD_MILLIS_MAX, UPDATE_SESSIONS_MAX } from '../src/data/data-limits.js'
import { planAll } from '../src/data/replica/plan.js'
import { Replica } from '../src/data/replica/replica.js'
import { STAMPS_PER_MILLI, stampOf } from '../src/data/replica/stamp.js'
import type { BenchRow } from './bench.js'
import { type Held, retainedBytes } from './heap.js'
import { atMost, reported } from './lab.js'
import { any, dead, float, item, kill, pack, run, update } from './packing.js'

const NOW = Date.UTC(2026, 0, 1)
const CLOCK = stampOf(NOW)
const HOUR_STAMPS = 3_600_000 * STAMPS_PER_MILLI
const KEYS = 10_000
const SESSIONS = 10
const STRANGER = 2 ** 52
/** A member that asks nothing before it is told is judged by the latest version. */
const ANY_VERSION = Number.MAX_SAFE_INTEGER
const NOTHING = pack(0, 0)
const NO_WRITES = update([])

/** The rows of the data. */
export function* dataCosts(quick: boolean): Iterable<BenchRow> {
  const replica = filled()
  const kills = Array.from({ length: SESSIONS }, (_, at) =>
    kill(STRANGER + SESSIONS - 1 - at, [0, (2 * KEYS) / SESSIONS]),
  )
  yield gone('a broadcast of deaths', replica, merged(update([], kills), replica))
  for (const [what, loaded, inside] of [
    ['a sync with writes that it makes up', false, update([run(1, 0, [dead(4 * KEYS)])])],
    ['a sync without any', false, NO_WRITES],
    ['the same, after a load from a disk', true, NO_WRITES],
  ] as const) {
    const victim = filled(loaded)
    const bytes = pack(CLOCK, ANY_VERSION, inside, NOTHING, NOTHING)
    mergeDifference(victim.exchange, bytes)
    const keys = gone(what, victim, bytes.length)
    yield inside === NO_WRITES ? atMost(keys, 1) : keys
  }
  yield sessionNames(quick ? 100_000 : 1_000_000)
  yield stamps()
  yield fork()
}

function newReplica(seed = 1): Replica {
  return new Replica({ random: seededRandom(seed), wall: () => NOW })
}

/** A member with KEYS keys of SESSIONS sessions. */
function filled(isLoaded = false): Replica {
  const replica = newReplica()
  for (let at = 0; at < SESSIONS; at++)
    for (let from = 0; from < KEYS / SESSIONS; from += 500) {
      const items = Array.from({ length: 500 }, (_, i) =>
        item({ key: `key-${at}-${from + i}`, meta: float(CLOCK), value: any(i) }),
      )
      replica.exchange.receive(pack(CLOCK, update([run(STRANGER + at, 2 * from, items)])))
    }
  if (replica.size !== KEYS) throw new Error(`${replica.size} keys of ${KEYS}`)
  if (!isLoaded) return replica
  const loaded = newReplica(2)
  loaded.exchange.restore(replica.exchange.checkpoint())
  return loaded
}

/** Merges an update; returns what it weighs. */
function merged(bytes: Uint8Array, replica: Replica): number {
  const broadcast = pack(CLOCK, bytes)
  const result = replica.exchange.receive(broadcast)
  if (result.type !== 'applied') throw new Error(`not applied: ${JSON.stringify(result)}`)
  return broadcast.length
}

function row(what: string, value: number, unit: string, note: string): BenchRow {
  return reported({ row: 27, name: 'hostile', what: `writer: ${what}`, value, unit, note })
}

function gone(what: string, victim: Replica, sent: number): BenchRow {
  return row(`keys gone by ${what}`, KEYS - victim.size, `of ${KEYS}`, `${sent} B sent to one member`)
}

/** Each session keeps its name for ever. */
function sessionNames(count: number): BenchRow {
  const held: Held<Replica> = { it: newReplica() }
  const sent = named(held, count)
  const names = held.it?.sessions ?? 0
  const memory = retainedBytes(held) / names
  const note = `${names} names; ${(sent / names).toFixed(1)} B sent for each, once`
  return row('memory of a name of a session', memory, 'B a member', note)
}

/** Tells of a dead write of each of so many sessions; returns what that weighs. */
function named({ it: replica }: Held<Replica>, count: number): number {
  let sent = 0
  for (let from = 0; from < count; from += UPDATE_SESSIONS_MAX) {
    const runs = Array.from({ length: Math.min(UPDATE_SESSIONS_MAX, count - from) }, (_, i) =>
      run(STRANGER + 2 ** 30 - (from + i), 0, [dead(2)]),
    )
    if (replica) sent += merged(update(runs), replica)
  }
  return sent
}

/** How far the stamps of everybody follow a write that is as far ahead as is taken. */
function stamps(): BenchRow {
  const replica = newReplica()
  const aheadBy = (hours: number) => pack(CLOCK + hours * HOUR_STAMPS, update([run(1, 0, [dead(2)])]))
  const most = STAMP_LEAD_MILLIS_MAX / 3_600_000
  const refused = replica.exchange.receive(aheadBy(most + 1))
  if (refused.type !== 'refused') throw new Error(`more than ${most} h was ${refused.type}`)
  const lead = aheadBy(most)
  replica.exchange.receive(lead)
  replica.commit(planAll([{ type: 'set', key: 'k', value: 1 }]))
  const ahead = (stampOf(replica.entry('k')?.at ?? 0) - CLOCK) / HOUR_STAMPS
  return row('times of the next writes ahead', ahead, 'h', `${lead.length} B sent; an hour more is refused`)
}

/** What a member writes anew that is told of a dot of its own session that it never made. */
function fork(): BenchRow {
  const replica = newReplica()
  for (let i = 0; i < 100; i++) replica.commit(planAll([{ type: 'set', key: `key-${i}`, value: i }]))
  replica.exchange.drain()
  const lie = pack(CLOCK, update([run(replica.session, 200, [dead(2)])]))
  const before = replica.session
  replica.exchange.receive(lie)
  if (replica.session === before) throw new Error('no new session')
  const again = replica.exchange.drain().reduce((sum, bytes) => sum + bytes.length, 0)
  const note = `100 writes of the last minute are made again under a new name; ${lie.length} B sent`
  return row('a new session', again, 'B written anew', note)
}
