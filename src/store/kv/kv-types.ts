/** The public types of keys and of the system's section. */
import type { Unsubscribe } from '../../base/emitter.js'
import type { MemberRecord } from '../../base/member.js'
import type { ChangeEvent, KeyChange } from '../../data/replica/events.js'
import type { Value } from '../../data/replica/value.js'

type Unstorable =
  | bigint
  | symbol
  | undefined
  | Date
  | ((...args: never[]) => unknown)
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>

/** `T` with `never` in place of what no store takes. An interface is no `Value`, as it has no index signature. */
type Plain<T> = T extends Value
  ? T
  : T extends Unstorable
    ? never
    : T extends object
      ? { [K in keyof T]: Plain<T[K]> }
      : never

/**
 * The type of a stored value as a caller names it: `T` itself, or `never` for what no store takes
 * (dates, functions, maps). The detour through `infer` lets a fallback `0` mean `number`, as in `useState(0)`.
 */
export type Storable<T> = unknown extends T ? T : T extends Plain<T> ? (T extends infer U ? U : never) : never

/** What is known of one key besides its value. */
export interface Entry {
  key: string
  value: Value
  /** When it was written, in milliseconds since 1970: by the clock of its writer, and after all that it had seen. */
  at: number
  /** The name of the write: the writer's session and the number of the write in it. */
  dot: { session: number; n: number }
  /** The member that wrote it; undefined once that session's member is gone. */
  by: string | undefined
}

/** The user's keys. Reads and writes are synchronous and local. */
export interface KV {
  /** The value, the same object until the key changes; undefined when absent. @throws UsageError ERR_KEY_INVALID */
  get<T extends Value = Value>(key: string): T | undefined
  get<T>(key: string): Storable<T> | undefined
  has(key: string): boolean
  /** The value with who wrote it and when. */
  entry(key: string): Entry | undefined
  /** Live keys. */
  readonly size: number
  /** Keys in ascending order of their UTF-16 units, the same on every member. */
  keys(options?: { prefix?: string }): string[]
  values(options?: { prefix?: string }): Value[]
  entries(options?: { prefix?: string }): [string, Value][]
  forEach(fn: (value: Value, key: string) => void): void
  [Symbol.iterator](): IterableIterator<[string, Value]>
  /** A frozen plain object of everything; the same object until something changes. */
  snapshot(): Readonly<Record<string, Value>>
  /** Writes. @throws UsageError ERR_KEY_INVALID, ERR_VALUE_INVALID, ERR_TOO_LARGE, ERR_FULL, ERR_READ_ONLY, ERR_STORE_CLOSED */
  set<T>(key: string, value: Value | (T & Plain<T>)): void
  /** Removes; true when the key was there. */
  delete(key: string): boolean
  setMany<T>(
    entries:
      | Readonly<Record<string, Value | (T & Plain<T>)>>
      | Iterable<readonly [string, Value | (T & Plain<T>)]>,
  ): void
  /** Removes several; returns how many were there. */
  deleteMany(keys: Iterable<string>): number
  /** Writes `fn(current)`; undefined deletes. Not atomic across members. */
  update<T = Value>(key: string, fn: (current: T | undefined) => Value | (T & Plain<T>) | undefined): void
  /**
   * Runs `fn` and applies all its writes as one transaction; when `fn` throws, none. Reads inside see the
   * writes. @throws UsageError ERR_TOO_LARGE with `atomic` when it does not fit one update, ERR_OPTION_INVALID when `fn` is
   * asynchronous
   */
  batch<R>(fn: () => R, options?: { atomic?: boolean }): R
  /** Calls back once per transaction that changed something. A throwing listener is reported, not propagated. */
  subscribe(fn: (event: ChangeEvent) => void): Unsubscribe
  /** The same for one key. */
  subscribe(key: string, fn: (value: Value | undefined, change: KeyChange) => void): Unsubscribe
  /** The same for all keys with a prefix. */
  subscribe(filter: { prefix: string }, fn: (event: ChangeEvent) => void): Unsubscribe
  /**
   * Changes as an endless iteration; ends by `signal`, `return` or the close of the store. A slow reader gets
   * the latest value of each key, never misses the last one.
   */
  watch(options?: {
    prefix?: string
    initial?: boolean
    signal?: AbortSignal
  }): AsyncIterableIterator<KeyChange>
  /** Resolves with the first value of `key` for which `predicate` holds, now or later. */
  once(
    key: string,
    predicate?: (value: Value | undefined) => boolean,
    options?: { timeout?: number; signal?: AbortSignal },
  ): Promise<Value | undefined>
  /** The same interface over the keys that begin with `prefix`, which it leaves out. */
  namespace(prefix: string): KV
}

/** The system's section. Every attempt to write throws UsageError ERR_SYS_READONLY. */
export interface ReadKV {
  /** `get('members')` is the plain object member id -> record. */
  get(key: 'members'): Readonly<Record<string, MemberRecord>>
  /** The same, as a property. */
  readonly members: Readonly<Record<string, MemberRecord>>
  snapshot(): { readonly members: Readonly<Record<string, MemberRecord>> }
  subscribe(fn: () => void): Unsubscribe
  set(key: string, value: unknown): never
  delete(key: string): never
}

/** Two members wrote the same key without knowing of each other; `winner` stays, on every member. */
export interface ConflictEvent {
  key: string
  winner: { value: Value | undefined; by: string | undefined }
  loser: { value: Value | undefined; by: string | undefined }
}
