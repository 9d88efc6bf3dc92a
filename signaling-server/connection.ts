/**
 * One client of the signaling server: reads its messages, holds it to its limits, and ends it when it breaks
 * them or stops answering. Whatever arrives, the worst outcome is the end of this one connection.
 */
import type { WebSocket } from 'ws'
import { jittered, type Random } from '../src/base/random.js'
import { TokenBucket } from '../src/base/token-bucket.js'
import { type ClientMessage, parseClientMessage, type ServerMessage } from '../src/mesh/wire/signal.js'
import type { SignalingLimits } from './limits.js'
import type { SignalingMetrics } from './metrics.js'
import type { Occupant, Rooms, Seat } from './room.js'
import type { Grant, TokenCheck } from './tokens.js'
import type { TurnCredentials } from './turn.js'

/** RFC 6455, section 7.4.1: the endpoint broke the rules of the service. */
const POLICY_VIOLATION = 1008
const PROTOCOL_ERROR = 1002
const PING_SPREAD = 0.2
/** Messages that may wait for the check of a token: a join and a few more. */
const HELD_MESSAGES_MAX = 8

/** Why the server ended or refused something; the `code` of its error messages. */
export type RefusalCode = 'malformed' | 'rate' | 'topics' | 'replaced' | 'join' | 'token'

/** What a connection works with. */
export interface ConnectionContext {
  rooms: Rooms
  limits: SignalingLimits
  random: Random
  metrics: SignalingMetrics
  /** Where tokens are asked for. */
  tokens: TokenCheck | undefined
  turn: TurnCredentials | undefined
}

/** Binds a socket to the rooms until it closes. */
export class Connection implements Occupant {
  readonly #socket: WebSocket
  readonly #context: ConnectionContext
  readonly #bucket: TokenBucket
  readonly #seats = new Map<string, Seat>()
  #joinTimer: NodeJS.Timeout | undefined
  #pingTimer: NodeJS.Timeout | undefined
  #closeTimer: NodeJS.Timeout | undefined
  #heard = true
  #ended = false
  /** What this client may join; undefined until its token has been found good. */
  #grant: Grant | undefined
  /** What came while its token is checked. */
  #held: ClientMessage[] | undefined

  constructor(socket: WebSocket, context: ConnectionContext) {
    this.#socket = socket
    this.#context = context
    if (context.tokens === undefined) this.#grant = { topics: undefined }
    const { messagesPerSecond, messagesBurst } = context.limits
    this.#bucket = new TokenBucket(messagesPerSecond, messagesBurst, performance.now())
    socket.on('message', (data, isBinary) => this.#received(isBinary ? undefined : String(data)))
    // Control frames cost like messages: a flood of pings is a flood.
    socket.on('ping', () => this.#afford())
    socket.on('pong', () => this.#afford())
    // A broken frame: ws has begun to close with the right code; this bounds how long that takes.
    socket.on('error', () => this.end(PROTOCOL_ERROR, ''))
    socket.on('close', () => this.#release())
    this.#awaitJoin()
    this.#schedulePing()
  }

  send(message: ServerMessage): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    if (this.#socket.bufferedAmount > this.#context.limits.bufferedBytesMax) this.#cut('slow')
    else this.#socket.send(JSON.stringify(message))
  }

  evicted(topic: string): void {
    this.#seats.delete(topic)
    this.#refuse('replaced', `Another connection joined topic ${topic} with the same member id.`)
    this.#awaitJoin()
  }

  /** Says why and closes; cuts the socket when the client does not answer in time. Idempotent. */
  end(code: number, reason: string): void {
    if (this.#ended) return
    this.#release()
    this.#socket.close(code, reason)
    this.#closeTimer = setTimeout(() => this.#socket.terminate(), this.#context.limits.closeMillis)
  }

  #received(text: string | undefined): void {
    if (!this.#afford()) return
    const message = text === undefined ? undefined : parseClientMessage(text)
    if (message === undefined) this.#refuse('malformed', 'This is no message that the server knows.')
    else if (this.#held === undefined) this.#handle(message)
    else if (this.#held.length < HELD_MESSAGES_MAX) this.#held.push(message)
    else this.#overrun()
  }

  /** Charges one message; false when the connection has ended or now ends for it. */
  #afford(): boolean {
    if (this.#ended) return false
    this.#heard = true
    if (this.#bucket.take(performance.now())) return true
    this.#overrun()
    return false
  }

  #overrun(): void {
    this.#refuse('rate', 'Too many messages; connect again and send fewer.')
    this.end(POLICY_VIOLATION, 'rate')
  }

  #handle(message: ClientMessage): void {
    this.#context.metrics.messages.inc({ type: message.type })
    if (message.type === 'auth') this.#authenticate(message.token)
    else if (this.#grant === undefined) this.#refuseToken('The first message must be a token.')
    else this.#handleGranted(message, this.#grant)
  }

  #handleGranted(message: Exclude<ClientMessage, { type: 'auth' }>, { topics }: Grant): void {
    const seat = this.#seats.get(message.topic)
    if (message.type === 'join' && topics?.includes(message.topic) === false)
      this.#refuseToken('The token does not grant this topic.')
    else if (message.type === 'join') this.#join(message, seat)
    // No answer, whether or not the topic exists: an outsider learns nothing.
    else if (seat !== undefined) this.#handleSeated(message, seat)
  }

  #handleSeated(message: Exclude<ClientMessage, { type: 'join' | 'auth' }>, seat: Seat): void {
    const { rooms, metrics } = this.#context
    switch (message.type) {
      case 'introduce':
        this.#introduce(message.topic, seat, message.count)
        break
      case 'signal': {
        const isThere = rooms.relay(message.topic, seat, message.to, message.payload)
        metrics.signals.inc({ target: isThere ? 'present' : 'absent' })
        if (!isThere) this.send({ type: 'absent', topic: message.topic, id: message.to })
        break
      }
      case 'ice':
        this.#tellIce(message.topic, seat)
        break
      case 'leave':
        this.#leave(message.topic, seat)
        break
      default:
        message satisfies never
    }
  }

  /** Without a need for tokens there is nothing to check, and a second one changes nothing. */
  #authenticate(token: string): void {
    const { tokens, metrics } = this.#context
    if (tokens === undefined || this.#grant !== undefined) return
    this.#held = []
    void tokens.check(token).then((grant) => {
      metrics.tokens.inc({ result: grant === undefined ? 'refused' : 'good' })
      const held = this.#held ?? []
      this.#held = undefined
      if (this.#ended) return
      this.#grant = grant
      if (grant === undefined) this.#refuseToken('The token is not good, or not any more.')
      else for (const message of held) if (!this.#ended) this.#handle(message)
    })
  }

  #refuseToken(message: string): void {
    this.#refuse('token', message)
    this.end(POLICY_VIOLATION, 'token')
  }

  #tellIce(topic: string, { id }: Seat): void {
    const { turn } = this.#context
    this.send({ type: 'ice', topic, servers: turn?.issue(id) ?? [], seconds: turn?.ttlSeconds ?? 0 })
  }

  #join(
    { topic, id, kind, role }: Extract<ClientMessage, { type: 'join' }>,
    earlier: Seat | undefined,
  ): void {
    const { rooms, limits } = this.#context
    if (earlier !== undefined) rooms.leave(topic, earlier)
    else if (this.#seats.size >= limits.topicsPerSocketMax) {
      this.#refuse('topics', `One connection may join ${limits.topicsPerSocketMax} topics.`)
      return
    }
    const seat = { id, kind, role, occupant: this }
    this.#seats.set(topic, seat)
    clearTimeout(this.#joinTimer)
    rooms.enter(topic, seat)
    this.#introduce(topic, seat)
  }

  #introduce(topic: string, seat: Seat, count?: number): void {
    this.send({ type: 'contacts', topic, contacts: this.#context.rooms.contacts(topic, seat.id, count) })
  }

  #leave(topic: string, seat: Seat): void {
    this.#seats.delete(topic)
    this.#context.rooms.leave(topic, seat)
    this.#awaitJoin()
  }

  #refuse(code: RefusalCode, message: string): void {
    this.#context.metrics.refusals.inc({ code })
    this.send({ type: 'error', code, message })
  }

  /** A connection that is in no topic is of no use; it may not stay. */
  #awaitJoin(): void {
    if (this.#seats.size > 0 || this.#ended) return
    clearTimeout(this.#joinTimer)
    this.#joinTimer = setTimeout(() => {
      this.#refuse('join', 'A connection must join a topic.')
      this.end(POLICY_VIOLATION, 'join')
    }, this.#context.limits.joinMillis)
  }

  /** Jittered, so that a server with many sockets does not ping them all at once. */
  #schedulePing(): void {
    const { limits, random } = this.#context
    this.#pingTimer = setTimeout(
      () => {
        if (!this.#heard) {
          this.#cut('silent')
          return
        }
        this.#heard = false
        this.#socket.ping()
        this.#schedulePing()
      },
      jittered(random, limits.pingMillis, PING_SPREAD),
    )
  }

  #cut(reason: 'slow' | 'silent'): void {
    this.#context.metrics.cut.inc({ reason })
    this.#socket.terminate()
  }

  /** Gives every seat back and lets no message in any more. */
  #release(): void {
    this.#ended = true
    clearTimeout(this.#joinTimer)
    clearTimeout(this.#pingTimer)
    clearTimeout(this.#closeTimer)
    for (const [topic, seat] of this.#seats) this.#context.rooms.leave(topic, seat)
    this.#seats.clear()
  }
}
