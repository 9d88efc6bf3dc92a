/**
 * Rows 14 and 15: what is left of a million overwrites of 1,000 keys by ten writers. Ten replicas write in turn,
 * each has seen all that was written before; the first of them is measured.
 */

import * as Y from 'yjs'
import { type Random, randomInteger, seededRandom } from '../src/base/random.js'
import { planAll } from '../src/data/replica/plan.js'
import type { Replica } from '../src/data/replica/replica.js'
import type { Bench, BenchRow } from './bench.js'
import { builtSubject, type Subject } from './built.js'
import { type Held, retainedBytes } from './heap.js'

const KEYS = 1000
const WRITERS = 10
/** Writes of one turn, which travel as one update. */
const TURN = 50

/** The last turns, in each of which the document is looked at: it grows until the next idle moment finds it worth compacting. */
const WATCHED = 60

interface Sizes {
  state: number
  document: number
  heap: number
  /** The smallest and the largest document of the last turns. */
  swing?: readonly [number, number]
}

interface Written extends Held<Replica> {
  swing: readonly [number, number]
}

/** How large a store is that has been written to for long. */
export const history: Bench = {
  name: 'history',
  rows: [14, 15],
  about:
    'size and heap after 1M overwrites of 1,000 keys by 10 writers (quick: 100k), as a ratio to a fresh document',
  async *run({ quick }) {
    const subject = await builtSubject()
    const overwrites = quick ? 100_000 : 1_000_000
    for (const valueBytes of [8, 100]) {
      const fresh = freshBytes(valueBytes)
      const ours = sizesOf(writtenReplica(subject, overwrites, valueBytes))
      const plain = plainSizesOf(writtenDoc(overwrites, valueBytes))
      yield* rowsOf(overwrites, valueBytes, fresh, ours, plain)
    }
  },
}

function keyOf(random: Random): string {
  return String(randomInteger(random, KEYS))
}

function valueFor(random: Random, bytes: number): string {
  return String(10_000_000 + randomInteger(random, 90_000_000)).padEnd(bytes, '.')
}

/** A document in which each key was written once. */
function freshBytes(valueBytes: number): number {
  const doc = new Y.Doc()
  const random = seededRandom(1)
  doc.transact(() => {
    for (let key = 0; key < KEYS; key++) doc.getMap('usr').set(String(key), valueFor(random, valueBytes))
  })
  return Y.encodeStateAsUpdate(doc).length
}

function writtenReplica({ Replica }: Subject, overwrites: number, valueBytes: number): Written {
  const random = seededRandom(14)
  const members = Array.from(
    { length: WRITERS },
    (_, i) => new Replica({ random: seededRandom(i), wall: Date.now }),
  )
  const turns = overwrites / TURN
  const documents: number[] = []
  for (let turn = 0; turn < turns; turn++) {
    const writer = members[turn % WRITERS]
    for (let i = 0; i < TURN; i++)
      writer?.commit(planAll([{ type: 'set', key: keyOf(random), value: valueFor(random, valueBytes) }]))
    for (const update of writer?.exchange.drain() ?? []) tell(members, writer, update)
    if (turn >= turns - WATCHED) documents.push(documentAtRest(members[0]))
  }
  return { it: members[0], swing: [Math.min(...documents), Math.max(...documents)] }
}

/** The size of the document after what the store does in an idle moment. */
function documentAtRest(replica: Replica | undefined): number {
  replica?.compactIfDue()
  return replica ? Y.encodeStateAsUpdate(replica.doc).length : 0
}

function tell(members: readonly Replica[], from: Replica | undefined, update: Uint8Array): void {
  for (const member of members) {
    if (member === from) continue
    const result = member.exchange.receive(update)
    if (result.type !== 'applied') throw new Error(`an honest update was not applied: ${result.type}`)
  }
}

function sizesOf(held: Written): Sizes {
  // What an expression has touched stays alive until its function returns: so the sizes are taken in another one.
  return { ...encodedSizes(held), swing: held.swing, heap: retainedBytes(held) }
}

function encodedSizes({ it }: Held<Replica>): Omit<Sizes, 'heap'> {
  if (it === undefined) throw new Error('it was let go of before it was measured')
  return { state: it.exchange.checkpoint().length, document: Y.encodeStateAsUpdate(it.doc).length }
}

/** Ten clients take turns in one document: ten documents would need ten times the memory. */
function writtenDoc(overwrites: number, valueBytes: number): Held<Y.Doc> {
  const random = seededRandom(14)
  const doc = new Y.Doc()
  const map = doc.getMap<string>('usr')
  for (let i = 0; i < overwrites; i++) {
    if (i % TURN === 0) doc.clientID = 1_000_000_000 + ((i / TURN) % WRITERS)
    map.set(keyOf(random), valueFor(random, valueBytes))
  }
  return { it: doc }
}

function plainSizesOf(held: Held<Y.Doc>): Sizes {
  return { ...plainEncodedSizes(held), heap: retainedBytes(held) }
}

function plainEncodedSizes({ it }: Held<Y.Doc>): Omit<Sizes, 'heap'> {
  if (it === undefined) throw new Error('it was let go of before it was measured')
  const state = Y.encodeStateAsUpdate(it).length
  return { state, document: state }
}

function* rowsOf(
  overwrites: number,
  valueBytes: number,
  fresh: number,
  ours: Sizes,
  plain: Sizes,
): Iterable<BenchRow & Record<string, unknown>> {
  const count = overwrites.toLocaleString('en')
  const ratio = (row: number, what: string, max: number, of: 'state' | 'document') => ({
    row,
    name: 'history',
    what: `${what}, ${valueBytes} B values`,
    value: ours[of] / fresh,
    unit: 'x fresh',
    target: `<= ${max} x`,
    pass: ours[of] / fresh <= max,
    overwrites,
    bytes: ours[of],
    plainYjs: { bytes: plain[of], ratio: plain[of] / fresh },
    note: `${ours[of]} B after ${count} overwrites, fresh ${fresh} B; Y.Map ${plain[of]} B, ${(plain[of] / fresh).toFixed(1)} x`,
  })
  if (valueBytes === 100) return yield ratio(15, 'full state', 1.15, 'state')
  yield ratio(14, 'full state', 1.6, 'state')
  const [least, most] = ours.swing ?? []
  const document = ratio(14, 'document', 1.25, 'document')
  yield { ...document, swing: ours.swing, note: `${document.note}; ${least} to ${most} B in the last turns` }
  const megabytes = ours.heap / 1e6
  yield {
    row: 14,
    name: 'history',
    what: 'heap, 8 B values',
    value: megabytes,
    unit: 'MB',
    target: '<= 1.5 MB',
    pass: megabytes <= 1.5,
    overwrites,
    plainYjs: { megabytes: plain.heap / 1e6 },
    note: `${count} overwrites; Y.Map ${(plain.heap / 1e6).toFixed(1)} MB`,
  }
}
