/** The envelopes of the last minute, to answer grafts, and who brought each first. Bounded in number, bytes and age. */
import { TagMap } from '../../base/tag-map.js'
import type { EnvelopeBody, GossipFrame } from '../../wire/frame.js'
import type { ProtocolConfig } from '../config.js'

interface Stored {
  readonly tag: number
  /** As it came. */
  readonly frame: GossipFrame
  /** The neighbor that brought it first; undefined for own ones. */
  readonly from: string | undefined
  readonly at: number
  readonly bytes: number
  /** Who was asked for it before it came, if anybody. */
  readonly asked: string | undefined
  /** The one that was stored next. */
  newer: Stored | undefined
  /** Another one with the same hash. */
  alike: Stored | undefined
}

/** What an envelope takes about beside its bytes, and each claim in it. */
const SMALL_BYTES = 256

export class MessageStore {
  readonly #config: ProtocolConfig
  readonly #byHash = new TagMap<Stored>()
  #oldest: Stored | undefined
  #newest: Stored | undefined
  #count = 0
  #bytes = 0

  constructor(config: ProtocolConfig) {
    this.#config = config
  }

  add(tag: number, frame: GossipFrame, from: string | undefined, now: number, asked?: string): void {
    const hash = hashOf(tag, frame.seq)
    const bytes = bytesOf(frame.body)
    const alike = this.#byHash.get(hash)
    const stored: Stored = { tag, frame, from, at: now, bytes, asked, newer: undefined, alike }
    this.#byHash.set(hash, stored)
    if (this.#newest) this.#newest.newer = stored
    this.#newest = stored
    this.#oldest ??= stored
    this.#count += 1
    this.#bytes += bytes
    this.#dropOld(now)
  }

  /** The envelope as it came, the neighbor that brought it first, and who was asked for it, if it is still here. */
  get(tag: number, seq: number): Pick<Stored, 'frame' | 'from' | 'asked'> | undefined {
    let stored = this.#byHash.get(hashOf(tag, seq))
    while (stored && (stored.tag !== tag || stored.frame.seq !== seq)) stored = stored.alike
    return stored
  }

  #dropOld(now: number): void {
    const { cachedMax, cachedBytesMax, cachedMillis } = this.#config
    for (let oldest = this.#oldest; oldest; oldest = this.#oldest) {
      const fits = this.#count <= cachedMax && this.#bytes <= cachedBytesMax
      if (fits && now < oldest.at + cachedMillis) return
      this.#oldest = oldest.newer
      if (oldest.newer === undefined) this.#newest = undefined
      this.#count -= 1
      this.#bytes -= oldest.bytes
      this.#unlink(oldest)
    }
  }

  /** Of those with the same hash the oldest is the last one. */
  #unlink(oldest: Stored): void {
    const hash = hashOf(oldest.tag, oldest.frame.seq)
    let last = this.#byHash.get(hash)
    if (last === oldest) return this.#byHash.delete(hash)
    while (last && last.alike !== oldest) last = last.alike
    if (last) last.alike = undefined
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

/** A 32-bit hash of both. */
function hashOf(tag: number, seq: number): number {
  return (tag ^ Math.imul(seq, 0x85ebca6b)) >>> 0
}
