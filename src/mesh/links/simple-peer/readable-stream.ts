/**
 * What simple-peer uses of the packages `readable-stream` and `buffer`: events, and messages pushed to the listeners of
 * `data`. The bundles for browsers hold this in place of both, which weigh 25 kB (gzip). There is no writable half:
 * the adapter sends through the channel.
 */

type Listener = (...args: never[]) => void

/** The part of a duplex stream that simple-peer calls. */
export class Duplex {
  readonly #listeners = new Map<string, { listener: Listener; once: boolean }[]>()
  readonly _readableState = { ended: false }
  readonly _writableState = { finished: false }

  on(type: string, listener: Listener): this {
    return this.#add(type, listener, false)
  }

  once(type: string, listener: Listener): this {
    return this.#add(type, listener, true)
  }

  removeListener(type: string, listener: Listener): this {
    const left = this.#of(type).filter((entry) => entry.listener !== listener)
    this.#listeners.set(type, left)
    return this
  }

  /** Calls the listeners. As in Node, an error that nobody listens to is thrown. */
  emit(type: string, ...args: unknown[]): boolean {
    const entries = this.#of(type)
    if (type === 'error' && entries.length === 0) throw args[0]
    for (const { listener, once } of entries) {
      if (once) this.removeListener(type, listener)
      listener(...(args as never[]))
    }
    return entries.length > 0
  }

  /** Hands a message on; null ends. Text becomes bytes and an empty message vanishes, as in a stream of bytes. */
  push(message: Uint8Array | string | null): boolean {
    if (message === null) this._readableState.ended = true
    if (message === null || this._readableState.ended) return false
    const bytes = typeof message === 'string' ? new TextEncoder().encode(message) : message
    if (bytes.length > 0) this.emit('data', bytes)
    return true
  }

  end(): void {
    this._writableState.finished = true
  }

  #add(type: string, listener: Listener, once: boolean): this {
    this.#listeners.set(type, [...this.#of(type), { listener, once }])
    return this
  }

  #of(type: string): { listener: Listener; once: boolean }[] {
    return this.#listeners.get(type) ?? []
  }
}

/** `Buffer.from` is called with the message of a data channel. */
export const Buffer = { from: (data: ArrayBuffer): Uint8Array => new Uint8Array(data) }
