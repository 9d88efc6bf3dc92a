/**
 * Sync (anti-entropy): one request with what the asker knows, one answer with what it lacks, computed in one
 * turn from one version, cut into parts that the asker pulls, and merged in one piece when complete. An
 * exchange that breaks off leaves nothing behind.
 */
import type { Frame, SyncPartFrame } from '../../wire/frame.js'
import { DOCUMENT_BYTES_MAX, SYNC_PART_BYTES_MAX } from '../../wire/limits.js'
import type { ProtocolConfig } from '../config.js'
import type { Outbox } from '../step.js'

/** A difference may hold twice what a store may hold: a healed split unites two full ones. */
const PARTS_MAX = (2 * DOCUMENT_BYTES_MAX) / SYNC_PART_BYTES_MAX

/** A sync that this member asked for. */
interface Asked {
  peer: string
  exchange: number
  parts: Uint8Array[]
  count: number | undefined
  idleAt: number
}

/** A sync that this member answers. */
interface Served {
  peer: string
  exchange: number
  difference: Uint8Array
  count: number
  /** The next part to send. */
  next: number
  idleAt: number
}

export class Exchange {
  readonly #config: ProtocolConfig
  readonly #outbox: Outbox
  readonly #asked = new Map<string, Asked>()
  readonly #served = new Map<string, Served>()
  #exchanges = 0

  constructor(config: ProtocolConfig, outbox: Outbox) {
    this.#config = config
    this.#outbox = outbox
  }

  /** Whether anything is on its way to this member. */
  get receiving(): boolean {
    return this.#asked.size > 0
  }

  isAsking(peer: string): boolean {
    return this.#asked.has(peer)
  }

  /** Whether another sync may be asked for now. */
  get mayAsk(): boolean {
    return this.#asked.size < this.#config.syncsOutMax
  }

  /** Asks `peer` for everything that `summary` lacks. */
  ask(peer: string, summary: Uint8Array, now: number): void {
    this.#exchanges += 1
    const exchange = this.#exchanges
    this.#asked.set(peer, {
      peer,
      exchange,
      parts: [],
      count: undefined,
      idleAt: now + this.#config.syncIdleMillis,
    })
    this.#outbox.send(peer, { type: 'sync-request', exchange, summary })
  }

  /** Answers a request; `difference` is called only when there is room to serve. */
  serve(
    peer: string,
    exchange: number,
    difference: () => Uint8Array | undefined,
    now: number,
  ): 'ok' | 'malformed' {
    if (!this.#served.has(peer) && this.#served.size >= this.#config.syncsInMax) {
      this.#outbox.send(peer, { type: 'sync-busy', exchange })
      return 'ok'
    }
    const bytes = difference()
    if (bytes === undefined) return 'malformed'
    const count = Math.max(1, Math.ceil(bytes.length / SYNC_PART_BYTES_MAX))
    const served: Served = {
      peer,
      exchange,
      difference: bytes,
      count,
      next: 0,
      idleAt: now + this.#config.syncIdleMillis,
    }
    this.#served.set(peer, served)
    this.#sendUpTo(served, this.#config.syncWindow)
    return 'ok'
  }

  /** The asker has room for more than it has been sent. */
  pull(peer: string, exchange: number, next: number, now: number): void {
    const served = this.#served.get(peer)
    if (served?.exchange !== exchange) return
    served.idleAt = now + this.#config.syncIdleMillis
    this.#sendUpTo(served, Math.min(next, served.next) + this.#config.syncWindow)
  }

  /** Takes a part; returns the whole difference with the last one, or 'malformed' when it does not fit. */
  receive(frame: SyncPartFrame, peer: string, now: number): Uint8Array | 'malformed' | undefined {
    const asked = this.#asked.get(peer)
    // A late part of an exchange that was given up is no offence.
    if (asked?.exchange !== frame.exchange) return undefined
    const count = asked.count ?? frame.count
    const fits = frame.count === count && count <= PARTS_MAX && frame.index === asked.parts.length
    if (!fits || frame.bytes.length > SYNC_PART_BYTES_MAX) {
      this.#asked.delete(peer)
      return 'malformed'
    }
    asked.count = count
    asked.parts.push(frame.bytes)
    asked.idleAt = now + this.#config.syncIdleMillis
    if (asked.parts.length < count) {
      this.#outbox.send(peer, { type: 'sync-pull', exchange: asked.exchange, next: asked.parts.length })
      return undefined
    }
    this.#asked.delete(peer)
    return join(asked.parts)
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
    while (served.next < Math.min(end, served.count)) {
      const index = served.next
      const start = index * SYNC_PART_BYTES_MAX
      const bytes = served.difference.subarray(start, start + SYNC_PART_BYTES_MAX)
      const part: Frame = { type: 'sync-part', exchange: served.exchange, index, count: served.count, bytes }
      this.#outbox.send(served.peer, part)
      served.next += 1
    }
    if (served.next >= served.count) this.#served.delete(served.peer)
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const first = parts[0]
  if (parts.length === 1 && first !== undefined) return first
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}
