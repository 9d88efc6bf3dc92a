/**
 * Sync (anti-entropy): one request with what the asker knows, one answer with what it lacks, from one version, in
 * parts that the asker pulls, and merged in one piece when complete. While a part is on its way the answerer encodes
 * the next one, and the asker decodes the one before. An exchange that breaks off leaves nothing behind.
 */

import { DOCUMENT_BYTES_MAX, SYNC_PART_BYTES, SYNC_PART_BYTES_MAX } from '../../../data/data-limits.js'
import type { DifferenceIntake, Offence, Parts, ReceiveResult } from '../../../data/replica-port.js'
import type { SyncPartFrame } from '../../wire/frame.js'
import type { Outbox } from '../step.js'

/** Syncs that this member asks for at once. More: the same data comes several times. */
const SYNCS_OUT_MAX = 2
/** Syncs that it serves at once; the rest hears "busy". More: memory, and each takes longer. */
const SYNCS_IN_MAX = 2
/**
 * Parts of a sync on their way at once, 128 KiB each. Less: the link rests for a round trip; more: memory. [measured:
 * bench first-sync]
 */
export const SYNC_WINDOW = 4
/** A sync without progress ends after this. Less: slow links never finish. */
const SYNC_IDLE_MILLIS = 10_000

/** A difference may hold twice what a store may hold: a healed split unites two full ones. Parts may be half full. */
const PARTS_MAX = (4 * DOCUMENT_BYTES_MAX) / SYNC_PART_BYTES

const OUT_OF_PLACE: Offence = { type: 'offence', kind: 'malformed' }

/** A sync that this member asked for. */
interface Asked {
  peer: string
  exchange: number
  intake: DifferenceIntake
  /** Parts that have come. */
  parts: number
  idleAt: number
}

/** A sync that this member answers. */
interface Served {
  peer: string
  exchange: number
  parts: Parts
  /** The next part to send. */
  next: number
  /** Parts on their way, the oldest first. */
  sent: Uint8Array[]
  /** Parts that have arrived, for their memory. */
  spare: Uint8Array[]
  idleAt: number
}

export class SyncExchange {
  readonly #outbox: Outbox
  readonly #asked = new Map<string, Asked>()
  readonly #served = new Map<string, Served>()
  #exchanges = 0

  constructor(outbox: Outbox) {
    this.#outbox = outbox
  }

  /** Whether parts of a sync of `peer` are on their way. */
  isAsking(peer: string): boolean {
    return this.#asked.has(peer)
  }

  /** Whether another sync may be asked for now. */
  get mayAsk(): boolean {
    return this.#asked.size < SYNCS_OUT_MAX
  }

  /** Asks `peer` for everything that `summary` lacks; `intake` takes it. */
  ask(peer: string, summary: Uint8Array, intake: DifferenceIntake, now: number): void {
    this.#exchanges += 1
    const exchange = this.#exchanges
    this.#asked.set(peer, { peer, exchange, intake, parts: 0, idleAt: now + SYNC_IDLE_MILLIS })
    this.#outbox.send(peer, { type: 'sync-request', exchange, summary })
  }

  /** Answers a request; `difference` is called only when there is room to serve. */
  serve(
    peer: string,
    exchange: number,
    difference: () => Parts | undefined,
    now: number,
  ): 'ok' | 'malformed' {
    if (!this.#served.has(peer) && this.#served.size >= SYNCS_IN_MAX) {
      this.#outbox.send(peer, { type: 'sync-busy', exchange })
      return 'ok'
    }
    const parts = difference()
    if (parts === undefined) return 'malformed'
    const idleAt = now + SYNC_IDLE_MILLIS
    const served: Served = { peer, exchange, parts, next: 0, sent: [], spare: [], idleAt }
    this.#served.set(peer, served)
    this.#sendUpTo(served, SYNC_WINDOW)
    return 'ok'
  }

  /** The asker has room for more than it has been sent. */
  pull(peer: string, exchange: number, next: number, now: number): void {
    const served = this.#served.get(peer)
    if (served?.exchange !== exchange) return
    served.idleAt = now + SYNC_IDLE_MILLIS
    const onTheirWay = Math.max(0, served.next - next)
    if (onTheirWay < served.sent.length)
      served.spare.push(...served.sent.splice(0, served.sent.length - onTheirWay))
    this.#sendUpTo(served, Math.min(next, served.next) + SYNC_WINDOW)
  }

  /** Takes a part. Returns what became of the whole: with the last part, or when one does not fit. */
  receive(frame: SyncPartFrame, peer: string, now: number): ReceiveResult | undefined {
    const asked = this.#asked.get(peer)
    // A late part of an exchange that was given up is no offence.
    if (asked?.exchange !== frame.exchange) return undefined
    const fits = frame.index === asked.parts && frame.bytes.length <= SYNC_PART_BYTES_MAX
    const offence = fits ? asked.intake.take(frame.bytes) : OUT_OF_PLACE
    asked.parts += 1
    asked.idleAt = now + SYNC_IDLE_MILLIS
    if (!offence && !frame.last && asked.parts < PARTS_MAX) {
      this.#outbox.send(peer, { type: 'sync-pull', exchange: asked.exchange, next: asked.parts })
      return undefined
    }
    this.#asked.delete(peer)
    return offence ?? (frame.last ? asked.intake.merge() : OUT_OF_PLACE)
  }

  /** The asked member is busy. */
  busy(peer: string, exchange: number): void {
    if (this.#asked.get(peer)?.exchange === exchange) this.#asked.delete(peer)
  }

  /** A link is gone, and its exchanges with it. */
  drop(peer: string): void {
    this.#asked.delete(peer)
    this.#served.delete(peer)
  }

  /** Gives up what stands still. */
  tick(now: number): void {
    for (const [peer, asked] of this.#asked) if (now >= asked.idleAt) this.#asked.delete(peer)
    for (const [peer, served] of this.#served) if (now >= served.idleAt) this.#served.delete(peer)
  }

  deadline(): number {
    let deadline = Number.POSITIVE_INFINITY
    if (this.#asked.size === 0 && this.#served.size === 0) return deadline
    for (const asked of this.#asked.values()) deadline = Math.min(deadline, asked.idleAt)
    for (const served of this.#served.values()) deadline = Math.min(deadline, served.idleAt)
    return deadline
  }

  #sendUpTo(served: Served, end: number): void {
    while (served.next < end) {
      const { value: bytes, done: last = false } = served.parts.next(served.spare.pop())
      const { peer, exchange, next: index } = served
      this.#outbox.send(peer, { type: 'sync-part', exchange, index, last, bytes })
      served.sent.push(bytes)
      served.next += 1
      if (last) return void this.#served.delete(peer)
    }
  }
}
