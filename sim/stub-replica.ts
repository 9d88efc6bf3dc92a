/**
 * A replica for large simulations: each member's writes are numbered, and what a member holds is how many of each
 * member's writes it has, without gaps. It merges, digests and differs as the real one does, at a thousandth of
 * the cost. It also tells who merged what, and by which way it came.
 */

import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { concat } from '../src/base/bytes.js'
import { SYNC_PART_BYTES_MAX } from '../src/data/data-limits.js'
import type { DifferenceIntake, ReceiveResult } from '../src/data/replica-port.js'
import type { SimReplica } from './seat.js'

/** Told of writes and merges. */
export interface MergeListener {
  /** The owner of `session` made its write number `n`. */
  wrote(session: number, n: number): void
  /** The writes `from` to `to` of `session` are here now. */
  merged(session: number, from: number, to: number, way: 'broadcast' | 'sync'): void
}

/** A run of one session's writes. */
interface Run {
  session: number
  from: number
  to: number
}

/** A difference holds at most this many values: a key that was overwritten has one. */
const LIVE_KEYS = 1_000

export class StubReplica implements SimReplica {
  readonly session: number
  readonly #bytesPerWrite: number
  readonly #listener: MergeListener
  /** How many writes of each session are here. */
  readonly #have: number[] = []
  #drained = 0
  #high = 0
  #low = 0
  #digest: Uint8Array | undefined

  /** Sessions are small integers, given out by the cluster. */
  constructor(session: number, bytesPerWrite: number, listener: MergeListener) {
    this.session = session
    this.#bytesPerWrite = bytesPerWrite
    this.#listener = listener
  }

  /** How many writes of `session` are here. */
  has(session: number): number {
    return this.#have[session] ?? 0
  }

  known(session: number): number {
    return this.has(session)
  }

  writeOne(): void {
    const n = this.has(this.session) + 1
    this.#add({ session: this.session, from: n, to: n })
    this.#listener.wrote(this.session, n)
  }

  drain(): Uint8Array[] {
    const to = this.has(this.session)
    if (to === this.#drained) return []
    const run = { session: this.session, from: this.#drained + 1, to }
    this.#drained = to
    return [encodeRuns([run], (to - run.from + 1) * this.#bytesPerWrite)]
  }

  receive(update: Uint8Array): ReceiveResult {
    const runs = decodeRuns(update)
    if (runs === undefined) return { type: 'offence', kind: 'malformed' }
    if (runs.some((run) => run.from > this.has(run.session) + 1)) return { type: 'early' }
    return { type: 'applied', news: this.#merge(runs, 'broadcast') }
  }

  digest(): Uint8Array {
    if (this.#digest) return this.#digest
    this.#digest = new Uint8Array(16)
    const view = new DataView(this.#digest.buffer)
    view.setUint32(0, this.#high)
    view.setUint32(4, this.#low)
    return this.#digest
  }

  summary(): Uint8Array {
    return encoding.encode((encoder) => {
      encoding.writeVarUint(encoder, this.#have.length)
      for (const count of this.#have) encoding.writeVarUint(encoder, count)
    })
  }

  difference(summary: Uint8Array): Iterator<Uint8Array, Uint8Array> {
    const decoder = decoding.createDecoder(summary)
    const theirs = Array.from({ length: decoding.readVarUint(decoder) }, () => decoding.readVarUint(decoder))
    const runs: Run[] = []
    let writes = 0
    for (const [session, to] of this.#have.entries()) {
      const from = (theirs[session] ?? 0) + 1
      if (from > to) continue
      runs.push({ session, from, to })
      writes += to - from + 1
    }
    return partsOf(encodeRuns(runs, Math.min(writes, LIVE_KEYS) * this.#bytesPerWrite))
  }

  takeDifference(): DifferenceIntake {
    const parts: Uint8Array[] = []
    return {
      take: (part) => void parts.push(part),
      merge: () => this.#mergeDifference(parts),
    }
  }

  #mergeDifference([first = new Uint8Array(), ...others]: readonly Uint8Array[]): ReceiveResult {
    const runs = decodeRuns(others.length === 0 ? first : concat(first, ...others))
    if (runs === undefined) return { type: 'offence', kind: 'malformed' }
    return { type: 'applied', news: this.#merge(runs, 'sync') }
  }

  #merge(runs: readonly Run[], way: 'broadcast' | 'sync'): boolean {
    let news = false
    for (const { session, from, to } of runs) {
      const run = { session, from: Math.max(from, this.has(session) + 1), to }
      if (run.from > to) continue
      this.#add(run)
      news = true
      this.#listener.merged(session, run.from, to, way)
    }
    return news
  }

  #add({ session, from, to }: Run): void {
    while (this.#have.length <= session) this.#have.push(0)
    this.#have[session] = to
    for (let n = from; n <= to; n++) {
      this.#high ^= mix(Math.imul(session + 1, 0x9e3779b1) ^ mix(n))
      this.#low ^= mix(Math.imul(session + 1, 0x85ebca77) + mix(n + 0x3c6ef372))
    }
    this.#digest = undefined
  }
}

function* partsOf(difference: Uint8Array): Generator<Uint8Array, Uint8Array> {
  let start = 0
  for (; start + SYNC_PART_BYTES_MAX < difference.length; start += SYNC_PART_BYTES_MAX)
    yield difference.subarray(start, start + SYNC_PART_BYTES_MAX)
  return start === 0 ? difference : difference.subarray(start)
}

/** Runs, then as many bytes as their values would have. */
function encodeRuns(runs: readonly Run[], valueBytes: number): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, runs.length)
    for (const { session, from, to } of runs) {
      encoding.writeVarUint(encoder, session)
      encoding.writeVarUint(encoder, from)
      encoding.writeVarUint(encoder, to)
    }
    encoding.writeUint8Array(encoder, new Uint8Array(valueBytes))
  })
}

const decoded = new WeakMap<Uint8Array, Run[]>()

/** Each update is decoded once, however many members get it. */
function decodeRuns(bytes: Uint8Array): Run[] | undefined {
  const known = decoded.get(bytes)
  if (known) return known
  const decoder = decoding.createDecoder(bytes)
  try {
    const runs = Array.from({ length: decoding.readVarUint(decoder) }, () => ({
      session: decoding.readVarUint(decoder),
      from: decoding.readVarUint(decoder),
      to: decoding.readVarUint(decoder),
    }))
    decoded.set(bytes, runs)
    return runs
  } catch {
    return undefined
  }
}

/** Spreads the bits of an integer over all 32 (the finalizer of MurmurHash3). */
function mix(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
