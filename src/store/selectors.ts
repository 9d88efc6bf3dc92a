/**
 * What the React hooks and the Vue composables share: snapshots that stay the same object until something
 * changes, and the types of their arguments. It reads a store only through its public interface.
 */
import type { Unsubscribe } from '../base/emitter.js'
import { UsageError } from '../base/errors.js'
import type { KV, Member, Shown, Status, Store, StoreOptions, Value } from './types.js'

/** Keys with their values, in the order of `kv.entries()`. Frozen. */
export type EntryList = readonly (readonly [key: string, value: Value])[]

/** No entries; always the same object. */
export const NO_ENTRIES: EntryList = Object.freeze([])
/** No members; always the same object. */
export const NO_MEMBERS: readonly Member[] = Object.freeze([])

/** Nobody shows anything; always the same object. */
export const NOBODY_SHOWN: readonly Shown[] = Object.freeze([])
/** No keys; always the same object. */
export const NO_KEYS: Readonly<Record<string, Value>> = Object.freeze({})

/** The status that a page shows before there is a store: on a server and while it is hydrated. */
export const STATUS_BEFORE_START: Status = Object.freeze({
  name: 'idle',
  signaling: 'none',
  links: 0,
  target: 0,
  synced: false,
  converged: false,
  convergedAt: undefined,
  pendingUpdates: 0,
  persisted: undefined,
  storageError: undefined,
  digest: '',
  lastError: undefined,
  since: 0,
})

/** The entries under one prefix as a snapshot: the same list, and the same pairs in it, until they change. */
export class EntriesView {
  readonly #kv: KV
  readonly #prefix: string
  #list = NO_ENTRIES
  #stale = true
  #subscriptions = 0

  constructor(kv: KV, prefix: string) {
    this.#kv = kv
    this.#prefix = prefix
  }

  /** Calls `listener` after each transaction that changed a key under the prefix. */
  readonly subscribe = (listener: () => void): Unsubscribe => {
    const off = this.#kv.subscribe({ prefix: this.#prefix }, () => {
      this.#stale = true
      listener()
    })
    // Changes may have happened since the last look, when nothing told of them.
    this.#stale = true
    this.#subscriptions++
    return () => {
      off()
      this.#subscriptions--
    }
  }

  /** The current list. Without a subscription nothing tells of changes, so that it looks each time. */
  readonly snapshot = (): EntryList => {
    if (!this.#stale && this.#subscriptions > 0) return this.#list
    this.#list = keepEqual(this.#list, this.#kv.entries({ prefix: this.#prefix }))
    this.#stale = false
    return this.#list
  }
}

/** What a selector makes of all keys: the same result until it makes another one. */
export class Selection<T> {
  #keys: object | undefined
  #select: unknown
  #result: T | undefined

  /** Looks only when the keys or the selector are others than the last time. */
  look(
    keys: Readonly<Record<string, Value>>,
    select: (keys: Readonly<Record<string, Value>>) => T,
    isEqual: (a: T, b: T) => boolean,
  ): T {
    const before = this.#result as T
    if (this.#keys === keys && this.#select === select) return before
    const next = select(keys)
    if (this.#keys === undefined || !isEqual(before, next)) this.#result = next
    this.#keys = keys
    this.#select = select
    return this.#result as T
  }
}

/**
 * The status as last told. `store.status` reads everything anew and may tell others of it, which a renderer must
 * not cause while it renders; with a subscription the last `status` event says the same.
 */
export class StatusView {
  readonly #store: Store
  #told: Status | undefined
  #subscriptions = 0

  constructor(store: Store) {
    this.#store = store
  }

  /** Calls `listener` after each change of the status. */
  readonly subscribe = (listener: () => void): Unsubscribe => {
    this.#told = undefined
    this.#subscriptions++
    const off = this.#store.on('status', (status) => {
      this.#told = status
      listener()
    })
    return () => {
      off()
      this.#subscriptions--
    }
  }

  /** The current status; the same object until it changes. */
  readonly snapshot = (): Status => {
    if (this.#subscriptions === 0) return this.#store.status
    this.#told ??= this.#store.status
    return this.#told
  }
}

/** The value of `key`, or `fallback` when there is none; a stored null is a value. */
export function valueOr(kv: KV, key: string, fallback: unknown): unknown {
  const value = kv.get(key)
  return value === undefined ? fallback : value
}

/** `store.members.list()` narrowed to one member; undefined when it is unknown. */
export function memberOf(members: readonly Member[], id: string): Member | undefined {
  return members.find((member) => member.id === id)
}

/** The options that name a member. When one of them changes, it is another store. */
export function identityOf(options: StoreOptions): string {
  return JSON.stringify([options.cluster, options.signaling, options.name])
}

/** The error of a hook that finds no store above it. */
export function contextMissing(caller: string, provider: string): UsageError {
  return new UsageError('ERR_CONTEXT_MISSING', `${caller}() was called where no store is provided`, {
    fix: `Provide a store above it: ${provider}`,
  })
}

function keepEqual(before: EntryList, now: [string, Value][]): EntryList {
  const known = new Map(before.map((pair) => [pair[0], pair]))
  let same = before.length === now.length
  const list = now.map((pair, index) => {
    const old = known.get(pair[0])
    const kept = old !== undefined && Object.is(old[1], pair[1]) ? old : Object.freeze(pair)
    same &&= kept === before[index]
    return kept
  })
  return same ? before : Object.freeze(list)
}
