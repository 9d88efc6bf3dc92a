/**
 * One member's copy of the data: a dotted map that merges, and a Y.Doc that shows the result. Local writes leave
 * as canonical updates; what comes in is decoded and checked as a whole before anything changes, and no byte of
 * a peer ever reaches Yjs. Everything is synchronous.
 */
import type * as Y from 'yjs'
import { Emitter } from '../../base/emitter.js'
import { type GossipKvError, InternalError, messageOf, TransportError } from '../../base/errors.js'
import type { MemberRecord } from '../../base/member.js'
import type { Random } from '../../base/random.js'
import { Capacity, type ReplicaLimits } from './capacity.js'
import { Compactor } from './compactor.js'
import { checkSingleYjs, Document, QuietDoc } from './document.js'
import { DottedMap } from './dotted-map.js'
import type { Dot, Entry } from './entry.js'
import type { NearlyFull, ReplicaEvents } from './events.js'
import { Exchange } from './exchange.js'
import { LocalWrites } from './local-writes.js'
import { MemberProjection } from './member-projection.js'
import type { Merged } from './merged.js'
import { Notices } from './notices.js'
import { checkOnePiece, effective, type PlannedWrite, plan } from './plan.js'
import { HybridClock, millisOf } from './stamp.js'
import type { Value } from './value.js'

export type { ReplicaLimits } from './capacity.js'
export type { WriteOperation } from './plan.js'

export interface ReplicaOptions {
  random: Random
  /** The wall clock, in milliseconds since 1970. */
  wall: () => number
  /** The document to write; must be empty. Default: a new one. */
  doc?: Y.Doc
  limits?: Partial<ReplicaLimits>
  /** Hears of everything that was merged, local writes included, for `replay` after a restart. */
  record?: (record: Uint8Array) => void
}

/** The value of a key with its time and name. */
export interface ReplicaEntry {
  value: Value
  /** Milliseconds since 1970, by the clock of the writer, and after everything that it had seen. */
  at: number
  dot: Dot
}

/** One member's copy of the data. */
export class Replica {
  readonly doc: Y.Doc
  readonly events = new Emitter<ReplicaEvents>((error) => this.#listenerThrew(error))
  /** What it tells others and takes from them. */
  readonly exchange: Exchange
  readonly #options: ReplicaOptions
  readonly #map: DottedMap
  readonly #capacity: Capacity
  readonly #document: Document
  readonly #compactor: Compactor
  readonly #notices = new Notices(this.events)
  readonly #writes: LocalWrites
  readonly #members = new MemberProjection()
  #isSkewTold = false

  /** @throws UsageError ERR_DUPLICATE_YJS, ERR_OPTION_INVALID when `doc` has content */
  constructor(options: ReplicaOptions, { map = new DottedMap(), clock = new HybridClock() } = {}) {
    checkSingleYjs(options.doc)
    const { random, wall } = options
    this.#options = options
    this.#map = map
    this.#capacity = new Capacity(map, options.limits)
    const { record } = options
    const notices = this.#notices
    this.#writes = new LocalWrites({ map, clock, notices, random, record })
    this.exchange = new Exchange({
      ...{ map, clock, wall, record, capacity: this.#capacity, writes: this.#writes },
      absorb: () => this.#document.absorb(),
      merged: (merged) => this.#project(merged),
      ahead: (stamp) => this.#ahead(stamp),
      forked: (before) => this.#forked(before),
    })
    this.doc = options.doc ?? new QuietDoc()
    const failed = (error: GossipKvError) => this.events.emit('error', error)
    this.#document = new Document(this.doc, {
      entryOf: (key) => this.#map.get(key),
      adopt: (key, value) => this.#adopt(key, value),
      transactionEnded: () => this.#tell(),
      settled: () => this.#compactor.afterTransactions(),
      failed,
    })
    // The one key of `sys` is live as well.
    this.#compactor = new Compactor(this.#document, { live: () => this.#map.size + 1, failed })
  }

  get session(): number {
    return this.#writes.session
  }

  /** Live keys. */
  get size(): number {
    return this.#map.size
  }

  /** Sessions that ever wrote. */
  get sessions(): number {
    return this.#map.context.size
  }

  /** The value, the same object until the key changes. JSON is frozen; a Uint8Array cannot be: do not write to it. */
  get(key: string): Value | undefined {
    return this.#map.get(key)?.value
  }

  has(key: string): boolean {
    return this.#map.get(key) !== undefined
  }

  /** Live keys in no particular order. */
  *keys(): IterableIterator<string> {
    for (const entry of this.#map.entries()) yield entry.key
  }

  /** The value with its time and name. */
  entry(key: string): ReplicaEntry | undefined {
    const entry = this.#map.get(key)
    if (!entry) return undefined
    return {
      value: entry.value,
      at: millisOf(entry.stamp),
      dot: { session: entry.session, n: entry.n },
    }
  }

  /**
   * Writes what `plan` has checked as one transaction, or nothing; each key once. Above 2,000 writes or 256 KiB other
   * members see them in consecutive pieces, unless `atomic` asks for one. @throws UsageError ERR_TOO_LARGE, ERR_FULL
   */
  commit(plans: readonly PlannedWrite[], options: { atomic?: boolean } = {}): void {
    this.#document.absorb()
    const planned = effective(plans, this.#map)
    if (planned.length === 0) return
    this.#capacity.check(planned, this.session)
    if (options.atomic) checkOnePiece(planned, this.#map)
    this.#writes.reserve(planned)
    this.#notices.begin(true)
    const now = this.#options.wall()
    this.#document.transact(() => {
      for (const write of planned) {
        const entry = this.#writes.apply(write, now)
        if (entry) this.#document.show(entry)
        else this.#document.hide(write.key)
      }
    }, null)
  }

  /** A stock write of an application becomes a write of the store. */
  #adopt(key: string, value: unknown): Entry | undefined {
    const write = plan({ key, value }, value !== undefined)
    if (value === undefined && this.#map.get(key) === undefined) return undefined
    this.#capacity.check([write], this.session)
    this.#notices.begin(true)
    return this.#writes.apply(write, this.#options.wall())
  }

  #project(merged: Merged): void {
    this.#notices.begin(false)
    this.#notices.merged(merged)
    if (merged.set.length === 0 && merged.removed.length === 0) return this.#tell()
    this.#document.transact(() => {
      for (const entry of merged.set) this.#document.show(entry)
      for (const entry of merged.removed) this.#document.hide(entry.key)
    }, this)
  }

  readonly #tellNearlyFull = (event: NearlyFull): void => this.events.emit('nearly-full', event)

  #tell(): void {
    this.#notices.flush()
    this.#capacity.tellNearlyFull(this.#tellNearlyFull)
  }

  /** Told once: the other clock may be anybody's, and stays wrong for long. */
  #ahead(stamp: number): void {
    if (this.#isSkewTold) return
    this.#isSkewTold = true
    this.events.emit('error', clockSkew(stamp, this.#options.wall()))
  }

  #forked(before: number): void {
    this.#tell()
    this.events.emit('session-forked', { before, session: this.session })
  }

  /** Shows the member table in the document's `sys` map. */
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
    const what = `A listener of the replica threw (${messageOf(error)})`
    this.events.emit('error', new InternalError('ERR_LISTENER_THREW', what, { cause: error }))
  }
}

function clockSkew(stamp: number, wall: number): TransportError {
  const hours = Math.round((millisOf(stamp) - wall) / 3_600_000)
  return new TransportError(
    'ERR_CLOCK_SKEW',
    `What another member sends is ${hours} hours ahead of the clock here, and is not merged until the clock gets there`,
  )
}
