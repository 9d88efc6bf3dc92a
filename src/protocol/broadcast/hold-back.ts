/** Updates that came before what they follow. They wait here, bounded, and are tried again at each advance. */
import type { GossipFrame } from '../../wire/frame.js'
import type { ProtocolConfig } from '../config.js'

interface Held {
  frame: GossipFrame
  from: string
  since: number
}

export class HoldBack {
  readonly #config: ProtocolConfig
  readonly #held = new Map<string, Held>()
  #bytes = 0
  /** When to ask for a sync on behalf of what waits. */
  #overdueAt = Number.POSITIVE_INFINITY

  constructor(config: ProtocolConfig) {
    this.#config = config
  }

  get size(): number {
    return this.#held.size
  }

  has(frame: GossipFrame): boolean {
    return this.#held.has(nameOf(frame))
  }

  /** Keeps a frame; the oldest give way when there is no room. */
  add(frame: GossipFrame, from: string, now: number): void {
    const name = nameOf(frame)
    if (this.#held.has(name)) return
    if (this.#held.size === 0) this.#overdueAt = now + this.#config.holdBackMillis
    this.#held.set(name, { frame, from, since: now })
    this.#bytes += updateBytes(frame)
    while (this.#held.size > this.#config.holdBackMax || this.#bytes > this.#config.holdBackBytesMax)
      this.#dropOldest()
  }

  /**
   * Tries every frame until a whole pass brings nothing. `attempt` says whether a frame is done with
   * (merged or refused for good).
   */
  replay(attempt: (frame: GossipFrame, from: string) => boolean): void {
    let advanced = true
    while (advanced && this.#held.size > 0) {
      advanced = false
      for (const [name, held] of [...this.#held]) {
        if (!attempt(held.frame, held.from)) continue
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
    for (const [name, held] of this.#held)
      if (now >= held.since + this.#config.cachedMillis) this.#forget(name, held)
    this.#overdueAt = now + this.#config.syncRetryMillis
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
