/**
 * Vue composables over the public interface of a store, and the plugin that provides one. Each composable
 * gives a shallow reference that follows the store until the scope that made it ends: a component, an
 * `effectScope`, or one server rendering. Importing this module touches no browser global.
 */
import {
  type App,
  computed,
  type InjectionKey,
  inject,
  type MaybeRefOrGetter,
  provide,
  type ShallowRef,
  shallowRef,
  toValue,
  type WritableComputedRef,
  watchEffect,
} from 'vue'
import type { Unsubscribe } from './base/emitter.js'
import {
  contextMissing,
  EntriesView,
  type EntryList,
  memberOf,
  Selection,
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

/** A reference that follows the store; only the store writes it. */
export type Followed<T> = Readonly<ShallowRef<T>>

const STORE: InjectionKey<Store> = Symbol('gossip-kv')

/**
 * The plugin for `app.use()`. With a store, the application owns it. With options, each app that installs the
 * plugin opens one store and closes it when it unmounts; on a server it is made and not started, so that
 * composables give their fallbacks there.
 */
export function createGossipKv(source: Store | StoreOptions): { install(app: App): void } {
  return {
    install(app) {
      const store = isStore(source) ? source : open(source)
      app.provide(STORE, store)
      if (store !== source) closeWithApp(app, store)
    },
  }
}

/** Provides `store` to the components below the one whose `setup` calls this. */
export function provideStore(store: Store): void {
  provide(STORE, store)
}

/**
 * The store of the plugin or of the nearest `provideStore` above.
 * @throws UsageError ERR_CONTEXT_MISSING
 */
export function useStore(): Store {
  const store = inject(STORE, undefined)
  if (store === undefined) {
    throw contextMissing('useStore', 'app.use(createGossipKv(options)) or provideStore(store)')
  }
  return store
}

/** The value of `key`, or `fallback` while there is none. The key may be a reference or a getter. */
export function useValue<T = Value>(key: MaybeRefOrGetter<string>): Followed<Storable<T> | undefined>
export function useValue<T>(key: MaybeRefOrGetter<string>, fallback: T): Followed<Storable<T>>
export function useValue(key: MaybeRefOrGetter<string>, fallback?: unknown): Followed<unknown> {
  const { usr } = useStore()
  return follow(() => {
    const name = toValue(key)
    return {
      read: () => valueOr(usr, name, fallback),
      subscribe: (changed) => usr.subscribe(name, changed),
    }
  })
}

/**
 * The same for `v-model`: assigning writes the key. An assignment throws as `usr.set` does (UsageError
 * ERR_VALUE_INVALID, ERR_TOO_LARGE, ...).
 */
export function useValueModel<T>(
  key: MaybeRefOrGetter<string>,
  fallback: T,
): WritableComputedRef<Storable<T>> {
  const { usr } = useStore()
  const value = useValue<T>(key, fallback)
  return computed({
    get: () => value.value,
    set: (next) => usr.set(toValue(key), next as Value),
  })
}

/**
 * The value of `key` and how to write it: a value, or what a function makes of the current one. Writing throws as
 * `usr.set` does.
 */
export function useValueState<T>(
  key: MaybeRefOrGetter<string>,
  fallback: T,
): readonly [value: Followed<Storable<T>>, set: (next: T | ((current: Storable<T>) => T)) => void] {
  const { usr } = useStore()
  const set = (next: T | ((current: Storable<T>) => T)) => {
    const current = valueOr(usr, toValue(key), fallback) as Storable<T>
    const isUpdater = typeof next === 'function'
    usr.set(toValue(key), (isUpdater ? (next as (current: Storable<T>) => T)(current) : next) as Value)
  }
  return [useValue<T>(key, fallback), set]
}

/** What `select` makes of all keys; another object only when it differs by `isEqual` (default `Object.is`). */
export function useSelect<T>(
  select: (keys: Readonly<Record<string, Value>>) => T,
  isEqual: (a: T, b: T) => boolean = Object.is,
): Followed<T> {
  const { usr } = useStore()
  const selection = new Selection<T>()
  return follow(() => ({
    read: () => selection.look(usr.snapshot(), select, isEqual),
    subscribe: (changed) => usr.subscribe(changed),
  }))
}

/** What the members show of themselves, and how to change what this one shows. */
export interface PresenceComposable {
  self: Followed<PresenceState>
  /** Every other member that shows something, in ascending order of id. */
  others: Followed<readonly Shown[]>
  /** As `store.presence.set`. @throws UsageError ERR_VALUE_INVALID, ERR_TOO_LARGE */
  set(patch: Partial<PresenceState>): void
}

/** The presence of all members: cursors, selections, who types. */
export function usePresence(): PresenceComposable {
  const { presence } = useStore()
  const shown = follow(() => ({
    read: () => presence.list(),
    subscribe: (changed) => presence.subscribe(changed),
  }))
  return {
    self: computed(() => shown.value.find(({ self }) => self)?.state ?? {}),
    others: computed(() => shown.value.filter(({ self }) => !self)),
    set: (patch) => presence.set(patch),
  }
}

/** All keys that begin with `prefix` (default: all) with their values. */
export function useEntries(options: { prefix?: MaybeRefOrGetter<string> } = {}): Followed<EntryList> {
  const { usr } = useStore()
  return follow(() => {
    const view = new EntriesView(usr, toValue(options.prefix) ?? '')
    return { read: view.snapshot, subscribe: view.subscribe }
  })
}

/** The members of the cluster, this one included, in ascending order of id. */
export function useMembers(): Followed<readonly Member[]> {
  const { members } = useStore()
  return follow(() => ({
    read: () => members.list(),
    subscribe: (changed) => members.subscribe(changed),
  }))
}

/** One member; undefined while it is unknown. */
export function useMember(id: MaybeRefOrGetter<string>): Followed<Member | undefined> {
  const members = useMembers()
  return computed(() => memberOf(members.value, toValue(id)))
}

/** This member. */
export function useSelf(): Followed<Member | undefined> {
  const members = useMembers()
  return computed(() => members.value.find((member) => member.self))
}

/** How the store stands: alone, joining, live, ... */
export function useStatus(): Followed<Status> {
  const store = useStore()
  return follow(() => ({
    read: () => store.status,
    subscribe: (changed) => store.on('status', changed),
  }))
}

/** Whether the data equalled that of a neighbor at least once. */
export function useSynced(): Followed<boolean> {
  const status = useStatus()
  return computed(() => status.value.synced)
}

/** Something to look at and to be told about. */
interface Source<T> {
  read(): T
  subscribe(changed: () => void): Unsubscribe
}

function follow<T>(source: () => Source<T>): Followed<T> {
  const followed = shallowRef() as ShallowRef<T>
  // A synchronous effect is the only kind that Vue also cleans up after a server rendering.
  watchEffect(
    (onCleanup) => {
      const { read, subscribe } = source()
      const look = () => {
        followed.value = read()
      }
      look()
      onCleanup(subscribe(look))
    },
    { flush: 'sync' },
  )
  return followed
}

function isStore(source: Store | StoreOptions): source is Store {
  return 'usr' in source
}

// Vue has a hook for this only since 3.5.
function closeWithApp(app: App, store: Store): void {
  const unmount = app.unmount
  app.unmount = () => {
    unmount.call(app)
    void store.close()
  }
}

function open(options: StoreOptions): Store {
  const store = createStore({ ...options, autoStart: false })
  if (options.autoStart !== false && typeof document !== 'undefined') store.start()
  return store
}
