/**
 * The overlay: which members to dial, and why. It keeps an active view as HyParView does (Leitao et al. 2007), and is
 * not HyParView: the member table is the passive view, so nothing is shuffled (ADR 2), and a full member takes a newcomer
 * in by handing over a link instead of dropping one (ADR 8, interleave.ts). Now and then signaling is asked for random members, so that two halves of a
 * split cluster meet again.
 */

import { BoundedMap } from '../../../base/bounded-map.js'
import { jittered, sample } from '../../../base/random.js'
import type { LinkIntent } from '../../wire/frame.js'
import type { EngineContext, Part } from '../context.js'
import { DIAL_BACKOFF_MIN_MILLIS, periodMillis } from '../formulas.js'
import type { MemberTable } from '../liveness/member-table.js'
import type { TableEntry } from '../liveness/roster.js'
import { Dials } from './dials.js'
import { slotsWanted } from './reader-slots.js'

/**
 * Dials of the overlay at once; the transport bounds handshakes in the process besides. More: faster joins, more dials
 * in vain.
 */
const DIALS_MAX = 2
/**
 * The share of one member in that period: all members together ask 33 times a second at most. More: a split of a large
 * cluster heals later. [measured: bench split]
 */
const INTRODUCE_MILLIS_PER_MEMBER = 30
/** A member without a link asks this often. Less: more load on a signaling server that comes back. */
const INTRODUCE_ALONE_MILLIS = 2_000

/** Introductions are spread by this share of their period. */
const JITTER_SHARE = 0.3
/** How many members one introduction asks for, with and without links. */
const INTRODUCTIONS = 3
const INTRODUCTIONS_ALONE = 8
/** Candidates that are remembered beyond the member table. */
const CONTACTS_KNOWN_MAX = 64
/** A stranger is given up after so many failed dials; signaling names it again if it lives. */
const STRANGER_FAILURES_MAX = 3
/** So many neighbors that fell silent are remembered, however long a split lasts. */
const LOST_MAX = 16
/** One of them is dialed again at most so often, so that the links that it replaces go one by one. */
const RESTORE_MILLIS = 1_000

export class Overlay implements Part {
  readonly #context: EngineContext
  readonly #members: MemberTable
  /** Members that signaling offered and the table does not hold. */
  readonly #contacts = new BoundedMap<string, true>(CONTACTS_KNOWN_MAX)
  /** Members that signaling named last: of those in the table the likeliest to live. Dialed first by a member without links. */
  #named: readonly string[] = []
  /** Neighbors that fell silent, the last one last. */
  readonly #lost = new BoundedMap<string, true>(LOST_MAX)
  #restoreAt = Number.NEGATIVE_INFINITY
  /** Full neighbors that were dialed to join: each is expected to hand over a link until then. */
  readonly #offers = new Map<string, number>()
  /** Those that are under way, and what became of others. */
  readonly dials: Dials
  #introduceAt = Number.POSITIVE_INFINITY
  /** When to look again for somebody to dial. */
  #dialAt = Number.POSITIVE_INFINITY

  constructor(context: EngineContext, members: MemberTable) {
    this.#context = context
    this.#members = members
    this.dials = new Dials(context)
  }

  /** Links that this member wants: all of a small cluster, else the target; a reader one. */
  get target(): number {
    if (this.#isReader) return 1
    const { meshOthers, linksTarget } = this.#context.config
    const others = this.#others
    return others <= meshOthers ? others : linksTarget
  }

  /** Signaling offers members. Those that nobody told of may live on the other side of a split. */
  offer(ids: readonly string[], now: number): void {
    this.#scheduleIntroduction(now)
    this.#dialNamed(ids, now)
  }

  /** A full member names others that had room lately: they are dialed at once, but for those that had none just now. */
  referred(ids: readonly string[], now: number): void {
    for (const id of ids) this.dials.forgive(id, now)
    this.#dialNamed(ids, now)
  }

  /** Dials while there are too few links. */
  fill(now: number): void {
    this.#dialAt = Number.POSITIVE_INFINITY
    for (const id of this.#contacts.keys()) if (this.#members.get(id)) this.#contacts.delete(id)
    const free = DIALS_MAX - this.dials.own
    if (free <= 0) return
    const isAlone = this.#members.size <= 1
    const missing = this.#wanted - this.#coming(now)
    const strangers = this.#ready(this.#contacts.keys(), now)
    const strange = isAlone ? Math.min(missing, free) : Math.min(1, free, this.#strangersWanted(now))
    for (const id of sample(this.#context.random, strangers, strange))
      this.dial(id, isAlone ? 'join' : 'stranger', now)
    const left = Math.min(this.#wanted - this.#coming(now), DIALS_MAX - this.dials.own)
    if (left <= 0) return
    const known = new Set(this.#ready(this.#writers(false), now))
    const hasNone = this.#context.view.degree === 0
    const named = hasNone ? this.#named.filter((id) => known.delete(id)).slice(0, left) : []
    const others = sample(this.#context.random, [...known], left - named.length)
    for (const id of [...named, ...others]) this.dial(id, 'repair', now)
    // Without a link it is more likely this member that was cut off than all those that it suspects.
    const isCutOff = this.#context.view.degree === 0 && this.dials.size === 0
    const suspects = isCutOff ? this.#ready(this.#writers(true), now) : []
    for (const id of sample(this.#context.random, suspects, 1)) this.dial(id, 'repair', now)
    if (missing > 0) this.#dialAt = now + DIAL_BACKOFF_MIN_MILLIS
  }

  /** Dials `id` for a reason that is told to it. */
  dial(id: string, intent: LinkIntent, now: number): void {
    if (this.dials.mayBegin(id, now)) this.dials.begin(id, intent, now)
  }

  /** A link is up. Returns why this member wanted it; `accept` when the other one did. */
  linked(peer: string): LinkIntent {
    this.#offers.delete(peer)
    this.#contacts.delete(peer)
    this.#lost.delete(peer)
    return this.dials.end(peer)?.intent ?? 'accept'
  }

  /** A full neighbor hands over a link until then, or never did. */
  expectOffer(peer: string, until: number): void {
    this.#offers.set(peer, until)
  }

  linkGone(peer: string): void {
    this.#offers.delete(peer)
  }

  /** A dial failed, or `peer` turned the link down: another one may be dialed instead. */
  refused(peer: string, now: number): void {
    if (this.dials.end(peer)) this.#dialAt = Math.min(this.#dialAt, now + DIAL_BACKOFF_MIN_MILLIS)
    if (this.dials.rest(peer, now) >= STRANGER_FAILURES_MAX) this.#contacts.delete(peer)
  }

  /** `peer` has gone: a dial of it would hold a place for as long as dials may take. */
  left(peer: string): void {
    this.#contacts.delete(peer)
    if (!this.#context.view.has(peer)) this.#context.outbox.push({ type: 'disconnect', peer })
  }

  /** `peer` has fallen silent. If it turns out to live, a split lay between: the links across are made again. */
  lost(peer: string): void {
    this.#lost.set(peer, true)
  }

  /** The last link is gone: ask for members soon. */
  isolated(now: number): void {
    const soon = now + this.#context.random() * DIAL_BACKOFF_MIN_MILLIS
    this.#introduceAt = Math.min(this.#introduceAt, soon)
  }

  tick(now: number): void {
    for (const id of this.dials.overdue(now)) this.refused(id, now)
    if (now >= this.#introduceAt) {
      const count = this.#context.view.degree === 0 ? INTRODUCTIONS_ALONE : INTRODUCTIONS
      this.#context.outbox.push({ type: 'introduce', count })
      this.#scheduleIntroduction(now)
    }
    if (now >= this.#dialAt || this.#context.view.degree < this.#wanted) this.fill(now)
    if (this.#lost.size > 0 && now >= this.#restoreAt) this.#restore(now)
  }

  deadline(): number {
    return Math.min(this.#introduceAt, this.#dialAt, this.dials.deadline())
  }

  #dialNamed(ids: readonly string[], now: number): void {
    this.#named = ids
    for (const id of ids) {
      const isKnown = id === this.#context.id || this.#members.get(id) || this.#contacts.has(id)
      if (!isKnown) this.#contacts.set(id, true)
    }
    this.fill(now)
  }

  /** Otherwise each half of a split cluster fills its links among its own, and one link alone would join them for ever. */
  #restore(now: number): void {
    this.#restoreAt = now + RESTORE_MILLIS
    const { config, id, random } = this.#context
    if (this.#isReader || this.dials.own >= DIALS_MAX || this.#coming(now) > config.linksHigh) return
    // Of the two the greater dials.
    const alive = [...this.#lost.keys()].filter((lost) => lost < id && isAlive(this.#members.get(lost)))
    for (const one of sample(random, this.#ready(alive, now), 1)) this.dial(one, 'stranger', now)
  }

  get #isReader(): boolean {
    return this.#members.selfRecord.role === 'reader'
  }

  /**
   * A member of a cluster dials one stranger also when it has enough links: so two halves of a split meet. Over a
   * reader they do not.
   */
  #strangersWanted(now: number): number {
    return (this.#isReader ? this.#wanted : this.#context.config.linksHigh) - this.#coming(now)
  }

  get #others(): number {
    return Math.max(this.#members.otherWriters, this.dials.size + this.#context.view.degree)
  }

  /** Below this it dials. */
  get #wanted(): number {
    if (this.#isReader) return slotsWanted(this.#context.view, this.#members.roster)
    const { meshOthers, linksLow } = this.#context.config
    const others = this.#others
    return others <= meshOthers ? Math.max(others, Math.min(linksLow, this.#contacts.size)) : linksLow
  }

  /** Links that are there, on their way, or about to be handed over. */
  #coming(now: number): number {
    let offers = 0
    for (const until of this.#offers.values()) if (until > now) offers += 1
    return this.#context.view.degree + this.dials.size + offers
  }

  #scheduleIntroduction(now: number): void {
    const { introduceMillis } = this.#context.config
    const settled = periodMillis(this.#members.size, introduceMillis, INTRODUCE_MILLIS_PER_MEMBER)
    const period = this.#context.view.degree === 0 ? INTRODUCE_ALONE_MILLIS : settled
    this.#introduceAt = now + jittered(this.#context.random, period, JITTER_SHARE)
  }

  *#writers(areSuspected: boolean): IterableIterator<string> {
    for (const { id, record, suspicion } of this.#members.entries())
      if ((suspicion !== undefined) === areSuspected && record.role === 'writer') yield id
  }

  #ready(ids: Iterable<string>, now: number): string[] {
    return [...ids].filter((id) => id !== this.#context.id && this.dials.isReady(id, now))
  }
}

/** Whether it takes part, as far as is known: readers find their slots themselves. */
function isAlive(known: TableEntry | undefined): boolean {
  return known?.record.role === 'writer' && known.suspicion === undefined
}
