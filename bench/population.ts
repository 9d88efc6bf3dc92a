/**
 * A history of many sessions over the same keys: each session wrote once, knew all that was there, and is gone.
 * It is told as the updates that such members would have sent, and as a document of plain Yjs.
 */
import * as Y from 'yjs'
import { type Random, random53, randomInteger } from '../src/base/random.js'
import { stampOf } from '../src/data/replica/stamp.js'
import { any, float, item, kill, pack, run, update } from './packing.js'

/** What one session wrote, all at once. */
export interface Visit {
  session: number
  /** No key twice. */
  writes: readonly { key: string; value: string }[]
}

/** `sessions` visits of `writes` writes each, on keys drawn from `keys`. */
export function visits(random: Random, sessions: number, writes: number, keys: number): Visit[] {
  return Array.from({ length: sessions }, () => {
    const chosen = new Set<number>()
    while (chosen.size < writes) chosen.add(randomInteger(random, keys))
    const value = () => String(10_000_000 + randomInteger(random, 90_000_000))
    return {
      session: random53(random),
      writes: Array.from(chosen, (key) => ({ key: `key-${key}`, value: value() })),
    }
  })
}

/** What the sessions sent, with their clocks. */
export function updatesOf(history: readonly Visit[], wallMillis: number): Uint8Array[] {
  const first = stampOf(wallMillis) - 10 * history.length
  const live = new Map<string, { session: number; n: number }>()
  return history.map(({ session, writes }, index) => {
    const stamp = first + 10 * index
    const replaced = writes.flatMap(({ key }) => live.get(key) ?? [])
    const items = writes.map(({ key, value }, n) => {
      live.set(key, { session, n })
      return item({ key, meta: float(stamp), value: any(value) })
    })
    return pack(stamp, update([run(session, 0, items)], killsOf(replaced)))
  })
}

/** Sessions descending, ranges ascending and apart, as the format wants them. */
function killsOf(dots: readonly { session: number; n: number }[]): Uint8Array[] {
  const bySession = new Map<number, number[]>()
  for (const { session, n } of dots) bySession.set(session, [...(bySession.get(session) ?? []), n])
  return [...bySession]
    .sort(([a], [b]) => b - a)
    .map(([session, numbers]) => kill(session, ...rangesOf(numbers.sort((a, b) => a - b))))
}

function rangesOf(numbers: readonly number[]): [number, number][] {
  const ranges: [number, number][] = []
  for (const n of numbers) {
    const last = ranges.at(-1)
    if (last && last[0] + last[1] === 2 * n) last[1] += 2
    else ranges.push([2 * n, 2])
  }
  return ranges
}

/** The same history in a Y.Map. One transaction, since plain Yjs takes the longer for each the more sessions there are. */
export function plainDocOf(history: readonly Visit[]): Y.Doc {
  const doc = new Y.Doc()
  const map = doc.getMap<string>('usr')
  const own = doc.clientID
  doc.transact(() => {
    for (const { session, writes } of history) {
      // Yjs draws 32 bits.
      doc.clientID = session % 2 ** 32
      for (const { key, value } of writes) map.set(key, value)
    }
    doc.clientID = own
  })
  return doc
}
