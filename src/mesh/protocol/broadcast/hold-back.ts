/** Updates that came before what they follow. They wait here, bounded, and are tried again at each advance. */

import type { GossipFrame } from '../../wire/frame.js'
import { SYNC_RETRY_MILLIS } from '../sync/anti-entropy.js'
import { CACHED_MILLIS } from './message-store.js'
import type { Envelope } from './sequences.js'

/** Updates that wait for what they follow. Less: more is left to syncs. */
const HOLD_BACK_MAX = 4_096
/** Their bytes. More: memory. */
const HOLD_BACK_BYTES_MAX = 4 * 1024 * 1024
/** An update that waited this long starts a sync. Less: syncs for what is on its way. [measured: bench loss] */
const HOLD_BACK_MILLIS = 250

interface Held extends Envelope {
  from: string
  since: number
}

export class HoldBack {
  readonly #held = new Map<string, Held>()
  #bytes = 0
  /** When to ask for a sync on behalf of what waits. */
  #overdueAt = Number.POSITIVE_INFINITY

  get size(): number {
    return this.#held.size
  }

  /** Whether an envelope of that name waits. */
  has(frame: GossipFrame): boolean {
    return this.#held.has(nameOf(frame))
  }

  /** Keeps an envelope; the oldest give way when there is no room. */
  add(envelope: Envelope, from: string, now: number): void {
    const { frame, content } = envelope
    const first = nameOf(frame)
    const known = this.#held.get(first)
    const name = known === undefined || known.content === content ? first : `${first}:${content}`
    if (this.#held.has(name)) return
    if (this.#held.size === 0) this.#overdueAt = now + HOLD_BACK_MILLIS
    this.#held.set(name, { ...envelope, from, since: now })
    this.#bytes += updateBytes(frame)
    while (this.#held.size > HOLD_BACK_MAX || this.#bytes > HOLD_BACK_BYTES_MAX) this.#dropOldest()
  }

  /**
   * Tries every envelope until a whole pass brings nothing. `attempt` says whether one is done with
   * (merged or refused for good).
   */
  replay(attempt: (envelope: Envelope, from: string) => boolean): void {
    let advanced = true
    while (advanced && this.#held.size > 0) {
      advanced = false
      for (const [name, held] of [...this.#held]) {
        if (!attempt(held, held.from)) continue
        this.#forget(name, held)
        advanced = true
      }
    }
  }

  /**
   * The sender of the oldest frame when something has waited too long; asks again only after a pause. What has waited as
   * long as envelopes are stored is given up: its writer died before what it follows got anywhere, or a sync brings both.
   */
  overdue(now: number): string | undefined {
    if (now < this.deadline()) return undefined
    for (const [name, held] of this.#held) if (now >= held.since + CACHED_MILLIS) this.#forget(name, held)
    this.#overdueAt = now + SYNC_RETRY_MILLIS
    for (const held of this.#held.values()) return held.from
    return undefined
  }

  /** When something becomes overdue. */
  deadline(): number {
    return this.#held.size === 0 ? Number.POSITIVE_INFINITY : this.#overdueAt
  }

  #dropOldest(): void {
    for (const [name, held] of this.#held) {
      this.#forget(name, held)
      return
    }
  }

  #forget(name: string, held: Held): void {
    this.#held.delete(name)
    this.#bytes -= updateBytes(held.frame)
  }
}

function nameOf(frame: GossipFrame): string {
  return `${frame.origin}:${frame.epoch}:${frame.seq}`
}

function updateBytes(frame: GossipFrame): number {
  return frame.body.type === 'update' ? frame.body.update.length : 0
}
