/** An open link: frames in and out of a connection, until either side ends it. */
import type { Clock, Timer } from '../../base/clock.js'
import { type GossipKvError, ProtocolError } from '../../base/errors.js'
import type { Priority } from '../wire/frame.js'
import { Reassembler } from '../wire/reassembly.js'
import { AUTH_BYTES_MAX, REASSEMBLY_BYTES_MAX } from '../wire/wire-limits.js'
import { acknowledgementRefused, linkClosed, linkOverloaded, tooMuchUnadmitted } from './link-errors.js'
import { STUCK_MILLIS_MAX } from './link-limits.js'
import { ACKNOWLEDGE_EVERY_BYTES, ACKNOWLEDGE_WITHIN_BYTES, SendQueue } from './send-queue.js'
import type { Connection } from './webrtc.js'

/** How long a link that is closed on purpose may take to send what waits. */
export const FINISH_MILLIS_MAX = 500

export interface LinkListener {
  frame(bytes: Uint8Array): void
  drained(): void
  /** The link is over; comes once and last. */
  down(error: GossipKvError | undefined): void
}

/** A link over a connection that has just opened. Until it is admitted its peer may send AUTH_BYTES_MAX bytes in all. */
export class Link {
  readonly peer: string
  readonly #connection: Connection
  readonly #clock: Clock
  readonly #listener: LinkListener
  readonly #queue: SendQueue
  readonly #reassembler = new Reassembler()
  #admitted = false
  #told = 0
  #finishing: Timer | undefined
  #watching: Timer | undefined
  #down = false

  constructor(peer: string, connection: Connection, clock: Clock, listener: LinkListener) {
    this.peer = peer
    this.#connection = connection
    this.#clock = clock
    this.#listener = listener
    this.#reassembler.bytesMax = AUTH_BYTES_MAX
    this.#queue = new SendQueue({
      message: (bytes) => connection.send(bytes),
      drained: () => listener.drained(),
      overloaded: (bytes, frames) => this.end(linkOverloaded(peer, bytes, frames)),
    })
    connection.handOver({
      signal: () => {},
      opened: () => {},
      message: (bytes) => this.#receive(bytes),
      // Chromium reports an error when the other side closes, also when that was wanted.
      closed: (error) => this.end(this.#finishing ? undefined : linkClosed(peer, error)),
    })
  }

  /** True once it has ended. */
  get over(): boolean {
    return this.#down
  }

  get fingerprints(): { own: string; theirs: string } | undefined {
    return this.#connection.fingerprints
  }

  get slow(): boolean {
    return this.#queue.slow
  }

  /** Queues a frame, in one piece or in two. @throws UsageError ERR_TOO_LARGE */
  send(bytes: Uint8Array, priority: Priority, rest?: Uint8Array): void {
    this.#queue.push(bytes, priority, rest)
    if (this.#queue.slow) this.#watch()
  }

  /** From now on its peer may send as much as any. */
  admit(): void {
    this.#admitted = true
    this.#reassembler.bytesMax = REASSEMBLY_BYTES_MAX
  }

  /** Ends the link once what waits has arrived, or after FINISH_MILLIS_MAX. */
  finish(): void {
    if (this.#down || this.#finishing) return
    this.#finishing = this.#clock.after(FINISH_MILLIS_MAX, () => this.end(undefined))
    // The peer closes when it has read the end: only so is it sure that all before it has arrived.
    this.#queue.end()
  }

  /** Ends the link at once. Idempotent. */
  end(error: GossipKvError | undefined): void {
    if (this.#down) return
    this.#down = true
    this.#finishing?.cancel()
    this.#watching?.cancel()
    this.#queue.close()
    this.#connection.close()
    this.#listener.down(error)
  }

  /** While the link is slow something has to arrive every STUCK_MILLIS_MAX, or it never will. */
  #watch(): void {
    if (this.#down || this.#watching) return
    const { arrived } = this.#queue
    this.#watching = this.#clock.after(STUCK_MILLIS_MAX, () => {
      this.#watching = undefined
      if (!this.#queue.slow) return
      if (this.#queue.arrived > arrived) return this.#watch()
      this.end(linkOverloaded(this.peer, this.#queue.bytes, this.#queue.frames))
    })
  }

  #receive(message: Uint8Array): void {
    if (this.#down) return
    const frames = this.#reassemble(message)
    for (const frame of frames) {
      if (this.#down) return
      this.#listener.frame(frame)
    }
    if (this.#reassembler.ended) this.end(undefined)
  }

  #reassemble(message: Uint8Array): Uint8Array[] {
    try {
      // Counted before anything is read, whether it makes frames or not.
      if (!this.#admitted && this.#reassembler.received + message.length > AUTH_BYTES_MAX)
        throw tooMuchUnadmitted(this.peer)
      const frames = this.#reassembler.receive(message, this.#clock.monotonic())
      this.#acknowledge()
      return frames
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.end(error)
      return []
    }
  }

  #acknowledge(): void {
    const { acknowledged, received } = this.#reassembler
    if (!this.#queue.acknowledged(acknowledged)) return this.end(acknowledgementRefused(this.peer))
    const every = this.#reassembler.unfinished ? ACKNOWLEDGE_WITHIN_BYTES : ACKNOWLEDGE_EVERY_BYTES
    if (received - this.#told < every) return
    this.#told = received
    this.#queue.acknowledge(received)
  }
}
