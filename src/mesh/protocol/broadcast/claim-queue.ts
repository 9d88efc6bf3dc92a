/** Gathers the claims of one member for a moment, so that a flood of news travels as few envelopes. */
import type { Claim, MemberFrame } from '../../wire/claim.js'
import type { EnvelopeBody } from '../../wire/frame.js'

/** News of members waits at most this long for more; suspicions, goodbyes and pages that are being stopped do not wait. */
const GATHER_MILLIS = 10
/** Longer than a record takes to everyone in a cluster of a thousand. [measured: bench propagation] */
const HEARSAY_MILLIS = 300
/** Claims in one envelope: a member record has at most 512 bytes. */
const CLAIMS_MAX = 40

export class ClaimQueue {
  readonly #pending = new Map<string, Claim>()
  #flushAt = Number.POSITIVE_INFINITY
  /** Records that others have told of by now, most likely: each with the time at which it is told after all. */
  readonly #hearsay = new Map<string, { claim: MemberFrame; at: number }>()

  add(claim: Claim, now: number): void {
    const { type, id } = claim
    const name = type === 'suspect' ? `${id}:${claim.by}` : type === 'presence' ? `${id}!` : id
    this.#pending.set(name, claim)
    this.#flushAt =
      type === 'member' || (type === 'presence' && !claim.frozen)
        ? Math.min(this.#flushAt, now + GATHER_MILLIS)
        : now
  }

  /** Somebody whom others met before this member did: they told of it, or else this one does. */
  addUnlessHeard(claim: MemberFrame, now: number): void {
    this.#hearsay.delete(claim.id)
    this.#hearsay.set(claim.id, { claim, at: now + HEARSAY_MILLIS })
  }

  /** Another member of this cluster told of it as well. */
  heard({ id, record }: MemberFrame): void {
    const waiting = this.#hearsay.get(id)
    if (waiting && record.incarnation >= waiting.claim.record.incarnation) this.#hearsay.delete(id)
  }

  /** Envelopes that are due now. */
  due(now: number): EnvelopeBody[] {
    for (const [id, { claim, at }] of this.#hearsay) {
      if (now < at) break
      this.#hearsay.delete(id)
      this.add(claim, now)
    }
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
    for (const { at } of this.#hearsay.values()) return Math.min(at, this.#flushAt)
    return this.#flushAt
  }
}
