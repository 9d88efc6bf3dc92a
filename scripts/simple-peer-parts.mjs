/**
 * What simple-peer needs of Node in a browser, and no more: its stream, buffer, random and debug packages are
 * 25 kB (gzip) of which the adapter in src/mesh/links/webrtc.ts uses events, one `push` and a name. Writing goes
 * through `send`, which leaves the stream aside, so there is no writable half here.
 */

/** The part of a duplex stream that simple-peer calls: events, and messages pushed to the listeners of `data`. */
export class Duplex {
  #listeners = new Map()
  _readableState = { ended: false }
  _writableState = { finished: false }

  on(type, listener) {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener])
    return this
  }

  once(type, listener) {
    const once = (...args) => {
      this.removeListener(type, listener)
      listener(...args)
    }
    once.listener = listener
    return this.on(type, once)
  }

  removeListener(type, listener) {
    const left = (this.#listeners.get(type) ?? []).filter(
      (entry) => entry !== listener && entry.listener !== listener,
    )
    this.#listeners.set(type, left)
    return this
  }

  emit(type, ...args) {
    const listeners = this.#listeners.get(type) ?? []
    // As Node has it: an error that nobody listens to must not vanish.
    if (type === 'error' && listeners.length === 0) throw args[0]
    for (const listener of listeners) listener(...args)
    return listeners.length > 0
  }

  /** Hands a message on; null ends. Text becomes bytes and an empty message vanishes, as in a stream of bytes. */
  push(message) {
    if (message === null) this._readableState.ended = true
    if (this._readableState.ended) return false
    const bytes = typeof message === 'string' ? new TextEncoder().encode(message) : message
    if (bytes.length > 0) this.emit('data', bytes)
    return true
  }

  end() {
    this._writableState.finished = true
  }
}

export const Buffer = { from: (data) => new Uint8Array(data) }

/** Random bytes that know how to be written in hexadecimal. */
export function randombytes(count) {
  const bytes = crypto.getRandomValues(new Uint8Array(count))
  return { toString: () => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('') }
}

/** The library does not log. */
export function debug() {
  return () => {}
}

/** The adapter hands the implementation in. */
export function getBrowserRtc() {
  return null
}

export const microtask = (callback) => queueMicrotask(callback)

/** Names an error; those of a browser have a `code` of their own, which cannot be assigned. */
export function errCode(error, code) {
  return Object.defineProperty(error, 'code', { value: code })
}
