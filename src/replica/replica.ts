/**
 * One member's copy of the data: a dotted map that merges, and a Y.Doc that shows the result. Local writes leave
 * as canonical updates; what comes in is decoded and checked as a whole before anything changes, and no byte of
 * a peer ever reaches Yjs. Everything is synchronous.
 */
import * as Y from 'yjs'
import { Emitter } from '../base/emitter.js'
import { type GossipKvError, InternalError, messageOf } from '../base/errors.js'
import { type Random, random53 } from '../base/random.js'
import type { ReceiveResult, ReplicaPort } from '../protocol/replica-port.js'
import type { MemberRecord } from '../wire/frame.js'
import {
  CLOCK_LEAD_MILLIS_MAX,
  DOCUMENT_BYTES_MAX,
  KEYS_MAX,
  MERGE_BYTES_MAX,
  MERGE_LIMIT_FACTOR,
  MERGE_STRUCTS_MAX,
  SESSION_WRITES_MAX,
  SESSIONS_MAX,
} from '../wire/limits.js'
import { decodeUpdate, encodeUpdate, runOf, type UpdateLimits } from './canonical-update.js'
import { Compactor } from './compactor.js'
import {
  type Dot,
  deathsIn,
  decodeDifference,
  decodeSummary,
  encodeDifference,
  encodeSummary,
  REFUSED_TOLD_MAX,
} from './difference.js'
import { checkSingleYjs, Document } from './document.js'
import { DottedMap, Entry, type Incoming, type Merged, type MergeRules } from './dotted-map.js'
import { decodeEnvelope } from './envelope.js'
import type { ReplicaEvents } from './events.js'
import { MemberProjection } from './member-projection.js'
import { Notices } from './notices.js'
import { Outgoing, writeBytes } from './outgoing.js'
import { checkOnePiece, checkRoom, type PlannedWrite, plan, planAll, type WriteOperation } from './plan.js'
import { HybridClock, millisOf, stampMax, stampOf } from './stamp.js'
import type { Value } from './value.js'

export type { WriteOperation } from './plan.js'

/** What one replica may hold; the defaults are those of the wire. */
export interface ReplicaLimits {
  /** Live keys, by local writes; merges are taken up to twice that. */
  keysMax: number
  /** Keys and values in encoded form, by local writes; merges are taken up to twice that. */
  documentBytesMax: number
  /** Sessions that ever wrote. */
  sessionsMax: number
}

export interface ReplicaOptions {
  random: Random
  /** The corrected wall clock, in milliseconds since 1970. */
  wall: () => number
  /** The document to write; must be empty. Default: a new one. */
  doc?: Y.Doc
  limits?: Partial<ReplicaLimits>
}

const DEFAULT_LIMITS: ReplicaLimits = {
  keysMax: KEYS_MAX,
  documentBytesMax: DOCUMENT_BYTES_MAX,
  sessionsMax: SESSIONS_MAX,
}

const CHECKPOINT_LIMITS: UpdateLimits = {
  bytesMax: MERGE_BYTES_MAX,
  structsMax: MERGE_STRUCTS_MAX,
  sessionsMax: SESSIONS_MAX,
  gapMax: Number.POSITIVE_INFINITY,
  kills: false,
  clock: true,
}

/** What tests replace to show that it is needed; not for applications. */
export interface ReplicaParts {
  rules?: MergeRules
  clock?: HybridClock
  /** Names the writes; otherwise 53 random bits. */
  session?: number
}

/** The value of a key with its time and name. */
export interface ReplicaEntry {
  value: Value
  /** Milliseconds since 1970, by the corrected clock of the writer. */
  at: number
  dot: Dot
}

/** One member's copy of the data. */
export class Replica implements ReplicaPort {
  readonly doc: Y.Doc
  readonly events = new Emitter<ReplicaEvents>((error) => this.#listenerThrew(error))
  readonly #options: ReplicaOptions
  readonly #limits: ReplicaLimits
  readonly #map: DottedMap
  readonly #clock: HybridClock
  readonly #document: Document
  readonly #outgoing: Outgoing
  readonly #compactor: Compactor
  readonly #notices = new Notices(this.events)
  readonly #members = new MemberProjection()
  readonly #refused = new Map<string, Dot>()
  #session: number

  /** @throws UsageError ERR_DUPLICATE_YJS, ERR_OPTION_INVALID when `doc` has content */
  constructor(options: ReplicaOptions, parts: ReplicaParts = {}) {
    checkSingleYjs(options.doc)
    this.#options = options
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits }
    this.#session = parts.session ?? random53(options.random)
    this.#map = new DottedMap(parts.rules)
    this.#clock = parts.clock ?? new HybridClock()
    this.#outgoing = new Outgoing(this.#session, () => this.#clock.last)
    // An own write that no update tells of yet leaves alive before it loses: its death alone would be a death
    // without its killer for those who hear of it.
    this.#map.beforeLoss = (entry) => {
      if (this.#outgoing.holds(entry)) this.#outgoing.seal()
    }
    this.doc = options.doc ?? new Y.Doc()
    const failed = (error: GossipKvError) => this.events.emit('error', error)
    this.#document = new Document(this.doc, {
      entryOf: (key) => this.#map.get(key),
      adopt: (key, value) => this.#adopt(key, value),
      transactionEnded: () => this.#notices.flush(),
      settled: () => this.#compactor.afterTransactions(),
      failed,
    })
    // The one key of `sys` is live as well.
    this.#compactor = new Compactor(this.#document, { live: () => this.#map.size + 1, failed })
  }

  get session(): number {
    return this.#session
  }

  /** Live keys. */
  get size(): number {
    return this.#map.visible
  }

  /** The value, the same object until the key changes. JSON is frozen; a Uint8Array cannot be: do not write to it. */
  get(key: string): Value | undefined {
    return this.#visible(key)?.value
  }

  has(key: string): boolean {
    return this.#visible(key) !== undefined
  }

  /** Live keys in no particular order. */
  *keys(): IterableIterator<string> {
    for (const entry of this.#map.entries()) if (!entry.hidden) yield entry.key
  }

  /** The value with its time and name. */
  entry(key: string): ReplicaEntry | undefined {
    const entry = this.#visible(key)
    if (!entry) return undefined
    return {
      value: entry.value,
      at: millisOf(entry.stamp),
      dot: { session: entry.session, n: entry.n },
    }
  }

  #visible(key: string): Entry | undefined {
    const entry = this.#map.get(key)
    return entry?.hidden ? undefined : entry
  }

  /**
   * Writes all of `operations` as one transaction, or none. Above 2,000 writes or 256 KiB other members see them
   * in consecutive pieces, unless `atomic` asks for one.
   * @throws UsageError ERR_KEY_INVALID, ERR_VALUE_INVALID, ERR_TOO_LARGE, ERR_FULL
   */
  write(operations: readonly WriteOperation[], options: { atomic?: boolean } = {}): void {
    this.#document.absorb()
    const planned = planAll(operations, this.#map)
    if (planned.length === 0) return
    checkRoom(planned, this.#map, this.#limits)
    if (options.atomic) checkOnePiece(planned, this.#map)
    this.#reserve(planned)
    this.#notices.begin(true)
    this.#document.transact(() => {
      for (const write of planned) {
        const entry = this.#apply(write)
        if (entry) this.#document.show(entry)
        else this.#document.hide(write.key)
      }
    }, null)
  }

  /** Keeps a batch that fits one update together in one. */
  #reserve(planned: readonly PlannedWrite[]): void {
    if (planned.length === 1) return
    let bytes = 0
    for (const write of planned) bytes += writeBytes(write.bytes, this.#map.get(write.key))
    this.#outgoing.reserve(planned.length, bytes)
  }

  /** Gives a dot to a write and takes it into the map; undefined for a delete. */
  #apply(write: PlannedWrite): Entry | undefined {
    const { key, value } = write
    const previous = this.#map.get(key)
    const size = writeBytes(write.bytes, previous)
    this.#outgoing.reserve(1, size)
    const n = this.#nextNumber()
    // A delete moves the clock as well: what follows it must be later than what it killed.
    const stamp = this.#clock.next(this.#options.wall(), previous?.stamp ?? 0)
    const entry = value === undefined ? undefined : this.#entry(write, value, n, stamp)
    this.#outgoing.add(n, entry, previous, size)
    if (entry) this.#map.set(entry)
    else if (previous) this.#map.delete(previous, { session: this.#session, n })
    this.#notices.wrote(key, value, previous?.value)
    return entry
  }

  #entry(write: PlannedWrite, value: Value, n: number, stamp: number): Entry {
    const { key, bytes, encoded } = write
    return new Entry({ key, session: this.#session, n, stamp, value, bytes, encoded })
  }

  #nextNumber(): number {
    const n = this.#map.known(this.#session)
    if (n < SESSION_WRITES_MAX) return n
    this.#startSession()
    return 0
  }

  #startSession(): void {
    this.#session = random53(this.#options.random)
    this.#outgoing.restart(this.#session)
  }

  /** A stock write of an application becomes a write of the store. */
  #adopt(key: string, value: unknown): Entry | undefined {
    const write = plan({ key, value }, value !== undefined)
    if (value === undefined && this.#map.get(key) === undefined) return undefined
    checkRoom([write], this.#map, this.#limits)
    this.#notices.begin(true)
    return this.#apply(write)
  }

  drain(): Uint8Array[] {
    return this.#outgoing.drain()
  }

  receive(update: Uint8Array): ReceiveResult {
    const envelope = decodeEnvelope(update)
    if ('type' in envelope) return envelope
    return this.#merge(envelope.update, envelope.clock, this.#stampMax())
  }

  digest(): Uint8Array {
    return this.#map.digest.bytes()
  }

  summary(): Uint8Array {
    return encodeSummary(this.#map, [...this.#refused.values()])
  }

  difference(summary: Uint8Array): Uint8Array | undefined {
    const decoded = decodeSummary(summary)
    if ('type' in decoded) return undefined
    this.#rewriteRefused(decoded.refused)
    // What is told here as alive must also leave by broadcast as alive: see `beforeLoss`.
    this.#outgoing.seal()
    return encodeDifference(this.#map, decoded, this.#clock.last)
  }

  receiveDifference(difference: Uint8Array): ReceiveResult {
    const decoded = decodeDifference(difference)
    if ('type' in decoded) return decoded
    const deaths = () => deathsIn(decoded, this.#map)
    return this.#merge(decoded.update, decoded.clock, this.#stampMax(), deaths)
  }

  /** The whole state as a bare Yjs v1 update; opened in an empty stock Y.Doc it shows the same `usr`. */
  checkpoint(): Uint8Array {
    const runs = [...this.#map.context.keys()].map((session) => runOf(this.#map, session, 0))
    return encodeUpdate(runs, [], this.#clock.last)
  }

  /** Merges a checkpoint. Entries too far ahead of the clock are written again with a legal stamp. */
  restore(checkpoint: Uint8Array): ReceiveResult {
    const decoded = decodeUpdate(checkpoint, CHECKPOINT_LIMITS)
    if ('type' in decoded) return decoded
    const result = this.#merge(decoded, decoded.clock, Number.POSITIVE_INFINITY)
    const limit = this.#stampMax()
    this.#rewrite([...this.#map.entries()].filter((entry) => entry.stamp > limit))
    return result
  }

  #stampMax(): number {
    return stampMax(this.#options.wall())
  }

  #merge(
    incoming: Incoming,
    clock: number,
    stampLimit: number,
    deaths?: () => (entry: Entry) => boolean,
  ): ReceiveResult {
    if (this.#isForked(incoming)) this.#fork()
    if (!this.#map.isReady(incoming)) return { type: 'early' }
    this.#document.absorb()
    const refusal = this.#refusal(incoming, stampLimit)
    if (refusal !== undefined) return { type: 'refused', kind: refusal }
    this.#clock.take(clock, this.#options.wall())
    const merged = this.#map.merge(incoming, deaths?.())
    this.#project(merged)
    return { type: 'applied', news: merged.news }
  }

  #project(merged: Merged): void {
    this.#notices.begin(false)
    this.#notices.merged(merged)
    if (merged.set.length === 0 && merged.removed.length === 0) return this.#notices.flush()
    this.#document.transact(() => {
      for (const entry of merged.set) this.#document.show(entry)
      for (const entry of merged.removed) this.#document.hide(entry.key)
    }, this)
  }

  /** Why nothing of `incoming` may be merged now. */
  #refusal(incoming: Incoming, stampLimit: number): string | undefined {
    let { size: keys, bytes } = this.#map
    let sessions = this.#map.context.size
    let isAhead = false
    for (const run of incoming.runs) {
      const known = this.#map.known(run.session)
      if (known === 0) sessions++
      for (const entry of run.entries) {
        if (entry.n < known) continue
        if (entry.stamp > stampLimit) {
          isAhead = true
          this.#refuse(entry)
        }
        const current = this.#map.get(entry.key)
        if (!current) keys++
        bytes += entry.bytes - (current?.bytes ?? 0)
      }
    }
    if (isAhead) return 'clock'
    const { keysMax, documentBytesMax, sessionsMax } = this.#limits
    if (sessions > sessionsMax && sessions > this.#map.context.size) return 'sessions'
    const isFull = keys > MERGE_LIMIT_FACTOR * keysMax || bytes > MERGE_LIMIT_FACTOR * documentBytesMax
    // What does not grow is always taken, or a store over its limits could never shrink.
    return isFull && (keys > this.#map.size || bytes > this.#map.bytes) ? 'full' : undefined
  }

  #refuse({ session, n }: Dot): void {
    if (this.#refused.size < REFUSED_TOLD_MAX) this.#refused.set(`${session}:${n}`, { session, n })
  }

  /** Another member refused these: the holder writes them again with a stamp that everybody takes. */
  #rewriteRefused(dots: readonly Dot[]): void {
    const limit = stampOf(this.#options.wall() + CLOCK_LEAD_MILLIS_MAX)
    const entries: Entry[] = []
    for (const { session, n } of dots) {
      const entry = this.#map.liveOf(session)?.get(n)
      if (entry && entry.stamp > limit) entries.push(entry)
    }
    this.#rewrite(entries)
  }

  /** Writes entries again as own ones, with the same value and a new stamp (or the given one). */
  #rewrite(entries: readonly Entry[], keepStamp = false): void {
    for (const entry of entries) {
      const n = this.#nextNumber()
      const size = writeBytes(entry.bytes, entry)
      this.#outgoing.reserve(1, size)
      const stamp = keepStamp ? entry.stamp : this.#clock.next(this.#options.wall(), 0)
      const copy = new Entry({ ...entry.fields, session: this.#session, n, stamp })
      copy.mark = entry.mark
      this.#outgoing.add(n, copy, entry, size)
      this.#map.set(copy)
    }
    if (entries.length > 0) this.events.emit('local', undefined)
  }

  #isForked(incoming: Incoming): boolean {
    const known = this.#map.known(this.#session)
    for (const run of incoming.runs) if (run.session === this.#session && run.end > known) return true
    for (const kill of incoming.kills)
      if (kill.session === this.#session && (kill.ranges.at(-1) ?? 0) > known) return true
    return false
  }

  /** Somebody else writes under this session, as after the cloning of a machine. */
  #fork(): void {
    const before = this.#session
    const own = [...(this.#map.liveOf(before)?.values() ?? [])]
    this.#startSession()
    this.#rewrite(own, true)
    this.events.emit('session-forked', { before, session: this.#session })
  }

  projectMembers(members: ReadonlyMap<string, MemberRecord>): void {
    const shown = this.#members.update(members)
    if (shown) this.#document.transact(() => this.#document.showMembers(shown), this)
  }

  /** Drops history when there is enough of it; true when it did. For idle moments: no event, same maps. */
  compactIfDue(): boolean {
    return this.#compactor.compactIfDue()
  }

  /** Lets go of the document and of all listeners. The document keeps its content. */
  destroy(): void {
    this.#document.release()
    this.events.clear()
  }

  #listenerThrew(error: unknown): void {
    const text = {
      what: `A listener of the replica threw (${messageOf(error)})`,
      why: 'An event handler of the application failed',
      fix: 'Correct it; the data was changed all the same',
    }
    this.events.emit('error', new InternalError('ERR_LISTENER_THREW', text, { cause: error }))
  }
}
