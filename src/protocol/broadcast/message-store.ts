/** The envelopes of the last minute, to answer grafts, and who brought each first. Bounded in number, bytes and age. */
import type { EnvelopeBody, GossipFrame } from '../../wire/frame.js'
import type { ProtocolConfig } from '../config.js'

interface Stored {
  frame: GossipFrame
  /** The neighbor that brought it first; undefined for own ones. */
  from: string | undefined
  at: number
  bytes: number
}

/** What an envelope takes about beside its bytes, and each claim in it. */
const SMALL_BYTES = 256

export class MessageStore {
  readonly #config: ProtocolConfig
  readonly #stored = new Map<number, Stored>()
  #bytes = 0

  constructor(config: ProtocolConfig) {
    this.#config = config
  }

  add(tag: number, frame: GossipFrame, from: string | undefined, now: number): void {
    const bytes = bytesOf(frame.body)
    this.#stored.set(nameOf(tag, frame.seq), { frame, from, at: now, bytes })
    this.#bytes += bytes
    const { cachedMax, cachedBytesMax, cachedMillis } = this.#config
    for (const [name, oldest] of this.#stored) {
      const fits = this.#stored.size <= cachedMax && this.#bytes <= cachedBytesMax
      if (fits && now < oldest.at + cachedMillis) break
      this.#stored.delete(name)
      this.#bytes -= oldest.bytes
    }
  }

  get(tag: number, seq: number): GossipFrame | undefined {
    return this.#stored.get(nameOf(tag, seq))?.frame
  }

  /** The neighbor that brought it first. */
  bringer(tag: number, seq: number): string | undefined {
    return this.#stored.get(nameOf(tag, seq))?.from
  }
}

function bytesOf(body: EnvelopeBody): number {
  switch (body.type) {
    case 'update':
      return SMALL_BYTES + body.update.length
    case 'message':
      return SMALL_BYTES + body.bytes.length
    case 'claims':
      return body.claims.reduce(
        (sum, claim) => sum + SMALL_BYTES + (claim.type === 'presence' ? claim.state.length : 0),
        SMALL_BYTES,
      )
    default:
      return SMALL_BYTES
  }
}

/** One number for both: 2^20 envelopes of one origin never lie in one minute. */
function nameOf(tag: number, seq: number): number {
  return tag * 0x100000 + (seq % 0x100000)
}
