import { BoundedMap } from '../../../base/bounded-map.js'
import type { LinkIntent } from '../../wire/frame.js'
import type { EngineContext } from '../context.js'
import { dialPauseMillis } from '../formulas.js'

/**
 * A dial that the transport never answered is given up after this. Less than the transport's own limit of 15 s: dials
 * are counted as failed that succeed.
 */
export const DIAL_MILLIS = 20_000
/** A link without HELLO is closed after this. Less: slow handshakes are cut off; more: silent strangers hold links. */
export const HELLO_MILLIS = 5_000
/** Members whose failed dials are remembered. */
const BACKOFFS_MAX = 1_024

interface Dial {
  intent: LinkIntent
  /** Given up by then, should the transport never answer. */
  until: number
}

interface Backoff {
  failures: number
  notBefore: number
  /** When it said HELLO: a member that turns a link down says so right after it. */
  welcomedAt?: number
}

/** Dials under way, and the pauses after those that failed. */
export class Dials {
  readonly #context: EngineContext
  readonly #dials = new Map<string, Dial>()
  readonly #backoff = new BoundedMap<string, Backoff>(BACKOFFS_MAX)

  constructor(context: EngineContext) {
    this.#context = context
  }

  get size(): number {
    return this.#dials.size
  }

  /** All but those of interleaves, which others count on. */
  get own(): number {
    return [...this.#dials.values()].filter(({ intent }) => intent !== 'interleave').length
  }

  has(peer: string): boolean {
    return this.#dials.has(peer)
  }

  /** Whether `peer` is not refused, linked, or dialed already. */
  mayBegin(peer: string, now: number): boolean {
    const { view, score } = this.#context
    return !this.#dials.has(peer) && !view.has(peer) && !score.isRefused(peer, now)
  }

  /** Whether it is not left alone for a while either. */
  isReady(peer: string, now: number): boolean {
    return (this.#backoff.get(peer)?.notBefore ?? 0) <= now && this.mayBegin(peer, now)
  }

  begin(peer: string, intent: LinkIntent, now: number): void {
    this.#dials.set(peer, { intent, until: now + DIAL_MILLIS })
    this.#context.counters.dials += 1
    this.#context.outbox.push({ type: 'dial', peer })
  }

  /** The dial of `peer` is over. */
  end(peer: string): Dial | undefined {
    const dial = this.#dials.get(peer)
    this.#dials.delete(peer)
    return dial
  }

  /** A link has its HELLO behind it: if it lasts, its member is worth another dial some day. */
  welcomed(peer: string, now: number): void {
    const backoff = this.#backoff.get(peer)
    if (backoff) backoff.welcomedAt = now
  }

  /** The pause of `peer` ends, unless it turned a link down just now. */
  forgive(peer: string, now: number): void {
    const backoff = this.#backoff.get(peer)
    if (backoff && now >= (backoff.welcomedAt ?? now) + HELLO_MILLIS) backoff.notBefore = now
  }

  /** `peer` is left alone for a while, longer each time. Returns how often it failed. */
  rest(peer: string, now: number): number {
    const { failures: before = 0, notBefore = now, welcomedAt } = this.#backoff.get(peer) ?? {}
    const hasLasted = welcomedAt !== undefined && now >= welcomedAt + HELLO_MILLIS
    // It was not dialed again meanwhile: what fails came from there, or long ago to a member that slept.
    if (now < notBefore && !hasLasted) return 0
    const failures = (hasLasted ? 0 : before) + 1
    const pause = dialPauseMillis(failures, this.#context.random())
    this.#backoff.set(peer, { failures, notBefore: now + pause })
    return failures
  }

  overdue(now: number): string[] {
    return [...this.#dials].filter(([, { until }]) => now >= until).map(([peer]) => peer)
  }

  deadline(): number {
    let deadline = Number.POSITIVE_INFINITY
    for (const { until } of this.#dials.values()) deadline = Math.min(deadline, until)
    return deadline
  }
}
