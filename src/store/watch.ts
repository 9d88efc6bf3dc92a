/** Changes as an async iteration that never ends silently and never holds more than one change per key. */
import type { KeyChange } from './types.js'

/** What a watch hangs on: how to hear of changes, and how to hear of the end. */
export interface WatchSource {
  initial: readonly KeyChange[]
  subscribe(push: (changes: readonly KeyChange[]) => void): () => void
  /** Calls back once when the store closes. */
  onEnd(end: () => void): () => void
  signal?: AbortSignal | undefined
}

/** Starts to listen at once; what happens before the first `next()` is not lost. */
export function watchChanges(source: WatchSource): AsyncIterableIterator<KeyChange> {
  const queue = new Map<string, KeyChange>()
  const waiting: ((result: IteratorResult<KeyChange>) => void)[] = []
  let ended = false

  const push = (changes: readonly KeyChange[]) => {
    for (const change of changes) {
      // A reader that is behind gets the last value, and as previous what it last knew.
      const earlier = queue.get(change.key)
      queue.set(change.key, earlier ? { ...change, previous: earlier.previous } : change)
    }
    while (waiting.length > 0 && queue.size > 0) waiting.shift()?.(take())
  }
  const take = (): IteratorResult<KeyChange> => {
    for (const [key, change] of queue) {
      queue.delete(key)
      return { done: false, value: change }
    }
    return { done: true, value: undefined }
  }
  const end = () => {
    if (ended) return
    ended = true
    unsubscribe()
    offEnd()
    source.signal?.removeEventListener('abort', end)
    for (const resolve of waiting.splice(0)) resolve({ done: true, value: undefined })
  }

  push(source.initial)
  const unsubscribe = source.subscribe(push)
  const offEnd = source.onEnd(end)
  if (source.signal?.aborted) end()
  source.signal?.addEventListener('abort', end, { once: true })

  return {
    next() {
      if (queue.size > 0 || ended) return Promise.resolve(take())
      return new Promise((resolve) => waiting.push(resolve))
    },
    return() {
      queue.clear()
      end()
      return Promise.resolve({ done: true, value: undefined })
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
