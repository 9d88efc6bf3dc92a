/**
 * Names the local writes: gives each its dot and its stamp, takes it into the map, and keeps it until it leaves.
 * The session is new for every replica; it also changes when somebody else turns out to write under it.
 */
import { type Random, random53 } from '../../base/random.js'
import { BEATEN_MAX, SESSION_WRITES_MAX } from '../data-limits.js'
import type { DottedMap } from './dotted-map.js'
import { Entry } from './entry.js'
import type { Incoming } from './incoming.js'
import type { Notices } from './notices.js'
import { Outgoing, writeBytes } from './outgoing.js'
import type { PlannedWrite } from './plan.js'
import { type HybridClock, STAMPS_PER_MILLI } from './stamp.js'
import type { Value } from './value.js'

/** Writes of this long are made again when another process turns out to be ahead under the same session. */
const REMADE_MILLIS = 60_000

/** How another process that writes under this session showed: by writes beyond those made here, or by other ones. */
export type ForkReason = 'ahead' | 'contested'

/** What the local writes of one replica work on. */
export interface LocalWritesParts {
  map: DottedMap
  clock: HybridClock
  notices: Notices
  random: Random
  /** Hears of each update as it is sealed. */
  record?: ((update: Uint8Array) => void) | undefined
}

/** The writes of one replica's sessions. */
export class LocalWrites {
  readonly #parts: LocalWritesParts
  readonly #outgoing: Outgoing
  #session: number

  constructor(parts: LocalWritesParts) {
    this.#parts = parts
    this.#session = random53(parts.random)
    this.#outgoing = new Outgoing(this.#session, () => parts.clock.last, parts.record)
    // A local write that no update tells of yet leaves alive before it loses: its death alone would be a death
    // without its killer for those who hear of it.
    parts.map.beforeLoss = (entry) => {
      if (this.#outgoing.holds(entry)) this.#outgoing.seal()
    }
  }

  get session(): number {
    return this.#session
  }

  /** Closes the update under way. */
  seal(): void {
    this.#outgoing.seal()
  }

  /** Everything that has not left yet. */
  drain(): Uint8Array[] {
    return this.#outgoing.drain()
  }

  /** Keeps a batch that fits one update together in one. */
  reserve(planned: readonly PlannedWrite[]): void {
    if (planned.length === 1) return
    let bytesMax = 0
    for (const write of planned) bytesMax += writeBytes(write.bytes, 1 + BEATEN_MAX)
    if (this.#outgoing.hasRoom(planned.length, bytesMax)) return
    let bytes = 0
    for (const write of planned) bytes += writeBytes(write.bytes, this.#parts.map.killsOf(write.key))
    this.#outgoing.reserve(planned.length, bytes)
  }

  /** Gives a dot to a write of the wall-clock time `now` and takes it into the map; undefined for a delete. */
  apply(write: PlannedWrite, now: number): Entry | undefined {
    const { map, clock, notices } = this.#parts
    const { key, value } = write
    const previous = map.get(key)
    const size = writeBytes(write.bytes, map.killsOf(key, previous))
    this.#outgoing.reserve(1, size)
    const n = this.#nextNumber()
    // A delete moves the clock as well: what follows it must be later than what it killed.
    const stamp = clock.next(now)
    const entry = value === undefined ? undefined : this.#entry(write, value, n, stamp)
    this.#outgoing.add(n, entry, previous, size)
    const orphans = previous ? undefined : map.takeOrphans(key)
    if (orphans) this.#outgoing.kill(orphans)
    if (entry) map.set(entry, previous)
    else if (previous) map.delete(previous, { session: this.#session, n })
    notices.wrote(key, value, previous?.value)
    return entry
  }

  #entry(write: PlannedWrite, value: Value, n: number, stamp: number): Entry {
    const { key, bytes, encoded } = write
    return new Entry({ key, session: this.#session, n, stamp, value, bytes, encoded })
  }

  /** Whether `incoming` tells of writes of this session that were never made here. */
  isForked(incoming: Incoming): boolean {
    const known = this.#parts.map.known(this.#session)
    for (const run of incoming.runs) if (run.session === this.#session && run.end > known) return true
    for (const kill of incoming.kills)
      if (kill.session === this.#session && (kill.ranges.at(-1) ?? 0) > known) return true
    return false
  }

  /**
   * Goes on under a new session, since another process writes under this one: a clone of the machine, or a liar. If its
   * writes are ahead, others may take those for known that this member has just made: they are made again, with their
   * stamps. If it wrote otherwise under the same dots, it may not know: a dot that it never made tells it.
   */
  fork(because: ForkReason): void {
    const { map, clock } = this.#parts
    const since = clock.last - REMADE_MILLIS * STAMPS_PER_MILLI
    const recent = because === 'ahead' ? map.liveOf(this.#session).filter(({ stamp }) => stamp > since) : []
    if (because === 'contested') this.#spend()
    this.#startSession()
    for (const entry of recent) this.#remake(entry)
  }

  /** Takes a dot that is dead from the start. */
  #spend(): void {
    this.#outgoing.reserve(1, writeBytes(0, 0))
    const n = this.#nextNumber()
    this.#outgoing.add(n, undefined, undefined, writeBytes(0, 0))
    this.#parts.map.advance(this.#session, n + 1)
    this.#parts.notices.drainable()
  }

  #remake(entry: Entry): void {
    const { map, notices } = this.#parts
    const size = writeBytes(entry.bytes, map.killsOf(entry.key, entry))
    this.#outgoing.reserve(1, size)
    const n = this.#nextNumber()
    const copy = new Entry({ ...entry.fields, session: this.#session, n })
    // The document shows the same value: its item stands for the new entry as well.
    copy.mark = entry.mark
    this.#outgoing.add(n, copy, entry, size)
    map.set(copy)
    notices.drainable()
  }

  #nextNumber(): number {
    const n = this.#parts.map.known(this.#session)
    if (n < SESSION_WRITES_MAX) return n
    this.#startSession()
    return 0
  }

  #startSession(): void {
    this.#session = random53(this.#parts.random)
    this.#outgoing.restart(this.#session)
  }
}
