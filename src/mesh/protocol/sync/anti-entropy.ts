/**
 * Decides when to sync: neighbors tell each other their digests, on a new link, with heartbeats, and in a
 * round with a random neighbor now and then. Digests that differ while both stand still differ for good.
 */

import { bytesEqual } from '../../../base/bytes.js'
import { jittered, sample } from '../../../base/random.js'
import type { DigestFrame, SyncPartFrame, SyncRequestFrame } from '../../wire/frame.js'
import { type EngineContext, type Outcome, type Part, sendTo } from '../context.js'
import { isReader, type Neighbor } from '../overlay/peer-view.js'
import { SyncExchange } from './sync-exchange.js'
import type { TableComparison } from './table-comparison.js'
import { MISMATCH_MILLIS } from './table-comparison.js'

/**
 * Anti-entropy with one random neighbor this often. More: what nothing else repairs is repaired later; less: idle
 * traffic.
 */
const ANTI_ENTROPY_MILLIS = 10_000
/**
 * After a sync that brought news the other neighbors hear of it within this. More: a healed split closes later.
 * [measured: bench split]
 */
export const SPREAD_MILLIS = 300
/** After "busy" or a failed sync the same neighbor is not asked for this long. Less: more questions in vain. */
export const SYNC_RETRY_MILLIS = 1_000
/**
 * A neighbor whose difference does not fit in here, as this member is full, is not asked for this long. Less: the same
 * megabytes again and again.
 */
export const SYNC_FULL_MILLIS = 10 * 60_000

/** Rounds are spread by this share of their period. */
const JITTER_SHARE = 0.2

export class AntiEntropy implements Part {
  readonly #context: EngineContext
  /** Syncs that are under way. */
  readonly exchange: SyncExchange
  /** The last digest of each neighbor, and since when it stands. */
  readonly #digests = new Map<string, { bytes: Uint8Array; since: number }>()
  /** Neighbors that were just asked for a sync: not again before this. */
  readonly #notBefore = new Map<string, number>()
  readonly #comparison: TableComparison
  #roundAt: number
  /** A sync brought news: when the other neighbors are to hear of it. */
  #spreading: { source: string | undefined; at: number } | undefined
  /** Since when the digest of this member stands. */
  #changedAt: number

  constructor(context: EngineContext, comparison: TableComparison, now: number) {
    this.#context = context
    this.exchange = new SyncExchange(context.outbox)
    this.#comparison = comparison
    this.#roundAt = now + ANTI_ENTROPY_MILLIS
    this.#changedAt = now
  }

  /** The replica holds more than before. */
  changed(now: number): void {
    this.#changedAt = now
  }

  /** Whether `neighbor` held the same data when it last told its digest; undefined of a reader, whose word counts for nothing. */
  inSync(neighbor: Neighbor): boolean | undefined {
    const told = this.#digests.get(neighbor.id)
    return told && bytesEqual(told.bytes, this.#context.replica.digest())
  }

  /** Tells the digests of this member; `ask` wants those of the neighbor. */
  tell(neighbor: Neighbor, ask: boolean, now: number): void {
    const replica = this.#context.replica.digest()
    neighbor.toldDigest = replica
    sendTo(this.#context, neighbor, { type: 'digest', replica, members: this.#comparison.digest, ask }, now)
  }

  /** Digests came in; a first one and an answer are acted on at once. */
  receiveDigest(neighbor: Neighbor, frame: DigestFrame, now: number): void {
    const first = !this.#digests.has(neighbor.id)
    if (frame.ask) this.tell(neighbor, false, now)
    this.compare(neighbor, frame.replica, now)
    if ((first || !frame.ask) && this.#lacks(neighbor, frame.replica)) this.ask(neighbor, now)
  }

  /** Compares with the digest that `neighbor` told. A reader has nothing that this member lacks, and proves nothing. */
  compare(neighbor: Neighbor, digest: Uint8Array, now: number): void {
    if (isReader(neighbor)) return
    let told = this.#digests.get(neighbor.id)
    if (told === undefined || !bytesEqual(told.bytes, digest)) {
      told = { bytes: digest, since: now }
      this.#digests.set(neighbor.id, told)
      this.#context.outbox.push({ type: 'members' })
    }
    if (!this.#lacks(neighbor, digest)) return
    const standsSince = Math.max(told.since, this.#changedAt)
    if (now >= standsSince + MISMATCH_MILLIS) this.ask(neighbor, now)
  }

  /** Whether `neighbor`, which just told `digest`, may hold what is not here: a newcomer knows nothing at all. */
  #lacks(neighbor: Neighbor, digest: Uint8Array): boolean {
    return this.inSync(neighbor) === false && digest.some((byte) => byte !== 0)
  }

  /** Asks `neighbor` for what this member lacks, unless it was just asked. */
  ask(neighbor: Neighbor, now: number): void {
    if (isReader(neighbor)) return
    const { id } = neighbor
    if (now < (this.#notBefore.get(id) ?? 0) || !this.exchange.mayAsk || this.exchange.isAsking(id)) return
    this.#notBefore.set(id, now + SYNC_RETRY_MILLIS)
    this.#context.counters.syncs += 1
    const { replica } = this.#context
    this.exchange.ask(id, replica.summary(this.#digests.get(id)?.bytes), replica.takeDifference(), now)
  }

  serve(peer: string, { exchange, summary }: SyncRequestFrame, now: number): 'ok' | 'malformed' {
    return this.exchange.serve(peer, exchange, () => this.#context.replica.difference(summary), now)
  }

  busy(neighbor: Neighbor, exchange: number, now: number): void {
    const retryAt = now + jittered(this.#context.random, SYNC_RETRY_MILLIS, 0.5)
    this.#notBefore.set(neighbor.id, Math.max(this.#notBefore.get(neighbor.id) ?? 0, retryAt))
    this.exchange.busy(neighbor.id, exchange)
  }

  /** Takes a part; with the last one the whole is merged. */
  receivePart(neighbor: Neighbor, frame: SyncPartFrame, now: number): Outcome {
    const result = this.exchange.receive(frame, neighbor.id, now)
    if (result?.type === 'offence') return 'offence'
    if (result?.type === 'refused') this.#refused(neighbor, result.kind, now)
    if (result?.type !== 'applied') return 'unchanged'
    this.changed(now)
    this.tell(neighbor, true, now)
    if (result.news) this.spread(now, neighbor.id)
    return 'changed'
  }

  /** A full store stays full; what is refused for another reason may be welcome soon. */
  #refused(neighbor: Neighbor, kind: string, now: number): void {
    this.#context.counters.refusals += 1
    this.#notBefore.set(neighbor.id, now + (kind === 'full' ? SYNC_FULL_MILLIS : ANTI_ENTROPY_MILLIS))
  }

  /** Something was repaired here, by `source` if that is known: the other neighbors are to compare soon. */
  spread(now: number, source?: string): void {
    const { random } = this.#context
    this.#spreading ??= { source, at: now + SPREAD_MILLIS * random() }
  }

  linkUp({ id }: Neighbor): void {
    this.linkGone(id)
  }

  linkGone(id: string): void {
    this.#digests.delete(id)
    this.#notBefore.delete(id)
    this.exchange.drop(id)
  }

  tick(now: number): void {
    this.exchange.tick(now)
    if (this.#spreading && now >= this.#spreading.at) this.#tellOthers(this.#spreading.source, now)
    if (now < this.#roundAt) return
    this.#roundAt = now + jittered(this.#context.random, ANTI_ENTROPY_MILLIS, JITTER_SHARE)
    for (const neighbor of sample(this.#context.random, [...this.#context.view.established()], 1))
      this.tell(neighbor, true, now)
  }

  deadline(): number {
    const round = this.#context.view.size > 0 ? this.#roundAt : Number.POSITIVE_INFINITY
    return Math.min(round, this.exchange.deadline(), this.#spreading?.at ?? Number.POSITIVE_INFINITY)
  }

  /** Data that came by sync is not pushed on: the other neighbors compare, so that a healed split closes in seconds. */
  #tellOthers(source: string | undefined, now: number): void {
    this.#spreading = undefined
    for (const neighbor of this.#context.view.established())
      if (neighbor.id !== source) this.tell(neighbor, true, now)
  }
}
