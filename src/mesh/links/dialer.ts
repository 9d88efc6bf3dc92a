/**
 * Opens connections. Of two members the greater id makes the offer, so two dials at once never cross; the lesser one
 * sends `request` and is answered by an offer under that session, or by `busy`. Every signal names its session.
 * A session that was used is dropped for ever: an old signal can neither harm a link nor begin an attempt again.
 */

import { BoundedMap } from '../../base/bounded-map.js'
import type { Clock } from '../../base/clock.js'
import type { GossipKvError } from '../../base/errors.js'
import { type Random, randomWord } from '../../base/random.js'
import type { TransportCounters } from '../transport.js'
import type { Signal } from '../wire/signal.js'
import { PEERS_IN_HANDSHAKE_MAX } from '../wire/wire-limits.js'
import { Attempt } from './attempt.js'
import { type HandshakeSide, handshakeSlots } from './handshake-slots.js'
import {
  dialAborted,
  dialTimeout,
  iceFailed,
  iceServersFailed,
  peerBusy,
  signalRefused,
} from './link-errors.js'
import { candidateKind, isDescription } from './signal-filter.js'
import { type Connection, type ConnectionEvents, refusedDescription } from './webrtc.js'

/** An attempt that has not opened its channel by then has failed. */
export const DIAL_MILLIS_MAX = 15_000
/**
 * How long an attempt holds one of the few slots. A handshake takes 20 to 200 ms; one that takes longer stands still,
 * mostly because its peer has gone, and two such must not hold up all others.
 */
export const SLOT_MILLIS_MAX = 2000
/**
 * What the other side has not answered by then is told again, now and then: a signal may get lost with the link or the
 * server that carried it, and its carrier takes another way then.
 */
export const REPEAT_MILLIS = 2000
/** A request is older than the offer that crossed it, unless the offer is older than this: then it was lost. */
const OFFER_FRESH_MILLIS = 2000
/** Sessions remembered as used. */
const USED_SESSIONS_MAX = 1024
const SESSION_CHARACTERS = 11

/** What the dialer needs from outside, and reports there. */
export interface DialerEvents {
  /** Makes a connection. May throw what the implementation throws. */
  connect(
    session: string,
    offers: boolean,
    servers: readonly RTCIceServer[],
    events: ConnectionEvents,
  ): Connection
  opened(peer: string, connection: Connection): void
  failed(peer: string, error: GossipKvError): void
  signal(peer: string, signal: Signal): void
}

export interface DialerOptions {
  self: string
  random: Random
  clock: Clock
  iceServers: () => Promise<readonly RTCIceServer[]>
  counters: TransportCounters
}

/** The attempts of one member. */
export class Dialer {
  readonly #options: DialerOptions
  readonly #events: DialerEvents
  readonly #attempts = new Map<string, Attempt>()
  readonly #used = new BoundedMap<string, true>(USED_SESSIONS_MAX)

  constructor(options: DialerOptions, events: DialerEvents) {
    this.#options = options
    this.#events = events
  }

  /** Wants a connection; answered by `opened` or `failed`. */
  dial(peer: string): void {
    const running = this.#attempts.get(peer)
    if (running) running.dialed = true
    else if (this.#offersTo(peer)) this.#begin(this.#newAttempt(peer, this.#word(), true), 'offer')
    else this.#request(this.#newAttempt(peer, this.#word(), true))
  }

  /** Gives an attempt up, if there is one. */
  abort(peer: string): void {
    const attempt = this.#attempts.get(peer)
    if (attempt) this.#fail(attempt, dialAborted(peer))
  }

  /** Takes any signal of `peer`; what fits no attempt and may begin none is dropped. */
  receive(peer: string, signal: Signal): void {
    const isOwn = peer === this.#options.self
    if (isOwn || !isSound(signal) || !this.#takes(peer, signal)) this.#options.counters.signalsRefused += 1
  }

  /** Ends every attempt without a word. */
  close(): void {
    for (const attempt of [...this.#attempts.values()]) this.#drop(attempt)
  }

  /** False for what fits nothing and begins nothing. */
  #takes(peer: string, signal: Signal): boolean {
    const attempt = this.#attempts.get(peer)
    const isCurrent = attempt?.session === signal.session
    switch (signal.type) {
      case 'request':
        return this.#onRequest(peer, signal.session, attempt)
      case 'offer':
        return this.#onOffer(peer, signal, attempt)
      case 'busy':
        if (!isCurrent || attempt.answered) return false
        this.#fail(attempt, peerBusy(peer, 'peer'))
        return true
      case 'answer':
        if (!isCurrent || attempt.answered || !this.#offersTo(peer)) return false
        attempt.answered = true
        return attempt.take(signal)
      case 'candidate':
        return isCurrent && attempt.take(signal)
      case 'sealed':
        return false
    }
  }

  #onRequest(peer: string, session: string, running: Attempt | undefined): boolean {
    if (!this.#offersTo(peer) || this.#used.has(session)) return false
    if (running?.session === session) return this.#repeat(running)
    if (running === undefined) {
      if (this.#isCrowded(peer, session)) return false
      this.#begin(this.#newAttempt(peer, session, false), 'offer')
    } else if (running.connection === undefined) running.session = session
    else if (this.#options.clock.monotonic() - running.beganMillis > OFFER_FRESH_MILLIS) {
      this.#drop(running)
      this.#begin(this.#newAttempt(peer, session, running.dialed), 'offer')
    }
    return true
  }

  #onOffer(peer: string, signal: Extract<Signal, { type: 'offer' }>, running: Attempt | undefined): boolean {
    const { session } = signal
    if (this.#offersTo(peer)) return false
    // An offer under a session that was given up here would keep the other side waiting.
    if (this.#used.has(session)) {
      this.#events.signal(peer, { type: 'busy', session })
      return false
    }
    if (running?.session === session && running.answered) return this.#repeat(running)
    if (running === undefined && this.#isCrowded(peer, session)) return false
    const attempt = running?.session === session ? running : this.#replace(peer, session, running)
    attempt.answered = true
    attempt.take(signal)
    this.#begin(attempt, 'answer')
    return true
  }

  /** Whether others have begun as many attempts as they may; this one is then turned down. */
  #isCrowded(peer: string, session: string): boolean {
    let inbound = 0
    for (const { dialed } of this.#attempts.values()) if (!dialed) inbound += 1
    if (inbound < PEERS_IN_HANDSHAKE_MAX) return false
    this.#options.counters.handshakesRefused += 1
    this.#events.signal(peer, { type: 'busy', session })
    return true
  }

  /** The other side has begun a newer attempt: the older one can no longer succeed. */
  #replace(peer: string, session: string, running: Attempt | undefined): Attempt {
    if (running) this.#drop(running)
    return this.#newAttempt(peer, session, running?.dialed ?? false)
  }

  #newAttempt(peer: string, session: string, dialed: boolean): Attempt {
    const { clock } = this.#options
    const attempt = new Attempt(peer, session, dialed, clock.monotonic())
    attempt.timer = clock.after(DIAL_MILLIS_MAX, () => {
      // With both descriptions exchanged only a path was missing; implementations themselves notice a little later.
      const seen = attempt.answered ? attempt.connection?.seen : undefined
      this.#fail(attempt, seen ? iceFailed(peer, seen) : dialTimeout(peer, DIAL_MILLIS_MAX))
    })
    this.#attempts.set(peer, attempt)
    this.#repeatLater(attempt)
    return attempt
  }

  #request(attempt: Attempt): void {
    this.#tell(attempt, { type: 'request', session: attempt.session })
  }

  #tell(attempt: Attempt, signal: Signal): void {
    attempt.sent.push(signal)
    this.#events.signal(attempt.peer, signal)
  }

  /** The other side has not got everything: it is told again, but no more often than it has to be. */
  #repeat(attempt: Attempt): boolean {
    const now = this.#options.clock.monotonic()
    if (now < attempt.repeatedMillis + REPEAT_MILLIS / 2) return false
    attempt.repeatedMillis = now
    for (const signal of attempt.sent) this.#events.signal(attempt.peer, signal)
    return true
  }

  #repeatLater(attempt: Attempt): void {
    attempt.repeatTimer = this.#options.clock.after(REPEAT_MILLIS, () => {
      if (attempt.answered) return
      this.#repeat(attempt)
      this.#repeatLater(attempt)
    })
  }

  #begin(attempt: Attempt, side: HandshakeSide): void {
    attempt.slot = handshakeSlots.take(side, () => void this.#negotiate(attempt, side))
    if (attempt.slot !== undefined) return
    if (!attempt.dialed || side === 'answer')
      this.#events.signal(attempt.peer, { type: 'busy', session: attempt.session })
    this.#fail(attempt, peerBusy(attempt.peer, 'self'))
  }

  async #negotiate(attempt: Attempt, side: HandshakeSide): Promise<void> {
    attempt.slotTimer = this.#options.clock.after(SLOT_MILLIS_MAX, () => attempt.slot?.release())
    let servers: readonly RTCIceServer[]
    try {
      servers = await this.#options.iceServers()
    } catch (error) {
      return this.#fail(attempt, iceServersFailed(attempt.peer, error))
    }
    if (!this.#isRunning(attempt)) return
    try {
      const events = this.#eventsOf(attempt)
      attempt.begin(this.#events.connect(attempt.session, side === 'offer', servers, events))
    } catch (error) {
      this.#fail(attempt, iceFailed(attempt.peer, NOTHING_SEEN, error))
    }
  }

  #eventsOf(attempt: Attempt): ConnectionEvents {
    const { peer } = attempt
    return {
      signal: (signal) => {
        if (this.#isRunning(attempt)) this.#tell(attempt, signal)
      },
      opened: () => this.#open(attempt),
      message: () => {},
      closed: (error) => {
        const seen = attempt.connection?.seen ?? NOTHING_SEEN
        const refused = refusedDescription(error)
        this.#fail(attempt, refused ? signalRefused(peer, error) : iceFailed(peer, seen, error))
      },
    }
  }

  #open(attempt: Attempt): void {
    const { connection, peer } = attempt
    if (!this.#isRunning(attempt) || connection === undefined) return
    this.#forget(attempt)
    this.#events.opened(peer, connection)
  }

  #fail(attempt: Attempt, error: GossipKvError): void {
    if (!this.#isRunning(attempt)) return
    this.#drop(attempt)
    if (attempt.dialed) this.#events.failed(attempt.peer, error)
  }

  #drop(attempt: Attempt): void {
    this.#forget(attempt)
    attempt.connection?.close()
  }

  #forget(attempt: Attempt): void {
    attempt.release()
    this.#attempts.delete(attempt.peer)
    this.#used.set(attempt.session, true)
  }

  #isRunning(attempt: Attempt): boolean {
    return this.#attempts.get(attempt.peer) === attempt
  }

  #offersTo(peer: string): boolean {
    return this.#options.self > peer
  }

  #word(): string {
    return randomWord(this.#options.random, SESSION_CHARACTERS)
  }
}

/** An unsound signal is dropped before it can cost an attempt, or a slot. */
function isSound(signal: Signal): boolean {
  if (signal.type === 'candidate') return candidateKind(signal.candidate) !== undefined
  return signal.type === 'offer' || signal.type === 'answer' ? isDescription(signal.sdp) : true
}

const NOTHING_SEEN = { own: new Set<never>(), theirs: new Set<never>() }
