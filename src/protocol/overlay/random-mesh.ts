/**
 * The overlay: whom to dial. Up to a handful of members everyone links to everyone; beyond that each member
 * keeps a few links to random others. Now and then signaling is asked for random members, so that two halves
 * of a split cluster meet again.
 */
import { jittered, type Random, sample } from '../../base/random.js'
import type { ProtocolConfig } from '../config.js'
import type { EngineContext } from '../context.js'
import type { Outbox } from '../step.js'
import type { PeerView } from './peer-view.js'

/** Introductions are spread by this share of their period. */
const JITTER_SHARE = 0.3
/** How many members one introduction asks for when there are links already. */
const INTRODUCTIONS = 3
/** Candidates that are remembered beyond the member table. */
const CONTACTS_KNOWN_MAX = 64

interface Backoff {
  failures: number
  notBefore: number
}

/** What the overlay needs to know of the member table. */
export interface KnownMembers {
  entries(): Iterable<{ readonly id: string }>
  get(id: string): object | undefined
  readonly size: number
}

export class RandomMesh {
  readonly #self: string
  readonly #config: ProtocolConfig
  readonly #random: Random
  readonly #view: PeerView
  readonly #members: KnownMembers
  readonly #outbox: Outbox
  /** Members that signaling offered and the table does not hold. */
  readonly #contacts = new Set<string>()
  /** Dials under way, and when each is given up should the transport never answer. */
  readonly #dialing = new Map<string, number>()
  readonly #backoff = new Map<string, Backoff>()
  #introduceAt = Number.POSITIVE_INFINITY

  constructor(context: EngineContext, members: KnownMembers) {
    this.#self = context.id
    this.#config = context.config
    this.#random = context.random
    this.#view = context.view
    this.#members = members
    this.#outbox = context.outbox
  }

  /** Links that this member wants now. */
  get target(): number {
    const others = Math.max(this.#members.size - 1, this.#dialing.size + this.#view.size)
    return others <= this.#config.meshLinks ? others : this.#config.wantedLinks
  }

  /** Whether a dial is under way. */
  get dialing(): boolean {
    return this.#dialing.size > 0
  }

  /** Signaling offers members. Those that nobody told of may live on the other side of a split: dialed at once. */
  offer(ids: readonly string[], now: number): void {
    for (const id of ids) if (id !== this.#self && !this.#members.get(id)) this.#contacts.add(id)
    for (const oldest of this.#contacts) {
      if (this.#contacts.size <= CONTACTS_KNOWN_MAX) break
      this.#contacts.delete(oldest)
    }
    this.#scheduleIntroduction(now)
    this.dial(now)
  }

  /** Dials while there are too few links. */
  dial(now: number): void {
    for (const id of this.#contacts) if (this.#members.get(id)) this.#contacts.delete(id)
    const free = this.#config.dialsMax - this.#dialing.size
    if (free <= 0) return
    const strangers = sample(this.#random, this.#ready(this.#contacts, now), free)
    // Strangers are dialed also by a member with enough links: only so two halves of a split can meet.
    for (const id of strangers) this.#start(id, now)
    const missing = this.target - this.#view.size - this.#dialing.size
    const known = this.#ready(
      Array.from(this.#members.entries(), (member) => member.id),
      now,
    )
    for (const id of sample(this.#random, known, Math.min(missing, free - strangers.length)))
      this.#start(id, now)
  }

  linked(peer: string): void {
    this.#dialing.delete(peer)
    this.#contacts.delete(peer)
    this.#backoff.delete(peer)
  }

  /** A dial failed, or `peer` turned the link down: it is left alone for a while, longer each time. */
  refused(peer: string, now: number): void {
    this.#dialing.delete(peer)
    const failures = (this.#backoff.get(peer)?.failures ?? 0) + 1
    const ceiling = Math.min(
      this.#config.dialBackoffMaxMillis,
      this.#config.dialBackoffMinMillis * 2 ** failures,
    )
    const pause = this.#config.dialBackoffMinMillis + this.#random() * ceiling
    this.#backoff.set(peer, { failures, notBefore: now + pause })
    // A stranger that cannot be reached is forgotten; signaling names it again if it lives.
    if (failures >= 3) this.#contacts.delete(peer)
    if (this.#backoff.size > 4 * CONTACTS_KNOWN_MAX) this.#forgetOldBackoffs(now)
  }

  /** The last link is gone: ask for members soon. */
  isolated(now: number): void {
    this.#introduceAt = Math.min(this.#introduceAt, now + this.#random() * this.#config.dialBackoffMinMillis)
  }

  tick(now: number): void {
    for (const [id, until] of this.#dialing) if (now >= until) this.refused(id, now)
    if (now >= this.#introduceAt) {
      this.#outbox.push({ type: 'introduce', count: this.#view.size === 0 ? 8 : INTRODUCTIONS })
      this.#scheduleIntroduction(now)
    }
    this.dial(now)
  }

  deadline(now: number): number {
    let deadline = Math.min(this.#introduceAt, ...this.#dialing.values())
    if (this.#dialing.size >= this.#config.dialsMax) return deadline
    for (const { notBefore } of this.#backoff.values())
      if (notBefore > now) deadline = Math.min(deadline, notBefore)
    return deadline
  }

  #scheduleIntroduction(now: number): void {
    const period = this.#view.size === 0 ? this.#config.introduceAloneMillis : this.#config.introduceMillis
    this.#introduceAt = now + jittered(this.#random, period, JITTER_SHARE)
  }

  #start(id: string, now: number): void {
    this.#dialing.set(id, now + this.#config.dialMillis)
    this.#outbox.push({ type: 'dial', peer: id })
  }

  #ready(ids: Iterable<string>, now: number): string[] {
    const ready: string[] = []
    for (const id of ids) {
      const waits = (this.#backoff.get(id)?.notBefore ?? 0) > now
      if (id !== this.#self && !waits && !this.#view.has(id) && !this.#dialing.has(id)) ready.push(id)
    }
    return ready
  }

  #forgetOldBackoffs(now: number): void {
    for (const [id, { notBefore }] of this.#backoff) if (notBefore <= now) this.#backoff.delete(id)
  }
}
