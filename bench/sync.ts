/**
 * Row 13: what two members that hold the same data move to find that out: a digest each way, as the codec writes
 * it. Beside it the first and second step of y-protocols in both directions, on documents with the same history.
 */
import * as encoding from 'lib0/encoding'
import { writeSyncStep1, writeSyncStep2 } from 'y-protocols/sync'
import * as Y from 'yjs'
import { mergeDifference, wholeDifference } from '../sim/whole-difference.js'
import { bytesEqual } from '../src/base/bytes.js'
import { seededRandom } from '../src/base/random.js'
import type { Bench, BenchRow } from './bench.js'
import { builtSubject, type Subject } from './built.js'
import { plainDocOf, updatesOf, type Visit, visits } from './population.js'

const KEYS = 10_000
const HISTORIES = [
  { what: '10k keys', sessions: 10, writes: 3000 },
  { what: '10k sessions', sessions: 10_000, writes: 3 },
]

/** The bytes of a round that finds nothing. */
export const sync: Bench = {
  name: 'sync',
  rows: [13],
  about: 'bytes that two members in sync exchange to see that they are, at 10k keys and at 10k sessions',
  async *run() {
    const subject = await builtSubject()
    for (const { what, sessions, writes } of HISTORIES) {
      const history = visits(seededRandom(13), sessions, writes, KEYS)
      yield rowOf(what, roundBytes(subject, history), plainRoundBytes(plainDocOf(history)))
    }
  },
}

/** One member heard all of it as it happened, the other learned it by one difference. */
function roundBytes({ Replica, encodeFrame }: Subject, history: readonly Visit[]): number {
  const [a, b] = [1, 2].map((seed) => new Replica({ random: seededRandom(seed), wall: Date.now }))
  if (!a || !b) throw new Error('two replicas were asked for')
  for (const update of updatesOf(history, Date.now())) a.exchange.receive(update)
  const difference = wholeDifference(a.exchange, b.exchange.summary())
  if (difference) mergeDifference(b.exchange, difference)
  if (a.size === 0 || !bytesEqual(a.exchange.digest(), b.exchange.digest()))
    throw new Error('the members are not in sync')
  // As in the engine: one asks, the other answers; the digest of the member table takes up to five bytes.
  const members = 0xffffffff
  const frames = [
    encodeFrame({ type: 'digest', replica: a.exchange.digest(), members, ask: true }),
    encodeFrame({ type: 'digest', replica: b.exchange.digest(), members, ask: false }),
  ]
  return frames.reduce((sum, { length }) => sum + length, 0)
}

/** Each side sends its state vector, and what the other one lacks: nothing but the whole delete set. */
function plainRoundBytes(doc: Y.Doc): number {
  const other = new Y.Doc()
  Y.applyUpdate(other, Y.encodeStateAsUpdate(doc))
  const encoder = encoding.createEncoder()
  writeSyncStep1(encoder, doc)
  writeSyncStep1(encoder, other)
  writeSyncStep2(encoder, other, Y.encodeStateVector(doc))
  writeSyncStep2(encoder, doc, Y.encodeStateVector(other))
  return encoding.length(encoder)
}

function rowOf(what: string, bytes: number, plainBytes: number): BenchRow & Record<string, unknown> {
  return {
    row: 13,
    name: 'sync',
    what,
    value: bytes,
    unit: 'B',
    target: '<= 100 B',
    pass: bytes <= 100,
    plainYjs: { bytes: plainBytes },
    note: `both ways; y-protocols ${plainBytes} B`,
  }
}
