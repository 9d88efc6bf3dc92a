/** Changes as an async iteration that never ends silently and never holds more than one change per key. */
import type { Unsubscribe } from '../../base/emitter.js'
import type { GossipKvError } from '../../base/errors.js'
import type { KeyChange } from '../types.js'
import type { EndListener } from './kv-core.js'

/** What a watch hangs on: how to hear of changes, and how to hear of the end. */
export interface WatchSource {
  initial: readonly KeyChange[]
  subscribe(push: (changes: readonly KeyChange[]) => void): Unsubscribe
  /** Calls back once when the store closes. */
  onEnd(end: EndListener): Unsubscribe
  signal?: AbortSignal | undefined
}

type Step = IteratorResult<KeyChange>

/** Listens from its making on: what happens before the first `next()` is not lost. */
export class Watch implements AsyncIterableIterator<KeyChange> {
  readonly #queue = new Map<string, KeyChange>()
  readonly #waiting: ((step: Step | Promise<never>) => void)[] = []
  readonly #offs: Unsubscribe[]
  #isOver = false
  #failure: GossipKvError | undefined

  constructor({ initial, subscribe, onEnd, signal }: WatchSource) {
    const abort = () => this.#end(undefined)
    this.#push(initial)
    this.#offs = [
      subscribe((changes) => this.#push(changes)),
      onEnd((failure) => this.#end(failure)),
      () => signal?.removeEventListener('abort', abort),
    ]
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort, { once: true })
  }

  async next(): Promise<Step> {
    if (this.#queue.size > 0) return this.#take()
    if (this.#isOver) return this.#last()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  async return(): Promise<Step> {
    this.#queue.clear()
    this.#end(undefined)
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #push(changes: readonly KeyChange[]): void {
    for (const change of changes) {
      // A reader that is behind gets the last value, and as previous what it last knew.
      const earlier = this.#queue.get(change.key)
      this.#queue.set(change.key, earlier ? { ...change, previous: earlier.previous } : change)
    }
    while (this.#waiting.length > 0 && this.#queue.size > 0) this.#waiting.shift()?.(this.#take())
  }

  #take(): Step {
    const [change] = this.#queue.values()
    if (change === undefined) return { done: true, value: undefined }
    this.#queue.delete(change.key)
    return { done: false, value: change }
  }

  #end(failure: GossipKvError | undefined): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#failure = failure
    for (const off of this.#offs) off()
    for (const resolve of this.#waiting.splice(0)) resolve(this.#last())
  }

  #last(): Step | Promise<never> {
    return this.#failure ? Promise.reject(this.#failure) : { done: true, value: undefined }
  }
}
