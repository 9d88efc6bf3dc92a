'use client'
/**
 * React hooks over the public interface of a store. Every hook reads through `useSyncExternalStore`, so that a
 * component renders once per transaction that changed what it shows, and never sees two states in one render.
 * Importing this module touches no browser global; on a server each hook gives its fallback.
 */
import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useCallback,
  useContext,
  useMemo,
  useState,
  useSyncExternalStore,
} from 'react'
import type { Unsubscribe } from './base/emitter.js'
import {
  contextMissing,
  EntriesView,
  type EntryList,
  identityOf,
  memberOf,
  NO_ENTRIES,
  NO_KEYS,
  NO_MEMBERS,
  NOBODY_SHOWN,
  Selection,
  STATUS_BEFORE_START,
  StatusView,
  valueOr,
} from './store/selectors.js'
import { createStore } from './store/store.js'
import type {
  Member,
  PresenceState,
  Shown,
  Status,
  Storable,
  Store,
  StoreOptions,
  Value,
} from './store/types.js'

export type { EntryList } from './store/selectors.js'
export type { Storable } from './store/types.js'

const StoreContext = createContext<Store | undefined>(undefined)

/** Either a store that the application owns, or the options of one that the provider opens and closes. */
export type StoreProviderProps =
  | { store: Store; children?: ReactNode }
  | {
      /**
       * The store that the provider opens when it mounts and closes when it unmounts. A new object with the
       * same `cluster`, `signaling` and `name` changes nothing; a change of one of these opens another store,
       * and the fallback shows until it is there. All other options are read once.
       */
      options: StoreOptions
      /**
       * Shown on a server and before the store has started. Default: the children, over a store that has not started;
       * on a server and while a page is hydrated each hook gives its fallback.
       */
      fallback?: ReactNode
      children?: ReactNode
    }

/**
 * Gives a store to all hooks below it. React's strict mode mounts twice and still opens one store.
 * @throws UsageError for wrong options, while it renders or in the effect that starts the store: an error boundary
 * catches both
 */
export function StoreProvider(props: StoreProviderProps): ReactElement {
  return 'store' in props
    ? createElement(StoreContext.Provider, { value: props.store }, props.children)
    : createElement(OpeningProvider, props)
}

/**
 * The store of the nearest provider.
 * @throws UsageError ERR_CONTEXT_MISSING
 */
export function useStore(): Store {
  const store = useContext(StoreContext)
  if (store === undefined) throw contextMissing('useStore', '<StoreProvider store={store}>')
  return store
}

/** The value of `key`, or `fallback` while there is none. Renders when that value changes. */
export function useValue<T = Value>(key: string): Storable<T> | undefined
export function useValue<T>(key: string, fallback: T): Storable<T>
export function useValue(key: string, fallback?: unknown): unknown {
  const { usr } = useStore()
  const subscribe = useCallback((changed: () => void) => usr.subscribe(key, changed), [usr, key])
  const value = useSyncExternalStore<unknown>(subscribe, () => usr.get(key), nothing)
  return value === undefined ? fallback : value
}

/** Writes a value, or what a function makes of the current one. */
export type SetValue<T> = (next: T | ((current: T) => T)) => void

/**
 * As `useState`, but every member shares the value. The second element throws as `usr.set` does
 * (UsageError ERR_VALUE_INVALID, ERR_TOO_LARGE, ...), at once and in the caller's event handler.
 */
export function useValueState<T>(key: string, fallback: T): readonly [Storable<T>, SetValue<Storable<T>>] {
  const { usr } = useStore()
  const value = useValue<T>(key, fallback)
  const set = useCallback<SetValue<Storable<T>>>(
    (next) => {
      const current = valueOr(usr, key, fallback) as Storable<T>
      usr.set(key, (isUpdater(next) ? next(current) : next) as Value)
    },
    [usr, key, fallback],
  )
  return [value, set]
}

/** All keys that begin with `prefix` (default: all) with their values. Other keys cause no render. */
export function useEntries({ prefix = '' }: { prefix?: string } = {}): EntryList {
  const { usr } = useStore()
  const view = useMemo(() => new EntriesView(usr, prefix), [usr, prefix])
  return useSyncExternalStore(view.subscribe, view.snapshot, noEntries)
}

/**
 * What `select` makes of all keys, as a count or a sum. Renders when that changes, by `isEqual` (default `Object.is`).
 * On a server `select` gets no keys.
 */
export function useSelect<T>(
  select: (keys: Readonly<Record<string, Value>>) => T,
  isEqual: (a: T, b: T) => boolean = Object.is,
): T {
  const { usr } = useStore()
  const [selection] = useState(() => new Selection<T>())
  const subscribe = useCallback((changed: () => void) => usr.subscribe(changed), [usr])
  return useSyncExternalStore(
    subscribe,
    () => selection.look(usr.snapshot(), select, isEqual),
    () => selection.look(NO_KEYS, select, isEqual),
  )
}

/** The members of the cluster, this one included, in ascending order of id. */
export function useMembers(): readonly Member[] {
  const { members } = useStore()
  const subscribe = useCallback((changed: () => void) => members.subscribe(changed), [members])
  return useSyncExternalStore(subscribe, () => members.list(), noMembers)
}

/** One member; undefined while it is unknown. */
export function useMember(id: string): Member | undefined {
  return memberOf(useMembers(), id)
}

/** This member; undefined on a server. */
export function useSelf(): Member | undefined {
  return useMembers().find((member) => member.self)
}

/** What the members show of themselves, and how to change what this one shows. */
export interface PresenceHook {
  self: PresenceState
  /** Every other member that shows something, in ascending order of id. */
  others: readonly Shown[]
  /** As `store.presence.set`; always the same function. @throws UsageError ERR_VALUE_INVALID, ERR_TOO_LARGE */
  set: (patch: Partial<PresenceState>) => void
}

/** The presence of all members: cursors, selections, who types. Renders when something of it changes. */
export function usePresence(): PresenceHook {
  const { presence } = useStore()
  const subscribe = useCallback((changed: () => void) => presence.subscribe(changed), [presence])
  const shown = useSyncExternalStore(subscribe, () => presence.list(), nobody)
  const set = useCallback((patch: Partial<PresenceState>) => presence.set(patch), [presence])
  return useMemo(() => {
    const self = shown.find((entry) => entry.self)?.state ?? {}
    return { self, others: shown.filter((entry) => !entry.self), set }
  }, [shown, set])
}

/** How the store stands: alone, joining, live, ... */
export function useStatus(): Status {
  return useStatusPart(whole, STATUS_BEFORE_START)
}

/** Whether the data equalled that of a neighbor at least once. Renders only when that changes. */
export function useSynced(): boolean {
  return useStatusPart(synced, false)
}

function useStatusPart<T>(select: (status: Status) => T, server: T): T {
  const store = useStore()
  const view = useMemo(() => new StatusView(store), [store])
  return useSyncExternalStore(
    view.subscribe,
    () => select(view.snapshot()),
    () => server,
  )
}

function OpeningProvider(props: {
  options: StoreOptions
  fallback?: ReactNode
  children?: ReactNode
}): ReactElement {
  const lease = useLease(props.options)
  const started = useSyncExternalStore(lease.subscribe, lease.started, nothing)
  const store = started ?? (props.fallback === undefined ? lease.store() : undefined)
  return createElement(
    StoreContext.Provider,
    { value: store },
    store === undefined ? props.fallback : props.children,
  )
}

function useLease(options: StoreOptions): StoreLease {
  const identity = identityOf(options)
  const [held, hold] = useState(() => ({ identity, lease: new StoreLease(options) }))
  if (held.identity === identity) return held.lease
  const next = { identity, lease: new StoreLease(options) }
  hold(next)
  return next.lease
}

/**
 * One store for as long as somebody subscribes. It starts in the first subscription, an effect, since a render
 * may be thrown away; it closes a task after the last one ends, since strict mode ends and renews it at once.
 */
class StoreLease {
  readonly #options: StoreOptions
  #store: Store | undefined
  #started: Store | undefined
  #holders = 0

  constructor(options: StoreOptions) {
    this.#options = options
  }

  store(): Store {
    this.#store ??= createStore({ ...this.#options, autoStart: false })
    return this.#store
  }

  readonly subscribe = (): Unsubscribe => {
    // useSyncExternalStore looks at the snapshot after it subscribed: no call is needed.
    if (this.#started === undefined) this.#start(this.store())
    this.#holders++
    return () => {
      this.#holders--
      setTimeout(() => this.#closeUnheld(), 0)
    }
  }

  readonly started = (): Store | undefined => this.#started

  #start(store: Store): void {
    if (this.#options.autoStart !== false) store.start()
    this.#started = store
  }

  #closeUnheld(): void {
    if (this.#holders > 0) return
    void this.#store?.close()
    this.#store = this.#started = undefined
  }
}

function isUpdater<T>(next: T | ((current: T) => T)): next is (current: T) => T {
  return typeof next === 'function'
}

const nothing = () => undefined
const noEntries = () => NO_ENTRIES
const noMembers = () => NO_MEMBERS
const nobody = () => NOBODY_SHOWN
const whole = (status: Status) => status
const synced = (status: Status) => status.synced
