/**
 * The one place behind every view of the user's keys: reads that see an open batch, writes as transactions,
 * listeners by key and prefix, and cached sorted keys and snapshots.
 */
import type { Clock } from '../../base/clock.js'
import { Emitter, type Unsubscribe } from '../../base/emitter.js'
import { type GossipKvError, UsageError } from '../../base/errors.js'
import { type PlannedWrite, plan, planAll } from '../../data/replica/plan.js'
import type { Replica, WriteOperation } from '../../data/replica/replica.js'
import { checkKey } from '../../data/replica/value.js'
import type { WaitContext } from '../status/wait.js'
import type { ChangeEvent, Entry, KeyChange, Value } from '../types.js'

/** What the core needs of its store. */
export interface KvHost {
  clock: Clock
  replica: Replica
  /** The member that writes under `session`, while it is known. */
  memberOf(session: number): string | undefined
  /** @throws UsageError ERR_STORE_CLOSED */
  assertWritable(): void
  /** Reports a listener that threw. */
  listenerThrew(error: unknown): void
}

/** Hears that the store has closed, and why when it could not start. */
export type EndListener = (failure: GossipKvError | undefined) => void

export class KvCore {
  readonly #host: KvHost
  readonly #changes: Emitter<{ change: ChangeEvent }>
  readonly #keys: Emitter<Record<string, KeyChange>>
  readonly #endListeners = new Set<EndListener>()
  /** The writes of an open batch by key, checked and cloned. */
  #batch: Map<string, PlannedWrite> | undefined
  #sortedKeys: readonly string[] | undefined
  #snapshot: Readonly<Record<string, Value>> | undefined
  #ending: { failure: GossipKvError | undefined } | undefined

  constructor(host: KvHost) {
    this.#host = host
    this.#changes = new Emitter(host.listenerThrew)
    this.#keys = new Emitter(host.listenerThrew)
  }

  /** What waits for keys need. */
  get waits(): WaitContext {
    return { clock: this.#host.clock, onEnd: (ended) => this.onEnd(ended) }
  }

  read(key: string): Value | undefined {
    checkKey(key)
    const write = this.#batch?.get(key)
    return write ? write.value : this.#host.replica.get(key)
  }

  has(key: string): boolean {
    return this.read(key) !== undefined
  }

  entry(key: string): Entry | undefined {
    checkKey(key)
    const entry = this.#host.replica.entry(key)
    return entry && Object.freeze({ key, ...entry, by: this.#host.memberOf(entry.dot.session) })
  }

  /** Live keys in ascending order. */
  keys(prefix: string): readonly string[] {
    const all = this.#allKeys()
    return prefix === '' ? all : all.filter((key) => key.startsWith(prefix))
  }

  /** How many live keys there are. */
  count(prefix: string): number {
    const isAll = prefix === '' && this.#batch === undefined
    return isAll ? this.#host.replica.size : this.keys(prefix).length
  }

  /** A frozen plain object of everything. Keys that name a part of Object.prototype are refused on entry. */
  snapshot(): Readonly<Record<string, Value>> {
    if (this.#batch) return this.#makeSnapshot()
    this.#snapshot ??= this.#makeSnapshot()
    return this.#snapshot
  }

  set(key: string, value: Value): void {
    this.#host.assertWritable()
    const write = plan({ key, value })
    if (this.#batch) this.#batch.set(key, write)
    else this.#host.replica.commit([write])
  }

  /** Writes as one transaction, or adds to the open batch: all or nothing. */
  write(operations: readonly WriteOperation[]): void {
    this.#host.assertWritable()
    const planned = planAll(operations)
    if (this.#batch === undefined) return this.#host.replica.commit(planned)
    for (const write of planned) this.#batch.set(write.key, write)
  }

  /** Runs `fn` and writes what it wrote as one transaction; nothing when it throws. A batch in a batch joins it. */
  batch<R>(fn: () => R, options?: { atomic?: boolean }): R {
    this.#host.assertWritable()
    if (this.#batch) return atOnce(fn())
    const batch = new Map<string, PlannedWrite>()
    this.#batch = batch
    let result: R
    try {
      result = atOnce(fn())
    } finally {
      this.#batch = undefined
    }
    this.#host.replica.commit([...batch.values()], options)
    return result
  }

  subscribe(listener: (event: ChangeEvent) => void): Unsubscribe {
    return this.#changes.on('change', listener)
  }

  subscribeKey(key: string, listener: (change: KeyChange) => void): Unsubscribe {
    checkKey(key)
    return this.#keys.on(key, listener)
  }

  /** Calls back once when the store closes; at once when it has. */
  onEnd(end: EndListener): Unsubscribe {
    const ending = this.#ending
    if (ending) queueMicrotask(() => end(ending.failure))
    else this.#endListeners.add(end)
    return () => void this.#endListeners.delete(end)
  }

  /** The replica changed. */
  changed(event: ChangeEvent): void {
    this.#snapshot = undefined
    if (event.changes.some(addsOrRemoves)) this.#sortedKeys = undefined
    this.#changes.emit('change', event)
    for (const change of event.changes) this.#keys.emit(change.key, change)
  }

  /** The store closes: iterations end, listeners are dropped. */
  end(failure?: GossipKvError): void {
    this.#ending = { failure }
    for (const end of [...this.#endListeners]) end(failure)
    this.#endListeners.clear()
    this.#changes.clear()
    this.#keys.clear()
  }

  #allKeys(): readonly string[] {
    if (this.#batch === undefined) {
      this.#sortedKeys ??= [...this.#host.replica.keys()].sort(byUnits)
      return this.#sortedKeys
    }
    const keys = new Set(this.#host.replica.keys())
    for (const { key, value } of this.#batch.values()) value === undefined ? keys.delete(key) : keys.add(key)
    return [...keys].sort(byUnits)
  }

  #makeSnapshot(): Readonly<Record<string, Value>> {
    const pairs = this.#allKeys().map((key) => [key, this.read(key) as Value] as const)
    return Object.freeze(Object.fromEntries(pairs))
  }
}

function addsOrRemoves(change: KeyChange): boolean {
  return change.value === undefined || change.previous === undefined
}

/** By UTF-16 units: the same on every machine, whatever its locale. */
function byUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The result of a batch, unless its function goes on after it has returned: the batch would be over by then. */
function atOnce<R>(result: R): R {
  if (!(result instanceof Promise)) return result
  throw new UsageError(
    'ERR_OPTION_INVALID',
    'batch() got an asynchronous function; nothing that it wrote so far was applied',
    {
      why: 'A batch ends when its function returns: what it writes after its first await is a write of its own',
      fix: 'Await first, then call batch() with a function that only writes',
    },
  )
}
