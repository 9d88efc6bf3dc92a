/**
 * One connection to one signaling server: bounded in how long it takes to open, to answer and to close, and in
 * how fast it sends. It ends once, with a reason, and never comes back; the client opens another one.
 */
import { localNetworkPermission, openWebSocket, WEBSOCKET_OPEN, type WebSocketLike } from '#websocket'
import type { Clock, Timer } from '../../base/clock.js'
import { messageOf } from '../../base/errors.js'
import { TokenBucket } from '../../base/token-bucket.js'
import {
  SIGNALING_MESSAGE_BYTES_MAX,
  SIGNALING_MESSAGES_BURST,
  SIGNALING_MESSAGES_PER_SECOND,
} from '../wire/wire-limits.js'

/** A server that does not accept within this time counts as unreachable. */
export const OPEN_MILLIS_MAX = 5000
/** A server that owes an answer for so long is gone, even if TCP has not noticed. */
export const ANSWER_MILLIS_MAX = 10_000
/** A closing handshake takes at most this long. */
export const CLOSE_MILLIS_MAX = 1000
/** Messages that may wait for the rate limit; the oldest is the least useful and goes first. */
export const QUEUED_MESSAGES_MAX = 256

/** What a connection reports. Nothing follows `ended`. */
export interface ConnectionEvents {
  opened(): void
  message(text: string): void
  /** `permission`: what the browser's user has said instead of granting it, where one is needed (see `localNetworkPermission`). */
  ended(reason: string, permission: string | undefined): void
}

/** A WebSocket with deadlines and a rate. */
export class WebSocketConnection {
  readonly #url: string
  readonly #clock: Clock
  readonly #events: ConnectionEvents
  readonly #bucket: TokenBucket
  readonly #queue: { text: string; answered: boolean }[] = []
  readonly #closed: Promise<void>
  #markClosed: () => void = () => {}
  #socket: WebSocketLike | undefined
  #openTimer: Timer | undefined
  #answerTimer: Timer | undefined
  #sendTimer: Timer | undefined
  #closeTimer: Timer | undefined
  #trouble = ''
  #ended = false
  /** Messages that were too large or too many to be sent. */
  dropped = 0

  constructor(url: string, clock: Clock, events: ConnectionEvents) {
    this.#url = url
    this.#clock = clock
    this.#events = events
    // Half of what the server allows: what the network held back for 5 s and delivers at once still fits.
    this.#bucket = new TokenBucket(
      SIGNALING_MESSAGES_PER_SECOND / 2,
      SIGNALING_MESSAGES_BURST / 2,
      clock.monotonic(),
    )
    this.#closed = new Promise((resolve) => {
      this.#markClosed = resolve
    })
    this.#openTimer = clock.after(OPEN_MILLIS_MAX, () =>
      this.#failed(`no answer within ${OPEN_MILLIS_MAX} ms`),
    )
    this.#open()
  }

  /** Sends now or as soon as the rate allows. With `answered`, the server owes a message after it. */
  send(text: string, options: { answered?: boolean } = {}): void {
    if (this.#ended) return
    if (byteLength(text) > SIGNALING_MESSAGE_BYTES_MAX) {
      this.dropped++
      return
    }
    if (this.#queue.length >= QUEUED_MESSAGES_MAX) {
      this.#queue.shift()
      this.dropped++
    }
    this.#queue.push({ text, answered: options.answered === true })
    this.#pump()
  }

  /** Ends without a report; resolves when the socket is gone. Idempotent. */
  close(): Promise<void> {
    if (!this.#ended) this.#abandon()
    return this.#closed
  }

  #open(): void {
    try {
      this.#socket = openWebSocket(this.#url)
    } catch (error) {
      this.#trouble = messageOf(error)
      // Never from within the constructor: its caller has no connection yet.
      this.#openTimer?.cancel()
      this.#openTimer = this.#clock.after(0, () => this.#end('no WebSocket'))
      return
    }
    this.#socket.onopen = () => this.#opened()
    this.#socket.onmessage = (event) => this.#received(event.data)
    this.#socket.onerror = (event) => {
      this.#trouble = troubleOf(event)
    }
    this.#socket.onclose = (event) => {
      this.#markClosed()
      const reason = `closed with code ${event.code}`
      if (this.#openTimer) this.#failed(reason)
      else this.#end(reason)
    }
  }

  #opened(): void {
    this.#openTimer?.cancel()
    this.#openTimer = undefined
    this.#events.opened()
    this.#pump()
  }

  #received(data: unknown): void {
    this.#answerTimer?.cancel()
    this.#answerTimer = undefined
    // The server speaks text only; anything else reads as a message that does not fit.
    this.#events.message(typeof data === 'string' ? data : '')
  }

  #pump(): void {
    if (this.#socket?.readyState !== WEBSOCKET_OPEN) return
    this.#sendTimer?.cancel()
    while (this.#queue.length > 0 && this.#bucket.take(this.#clock.monotonic())) this.#sendNext(this.#socket)
    if (this.#queue.length === 0) return
    this.#sendTimer = this.#clock.after(this.#bucket.waitMillis(this.#clock.monotonic()), () => this.#pump())
  }

  #sendNext(socket: WebSocketLike): void {
    const next = this.#queue.shift()
    if (next === undefined) return
    socket.send(next.text)
    if (!next.answered) return
    this.#answerTimer ??= this.#clock.after(ANSWER_MILLIS_MAX, () =>
      this.#end(`no answer within ${ANSWER_MILLIS_MAX} ms`),
    )
  }

  /** It never opened. A browser that blocked it does not say so; what its user has said can be asked for. */
  #failed(reason: string): void {
    const asked = localNetworkPermission(this.#url)
    if (asked === undefined) this.#end(reason)
    else void asked.then((answer) => this.#end(reason, answer === 'granted' ? undefined : answer))
  }

  #end(reason: string, permission?: string): void {
    if (this.#ended) return
    this.#abandon()
    this.#events.ended(this.#trouble === '' ? reason : this.#trouble, permission)
  }

  /** Lets go of the socket: it is closed politely, then cut. */
  #abandon(): void {
    this.#ended = true
    for (const timer of [this.#openTimer, this.#answerTimer, this.#sendTimer]) timer?.cancel()
    this.#queue.length = 0
    const socket = this.#socket
    if (socket === undefined) {
      this.#markClosed()
      return
    }
    socket.onopen = null
    socket.onmessage = null
    // `ws` would end the process for an error that nobody listens to.
    socket.onerror = () => {}
    socket.onclose = () => {
      this.#closeTimer?.cancel()
      this.#markClosed()
    }
    this.#closeTimer = this.#clock.after(CLOSE_MILLIS_MAX, () => {
      socket.terminate?.()
      this.#markClosed()
    })
    socket.close()
    void this.#closed.then(() => this.#closeTimer?.cancel())
  }
}

/** A name with several addresses fails in Node with an error whose message is empty and whose code tells. */
function troubleOf({ message = '', error }: { message?: string; error?: unknown }): string {
  if (message !== '') return message
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
}

function byteLength(text: string): number {
  // A UTF-16 unit is at most 3 bytes of UTF-8, so that short texts need no encoding.
  return text.length * 3 <= SIGNALING_MESSAGE_BYTES_MAX
    ? text.length
    : new TextEncoder().encode(text).byteLength
}
