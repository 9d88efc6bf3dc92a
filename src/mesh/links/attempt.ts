/** One attempt to open a link, from the wish or the first signal to the open channel: its session, its slot, its time. */
import type { Timer } from '../../base/clock.js'
import type { Signal } from '../wire/signal.js'
import type { HandshakeSlot } from './handshake-slots.js'
import { CANDIDATES_MAX } from './link-limits.js'
import type { Connection, ConnectionSignal } from './webrtc.js'

/** Candidates and one description may come before the connection can take them. */
const HELD_SIGNALS_MAX = CANDIDATES_MAX + 1

/** An attempt; the dialer holds at most one for each peer. */
export class Attempt {
  readonly peer: string
  /** Names the attempt in every signal. The side that offers may take over the session of a request. */
  session: string
  /** True when the caller of the links waits for an answer. */
  dialed: boolean
  readonly beganMillis: number
  slot: HandshakeSlot | undefined
  timer: Timer | undefined
  slotTimer: Timer | undefined
  /** There once a slot is held. */
  connection: Connection | undefined
  /** True once the other side's description has come. */
  answered = false
  /** What was told to the other side, to be told again when it does not answer. */
  readonly sent: Signal[] = []
  repeatTimer: Timer | undefined
  repeatedMillis: number
  #held: ConnectionSignal[] = []

  constructor(peer: string, session: string, dialed: boolean, beganMillis: number) {
    this.peer = peer
    this.session = session
    this.dialed = dialed
    this.beganMillis = beganMillis
    this.repeatedMillis = beganMillis
  }

  /** Gives a signal to the connection, or holds it until there is one; false when too many are held. */
  take(signal: ConnectionSignal): boolean {
    if (this.connection !== undefined) this.connection.signal(signal)
    else if (this.#held.length < HELD_SIGNALS_MAX) this.#held.push(signal)
    else return false
    return true
  }

  /** The connection is there: it gets what was held. */
  begin(connection: Connection): void {
    this.connection = connection
    const held = this.#held
    this.#held = []
    for (const signal of held) connection.signal(signal)
  }

  /** Gives up the slot and the timers, not the connection. */
  release(): void {
    this.timer?.cancel()
    this.slotTimer?.cancel()
    this.repeatTimer?.cancel()
    this.slot?.release()
  }
}
