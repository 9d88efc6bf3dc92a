/**
 * One end of a simulated link, and what it sends to the other: frames arrive in order after their delay, a lost
 * one holds up all behind it, a blocked direction keeps them until it opens, a slow one serves them one by one.
 */

import { DRAINED_LINK_BYTES, SLOW_LINK_FRAMES } from '../src/mesh/links/send-queue.js'
import { encodeFrame } from '../src/mesh/wire/codec.js'
import type { Frame } from '../src/mesh/wire/frame.js'
import { SLOW_LINK_BYTES } from '../src/mesh/wire/wire-limits.js'
import type { Conditions } from './conditions.js'
import { Happening } from './timeline.js'

/** Above this a queue breaks its link, as the transport's does. */
const QUEUE_FRAMES_MAX = 8192
const QUEUE_BYTES_MAX = 8 * 1024 * 1024
/** How long a link that closes tries to get rid of what was sent; as the transport. */
const FINISH_MILLIS_MAX = 500

/** The member that holds an end of a link. */
export interface Endpoint {
  readonly id: string
  /** The number of the member in its cluster. */
  readonly index: number
  /** A frame has come. */
  take(end: LinkEnd, frame: Frame): void
  /** The link is gone; the end is closed already. */
  lost(end: LinkEnd): void
  /** More waits than should, or no longer. */
  queueTurned(end: LinkEnd, state: 'slow' | 'drained'): void
}

const sizes = new WeakMap<Frame, number>()

/** The length of a frame in bytes; each object is encoded once. */
export function frameBytes(frame: Frame): number {
  const known = sizes.get(frame)
  if (known !== undefined) return known
  const { length } = encodeFrame(frame)
  sizes.set(frame, length)
  return length
}

class Arrival extends Happening {
  readonly #to: LinkEnd
  readonly #frame: Frame

  constructor(to: LinkEnd, frame: Frame) {
    super()
    this.#to = to
    this.#frame = frame
  }

  override happen(): void {
    if (this.#to.open) this.#to.owner.take(this.#to, this.#frame)
  }
}

/** A frame behind a lost one, or the lost one itself. */
interface Sent {
  frame: Frame
  /** It reached the other side, which waits for what was sent before. */
  received: boolean
}

export class LinkEnd {
  readonly owner: Endpoint
  readonly other: LinkEnd
  /** The id of the member at the other end. */
  readonly peer: string
  readonly latency: number
  /** Whether its owner holds this end open. */
  open = true
  /** Frames that wait at its owner, and their bytes. */
  queuedFrames = 0
  queuedBytes = 0
  /** Bytes per millisecond that leave; without limit unless slowed. */
  bandwidth = Number.POSITIVE_INFINITY
  readonly #conditions: Conditions
  #blocked = false
  #blockedAt = Number.POSITIVE_INFINITY
  #slow = false
  #lastArrival = 0
  #serving = false
  readonly #urgent: Frame[] = []
  readonly #waiting: Frame[] = []
  /** A frame that the network lost, first, and everything sent after it, which is handed over in order. */
  #stalled: Sent[] | undefined
  #closing = false

  private constructor(owner: Endpoint, latency: number, conditions: Conditions, other: Endpoint | LinkEnd) {
    this.owner = owner
    this.latency = latency
    this.#conditions = conditions
    this.peer = other instanceof LinkEnd ? other.owner.id : other.id
    this.other = other instanceof LinkEnd ? other : new LinkEnd(other, latency, conditions, this)
  }

  /** Makes both ends of a link. */
  static pair(a: Endpoint, b: Endpoint, conditions: Conditions): [LinkEnd, LinkEnd] {
    const end = new LinkEnd(a, conditions.latency(a.index, b.index), conditions, b)
    return [end, end.other]
  }

  /** Sends to the other end. Urgent frames overtake where frames wait for a slow line. */
  send(frame: Frame, urgent: boolean): void {
    if (!this.open) return
    if (this.bandwidth === Number.POSITIVE_INFINITY && !this.#serving) return this.#transmit(frame)
    this.#joins(frame)
    if (urgent) this.#urgent.push(frame)
    else this.#waiting.push(frame)
    this.#serve()
  }

  /** The owner closes: the other side learns of it after everything that was sent, or late when that is stuck. */
  close(): void {
    if (!this.open) return
    this.open = false
    this.#closing = true
    if (this.#stalled === undefined) return this.#announceClose()
    this.#conditions.timeline.after(FINISH_MILLIS_MAX, () => {
      if (this.#closing) this.vanish()
    })
  }

  /** The owner's process is gone: the other side finds out by itself, and late. */
  vanish(): void {
    this.open = false
    this.#closing = false
    this.#stalled = undefined
    const { timeline, now } = this.#conditions
    timeline.after(now.nativeCloseMillis, () => this.other.lose())
  }

  /** The end breaks. */
  lose(): void {
    if (!this.open) return
    this.open = false
    this.#stalled = undefined
    this.owner.lost(this)
  }

  /** Nothing gets through any more, or everything again; after too long the link closes on both sides. */
  block(blocked: boolean): void {
    if (this.#blocked === blocked) return
    this.#blocked = blocked
    if (!blocked) return
    const { timeline, now } = this.#conditions
    const since = timeline.now
    this.#blockedAt = since
    timeline.after(now.nativeCloseMillis, () => {
      if (this.#blocked && this.#blockedAt === since) this.#break()
    })
  }

  /** The line is as fast as any again. */
  restoreBandwidth(): void {
    this.bandwidth = Number.POSITIVE_INFINITY
    this.#serve()
  }

  #joins(frame: Frame): void {
    this.queuedFrames += 1
    this.queuedBytes += frameBytes(frame)
    if (this.queuedFrames > QUEUE_FRAMES_MAX || this.queuedBytes > QUEUE_BYTES_MAX) return this.#break()
    if (this.#slow || (this.queuedBytes < SLOW_LINK_BYTES && this.queuedFrames < SLOW_LINK_FRAMES)) return
    this.#slow = true
    this.owner.queueTurned(this, 'slow')
  }

  /** A frame that has waited is on its way. */
  #leaves(frame: Frame): void {
    this.queuedFrames -= 1
    this.queuedBytes -= frameBytes(frame)
    if (!this.#slow || this.queuedBytes >= DRAINED_LINK_BYTES || this.queuedFrames >= SLOW_LINK_FRAMES / 2)
      return
    this.#slow = false
    if (this.open) this.owner.queueTurned(this, 'drained')
  }

  #serve(): void {
    if (this.#serving) return
    const frame = this.#urgent.shift() ?? this.#waiting.shift()
    if (frame === undefined) return
    this.#serving = true
    this.#conditions.timeline.after(frameBytes(frame) / this.bandwidth, () => {
      this.#serving = false
      this.#leaves(frame)
      this.#transmit(frame)
      this.#serve()
    })
  }

  /** Puts a frame on the wire. */
  #transmit(frame: Frame): void {
    const fails = this.#fails()
    if (fails && this.#conditions.now.lossModel === 'vanish') return
    if (fails || this.#stalled) this.#stall({ frame, received: !fails })
    else this.#deliver(frame)
  }

  #deliver(frame: Frame): void {
    const { timeline } = this.#conditions
    const due = timeline.now + this.#conditions.transit(this.latency)
    const detour = this.#conditions.detourMillis()
    const arrival = detour > 0 ? due + detour : Math.max(this.#lastArrival, due)
    if (detour === 0) this.#lastArrival = arrival
    timeline.plan(arrival, new Arrival(this.other, frame))
    if (this.#conditions.duplicates()) timeline.plan(arrival + 1, new Arrival(this.other, frame))
  }

  /** Whether what is sent now is lost. */
  #fails(): boolean {
    return this.#blocked || this.#conditions.loses()
  }

  #stall(sent: Sent): void {
    this.#stalled ??= []
    this.#stalled.push(sent)
    this.#joins(sent.frame)
    if (!sent.received) this.#sendAgain(sent, this.#conditions.now.rtoMillis)
  }

  /** RFC 9260, section 6.3.3: each timeout is twice the one before, up to a bound. */
  #sendAgain(sent: Sent, timeout: number): void {
    const { timeline, now } = this.#conditions
    timeline.after(timeout, () => {
      if (this.#stalled === undefined) return
      if (this.#fails()) return this.#sendAgain(sent, Math.min(2 * timeout, now.rtoMaxMillis))
      sent.received = true
      this.#release(this.#stalled)
    })
  }

  /** Hands over what is complete from the front. */
  #release(stalled: Sent[]): void {
    const gap = stalled.findIndex(({ received }) => !received)
    const complete = stalled.splice(0, gap < 0 ? stalled.length : gap)
    if (stalled.length === 0) this.#stalled = undefined
    for (const { frame } of complete) {
      this.#leaves(frame)
      this.#deliver(frame)
    }
    if (this.#closing && this.#stalled === undefined) this.#announceClose()
  }

  #announceClose(): void {
    this.#closing = false
    const { timeline } = this.#conditions
    const arrival = Math.max(this.#lastArrival, timeline.now + this.#conditions.transit(this.latency))
    // What was sent before arrives before: the same millisecond keeps its order.
    if (!this.#blocked) timeline.after(arrival - timeline.now, () => this.other.lose())
    else timeline.after(this.#conditions.now.nativeCloseMillis, () => this.other.lose())
  }

  #break(): void {
    this.lose()
    this.other.lose()
  }
}
