/**
 * The local writes that have not left yet. They are named by consecutive dots; `seal` makes an update of them:
 * the live ones as items, those overwritten meanwhile as dead dots, and what they killed elsewhere.
 */
import { UPDATE_BYTES_MAX, UPDATE_OPERATIONS_MAX } from '../data-limits.js'
import { completed } from './canonical-update.js'
import type { Entry } from './entry.js'
import { encodeEnvelope } from './envelope.js'
import type { Kill } from './incoming.js'

/** What an item costs beside its key and value: run, names, meta with an expiry, gap. An upper bound. */
export const ITEM_OVERHEAD_BYTES = 48
/** What one killed dot costs in a delete set at most: session, count, two clocks. */
const KILL_BYTES = 24
/** The envelope and the frame of an update. */
const UPDATE_OVERHEAD_BYTES = 64

/** What fits one update beside its own frame. */
export const UPDATE_ROOM_BYTES = UPDATE_BYTES_MAX - UPDATE_OVERHEAD_BYTES

/** An upper bound of what one write of `bytes` (key and value) that kills `kills` dots adds to an update. */
export function writeBytes(bytes: number, kills: number): number {
  return bytes + ITEM_OVERHEAD_BYTES + kills * KILL_BYTES
}

/** The queue of one session's writes. */
export class Outgoing {
  readonly #clock: () => number
  readonly #record: ((update: Uint8Array) => void) | undefined
  readonly #sealed: Uint8Array[] = []
  #session: number
  #start = 0
  #end = 0
  #entries: Entry[] = []
  /** Killed dots as session, n, session, n, ... */
  #killed: number[] = []
  #bytes = 0

  /** `record` hears of each update as it is sealed. */
  constructor(session: number, clock: () => number, record?: (update: Uint8Array) => void) {
    this.#session = session
    this.#clock = clock
    this.#record = record
  }

  /** Whether there is nothing to drain. */
  get isEmpty(): boolean {
    return this.#sealed.length === 0 && this.#end === this.#start
  }

  /** Whether a write waits here that no update tells of yet. */
  holds(entry: Entry): boolean {
    return entry.session === this.#session && entry.n >= this.#start
  }

  /** Goes on under a new session, at its first write. */
  restart(session: number): void {
    this.seal()
    this.#session = session
    this.#start = 0
    this.#end = 0
  }

  /** Whether writes of `bytes` still go into the update under way. */
  hasRoom(operations: number, bytes: number): boolean {
    const count = this.#end - this.#start + operations
    return count <= UPDATE_OPERATIONS_MAX && this.#bytes + bytes <= UPDATE_ROOM_BYTES
  }

  /** Makes room for writes of `bytes` (by `writeBytes`) that should travel together. */
  reserve(operations: number, bytes: number): void {
    if (!this.hasRoom(operations, bytes)) this.seal()
  }

  /** Takes the write number `n`: `entry` (undefined: a delete), which killed `replaced`. */
  add(n: number, entry: Entry | undefined, replaced: Entry | undefined, bytes: number): void {
    this.#end = n + 1
    this.#bytes += bytes
    if (entry) this.#entries.push(entry)
    if (replaced) this.#killEntry(replaced)
  }

  /** Dots that the writes here kill beside what they replace. */
  kill(dots: readonly number[]): void {
    for (const part of dots) this.#killed.push(part)
  }

  #killEntry(entry: Entry): void {
    // A write that has not left is dead in its own run.
    if (!this.holds(entry)) this.#killed.push(entry.session, entry.n)
    if (entry.beaten) this.kill(entry.beaten)
  }

  /** Closes the update under way; later writes go into the next one. */
  seal(): void {
    if (this.#end === this.#start) return
    const live = this.#entries.filter((entry) => entry.live)
    const run = completed({
      session: this.#session,
      start: this.#start,
      end: this.#end,
      entries: live,
      dead: [],
    })
    const kills = killsOf(this.#killed, this.#session, this.#start)
    const update = encodeEnvelope(this.#clock(), [run], kills)
    this.#sealed.push(update)
    this.#record?.(update)
    this.#start = this.#end
    this.#entries = []
    this.#killed = []
    this.#bytes = 0
  }

  /** Everything up to now; empties the queue. */
  drain(): Uint8Array[] {
    this.seal()
    return this.#sealed.splice(0)
  }
}

/** Groups dots by session and makes ranges of them; those of `session` from `start` on are told by its run. */
export function killsOf(dots: readonly number[], session = 0, start = 0): Kill[] {
  const bySession = new Map<number, number[]>()
  for (let i = 0; i < dots.length; i += 2) {
    const of = dots[i] ?? 0
    const n = dots[i + 1] ?? 0
    if (of === session && n >= start) continue
    const numbers = bySession.get(of)
    if (numbers) numbers.push(n)
    else bySession.set(of, [n])
  }
  return [...bySession].map(([of, numbers]) => ({ session: of, ranges: rangesOf(numbers) }))
}

function rangesOf(numbers: number[]): number[] {
  numbers.sort((a, b) => a - b)
  const ranges: number[] = []
  for (const n of numbers) {
    const end = ranges[ranges.length - 1]
    if (end !== undefined && n < end) continue
    if (end === n) ranges[ranges.length - 1] = n + 1
    else ranges.push(n, n + 1)
  }
  return ranges
}
