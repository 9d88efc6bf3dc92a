/**
 * Two neighbors whose member tables differ, or what their members show, tell each other what stands in the buckets that
 * differ. Digests of the tables travel with those of the data.
 */
import type { MembersFrame } from '../../wire/frame.js'
import { type EngineContext, type Part, sendTo } from '../context.js'
import type { MemberTable } from '../liveness/member-table.js'
import type { PresenceTable } from '../liveness/presence-table.js'
import type { Neighbor } from '../overlay/peer-view.js'

/**
 * Two digests that differ and have both stood still for this long start a sync. Less: syncs for what is on its way.
 * [measured: bench loss]
 */
export const MISMATCH_MILLIS = 300

export class TableComparison implements Part {
  readonly #context: EngineContext
  readonly #table: MemberTable
  readonly #presence: PresenceTable
  /** When a digest that came too soon is looked at again. */
  #againAt = Number.POSITIVE_INFINITY
  /** Neighbors that were asked for their tables: not again before this. A digest that came sooner is looked at then. */
  readonly #asked = new Map<string, { notBefore: number; digest?: number | undefined }>()

  constructor(context: EngineContext, table: MemberTable, presence: PresenceTable) {
    this.#context = context
    this.#table = table
    this.#presence = presence
  }

  /** Equal on two members that know the same members, in the same incarnations, and what they show. */
  get digest(): number {
    return this.#buckets.reduce((digest, bucket) => (digest ^ bucket) >>> 0, 0)
  }

  /**
   * `neighbor` has told its digest. Of two members that differ the greater asks, once for all digests that are under way:
   * one that comes so soon after a question that it may not know the answer yet is looked at again later.
   */
  compare(neighbor: Neighbor, digest: number, now: number): void {
    const asked = this.#asked.get(neighbor.id)
    if (asked) asked.digest = undefined
    if (digest === this.digest || this.#context.id < neighbor.id) return
    if (asked && now < asked.notBefore) {
      asked.digest = digest
      this.#againAt = Math.min(this.#againAt, asked.notBefore)
      return
    }
    this.#asked.set(neighbor.id, { notBefore: now + MISMATCH_MILLIS })
    this.#tellBuckets(neighbor, true, now)
  }

  /** `neighbor` has told its buckets. */
  answer(neighbor: Neighbor, frame: MembersFrame, now: number): void {
    if (frame.ask) this.#tellBuckets(neighbor, false, now)
    const entries = this.#table.roster.differing(frame.buckets, this.#buckets)
    for (const entry of entries) sendTo(this.#context, neighbor, this.#table.frameOf(entry), now)
    this.#presence.tell(neighbor, entries, now)
  }

  linkUp({ id }: Neighbor): void {
    this.#asked.delete(id)
  }

  linkGone(id: string): void {
    this.#asked.delete(id)
  }

  tick(now: number): void {
    if (now < this.#againAt) return
    this.#againAt = Number.POSITIVE_INFINITY
    for (const neighbor of this.#context.view.established()) {
      const digest = this.#asked.get(neighbor.id)?.digest
      if (digest !== undefined) this.compare(neighbor, digest, now)
    }
  }

  deadline(): number {
    return this.#againAt
  }

  #tellBuckets(neighbor: Neighbor, ask: boolean, now: number): void {
    sendTo(this.#context, neighbor, { type: 'members', buckets: this.#buckets, ask }, now)
  }

  get #buckets(): readonly number[] {
    return this.#presence.mixed(this.#table.roster.buckets)
  }
}
