/**
 * One end of a simulated link, and what it sends to the other: frames arrive in order after their delay, a lost
 * one holds up all behind it, a blocked direction keeps them until it opens, a slow one serves them one by one.
 */
import { encodeFrame } from '../wire/codec.js'
import type { Frame } from '../wire/frame.js'
import { DRAINED_LINK_BYTES, SLOW_LINK_BYTES, SLOW_LINK_FRAMES } from '../wire/limits.js'
import type { Conditions } from './conditions.js'
import { Happening } from './timeline.js'

/** Above this a queue breaks its link, as the transport's does. */
const QUEUE_FRAMES_MAX = 8192
const QUEUE_BYTES_MAX = 8 * 1024 * 1024
/** A frame that is later than its delay by this has waited at its sender. */
const WAITED_MILLIS = 100

/** Who holds an end of a link. */
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
  readonly #waited: boolean

  constructor(to: LinkEnd, frame: Frame, waited: boolean) {
    super()
    this.#to = to
    this.#frame = frame
    this.#waited = waited
  }

  override happen(): void {
    if (this.#waited) this.#to.other.hasLeft(this.#frame)
    if (this.#to.open) this.#to.owner.take(this.#to, this.#frame)
  }
}

export class LinkEnd {
  readonly owner: Endpoint
  readonly latency: number
  /** Whether the owner holds this end open. */
  open = true
  /** Frames that wait at the owner, and their bytes. */
  queuedFrames = 0
  queuedBytes = 0
  /** Bytes per millisecond that leave; without limit unless slowed. */
  bandwidth = Number.POSITIVE_INFINITY
  readonly #conditions: Conditions
  readonly #link: { ends: readonly LinkEnd[] }
  #blocked = false
  #blockedAt = Number.POSITIVE_INFINITY
  #slow = false
  #lastArrival = 0
  #serving = false
  readonly #urgent: Frame[] = []
  #waiting: Frame[] = []

  private constructor(
    owner: Endpoint,
    latency: number,
    conditions: Conditions,
    link: { ends: readonly LinkEnd[] },
  ) {
    this.owner = owner
    this.latency = latency
    this.#conditions = conditions
    this.#link = link
  }

  /** Makes both ends of a link. */
  static pair(a: Endpoint, b: Endpoint, conditions: Conditions): [LinkEnd, LinkEnd] {
    const latency = conditions.latency(a.index, b.index)
    const link: { ends: readonly LinkEnd[] } = { ends: [] }
    const ends: [LinkEnd, LinkEnd] = [
      new LinkEnd(a, latency, conditions, link),
      new LinkEnd(b, latency, conditions, link),
    ]
    link.ends = ends
    return ends
  }

  get other(): LinkEnd {
    const [first, second] = this.#link.ends
    const other = first === this ? second : first
    if (other === undefined) throw new Error('a link has two ends')
    return other
  }

  get blocked(): boolean {
    return this.#blocked
  }

  /** Sends to the other end. Urgent frames overtake where frames wait for a slow line. */
  send(frame: Frame, urgent: boolean): void {
    if (!this.open) return
    if (this.#blocked) return this.#keep(frame)
    if (this.bandwidth === Number.POSITIVE_INFINITY && !this.#serving) return this.#transmit(frame)
    this.#joins(frame)
    if (urgent) this.#urgent.push(frame)
    else this.#waiting.push(frame)
    this.#serve()
  }

  /** The owner closes: the other side learns of it after everything that was sent. */
  close(): void {
    if (!this.open) return
    this.open = false
    const { timeline } = this.#conditions
    const at = Math.max(this.#lastArrival, timeline.now + this.latency)
    if (this.#blocked) timeline.after(this.#conditions.now.nativeCloseMillis, () => this.other.lose())
    else timeline.after(at - timeline.now, () => this.other.lose())
  }

  /** The owner's process is gone: the other side finds out by itself, and late. */
  vanish(): void {
    this.open = false
    const { timeline, now } = this.#conditions
    timeline.after(now.nativeCloseMillis, () => this.other.lose())
  }

  /** The end breaks. */
  lose(): void {
    if (!this.open) return
    this.open = false
    this.owner.lost(this)
  }

  /** Nothing gets through any more, or everything again; after too long the link closes on both sides. */
  block(blocked: boolean): void {
    if (this.#blocked === blocked) return
    this.#blocked = blocked
    const { timeline, now } = this.#conditions
    if (!blocked) return this.#release()
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

  /** A frame that has waited is on its way. */
  hasLeft(frame: Frame): void {
    this.queuedFrames -= 1
    this.queuedBytes -= frameBytes(frame)
    if (!this.#slow || this.queuedBytes >= DRAINED_LINK_BYTES || this.queuedFrames >= SLOW_LINK_FRAMES / 2)
      return
    this.#slow = false
    if (this.open) this.owner.queueTurned(this, 'drained')
  }

  #joins(frame: Frame): void {
    this.queuedFrames += 1
    this.queuedBytes += frameBytes(frame)
    if (this.queuedFrames > QUEUE_FRAMES_MAX || this.queuedBytes > QUEUE_BYTES_MAX) return this.#break()
    if (this.#slow || (this.queuedBytes < SLOW_LINK_BYTES && this.queuedFrames < SLOW_LINK_FRAMES)) return
    this.#slow = true
    this.owner.queueTurned(this, 'slow')
  }

  /** A datagram into a partition is gone; what was sent on a reliable channel waits. */
  #keep(frame: Frame): void {
    if (this.#conditions.now.lossModel === 'vanish') return
    this.#waiting.push(frame)
    this.#joins(frame)
  }

  #release(): void {
    const { timeline, now, random } = this.#conditions
    // The next retransmission finds the way open.
    this.#lastArrival = Math.max(this.#lastArrival, timeline.now + this.latency + now.rtoMaxMillis * random())
    if (this.bandwidth !== Number.POSITIVE_INFINITY) return this.#serve()
    const frames = this.#waiting
    this.#waiting = []
    for (const frame of frames) this.#transmit(frame, true)
  }

  #serve(): void {
    if (this.#serving || this.#blocked) return
    const frame = this.#urgent.shift() ?? this.#waiting.shift()
    if (frame === undefined) return
    this.#serving = true
    this.#conditions.timeline.after(frameBytes(frame) / this.bandwidth, () => {
      this.#serving = false
      this.hasLeft(frame)
      this.#transmit(frame)
      this.#serve()
    })
  }

  #transmit(frame: Frame, queued = false): void {
    const { timeline, now } = this.#conditions
    const lost = this.#conditions.loses()
    if (lost && now.lossModel === 'vanish') return queued ? this.hasLeft(frame) : undefined
    const due = timeline.now + this.#conditions.transit(this.latency)
    const sent = lost ? due + this.#conditions.stallMillis() : due
    const detour = this.#conditions.detourMillis()
    const arrival = detour > 0 ? sent + detour : Math.max(this.#lastArrival, sent)
    if (detour === 0) this.#lastArrival = arrival
    const waits = queued || arrival > due + WAITED_MILLIS
    if (waits && !queued) this.#joins(frame)
    timeline.plan(arrival, new Arrival(this.other, frame, waits))
    if (this.#conditions.duplicates()) timeline.plan(arrival + 1, new Arrival(this.other, frame, false))
  }

  #break(): void {
    this.lose()
    this.other.lose()
  }
}
