/** STUN and TURN servers that signaling hands out: asked for when a link needs them, kept while they are good. */
import type { Clock, Timer } from '../../base/clock.js'
import type { IceServer } from '../wire/signal.js'

/** A dial waits at most this long for them: what the mesh knows a way to must not wait for a server that is gone. */
const WAIT_MILLIS_MAX = 2000

/** The servers of one signaling client. */
export class OfferedIce {
  readonly #clock: Clock
  readonly #ask: () => boolean
  #servers: readonly IceServer[] = []
  #goodUntil = Number.NEGATIVE_INFINITY
  /** From then on they are asked for anew, so that no link begins with credentials about to end. */
  #freshUntil = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined
  #waiting: (() => void)[] = []

  /** `ask` sends the question and answers whether it could. */
  constructor(clock: Clock, ask: () => boolean) {
    this.#clock = clock
    this.#ask = ask
  }

  /** The server's answer: good for `seconds`. */
  take(servers: readonly IceServer[], seconds: number): void {
    const now = this.#clock.monotonic()
    this.#servers = servers
    this.#goodUntil = now + seconds * 1000
    this.#freshUntil = now + seconds * 500
    this.#settle()
  }

  /** What may stand in `iceServers` now; none when nothing good is to be had in time. */
  async servers(): Promise<readonly RTCIceServer[]> {
    const isAsked = this.#timer !== undefined
    if (this.#clock.monotonic() >= this.#freshUntil && (isAsked || this.#ask())) {
      this.#timer ??= this.#clock.after(WAIT_MILLIS_MAX, () => this.#settle())
      if (this.#clock.monotonic() >= this.#goodUntil)
        await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    return this.#clock.monotonic() < this.#goodUntil ? this.#servers : []
  }

  #settle(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
