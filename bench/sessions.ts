/**
 * Row 29: a store that 10,000 sessions have written to, three writes each on 10,000 keys, beside one of the same
 * content under a single session. Plain Yjs beside it holds the same items under 10,000 clients.
 */

import * as Y from 'yjs'
import { randomInteger, seededRandom } from '../src/base/random.js'
import { planAll } from '../src/data/replica/plan.js'
import type { Replica } from '../src/data/replica/replica.js'
import type { Bench, BenchRow } from './bench.js'
import { builtSubject, type Subject } from './built.js'
import { contest, median, type Outcome, rateOf, shownRange, shownRate } from './contest.js'
import { plainDocOf, updatesOf, type Visit, visits } from './population.js'

const SESSIONS = 10_000
const WRITES = 3
const KEYS = 10_000
/** Sessions that a summary still lists one by one. */
const LISTED = 1000
/** Keys of which a summary says nothing. */
const FEW_KEYS = 900
const OPERATIONS = 10_000

/** What past sessions cost. */
export const sessions: Bench = {
  name: 'sessions',
  rows: [29],
  about:
    'set and receive rates after 10,000 sessions as a ratio to a fresh store, bytes that a session leaves',
  async *run({ quick }) {
    const subject = await builtSubject()
    const history = visits(seededRandom(29), SESSIONS, WRITES, KEYS)
    const stores = checkpointsOf(subject, history)
    const plain = plainRates(history)
    const rounds = quick ? 7 : 15
    yield rateRow('set', await setContest(subject, stores, rounds), plain.set)
    yield rateRow('receive', await receiveContest(subject, stores, rounds), plain.receive)
    yield* bytesRows(subject, stores)
  },
}

interface Stores {
  crowded: Uint8Array
  fresh: Uint8Array
}

function replica({ Replica }: Subject): Replica {
  return new Replica({ random: Math.random, wall: Date.now })
}

function checkpointsOf(subject: Subject, history: readonly Visit[]): Stores {
  const crowded = replica(subject)
  for (const update of updatesOf(history, Date.now())) {
    const result = crowded.exchange.receive(update)
    if (result.type !== 'applied') throw new Error(`an honest update was not applied: ${result.type}`)
  }
  const fresh = replica(subject)
  for (const key of crowded.keys())
    fresh.commit(planAll([{ type: 'set', key, value: crowded.get(key) ?? null }]))
  return { crowded: crowded.exchange.checkpoint(), fresh: fresh.exchange.checkpoint() }
}

function restored(subject: Subject, checkpoint: Uint8Array): Replica {
  const copy = replica(subject)
  copy.exchange.restore(checkpoint)
  if (copy.size === 0) throw new Error('the checkpoint is empty')
  return copy
}

/** Writes and what is put off until they are drained. */
function write(target: Replica, count: number): Uint8Array[] {
  const random = seededRandom(1)
  const updates: Uint8Array[] = []
  for (let i = 0; i < count; i++) {
    target.commit(planAll([{ type: 'set', key: `key-${randomInteger(random, KEYS)}`, value: i }]))
    updates.push(...target.exchange.drain())
  }
  return updates
}

function setContest(subject: Subject, { crowded, fresh }: Stores, rounds: number): Promise<Outcome> {
  const round = (checkpoint: Uint8Array) => () => {
    const target = restored(subject, checkpoint)
    return rateOf(OPERATIONS, () => write(target, OPERATIONS))
  }
  return contest(rounds, round(crowded), round(fresh))
}

function receiveContest(subject: Subject, { crowded, fresh }: Stores, rounds: number): Promise<Outcome> {
  const round = (checkpoint: Uint8Array) => {
    const updates = write(restored(subject, checkpoint), OPERATIONS)
    return () => {
      const target = restored(subject, checkpoint)
      return rateOf(OPERATIONS, () => {
        for (const update of updates)
          if (target.exchange.receive(update).type !== 'applied') throw new Error('not applied')
      })
    }
  }
  return contest(rounds, round(crowded), round(fresh))
}

/** Sets and receives per CPU-second of stock Yjs: after the same history, and with the same content in one go. */
function plainRates(history: readonly Visit[]) {
  const crowded = Y.encodeStateAsUpdate(plainDocOf(history))
  const fresh = new Y.Doc()
  const content = plainDocOf(history).getMap<string>('usr')
  fresh.transact(() => {
    for (const [key, value] of content.entries()) fresh.getMap('usr').set(key, value)
  })
  const states = [crowded, Y.encodeStateAsUpdate(fresh)] as const
  return { set: states.map(plainSetRate), receive: states.map(plainReceiveRate) }
}

/** Few: a set takes milliseconds where there are many clients. */
const PLAIN_OPERATIONS = 100

function plainSetRate(state: Uint8Array): number {
  return median(
    [1, 2, 3].map(() => {
      const doc = openedDoc(state)
      return rateOf(PLAIN_OPERATIONS, () => void plainWrites(doc))
    }),
  )
}

function plainReceiveRate(state: Uint8Array): number {
  const updates = plainWrites(openedDoc(state))
  return median(
    [1, 2, 3].map(() => {
      const doc = openedDoc(state)
      return rateOf(PLAIN_OPERATIONS, () => {
        for (const update of updates) Y.applyUpdate(doc, update)
      })
    }),
  )
}

function openedDoc(state: Uint8Array): Y.Doc {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, state)
  return doc
}

function plainWrites(doc: Y.Doc): Uint8Array[] {
  const updates: Uint8Array[] = []
  doc.on('update', (update: Uint8Array) => updates.push(update))
  for (let i = 0; i < PLAIN_OPERATIONS; i++) doc.getMap('usr').set(`key-${i}`, i)
  return updates
}

function rateRow(
  what: string,
  outcome: Outcome,
  plain: readonly number[],
): BenchRow & Record<string, unknown> {
  const { ratio, ours, theirs } = outcome
  const [crowded = Number.NaN, fresh = Number.NaN] = plain
  return {
    row: 29,
    name: 'sessions',
    what: `${what} after 10,000 sessions`,
    value: ratio,
    unit: 'x fresh',
    target: '>= 0.8',
    pass: ratio >= 0.8,
    perSecond: Math.round(ours),
    freshPerSecond: Math.round(theirs),
    plainYjs: { perSecond: Math.round(crowded), freshPerSecond: Math.round(fresh), ratio: crowded / fresh },
    note:
      `${shownRate(ours)}, fresh ${shownRate(theirs)}; ${shownRange(outcome)}; ` +
      `Y.Map ${shownRate(crowded)}, fresh ${shownRate(fresh)}`,
  }
}

function* bytesRows(subject: Subject, stores: Stores): Iterable<BenchRow & Record<string, unknown>> {
  const plainBytes = plainVectorBytes()
  const row = (what: string, value: number, note: string) => ({
    row: 29,
    name: 'sessions',
    what,
    value,
    unit: 'B/session',
    target: '<= 10 B',
    pass: value <= 10,
    plainYjs: { bytesPerSession: plainBytes },
    note: `${note}; state vector of Yjs ${plainBytes.toFixed(1)} B, with clients of 32 bits`,
  })
  const told = restored(subject, checkpointOfSessions(subject, LISTED)).exchange.summary().length
  const none = replica(subject).exchange.summary().length
  yield row('context in a summary', (told - none) / LISTED, `${told} B for ${LISTED} sessions`)
  const { crowded, fresh } = stores
  const each = (crowded.length - fresh.length) / SESSIONS
  yield row(
    'context in a checkpoint',
    each,
    `${crowded.length} B, the same content under one session ${fresh.length} B`,
  )
}

function checkpointOfSessions(subject: Subject, count: number): Uint8Array {
  const target = replica(subject)
  for (const update of updatesOf(visits(seededRandom(30), count, WRITES, FEW_KEYS), Date.now()))
    target.exchange.receive(update)
  return target.exchange.checkpoint()
}

function plainVectorBytes(): number {
  return Y.encodeStateVector(plainDocOf(visits(seededRandom(30), LISTED, WRITES, KEYS))).length / LISTED
}
