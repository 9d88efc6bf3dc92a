/** Changes as an async iteration that never ends silently and never holds more than one change per key. */
import type { GossipKvError } from '../../base/errors.js'
import type { KeyChange } from '../types.js'
import type { EndListener } from './kv-core.js'

/** What a watch hangs on: how to hear of changes, and how to hear of the end. */
export interface WatchSource {
  initial: readonly KeyChange[]
  subscribe(push: (changes: readonly KeyChange[]) => void): () => void
  /** Calls back once when the store closes. */
  onEnd(end: EndListener): () => void
  signal?: AbortSignal | undefined
}

/** Starts to listen at once; what happens before the first `next()` is not lost. */
export function watchChanges(source: WatchSource): AsyncIterableIterator<KeyChange> {
  const queue = new Map<string, KeyChange>()
  const waiting: ((result: IteratorResult<KeyChange> | Promise<never>) => void)[] = []
  let ended = false
  let failure: GossipKvError | undefined

  const push = (changes: readonly KeyChange[]) => {
    for (const change of changes) {
      // A reader that is behind gets the last value, and as previous what it last knew.
      const earlier = queue.get(change.key)
      queue.set(change.key, earlier ? { ...change, previous: earlier.previous } : change)
    }
    while (waiting.length > 0 && queue.size > 0) waiting.shift()?.(take())
  }
  const take = (): IteratorResult<KeyChange> => {
    const [change] = queue.values()
    if (change === undefined) return { done: true, value: undefined }
    queue.delete(change.key)
    return { done: false, value: change }
  }
  const end: EndListener = (why) => {
    if (ended) return
    ended = true
    failure = why
    unsubscribe()
    offEnd()
    source.signal?.removeEventListener('abort', onAbort)
    for (const resolve of waiting.splice(0)) resolve(last())
  }
  const last = () => (failure ? Promise.reject(failure) : { done: true as const, value: undefined })
  const onAbort = () => end(undefined)

  push(source.initial)
  const unsubscribe = source.subscribe(push)
  const offEnd = source.onEnd(end)
  if (source.signal?.aborted) onAbort()
  source.signal?.addEventListener('abort', onAbort, { once: true })

  return {
    async next() {
      if (queue.size > 0) return take()
      if (ended) return last()
      return new Promise((resolve) => waiting.push(resolve))
    },
    return() {
      queue.clear()
      end(undefined)
      return Promise.resolve({ done: true, value: undefined })
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
