/**
 * What waits to leave on one link. Frames of one turn leave in few messages. The peer acknowledges what it receives,
 * and no more than a window is ever unacknowledged: `bufferedAmount` tells little (in @roamhq/wrtc the first 2 MiB do
 * not show in it) and its event never fires there, while an acknowledgement is exact, needs no polling, and also
 * arrives in a hidden tab, whose timers stand still.
 */
import { Fragmenter } from '../wire/fragment.js'
import type { Priority } from '../wire/frame.js'
import { MESSAGE_BYTES_MAX, SLOW_LINK_BYTES } from '../wire/wire-limits.js'
import { QUEUE_BYTES_MAX, QUEUE_FRAMES_MAX } from './link-limits.js'

/** What waits in WebRTC: above 16 MiB @roamhq/wrtc loses messages silently; 1 MiB keeps far from it. */
export const BUFFERED_BYTES_MAX = 1024 * 1024
/** Frames that may wait before the link counts as slow. */
export const SLOW_LINK_FRAMES = 100
/** A slow link is writable again below this. */
export const DRAINED_LINK_BYTES = 64 * 1024
/** Bytes that may be unacknowledged while only normal frames wait; the rest of BUFFERED_BYTES_MAX is for urgent ones. */
export const WINDOW_BYTES = BUFFERED_BYTES_MAX / 2
/** A receiver acknowledges each time that so many bytes have arrived. */
export const ACKNOWLEDGE_EVERY_BYTES = 32 * 1024
/** The same within a large frame: the rest of it is sure to come, and each message costs a call into the implementation. */
export const ACKNOWLEDGE_WITHIN_BYTES = WINDOW_BYTES / 4

/** What a queue asks for. */
export interface SendQueueEvents {
  /** Give this message to the channel now; its memory is used again for the next one. */
  message(bytes: Uint8Array): void
  /** The queue was slow and is so no longer. */
  drained(): void
  /** More waits than may; the link has to end. */
  overloaded(bytes: number, frames: number): void
}

/** The queue of one link. */
export class SendQueue {
  readonly #events: SendQueueEvents
  readonly #fragmenter = new Fragmenter()
  #sent = 0
  #acknowledged = 0
  #slow = false
  #scheduled = false
  #closed = false

  constructor(events: SendQueueEvents) {
    this.#events = events
  }

  /** True from SLOW_LINK_BYTES on, until less than DRAINED_LINK_BYTES remain. */
  get slow(): boolean {
    return this.#slow
  }

  /** Bytes that wait or are unacknowledged. */
  get bytes(): number {
    return this.#fragmenter.bytes + this.#unacknowledged
  }

  /** Frames that wait. */
  get frames(): number {
    return this.#fragmenter.frames
  }

  /** Bytes of which the peer says that they have arrived. */
  get arrived(): number {
    return this.#acknowledged
  }

  get #unacknowledged(): number {
    return this.#sent - this.#acknowledged
  }

  /** Queues a frame, in one piece or in two; the lesser priority leaves first. @throws UsageError ERR_TOO_LARGE */
  push(frame: Uint8Array, priority: Priority, rest?: Uint8Array): void {
    if (this.#closed) return
    const waiting = this.#fragmenter
    waiting.push(frame, priority, rest)
    if (waiting.bytes > QUEUE_BYTES_MAX || waiting.frames > QUEUE_FRAMES_MAX) {
      this.close()
      this.#events.overloaded(waiting.bytes, waiting.frames)
      return
    }
    // A full message gains nothing by waiting for the end of the turn. So SLOW_LINK_FRAMES can only wait behind a
    // full window, and that is more than SLOW_LINK_BYTES.
    if (waiting.bytes >= MESSAGE_BYTES_MAX || waiting.frames >= SLOW_LINK_FRAMES) this.#flush()
    else this.#schedule()
    if (this.bytes >= SLOW_LINK_BYTES) this.#slow = true
  }

  /** Tells the peer that `bytes` have arrived in all. */
  acknowledge(bytes: number): void {
    this.#fragmenter.acknowledge(bytes)
    this.#schedule()
  }

  /** The peer has received `bytes` in all. False when that is more than was sent. */
  acknowledged(bytes: number): boolean {
    if (bytes > this.#sent) return false
    this.#acknowledged = bytes
    this.#flush()
    this.#checkDrained()
    return true
  }

  /** Lets the end follow what waits; nothing can be pushed after it. */
  end(): void {
    this.#fragmenter.end()
    this.#schedule()
  }

  /** Drops what waits. */
  close(): void {
    this.#closed = true
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    while (!this.#closed) {
      const message = this.#fragmenter.next(this.#mayLeave())
      if (message === undefined) return
      this.#sent += message.length
      this.#events.message(message)
    }
  }

  #mayLeave(): boolean {
    const window = this.#fragmenter.urgent ? BUFFERED_BYTES_MAX : WINDOW_BYTES
    return this.#unacknowledged + MESSAGE_BYTES_MAX <= window
  }

  #checkDrained(): void {
    if (!this.#slow || this.#closed || this.bytes >= DRAINED_LINK_BYTES) return
    this.#slow = false
    this.#events.drained()
  }
}
