/**
 * Signaling in the simulator: the registered members, and random writers of them for each that asks, Node members first, as
 * the signaling server does. It may be out of order, and it learns late that a member crashed.
 */

import type { MemberKind, MemberRole } from '../src/base/member.js'
import { type Random, randomInteger } from '../src/base/random.js'
import { CONTACTS_MAX } from '../src/mesh/wire/wire-limits.js'
import type { Conditions } from './conditions.js'

/** Delay to the server and back is drawn as for any other pair; the server counts as this member. */
const SERVER_INDEX = -1
/** After an outage members come back within this. */
const RECONNECT_MILLIS = 5_000

/** A member as signaling sees it. */
export interface Visitor {
  readonly id: string
  readonly index: number
  readonly kind: MemberKind
  readonly role: MemberRole
  /** Members to dial. */
  meet(contacts: { id: string; kind: MemberKind }[]): void
  /** A signal to `id` found nobody there. */
  absent(id: string): void
  /** It was connected to signaling, or lost it. */
  signaling(connected: boolean): void
}

/** A set from which random elements can be drawn at a cost that does not depend on its size. */
class Pool {
  readonly #visitors: Visitor[] = []
  readonly #places = new Map<Visitor, number>()

  add(visitor: Visitor): void {
    if (this.#places.has(visitor)) return
    this.#places.set(visitor, this.#visitors.push(visitor) - 1)
  }

  delete(visitor: Visitor): void {
    const place = this.#places.get(visitor)
    const last = this.#visitors.at(-1)
    if (place === undefined || last === undefined) return
    this.#visitors[place] = last
    this.#places.set(last, place)
    this.#visitors.pop()
    this.#places.delete(visitor)
  }

  /** Up to `count` distinct ones besides `except`. */
  draw(random: Random, count: number, except: Visitor): Visitor[] {
    const drawn = new Set<Visitor>()
    const available = this.#visitors.length - (this.#places.has(except) ? 1 : 0)
    while (drawn.size < Math.min(count, available)) {
      const visitor = this.#visitors[randomInteger(random, this.#visitors.length)]
      if (visitor && visitor !== except) drawn.add(visitor)
    }
    return [...drawn]
  }
}

export class MeetingPoint {
  readonly #conditions: Conditions
  readonly #pools: Record<MemberKind, Pool> = { node: new Pool(), browser: new Pool() }
  readonly #registered = new Map<string, Visitor>()
  #up = true
  /** Requests answered. */
  introductions = 0

  constructor(conditions: Conditions) {
    this.#conditions = conditions
  }

  get up(): boolean {
    return this.#up
  }

  /** Ends or begins an outage; after it everyone comes back and is offered members. */
  turn(up: boolean): void {
    if (up === this.#up) return
    this.#up = up
    const { timeline, random } = this.#conditions
    for (const visitor of this.#registered.values())
      if (up) timeline.after(RECONNECT_MILLIS * random(), () => this.#welcome(visitor))
      else visitor.signaling(false)
  }

  /** Cuts one member off from signaling, or lets it come back. */
  turnFor(visitor: Visitor, up: boolean): void {
    if (!up) {
      this.forget(visitor)
      return visitor.signaling(false)
    }
    if (this.#registered.has(visitor.id)) return
    this.#conditions.timeline.after(RECONNECT_MILLIS * this.#conditions.random(), () =>
      this.register(visitor),
    )
  }

  /** A member starts: it registers and is offered members. */
  register(visitor: Visitor): void {
    this.#registered.set(visitor.id, visitor)
    if (visitor.role === 'writer') this.#pools[visitor.kind].add(visitor)
    this.#welcome(visitor)
  }

  /** A member is gone. */
  forget(visitor: Visitor): void {
    if (this.#registered.get(visitor.id) === visitor) this.#registered.delete(visitor.id)
    this.#pools[visitor.kind].delete(visitor)
  }

  /** Carries something from one member to another, when both are here; it arrives with `arrive`. */
  carry(from: Visitor, to: string, arrive: () => void): void {
    const target = this.#registered.get(to)
    if (!this.#up || this.#registered.get(from.id) !== from) return
    const { timeline } = this.#conditions
    if (target === undefined) return timeline.after(2 * this.#delay(from), () => from.absent(to))
    const delay = this.#delay(from) + this.#delay(target)
    timeline.after(delay, () => {
      if (this.#up && this.#registered.get(to) === target) arrive()
    })
  }

  /** Answers a member that asks for others. */
  introduce(visitor: Visitor, count: number): void {
    if (!this.#up || this.#registered.get(visitor.id) !== visitor) return
    this.introductions += 1
    const { random, timeline } = this.#conditions
    const wanted = Math.min(count, CONTACTS_MAX)
    const nodes = this.#pools.node.draw(random, wanted, visitor)
    const browsers = this.#pools.browser.draw(random, wanted - nodes.length, visitor)
    const contacts = [...nodes, ...browsers].map(({ id, kind }) => ({ id, kind }))
    timeline.after(2 * this.#delay(visitor), () => {
      if (this.#registered.get(visitor.id) === visitor) visitor.meet(contacts)
    })
  }

  #delay(visitor: Visitor): number {
    return this.#conditions.latency(SERVER_INDEX, visitor.index)
  }

  #welcome(visitor: Visitor): void {
    if (this.#up && this.#registered.get(visitor.id) === visitor) visitor.signaling(true)
    this.introduce(visitor, CONTACTS_MAX)
  }
}
