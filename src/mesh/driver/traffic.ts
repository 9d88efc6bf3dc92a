/** Frames between the engine and the links: encoded and decoded, counted, and held to their rates. */
import type { Clock } from '../../base/clock.js'
import { type GossipKvError, ProtocolError } from '../../base/errors.js'
import type { Input } from '../protocol/step.js'
import { LinkRate } from '../rate-limit/link-rate.js'
import type { Links } from '../transport.js'
import { decodeFrame, encodeFrame, encodePartHead } from '../wire/codec.js'
import type { Frame, Priority } from '../wire/frame.js'
import { typeOfTag } from '../wire/frames.js'
import type { TrafficCounters } from './driver-types.js'

/** A link that has carried enough for now rests so long: half of a second's allowance comes back. */
const FAST_PAUSE_MILLIS = 500

export interface TrafficHost {
  links: Links
  clock: Clock
  /** Whether parts of a sync of `peer` are asked for. */
  isAsking(peer: string): boolean
  /** Hands something to the engine. */
  post(input: Input): void
}

export class Traffic {
  readonly #host: TrafficHost
  readonly #slow = new Set<string>()
  readonly #rates = new Map<string, LinkRate>()
  /** Links that ended for a reason, by the code of it. */
  readonly #ended = new Map<string, number>()
  readonly #counters: TrafficCounters = {
    framesIn: 0,
    framesOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    malformedFrames: 0,
    unknownFrames: 0,
  }

  constructor(host: TrafficHost) {
    this.#host = host
  }

  get counters(): Readonly<Record<string, number>> {
    const ended = Array.from(this.#ended, ([code, count]) => [`ended_${code}`, count] as const)
    return { ...this.#counters, ...Object.fromEntries(ended) }
  }

  send(peer: string, frame: Frame, priority: Priority): void {
    const { links, clock, post } = this.#host
    const part = frame.type === 'sync-part' ? frame : undefined
    const bytes = part ? encodePartHead(part) : encodeFrame(frame)
    this.#counters.framesOut += 1
    this.#counters.bytesOut += bytes.length + (part?.bytes.length ?? 0)
    links.send(peer, bytes, priority, part?.bytes)
    // Syncs have their own window.
    const isFast = !part && this.#rates.get(peer)?.sent(bytes.length, clock.monotonic()) === false
    if (this.#slow.has(peer) || !(isFast || links.slow(peer))) return
    this.#slow.add(peer)
    post({ type: 'slow', peer })
    if (isFast) clock.after(FAST_PAUSE_MILLIS, () => this.drained(peer))
  }

  receive(peer: string, bytes: Uint8Array): void {
    const { clock, isAsking, post } = this.#host
    this.#counters.framesIn += 1
    this.#counters.bytesIn += bytes.length
    const isAsked = typeOfTag(bytes[1]) === 'sync-part' && isAsking(peer)
    const isWithin = isAsked || this.#rates.get(peer)?.received(bytes.length, clock.monotonic()) !== false
    if (!isWithin) return post({ type: 'overload', peer })
    try {
      const frame = decodeFrame(bytes)
      if (frame) post({ type: 'frame', peer, frame })
      else this.#counters.unknownFrames += 1
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#counters.malformedFrames += 1
      post({ type: 'malformed', peer })
    }
  }

  /** A link has room again, in its queue and by its rate. */
  drained(peer: string): void {
    if (this.#host.links.slow(peer) || !this.#slow.delete(peer)) return
    this.#host.post({ type: 'drained', peer })
  }

  linkUp(peer: string): void {
    this.#slow.delete(peer)
    this.#rates.set(peer, new LinkRate(this.#host.clock.monotonic()))
    this.#host.post({ type: 'link-up', peer })
  }

  linkDown(peer: string, error: GossipKvError | undefined): void {
    const { post } = this.#host
    const isMalformed = error instanceof ProtocolError && error.code !== 'ERR_REASSEMBLY_LIMIT'
    if (error?.code === 'ERR_SIGNATURE_INVALID') post({ type: 'malformed', peer, kind: 'signature' })
    else if (isMalformed) post({ type: 'malformed', peer })
    // It may live, and takes less than it is sent.
    if (error?.code === 'ERR_LINK_OVERLOADED') post({ type: 'overload', peer })
    this.#rates.delete(peer)
    if (error) this.#ended.set(error.code, (this.#ended.get(error.code) ?? 0) + 1)
    post({ type: 'link-down', peer })
  }
}
