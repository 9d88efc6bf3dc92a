/** A typed event emitter whose listeners cannot harm each other or the emitter. */

/** Removes a listener; calling it twice is harmless. */
export type Unsubscribe = () => void

/**
 * Holds listeners by event name. A listener that throws is reported to `onListenerError` and the others still
 * run; an event without a listener is dropped, also `error`: the process never ends for lack of a listener.
 */
export class Emitter<Events extends { [K in keyof Events]: unknown }> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => void>>()
  readonly #onListenerError: (error: unknown) => void

  constructor(onListenerError: (error: unknown) => void) {
    this.#onListenerError = onListenerError
  }

  /** Adds `listener` until the returned function is called or `signal` aborts. */
  on<K extends keyof Events>(
    type: K,
    listener: (event: Events[K]) => void,
    options: { signal?: AbortSignalLike } = {},
  ): Unsubscribe {
    // The wrapper makes two registrations of the same function two subscriptions.
    const entry = (event: never) => listener(event)
    const set = this.#listeners.get(type) ?? new Set()
    const off = () => {
      set.delete(entry)
      if (set.size === 0 && this.#listeners.get(type) === set) this.#listeners.delete(type)
    }
    if (options.signal?.aborted) return off
    set.add(entry)
    this.#listeners.set(type, set)
    options.signal?.addEventListener('abort', off, { once: true })
    return off
  }

  /** Calls the listeners that were there when the call began. */
  emit<K extends keyof Events>(type: K, event: Events[K]): void {
    const listeners = this.#listeners.get(type)
    if (listeners === undefined) return
    for (const listener of [...listeners]) {
      try {
        listener(event as never)
      } catch (error) {
        this.#onListenerError(error)
      }
    }
  }

  /** Whether anybody listens. */
  has(type: keyof Events): boolean {
    return this.#listeners.has(type)
  }

  /** Drops every listener. */
  clear(): void {
    this.#listeners.clear()
  }
}

/** The part of `AbortSignal` that is used here; written out since this folder compiles without DOM types. */
export interface AbortSignalLike {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void
}
