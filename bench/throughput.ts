/**
 * Rows 16 and 17: writes through the public API against a Y.Map with an `update` listener and an observer, and
 * receiving from bytes against `Y.applyUpdate`. 1,000 live keys, values of 8 characters.
 */

import * as Y from 'yjs'
import { planAll } from '../src/data/replica/plan.js'
import type { Bench, BenchRow } from './bench.js'
import { builtSubject, type Subject } from './built.js'
import { busyRateOf, contest, type Outcome, type Round, rateOf, shownRange, shownRate } from './contest.js'

const KEYS = 1000
const BATCH = 100
const MERGED = 200
const keys = Array.from({ length: KEYS }, (_, i) => `key-${String(i).padStart(4, '0')}`)
const values = Array.from({ length: 4096 }, (_, i) => String(10_000_000 + i * 7919))

/** How fast a store writes and receives beside Yjs. */
export const throughput: Bench = {
  name: 'throughput',
  rows: [16, 17],
  about: 'local sets, batches and receives per second, as a ratio to Y.Map in the same run',
  async *run({ quick }) {
    const subject = await builtSubject()
    const operations = quick ? 30_000 : 100_000
    const rounds = quick ? 7 : 15
    for (const size of [1, BATCH]) yield writeRow(size, await writeContest(subject, size, operations, rounds))
    for (const size of [1, MERGED])
      yield receiveRow(size, await receiveContest(subject, size, operations, rounds))
  },
}

function keyAt(index: number): string {
  return keys[index % KEYS] ?? ''
}

/** Eight characters; a key never gets the same twice in a row. */
function valueAt(index: number): string {
  return values[index % values.length] ?? ''
}

async function writeContest(
  { createStore, memoryNetwork }: Subject,
  size: number,
  operations: number,
  rounds: number,
) {
  const store = createStore({ cluster: 'bench', transport: memoryNetwork().transport() })
  try {
    await store.ready()
    const { usr } = store
    let seen = 0
    usr.subscribe(({ changes }) => {
      seen += changes.length
    })
    const set = (i: number) => usr.set(keyAt(i), valueAt(i))
    for (let i = 0; i < KEYS; i++) set(i)
    const ours = writeRound(size, operations, set, (fn) => usr.batch(fn))
    const outcome = await contest(rounds, ours, () => plainWriteRound(size, operations, true))
    if (seen < operations * rounds) throw new Error(`the subscriber saw ${seen} changes only`)
    return { ...outcome, bare: await plainWriteRound(size, operations, false) }
  } finally {
    await store.close()
  }
}

/** Writes one by one, or `size` at a time in one transaction. */
function writeRound(
  size: number,
  operations: number,
  set: (i: number) => void,
  batch: (fn: () => void) => void,
): Round {
  if (size === 1) return () => busyRateOf(operations, 1, set)
  const writeBatch = (start: number) => {
    for (let i = start; i < start + size; i++) set(i)
  }
  return () => busyRateOf(operations, size, (start) => batch(() => writeBatch(start)))
}

/** A fresh document each round: its history would slow it down, and everything else with it. */
async function plainWriteRound(size: number, operations: number, followed: boolean): Promise<number> {
  const doc = new Y.Doc()
  const map = doc.getMap<string>('usr')
  let seen = 0
  if (followed) {
    doc.on('update', (update: Uint8Array) => {
      seen += update.length
    })
    map.observe((event) => {
      seen += event.keysChanged.size
    })
  }
  const set = (i: number) => void map.set(keyAt(i), valueAt(i))
  for (let i = 0; i < KEYS; i++) set(i)
  const rate = await writeRound(size, operations, set, (fn) => doc.transact(fn))()
  if (followed && seen === 0) throw new Error('the observer saw nothing')
  return rate
}

function writeRow(size: number, outcome: Outcome & { bare: number }): BenchRow & Record<string, unknown> {
  const { ratio, ours, theirs, bare } = outcome
  const them = size === 1 ? 'Y.Map with listener and observer' : `transactions of ${size} in such a Y.Map`
  return {
    row: 16,
    name: 'throughput',
    what: size === 1 ? 'set' : `batch of ${size}`,
    value: ratio,
    unit: 'x',
    target: '>= 1.0',
    pass: ratio >= 1,
    setsPerSecond: Math.round(ours),
    plainYjs: { setsPerSecond: Math.round(theirs), bareSetsPerSecond: Math.round(bare) },
    note: `${shownRate(ours)}; ${them} ${shownRate(theirs)}, bare ${shownRate(bare)}; ${shownRange(outcome)}`,
  }
}

async function receiveContest({ Replica }: Subject, size: number, operations: number, rounds: number) {
  const wall = () => Date.now()
  const writer = new Replica({ random: Math.random, wall })
  const plain = new Y.Doc()
  const before = ourUpdates(writer, 0, KEYS, KEYS)
  const plainBefore = plainUpdates(plain, 0, KEYS, KEYS)
  const updates = ourUpdates(writer, KEYS, operations, size)
  const plainAfter = plainUpdates(plain, KEYS, operations, size)
  const last = valueAt(KEYS + operations - 1)
  const ours = () => {
    const replica = new Replica({ random: Math.random, wall })
    for (const update of before) replica.exchange.receive(update)
    const rate = rateOf(operations, () => {
      for (const update of updates)
        if (replica.exchange.receive(update).type !== 'applied') throw new Error('not applied')
    })
    if (replica.get(keyAt(operations - 1)) !== last) throw new Error('another value was received')
    return rate
  }
  const theirs = () => {
    const doc = new Y.Doc()
    for (const update of plainBefore) Y.applyUpdate(doc, update)
    const rate = rateOf(operations, () => {
      for (const update of plainAfter) Y.applyUpdate(doc, update)
    })
    if (doc.getMap('usr').get(keyAt(operations - 1)) !== last) throw new Error('another value was received')
    return rate
  }
  const bytes = (of: readonly Uint8Array[]) => of.reduce((sum, { length }) => sum + length, 0) / operations
  return { ...(await contest(rounds, ours, theirs)), ourBytes: bytes(updates), plainBytes: bytes(plainAfter) }
}

/** The updates of `count` writes from number `start` on, one for each `size` of them. */
function ourUpdates(
  writer: InstanceType<Subject['Replica']>,
  start: number,
  count: number,
  size: number,
): Uint8Array[] {
  const updates: Uint8Array[] = []
  for (let i = start; i < start + count; i++) {
    writer.commit(planAll([{ type: 'set', key: keyAt(i), value: valueAt(i) }]))
    if ((i - start + 1) % size === 0) updates.push(...writer.exchange.drain())
  }
  return updates
}

function plainUpdates(doc: Y.Doc, start: number, count: number, size: number): Uint8Array[] {
  const updates: Uint8Array[] = []
  let part: Uint8Array[] = []
  const collect = (update: Uint8Array) => {
    part.push(update)
    if (part.length < size) return
    updates.push(size === 1 ? update : Y.mergeUpdates(part))
    part = []
  }
  doc.on('update', collect)
  for (let i = start; i < start + count; i++) doc.getMap('usr').set(keyAt(i), valueAt(i))
  doc.off('update', collect)
  return updates
}

function receiveRow(
  size: number,
  outcome: Outcome & { ourBytes: number; plainBytes: number },
): BenchRow & Record<string, unknown> {
  const { ratio, ours, theirs, ourBytes, plainBytes } = outcome
  return {
    row: 17,
    name: 'throughput',
    what: size === 1 ? 'receive, single' : `receive, merged by ${size}`,
    value: ratio,
    unit: 'x',
    target: '>= 0.9',
    pass: ratio >= 0.9,
    receivesPerSecond: Math.round(ours),
    bytesPerWrite: ourBytes,
    plainYjs: { receivesPerSecond: Math.round(theirs), bytesPerWrite: plainBytes },
    note:
      `${shownRate(ours)}, ${ourBytes.toFixed(0)} B a write; Y.applyUpdate ${shownRate(theirs)}, ` +
      `${plainBytes.toFixed(0)} B a write; ${shownRange(outcome)}`,
  }
}
