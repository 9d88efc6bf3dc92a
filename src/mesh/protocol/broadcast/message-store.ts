/** The envelopes of the last minute, to answer grafts, and who brought each first. Bounded in number, bytes and age. */
import { TagMap } from '../../../base/tag-map.js'
import type { EnvelopeBody } from '../../wire/frame.js'
import { type Envelope, nameOf } from './sequences.js'

/** Updates kept to answer grafts. Less: more is left to syncs. */
const CACHED_MAX = 4_096
/** Their bytes. More: memory. */
const CACHED_BYTES_MAX = 4 * 1024 * 1024
/** Their age, and how long an update waits for what it follows. Less: more is left to syncs. */
export const CACHED_MILLIS = 60_000

interface Stored extends Envelope {
  /** The neighbor that brought it first; undefined for own ones. */
  readonly from: string | undefined
  readonly at: number
  readonly bytes: number
  /** The member that was asked for it before it came, if any. */
  readonly asked: string | undefined
  /** The one that was stored next. */
  newer: Stored | undefined
  /** An older one with the same hash, as of another content under the same name. */
  alike: Stored | undefined
}

/** What an envelope takes about beside its bytes, and each claim in it. */
const SMALL_BYTES = 256

export class MessageStore {
  readonly #byHash = new TagMap<Stored>()
  #oldest: Stored | undefined
  #newest: Stored | undefined
  #count = 0
  #bytes = 0

  add(envelope: Envelope, from: string | undefined, now: number, asked?: string): void {
    const hash = nameOf(envelope.tag, envelope.frame.seq)
    const bytes = bytesOf(envelope.frame.body)
    const alike = this.#byHash.get(hash)
    const stored: Stored = { ...envelope, from, at: now, bytes, asked, newer: undefined, alike }
    this.#byHash.set(hash, stored)
    if (this.#newest) this.#newest.newer = stored
    this.#newest = stored
    this.#oldest ??= stored
    this.#count += 1
    this.#bytes += bytes
    this.#dropOld(now)
  }

  /** The envelopes of that name as they came, the newest first, each with the neighbor that brought it and who was asked for it. */
  *named(tag: number, seq: number): IterableIterator<Stored> {
    for (let stored = this.#byHash.get(nameOf(tag, seq)); stored; stored = stored.alike)
      if (stored.tag === tag && stored.frame.seq === seq) yield stored
  }

  /** This very envelope, if it is still here. */
  get({ tag, frame, content }: Envelope): Stored | undefined {
    for (const stored of this.named(tag, frame.seq)) if (stored.content === content) return stored
    return undefined
  }

  #dropOld(now: number): void {
    for (let oldest = this.#oldest; oldest; oldest = this.#oldest) {
      const fits = this.#count <= CACHED_MAX && this.#bytes <= CACHED_BYTES_MAX
      if (fits && now < oldest.at + CACHED_MILLIS) return
      this.#oldest = oldest.newer
      if (oldest.newer === undefined) this.#newest = undefined
      this.#count -= 1
      this.#bytes -= oldest.bytes
      this.#unlink(oldest)
    }
  }

  /** Of those with the same hash the oldest is the last one. */
  #unlink(oldest: Stored): void {
    const hash = nameOf(oldest.tag, oldest.frame.seq)
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
