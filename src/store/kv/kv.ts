/** The user's keys as an application sees them: the whole of them, or a namespace. */
import type { Unsubscribe } from '../../base/emitter.js'
import { shown, UsageError } from '../../base/errors.js'
import type { WriteOperation } from '../../data/replica/replica.js'
import { checkKey } from '../../data/replica/value.js'
import { waitAborted, waitFor } from '../status/wait.js'
import type { ChangeEvent, Entry, KeyChange, KV, Value } from '../types.js'
import { Watch } from './key-watch.js'
import type { KvCore } from './kv-core.js'

const LONGER = 'Wait longer, or check that somebody writes the key'

/** A view of the keys that begin with `prefix`, which it leaves out. */
export class PrefixKv implements KV {
  readonly #core: KvCore
  readonly #prefix: string

  constructor(core: KvCore, prefix: string) {
    this.#core = core
    this.#prefix = prefix
  }

  get<T extends Value = Value>(key: string): T | undefined {
    return this.#core.read(this.#outer(key)) as T | undefined
  }

  has(key: string): boolean {
    return this.#core.has(this.#outer(key))
  }

  entry(key: string): Entry | undefined {
    const entry = this.#core.entry(this.#outer(key))
    return entry && this.#prefix !== '' ? Object.freeze({ ...entry, key }) : entry
  }

  get size(): number {
    return this.#core.count(this.#prefix)
  }

  keys(options: { prefix?: string } = {}): string[] {
    return this.#core.keys(this.#prefix + (options.prefix ?? '')).map((key) => this.#inner(key))
  }

  values(options: { prefix?: string } = {}): Value[] {
    return this.entries(options).map(([, value]) => value)
  }

  entries(options: { prefix?: string } = {}): [string, Value][] {
    const keys = this.#core.keys(this.#prefix + (options.prefix ?? ''))
    return keys.map((key) => [this.#inner(key), this.#core.read(key) as Value])
  }

  forEach(fn: (value: Value, key: string) => void): void {
    for (const [key, value] of this.entries()) fn(value, key)
  }

  [Symbol.iterator](): IterableIterator<[string, Value]> {
    return this.entries()[Symbol.iterator]()
  }

  snapshot(): Readonly<Record<string, Value>> {
    return this.#prefix === '' ? this.#core.snapshot() : Object.freeze(Object.fromEntries(this.entries()))
  }

  set(key: string, value: Value): void {
    this.#core.set(this.#outer(key), value)
  }

  delete(key: string): boolean {
    const outer = this.#outer(key)
    const present = this.#core.has(outer)
    this.#core.write(present ? [{ type: 'delete', key: outer }] : [])
    return present
  }

  setMany(entries: Readonly<Record<string, Value>> | Iterable<readonly [string, Value]>): void {
    const pairs =
      Symbol.iterator in entries ? (entries as Iterable<readonly [string, Value]>) : Object.entries(entries)
    this.#core.write(
      Array.from(pairs, ([key, value]): WriteOperation => ({ type: 'set', key: this.#outer(key), value })),
    )
  }

  deleteMany(keys: Iterable<string>): number {
    const present = [...new Set(Array.from(keys, (key) => this.#outer(key)))].filter((key) =>
      this.#core.has(key),
    )
    this.#core.write(present.map((key) => ({ type: 'delete', key })))
    return present.length
  }

  update<T = Value>(key: string, fn: (current: T | undefined) => unknown): void {
    // Whatever it is, set() checks it.
    const next = fn(this.get(key) as T | undefined) as Value | undefined
    if (next === undefined) this.delete(key)
    else this.set(key, next)
  }

  batch<R>(fn: () => R, options?: { atomic?: boolean }): R {
    return this.#core.batch(fn, options)
  }

  subscribe(fn: (event: ChangeEvent) => void): Unsubscribe
  subscribe(key: string, fn: (value: Value | undefined, change: KeyChange) => void): Unsubscribe
  subscribe(filter: { prefix: string }, fn: (event: ChangeEvent) => void): Unsubscribe
  subscribe(
    what: string | { prefix: string } | ((event: ChangeEvent) => void),
    fn?: ((event: ChangeEvent) => void) | ((value: Value | undefined, change: KeyChange) => void),
  ): Unsubscribe {
    if (typeof what === 'function') return this.#subscribePrefix('', what)
    if (typeof fn !== 'function') throw notAFunction(fn)
    if (typeof what !== 'string')
      return this.#subscribePrefix(what.prefix, fn as (event: ChangeEvent) => void)
    const listener = fn as (value: Value | undefined, change: KeyChange) => void
    return this.#core.subscribeKey(this.#outer(what), (change) =>
      listener(change.value, this.#innerChange(change)),
    )
  }

  watch(
    options: { prefix?: string; initial?: boolean; signal?: AbortSignal } = {},
  ): AsyncIterableIterator<KeyChange> {
    const { prefix = '', initial = false, signal } = options
    const present = initial ? this.entries({ prefix }) : []
    return new Watch({
      initial: present.map(([key, value]) => ({ key, value, previous: undefined })),
      subscribe: (push) => this.#subscribePrefix(prefix, (event) => push(event.changes)),
      onEnd: (end) => this.#core.onEnd(end),
      signal,
    })
  }

  once(
    key: string,
    predicate: (value: Value | undefined) => boolean = (value) => value !== undefined,
    options: { timeout?: number; signal?: AbortSignal } = {},
  ): Promise<Value | undefined> {
    const current = this.get(key)
    if (predicate(current)) return Promise.resolve(current)
    return waitFor<Value | undefined>({
      ...this.#core.waits,
      ...options,
      look: (found) => this.subscribe(key, (value) => void (predicate(value) && found(value))),
      error: (why) =>
        waitAborted(`The wait for key ${shown(key)} ended without a value that fits`, why, LONGER),
    })
  }

  namespace(prefix: string): KV {
    const outer = this.#outer(prefix)
    checkKey(outer)
    return new PrefixKv(this.#core, outer)
  }

  #subscribePrefix(prefix: string, fn: (event: ChangeEvent) => void): Unsubscribe {
    const outer = this.#prefix + prefix
    if (outer === '') return this.#core.subscribe(fn)
    return this.#core.subscribe((event) => {
      const changes = event.changes.filter((change) => change.key.startsWith(outer))
      if (changes.length > 0) fn({ ...event, changes: changes.map((change) => this.#innerChange(change)) })
    })
  }

  /** The whole key; a key that is no text is refused before it is joined to anything. */
  #outer(key: string): string {
    if (typeof key !== 'string' || this.#prefix === '') return key
    return this.#prefix + key
  }

  #inner(key: string): string {
    return key.slice(this.#prefix.length)
  }

  #innerChange(change: KeyChange): KeyChange {
    return this.#prefix === '' ? change : { ...change, key: this.#inner(change.key) }
  }
}

function notAFunction(fn: unknown): UsageError {
  return new UsageError('ERR_OPTION_INVALID', {
    what: `subscribe() got ${shown(fn)} as its listener`,
    why: 'A listener is a function',
    fix: 'Call subscribe(fn), subscribe(key, fn) or subscribe({ prefix }, fn)',
  })
}
