/**
 * How links are opened in the simulator: by an offer of the greater id, which the lesser one requests, and an answer,
 * as the transport does it. The signals go where the engine sends them, through the mesh or through the server; what
 * is lost on its way costs the dialer a timeout.
 */
import type { Signal } from '../src/mesh/wire/signal.js'
import type { Conditions } from './conditions.js'

/** A session description without its candidates is about this long. */
const SDP = 'v'.repeat(600)

/** What was not answered by then is told again, as the transport does. */
const REPEAT_MILLIS = 2_000

/** A member as far as it opens links. */
export interface Dialer {
  readonly id: string
  /** It runs and is not stopped. */
  readonly awake: boolean
  /** Wants a signal carried to `peer`. */
  sendSignal(peer: string, signal: Signal): void
  dialFailed(peer: string): void
}

interface Attempt<D extends Dialer> {
  dialer: D
  peer: string
  /** The side that was asked; known once a signal reached it. */
  target: D | undefined
  /** The side that was asked has made its offer. */
  offered: boolean
  /** The answer has come. */
  answered: boolean
}

export class Dials<D extends Dialer> {
  readonly #conditions: Conditions
  readonly #open: (dialer: D, target: D) => boolean
  readonly #attempts = new Map<string, Attempt<D>>()
  readonly #dialing = new Set<string>()
  /** Dials begun since the start. */
  count = 0

  /** `open` makes the link; false when the two cannot reach each other. */
  constructor(conditions: Conditions, open: (dialer: D, target: D) => boolean) {
    this.#conditions = conditions
    this.#open = open
  }

  /** Begins, unless it is under way; ends in a link or in `dialFailed`. */
  dial(dialer: D, peer: string): void {
    const name = nameOf(dialer, peer)
    if (this.#dialing.has(name)) return
    this.#dialing.add(name)
    this.count += 1
    const session = `dial-${this.count}`
    this.#attempts.set(session, { dialer, peer, target: undefined, offered: false, answered: false })
    const { timeline, now } = this.#conditions
    timeline.after(now.dialTimeoutMillis, () => {
      if (this.#end(session)) dialer.dialFailed(peer)
    })
    this.#ask(session)
  }

  /** The dialer gives up. */
  abort(dialer: D, peer: string): void {
    if (!this.#dialing.has(nameOf(dialer, peer))) return
    for (const [session, attempt] of this.#attempts)
      if (attempt.dialer === dialer && attempt.peer === peer && this.#end(session)) dialer.dialFailed(peer)
  }

  /** A side that waits for the other one repeats what it said. */
  #ask(session: string): void {
    const attempt = this.#attempts.get(session)
    if (attempt === undefined || attempt.answered) return
    const { dialer, peer, target } = attempt
    if (dialer.id > peer) dialer.sendSignal(peer, offer(session))
    else if (attempt.offered) target?.sendSignal(dialer.id, offer(session))
    else dialer.sendSignal(peer, { type: 'request', session })
    this.#conditions.timeline.after(REPEAT_MILLIS, () => this.#ask(session))
  }

  /** A signal of `from` has come to `to`. */
  receive(to: D, from: string, signal: Signal): void {
    const attempt = this.#attempts.get(signal.session)
    if (attempt === undefined || !to.awake) return
    if (attempt.dialer !== to) attempt.target = to
    if (signal.type === 'request') {
      attempt.offered = true
      return to.sendSignal(from, offer(signal.session))
    }
    if (signal.type === 'offer')
      return to.sendSignal(from, { type: 'answer', session: signal.session, sdp: SDP })
    if (signal.type !== 'answer' || attempt.answered) return
    attempt.answered = true
    this.#connect(signal.session, attempt)
  }

  /** What is left to do once both sides have described themselves: ICE, DTLS, SCTP. */
  #connect(session: string, { dialer, target }: Attempt<D>): void {
    const { now, timeline, random } = this.#conditions
    // The timeout tells the dialer of a failure.
    if (target === undefined || (now.dialFailure > 0 && random() < now.dialFailure)) return
    timeline.after(this.#conditions.within(now.dialMillis), () => {
      if (this.#attempts.has(session) && this.#open(dialer, target)) this.#end(session)
    })
  }

  /** Whether the attempt was still under way. */
  #end(session: string): boolean {
    const attempt = this.#attempts.get(session)
    if (attempt === undefined) return false
    this.#attempts.delete(session)
    this.#dialing.delete(nameOf(attempt.dialer, attempt.peer))
    return true
  }
}

function nameOf(dialer: Dialer, peer: string): string {
  return `${dialer.id} ${peer}`
}

function offer(session: string): Signal {
  return { type: 'offer', session, sdp: SDP }
}
