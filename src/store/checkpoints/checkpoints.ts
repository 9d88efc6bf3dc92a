/**
 * `store.checkpoints` before anybody has asked for it: what does the work is loaded at the first call, so that a page
 * without checkpoints does not carry it. Here is only what has to be there from the start: when to make one by itself.
 */
import { toHex } from '../../base/bytes.js'
import type { GossipKvError } from '../../base/errors.js'
import { internalError } from '../store-errors.js'
import type { Timers } from '../timers.js'
import type { Store } from '../types.js'
import type { CapturedState, CheckpointBook, CheckpointHost } from './checkpoint-book.js'
import type { Checkpoint, CheckpointDifference, CheckpointInfo, Checkpoints } from './checkpoint-types.js'

/** What the store offers to its checkpoints. */
export interface LazyCheckpointsHost extends CheckpointHost {
  timers: Timers
  /** Whether the state is loaded. */
  isReady(): boolean
  store: Store
  report(error: GossipKvError): void
}

export class LazyCheckpoints implements Checkpoints {
  readonly #host: LazyCheckpointsHost
  #book: Promise<CheckpointBook> | undefined
  /** Keys that changed since the last checkpoint that was made by itself. */
  #updates = 0
  #isMaking = false

  constructor(host: LazyCheckpointsHost) {
    this.#host = host
  }

  async create(options: { label?: string } = {}): Promise<CheckpointInfo> {
    // The state at the call: what is written while the rest is loaded comes after it.
    const captured = this.#host.isReady() ? this.#capture() : undefined
    const book = await this.#open()
    return book.create(captured ?? this.#capture(), options)
  }

  async list(): Promise<readonly CheckpointInfo[]> {
    return (await this.#open()).list()
  }

  async read(id: string, options: { prefix?: string } = {}): Promise<Checkpoint> {
    return (await this.#open()).read(id, options)
  }

  async diff(from: string, to = 'now', options: { prefix?: string } = {}): Promise<CheckpointDifference> {
    return (await this.#open()).diff(from, to, options)
  }

  async restore(
    id: string,
    options: { prefix?: string; atomic?: boolean } = {},
  ): Promise<CheckpointDifference> {
    return (await this.#open()).restore(id, options)
  }

  async export(id: string): Promise<Uint8Array> {
    return (await this.#open()).export(id)
  }

  async import(bytes: Uint8Array, options: { label?: string } = {}): Promise<CheckpointInfo> {
    return (await this.#open()).import(bytes, options)
  }

  async remove(id: string): Promise<void> {
    return (await this.#open()).remove(id)
  }

  /** Seals all of them under the primary key, before another one is removed. */
  async reseal(): Promise<void> {
    await (await this.#open()).reseal()
  }

  /** The store is up: checkpoints that are due make themselves from now on. */
  start(): void {
    const { timers, options } = this.#host
    if (options.everyMillis) timers.every('checkpoint', options.everyMillis, () => this.#make())
  }

  /** So many keys have changed. */
  changed(keys: number): void {
    const { everyUpdates } = this.#host.options
    if (!everyUpdates || !this.#host.isReady()) return
    this.#updates += keys
    if (this.#updates >= everyUpdates) this.#make()
  }

  /** Resolves when nothing is written any more; the store is closed for new work by then. */
  async close(): Promise<void> {
    await (await this.#book?.catch(() => undefined))?.settled()
  }

  #capture(): CapturedState {
    const { replica, clock } = this.#host
    return {
      update: replica.exchange.checkpoint(),
      digest: toHex(replica.exchange.digest()),
      keys: replica.size,
      at: clock.wall(),
    }
  }

  #make(): void {
    if (this.#isMaking) return
    this.#isMaking = true
    this.#updates = 0
    const captured = this.#capture()
    this.#open()
      .then((book) => book.createIfChanged(captured))
      .catch((error) => this.#failed(error))
      .finally(() => {
        this.#isMaking = false
      })
  }

  #failed(cause: unknown): void {
    const error = cause instanceof Error && 'code' in cause ? (cause as GossipKvError) : internalError(cause)
    if (error.code !== 'ERR_STORE_CLOSED') this.#host.report(error)
  }

  async #open(): Promise<CheckpointBook> {
    this.#host.assertOpen()
    await this.#host.store.ready()
    this.#host.assertOpen()
    this.#book ??= this.#load()
    return this.#book
  }

  async #load(): Promise<CheckpointBook> {
    try {
      const { CheckpointBook } = await import('./checkpoint-book.js')
      return new CheckpointBook(this.#host)
    } catch (error) {
      // A page that was offline may get it at the next try.
      this.#book = undefined
      throw error
    }
  }
}
