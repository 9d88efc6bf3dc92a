/** Gathers the claims of one member for a moment, so that a flood of news travels as few envelopes. */
import type { Claim, EnvelopeBody } from '../wire/frame.js'

/** News of members waits at most this long for more; doubts, goodbyes and pages that are being stopped do not wait. */
const GATHER_MILLIS = 10
/** Claims in one envelope: a member record has at most 512 bytes. */
const CLAIMS_MAX = 40

export class Claims {
  readonly #pending = new Map<string, Claim>()
  #flushAt = Number.POSITIVE_INFINITY

  add(claim: Claim, now: number): void {
    const { type, id } = claim
    const name = type === 'suspect' ? `${id}:${claim.by}` : type === 'presence' ? `${id}!` : id
    this.#pending.set(name, claim)
    this.#flushAt =
      type === 'member' || (type === 'presence' && !claim.frozen)
        ? Math.min(this.#flushAt, now + GATHER_MILLIS)
        : now
  }

  /** What is to leave now. */
  due(now: number): EnvelopeBody[] {
    if (now < this.#flushAt) return []
    this.#flushAt = Number.POSITIVE_INFINITY
    const claims = [...this.#pending.values()]
    this.#pending.clear()
    const bodies: EnvelopeBody[] = []
    for (let from = 0; from < claims.length; from += CLAIMS_MAX) {
      bodies.push({ type: 'claims', claims: claims.slice(from, from + CLAIMS_MAX) })
    }
    return bodies
  }

  deadline(): number {
    return this.#flushAt
  }
}
