/**
 * What `store.checkpoints` does. It is loaded when a checkpoint is made or read for the first time, or at the start
 * of a store that makes them by itself.
 */
import { equalityDeep } from 'lib0/function'
import type { Clock } from '../../base/clock.js'
import type { Random } from '../../base/random.js'
import { MERGE_BYTES_MAX } from '../../data/data-limits.js'
import type { CheckpointStorage } from '../../data/persistence/checkpoint-storage.js'
import { memoryCheckpoints } from '../../data/persistence/memory-checkpoints.js'
import { isRawStorage, rawCheckpoints } from '../../data/persistence/raw-checkpoints.js'
import { readCheckpoint } from '../../data/replica/checkpoint.js'
import type { Replica, WriteOperation } from '../../data/replica/replica.js'
import type { Value } from '../../data/replica/value.js'
import type { Store } from '../types.js'
import {
  CHECKPOINTS_MAX,
  checkLabel,
  checkOptions,
  invalid,
  missing,
  notAllowed,
  tooLarge,
  tooMany,
} from './checkpoint-errors.js'
import { type CheckpointHead, type CheckpointSeal, CheckpointShelf } from './checkpoint-shelf.js'
import type {
  Checkpoint,
  CheckpointDifference,
  CheckpointEntry,
  CheckpointInfo,
  CheckpointOptions,
} from './checkpoint-types.js'

/** The state at one moment. */
export interface CapturedState {
  update: Uint8Array
  digest: string
  keys: number
  /** Milliseconds since 1970. */
  at: number
}

/** What checkpoints need of their store. */
export interface CheckpointHost {
  options: CheckpointOptions
  /** The place for checkpoints beside the state, if there is one. */
  storage: CheckpointStorage | undefined
  replica: Replica
  store: Pick<Store, 'id' | 'usr'>
  clock: Clock
  random: Random
  /** Undefined in a cluster without a secret. */
  seal?: () => CheckpointSeal | undefined
  /** Writes as one transaction. */
  write(operations: readonly WriteOperation[], how: { atomic?: boolean }): void
  /** @throws UsageError ERR_STORE_CLOSED */
  assertOpen(): void
}

/** Heads that a list reads at once: a storage may be far away, and may take a connection for each. */
const READS_AT_ONCE = 16
/** Checkpoints without a label that stay when the caller does not say how many. */
const KEEP_DEFAULT = 10

export class CheckpointBook {
  readonly #host: CheckpointHost
  readonly #shelf: CheckpointShelf
  /** The work so far: what changes the storage follows each other. */
  #work: Promise<unknown> = Promise.resolve()
  #lastDigest: string | undefined

  constructor(host: CheckpointHost) {
    const { options, random, seal = () => undefined } = host
    const storage = options.storage ?? host.storage ?? memoryCheckpoints()
    const adapted = isRawStorage(storage) ? rawCheckpoints(storage) : storage
    this.#host = host
    this.#shelf = new CheckpointShelf({ storage: adapted, random, seal })
  }

  async create(captured: CapturedState, options: { label?: string }): Promise<CheckpointInfo> {
    checkOptions(options)
    const { label } = options
    return this.#inTurn(() => this.#add(captured, label))
  }

  /** Makes one that nobody asked for, unless the last one holds the same. */
  async createIfChanged(captured: CapturedState): Promise<void> {
    await this.#inTurn(async () => {
      if (captured.digest !== this.#lastDigest) await this.#add(captured, undefined)
    })
  }

  async list(): Promise<CheckpointInfo[]> {
    const ids = await this.#shelf.ids(this.#host.clock.wall())
    const infos: CheckpointInfo[] = []
    for (let from = 0; from < ids.length; from += READS_AT_ONCE) {
      const some = ids.slice(from, from + READS_AT_ONCE)
      for (const info of await Promise.all(some.map((id) => this.#shelf.info(id))))
        if (info) infos.push(Object.freeze(info))
    }
    return infos
  }

  async read(id: string, options: { prefix?: string }): Promise<Checkpoint> {
    const head = await this.#find(id)
    const entries = await this.#entries(head, prefixOf(options))
    const { state: _state, hash: _hash, ...info } = head
    return { ...info, problem: undefined, entries }
  }

  async diff(from: string, to: string, options: { prefix?: string }): Promise<CheckpointDifference> {
    const prefix = prefixOf(options)
    const stored = async (id: string) => (id === 'now' ? undefined : valuesOf(await this.#stored(id, prefix)))
    const [before, after] = [await stored(from), await stored(to)]
    // The present is read last, when nothing is waited for any more.
    return differenceOf(before ?? this.#present(prefix), after ?? this.#present(prefix))
  }

  async restore(id: string, options: { prefix?: string; atomic?: boolean }): Promise<CheckpointDifference> {
    const prefix = prefixOf(options)
    const { atomic = false } = options
    if (typeof atomic !== 'boolean') throw notAllowed('atomicity', atomic, 'true or false')
    const target = valuesOf(await this.#stored(id, prefix))
    // From here on in one turn: what others write meanwhile comes before all of it or after.
    const difference = differenceOf(this.#present(prefix), target)
    this.#host.write(operationsOf(difference), { atomic })
    return difference
  }

  async export(id: string): Promise<Uint8Array> {
    const head = await this.#find(id)
    const update = await this.#shelf.state(head)
    entriesIn(update, `The checkpoint ${head.id}`)
    return update
  }

  async import(bytes: unknown, options: { label?: string }): Promise<CheckpointInfo> {
    checkOptions(options)
    const { label } = options
    if (!(bytes instanceof Uint8Array)) throw notAllowed('content', bytes, 'a Uint8Array')
    if (bytes.length > MERGE_BYTES_MAX) throw tooLarge(bytes.length)
    // A copy of its own: the caller may go on with the buffer.
    const update = Uint8Array.from(bytes)
    const keys = entriesIn(update, 'The import').length
    const at = this.#host.clock.wall()
    return this.#inTurn(() => this.#keep({ update, at, keys }, label))
  }

  remove(id: string): Promise<void> {
    return this.#inTurn(async () => {
      // Also one whose head cannot be read, which is known by its id alone.
      const ids = await this.#shelf.ids(this.#host.clock.wall())
      return this.#shelf.remove(ids.includes(id) ? id : (await this.#find(id)).id)
    })
  }

  /** Seals everything that can be read under the primary key; to be called before another one is removed. */
  reseal(): Promise<void> {
    return this.#inTurn(async () => {
      for (const { id, problem } of await this.list()) if (!problem) await this.#shelf.reseal(id)
    })
  }

  /** Resolves when nothing is written any more. */
  settled(): Promise<unknown> {
    return this.#work
  }

  async #add(captured: CapturedState, label: string | undefined): Promise<CheckpointInfo> {
    const info = await this.#keep(captured, label)
    this.#lastDigest = captured.digest
    return info
  }

  async #keep(
    state: Pick<CapturedState, 'update' | 'at' | 'keys'>,
    label: string | undefined,
  ): Promise<CheckpointInfo> {
    checkLabel(label)
    const { update, at, keys } = state
    if (label !== undefined && (await this.#shelf.ids(at)).length >= CHECKPOINTS_MAX) throw tooMany()
    const info = await this.#shelf.add(update, { label, at, by: this.#host.store.id, keys })
    if (label === undefined) await this.#prune()
    return Object.freeze(info)
  }

  /** Those without a label make way for newer ones. What cannot be read stays: its label is not known. */
  async #prune(): Promise<void> {
    const unlabelled = (await this.list()).filter(({ label, problem }) => !label && !problem)
    for (const { id } of unlabelled.slice(this.#host.options.keep ?? KEEP_DEFAULT))
      await this.#shelf.remove(id)
  }

  async #find(id: unknown): Promise<CheckpointHead> {
    if (typeof id !== 'string') throw notAllowed('id', id, 'a text')
    const ids = await this.#shelf.ids(this.#host.clock.wall())
    if (ids.includes(id)) return this.#shelf.head(id)
    for (const each of ids) {
      const info = await this.#shelf.info(each)
      if (info?.label === id) return this.#shelf.head(each)
    }
    throw missing(id)
  }

  async #stored(id: string, prefix: string): Promise<CheckpointEntry[]> {
    return this.#entries(await this.#find(id), prefix)
  }

  async #entries(head: CheckpointHead, prefix: string): Promise<CheckpointEntry[]> {
    const entries = entriesIn(await this.#shelf.state(head), `The checkpoint ${head.id}`)
    return prefix === '' ? entries : entries.filter(({ key }) => key.startsWith(prefix))
  }

  #present(prefix: string): Map<string, Value> {
    return new Map(this.#host.store.usr.entries({ prefix }))
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#work.then(() => {
      this.#host.assertOpen()
      return act()
    })
    this.#work = result.catch(() => undefined)
    return result
  }
}

function prefixOf(options: { prefix?: string }): string {
  checkOptions(options)
  const { prefix = '' } = options
  if (typeof prefix !== 'string') throw notAllowed('prefix', prefix, 'a text')
  return prefix
}

function entriesIn(update: Uint8Array, what: string): CheckpointEntry[] {
  const entries = readCheckpoint(update)
  if ('type' in entries) throw invalid(what, `its content breaks the rule "${entries.kind}"`)
  return entries
}

function valuesOf(entries: readonly CheckpointEntry[]): Map<string, Value> {
  return new Map(entries.map(({ key, value }) => [key, value]))
}

function differenceOf(
  before: ReadonlyMap<string, Value>,
  after: ReadonlyMap<string, Value>,
): CheckpointDifference {
  const added: { key: string; value: Value }[] = []
  const changed: { key: string; before: Value; after: Value }[] = []
  const removed: { key: string; value: Value }[] = []
  for (const [key, value] of after) {
    const old = before.get(key)
    if (old === undefined) added.push({ key, value })
    else if (!equalityDeep(old, value)) changed.push({ key, before: old, after: value })
  }
  for (const [key, value] of before) if (!after.has(key)) removed.push({ key, value })
  return { added, changed, removed }
}

function operationsOf({ added, changed, removed }: CheckpointDifference): WriteOperation[] {
  return [
    ...removed.map(({ key }): WriteOperation => ({ type: 'delete', key })),
    ...added.map(({ key, value }): WriteOperation => ({ type: 'set', key, value })),
    ...changed.map(({ key, after }): WriteOperation => ({ type: 'set', key, value: after })),
  ]
}
