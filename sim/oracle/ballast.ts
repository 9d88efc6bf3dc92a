/**
 * A past that members share from the start: more than 1,000 keys or sessions, so that syncs compare buckets of
 * hashes instead of naming everything.
 */
import { encodeCheckpoint } from '../../src/data/replica/checkpoint.js'
import { DottedMap } from '../../src/data/replica/dotted-map.js'
import { Entry } from '../../src/data/replica/entry.js'

/** Beyond what a summary lists one by one. */
const COUNT = 1_050

const checkpoints = new Map<string, Uint8Array>()

/** The checkpoint of such a past: one session of many keys, or many sessions of which every second has a key. */
export function ballast(kind: 'keys' | 'sessions'): Uint8Array {
  const known = checkpoints.get(kind)
  if (known) return known
  const map = new DottedMap()
  for (let i = 0; i < COUNT; i++) {
    const [session, n] = kind === 'keys' ? [77, i] : [1_000 + i, 0]
    if (kind === 'keys' || i % 2 === 0) map.set(entryOf(session, n, i))
    else map.advance(session, 1)
  }
  const checkpoint = encodeCheckpoint(map, COUNT)
  checkpoints.set(kind, checkpoint)
  return checkpoint
}

function entryOf(session: number, n: number, i: number): Entry {
  const key = `ballast ${i}`
  // The size is that of the encoded forms: a length byte and a type byte more than the text.
  return new Entry({ key, session, n, stamp: i, value: 'old', bytes: key.length + 5 })
}
