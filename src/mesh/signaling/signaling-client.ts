/**
 * A member's side of signaling: meets other members through the first of several servers that answers, and
 * connects again for ever. Loss of the server is a state, not a failure: links that are open need none.
 */

import type { Clock, Timer } from '../../base/clock.js'
import { messageOf, shown, type TransportError } from '../../base/errors.js'
import type { Random } from '../../base/random.js'
import type { Registration, Signaling, SignalingEvents, SignalingState } from '../transport.js'
import {
  type ClientMessage,
  parseServerMessage,
  parseSignal,
  type ServerMessage,
  type Signal,
} from '../wire/signal.js'
import { CONTACTS_MAX } from '../wire/wire-limits.js'
import { OfferedIce } from './offered-ice.js'
import { publicPart, refusal, unreachable } from './signaling-errors.js'
import { WebSocketConnection } from './websocket-connection.js'

/** The upper end of the first wait after a failure; each further failure doubles it (full jitter). */
export const RECONNECT_MILLIS_MIN = 500
/** The upper end of every wait. */
export const RECONNECT_MILLIS_MAX = 30_000
/** The same for a newcomer, and while somebody asks for members, as a member without a link does every 2 s. [guess] */
export const RECONNECT_NEEDED_MILLIS_MAX = 5_000

/** What a signaling client works with. */
export interface SignalingClientOptions {
  /** `ws:` and `wss:` URLs, checked by the store's options, tried in turn. None: the state stays `none`. */
  urls: readonly string[]
  /** A join token, or a function that is asked for one at each connection: the first message, never in a URL. */
  token?: string | (() => Promise<string>)
  random: Random
  clock: Clock
}

/** What a client has not passed on. */
export type SignalingCounters = {
  /** Messages of the server, or signals in them, that do not fit. */
  signalingMalformed: number
  /** Messages to the server that were too large or too many. */
  signalingDropped: number
}

/** A `Signaling` that counts. */
export interface SignalingClient extends Signaling {
  counters(): SignalingCounters
  /** The TURN servers that the server hands out. */
  iceServers(): Promise<readonly RTCIceServer[]>
}

/** Makes a client; it connects at `start`. */
export function createSignalingClient(options: SignalingClientOptions): SignalingClient {
  return new ReconnectingClient(options)
}

interface Session {
  self: Registration
  /** Where it is met; the first is where it asks and sends. */
  topics: readonly string[]
  events: SignalingEvents
}

class ReconnectingClient implements SignalingClient {
  readonly #options: SignalingClientOptions
  readonly #counters = { malformed: 0, dropped: 0 }
  #session: Session | undefined
  #connection: WebSocketConnection | undefined
  #retryTimer: Timer | undefined
  #retryAt = Number.NEGATIVE_INFINITY
  #state: SignalingState = 'none'
  #urlIndex = 0
  /** What became of each URL since the last one that opened. */
  #failures: string[] = []
  /** What the browser's user said instead of granting one of them. */
  #permission: string | undefined
  /** What the server said when it refused this member, and as how many failed rounds that counts. */
  #refusal: { text: string; rounds: number } | undefined
  /** How often another connection took the seat of this one. */
  #replacements = 0
  /** Rounds over all URLs that failed in a row. */
  #rounds = 0
  /** Whether a server ever introduced it to others. */
  #hasMet = false
  #closing: Promise<void> | undefined
  readonly #ice: OfferedIce

  constructor(options: SignalingClientOptions) {
    this.#options = { ...options, urls: [...options.urls] }
    this.#ice = new OfferedIce(options.clock, () => {
      if (this.#state === 'connected') this.#say({ type: 'ice', topic: this.#topic }, false)
      return this.#state === 'connected'
    })
  }

  start(self: Registration, topic: string, events: SignalingEvents): void {
    if (this.#session !== undefined || this.#closing !== undefined) return
    this.#session = { self, topics: [topic], events }
    if (this.#options.urls.length === 0) {
      events.state('none', undefined)
      return
    }
    this.#become('connecting')
    this.#connect()
  }

  register(topics: readonly string[]): void {
    const session = this.#session
    const [first] = topics
    if (session === undefined || first === undefined) return
    const { topics: before, self } = session
    session.topics = topics
    // Joins first: the server closes a connection that is in no topic.
    for (const topic of topics) if (!before.includes(topic)) this.#say({ type: 'join', topic, ...self }, true)
    for (const topic of before) if (!topics.includes(topic)) this.#say({ type: 'leave', topic }, false)
  }

  introduce(count: number): void {
    const wanted = Math.min(Math.max(1, Math.floor(count)), CONTACTS_MAX)
    if (this.#state === 'disconnected') this.#hurry()
    else this.#say({ type: 'introduce', topic: this.#topic, count: wanted }, true)
  }

  send(to: string, signal: Signal): void {
    this.#say({ type: 'signal', topic: this.#topic, to, payload: JSON.stringify(signal) }, false)
  }

  iceServers(): Promise<readonly RTCIceServer[]> {
    return this.#ice.servers()
  }

  close(): Promise<void> {
    this.#closing ??= this.#leave()
    return this.#closing
  }

  counters(): SignalingCounters {
    return {
      signalingMalformed: this.#counters.malformed,
      signalingDropped: this.#counters.dropped + (this.#connection?.dropped ?? 0),
    }
  }

  async #leave(): Promise<void> {
    this.#retryTimer?.cancel()
    for (const topic of this.#session?.topics ?? []) this.#say({ type: 'leave', topic }, false)
    await this.#connection?.close()
  }

  #connect(): void {
    const url = this.#options.urls[this.#urlIndex] ?? ''
    this.#connection = new WebSocketConnection(url, this.#options.clock, {
      opened: () => this.#opened(),
      message: (text) => this.#received(text),
      ended: (reason, permission) => {
        this.#permission ??= permission
        this.#ended(`${publicPart(url)}: ${reason}`)
      },
    })
  }

  #opened(): void {
    const session = this.#session
    if (session === undefined) return
    this.#failures = []
    this.#refusal = undefined
    const { token } = this.#options
    if (token === undefined) this.#join(session)
    else void this.#authenticate(token, session)
  }

  async #authenticate(token: string | (() => Promise<string>), session: Session): Promise<void> {
    const connection = this.#connection
    try {
      const word = typeof token === 'string' ? token : await token()
      if (connection === undefined || connection !== this.#connection) return
      connection.send(JSON.stringify({ type: 'auth', token: word } satisfies ClientMessage))
      this.#join(session)
    } catch (error) {
      if (connection !== this.#connection) return
      void connection?.close()
      this.#ended(`the function given as \`token\` failed: ${shown(messageOf(error), 200)}`)
    }
  }

  #join({ self, topics }: Session): void {
    this.#become('connected')
    for (const topic of topics) this.#say({ type: 'join', topic, ...self }, true)
  }

  get #topic(): string {
    return this.#session?.topics[0] ?? ''
  }

  #say(message: ClientMessage, answered: boolean): void {
    if (this.#state === 'connected') this.#connection?.send(JSON.stringify(message), { answered })
  }

  #received(text: string): void {
    const message = parseServerMessage(text)
    if (message === undefined || this.#session === undefined) this.#counters.malformed++
    else this.#handle(message, this.#session)
  }

  #handle(message: ServerMessage, { self, topics, events }: Session): void {
    switch (message.type) {
      case 'contacts':
        if (!topics.includes(message.topic)) break
        // Only now has the server shown that it works; one that closes at once must not be called in a loop.
        this.#rounds = 0
        this.#hasMet = true
        events.contacts(message.contacts.filter((contact) => contact.id !== self.id))
        break
      case 'signal':
        if (topics.includes(message.topic)) this.#pass(message.from, message.payload, events)
        break
      case 'absent':
        if (topics.includes(message.topic)) events.absent(message.id)
        break
      case 'ice':
        this.#ice.take(message.servers, message.seconds)
        break
      case 'error':
        this.#refused(message.code, message.message)
        break
      default:
        message satisfies never
    }
  }

  #pass(from: string, payload: string, events: SignalingEvents): void {
    const signal = parseSignal(payload)
    if (signal === undefined) this.#counters.malformed++
    else events.signal(from, signal)
  }

  #refused(code: string, detail: string): void {
    // One message that the server did not understand costs nothing; the connection goes on.
    if (code === 'malformed') return
    // A member that shares its id with another one needs its turns to find that out, but ever more seldom.
    if (code === 'replaced') this.#replacements += 1
    const rounds = code === 'replaced' ? this.#replacements : Number.POSITIVE_INFINITY
    this.#refusal = { text: `${shown(code)}, ${shown(detail, 200)}`, rounds }
    if (code !== 'replaced') return
    void this.#connection?.close()
    this.#ended(publicPart(this.#options.urls[this.#urlIndex] ?? ''))
  }

  #ended(failure: string): void {
    this.#counters.dropped += this.#connection?.dropped ?? 0
    this.#connection = undefined
    this.#failures.push(failure)
    const { urls } = this.#options
    if (this.#state !== 'connected') this.#urlIndex = (this.#urlIndex + 1) % urls.length
    if (this.#state !== 'connected' && this.#failures.length < urls.length) this.#connect()
    else this.#wait()
  }

  /** Every URL failed, or an open connection was lost: waits a random time that grows with each round. */
  #wait(): void {
    const error = this.#refusal ? refusal(this.#refusal.text) : unreachable(this.#failures, this.#permission)
    if (this.#refusal !== undefined) this.#rounds = this.#refusal.rounds
    const isNewcomer = !this.#hasMet && this.#refusal === undefined
    const most = isNewcomer ? RECONNECT_NEEDED_MILLIS_MAX : RECONNECT_MILLIS_MAX
    const upper = Math.min(most, RECONNECT_MILLIS_MIN * 2 ** this.#rounds)
    this.#rounds++
    // Many members lose a server at once, but each is refused for itself: it is left in peace for half of it.
    const least = this.#refusal === undefined ? 0 : upper / 2
    this.#retryIn(least + this.#options.random() * (upper - least))
    this.#become('disconnected', error)
  }

  #retryIn(millis: number): void {
    this.#retryTimer?.cancel()
    this.#retryAt = this.#options.clock.monotonic() + millis
    this.#retryTimer = this.#options.clock.after(millis, () => {
      this.#failures = []
      this.#permission = undefined
      this.#connect()
    })
  }

  /** Somebody waits for the server: not for long, unless it was the server that said no. */
  #hurry(): void {
    const latest = this.#options.clock.monotonic() + RECONNECT_NEEDED_MILLIS_MAX
    const isWaiting = this.#closing === undefined && this.#refusal === undefined && this.#retryAt > latest
    if (isWaiting) this.#retryIn(this.#options.random() * RECONNECT_NEEDED_MILLIS_MAX)
  }

  /** Told once per change: further failures in the same state are no news. */
  #become(state: SignalingState, error?: TransportError): void {
    if (this.#state === state) return
    this.#state = state
    this.#session?.events.state(state, error)
  }
}
