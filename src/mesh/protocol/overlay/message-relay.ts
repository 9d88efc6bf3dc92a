/**
 * Messages of the application: along the links of the mesh to one member, or along the shared tree to everyone. A
 * member that nobody knows the way to is reached along the shared tree as well; its answer teaches the way (routes.ts).
 * Best effort: what a broken link or a full one loses is not sent again. In a cluster with a secret its author signs
 * it, and nobody can have it delivered once more: numbers that have come are remembered, as IPsec does (RFC 4303, section 3.4.3).
 */

import { BoundedMap } from '../../../base/bounded-map.js'
import { MEMBERS_MAX } from '../../../base/member-limits.js'
import type { MessageFrame } from '../../wire/claim.js'
import type { Plumtree } from '../broadcast/plumtree.js'
import { type EngineContext, sendTo } from '../context.js'
import type { MemberTable } from '../liveness/member-table.js'
import { HOPS_MAX, type Routes } from './routes.js'

/** Numbers behind the last one that came of an author of which it is remembered whether they came; older ones did. */
const WINDOW = 128
const WINDOW_BITS = (1n << BigInt(WINDOW)) - 1n
/** Numbers of one run of a member lie in so wide a range above its `joined`. */
const NUMBERS_MAX = 2 ** 40

/** What came of one author. */
interface Taken {
  /** The `joined` of its record, which names its run; 0 before that is known. */
  run: number
  last: number
  /** Bit n: whether `last - n` came. */
  bits: bigint
}

export class MessageRelay {
  readonly #context: EngineContext
  readonly #routes: Routes
  readonly #members: MemberTable
  readonly #broadcast: Plumtree
  /** By author, the one that was silent the longest first. */
  readonly #taken = new BoundedMap<string, Taken>(MEMBERS_MAX)
  #number = 0

  constructor(context: EngineContext, routes: Routes, members: MemberTable, broadcast: Plumtree) {
    this.#context = context
    this.#routes = routes
    this.#members = members
    this.#broadcast = broadcast
  }

  /** Sends to one member, or to everyone else when `to` is empty. */
  send(to: string, bytes: Uint8Array, now: number): void {
    // Slower than a millisecond each: a later run of this member begins above all of them.
    this.#number = Math.max(this.#number + 1, this.#members.selfRecord.joined)
    const { id: from } = this.#context
    this.#pass({ type: 'message', from, to, hops: HOPS_MAX, number: this.#number, bytes }, undefined, now)
  }

  /** A message came over a link: it is for this member, or goes on. */
  receive(message: MessageFrame, neighbor: string, now: number): void {
    this.#routes.hint(message.from, neighbor)
    this.#pass({ ...message, hops: message.hops - 1 }, neighbor, now)
  }

  /** A message came along the shared tree; only its author may speak to everyone. */
  hear(message: MessageFrame, origin: string, neighbor: string): void {
    const { to, from } = message
    this.#routes.hint(from, neighbor)
    if (to === this.#context.id || (to === '' && from === origin)) this.#deliver(message)
  }

  #pass(message: MessageFrame, except: string | undefined, now: number): void {
    if (message.to === this.#context.id) return this.#deliver(message)
    // A message to everyone comes along the shared tree only.
    if (message.to === '' ? except !== undefined : this.#members.get(message.to) === undefined) return
    const next = this.#routes.wayTo(message.to)
    // One that ran in a circle takes the tree as well.
    const isWay = next && next.id !== except && !next.dirty && message.hops >= 0
    if (isWay) return sendTo(this.#context, next, message, now)
    // Every member pays for a flood: a neighbor may cause few.
    if (except !== undefined && !this.#context.limiter.take('flood', except, now)) return
    this.#broadcast.originate({ ...message, hops: 0 }, now)
  }

  #deliver(message: MessageFrame): void {
    const { from, bytes, proof } = message
    // Without a proof somebody else may have drawn the number.
    if (proof === undefined || this.#isFirst(message))
      this.#context.outbox.push({ type: 'message', from, bytes })
  }

  /** Whether this message of this run of its author comes for the first time. */
  #isFirst({ from, number }: MessageFrame): boolean {
    const joined = this.#members.get(from)?.record.joined
    if (joined !== undefined && (number < joined || number >= joined + NUMBERS_MAX)) return false
    const known = this.#taken.get(from)
    const run = joined ?? known?.run ?? 0
    const { last, bits } = known?.run === run ? known : { last: 0, bits: 0n }
    const behind = last - number
    if (behind >= WINDOW || (behind >= 0 && (bits >> BigInt(behind)) & 1n)) return false
    const taken =
      behind >= 0
        ? { run, last, bits: bits | (1n << BigInt(behind)) }
        : { run, last: number, bits: ((bits << BigInt(Math.min(WINDOW, -behind))) & WINDOW_BITS) | 1n }
    this.#taken.set(from, taken)
    return true
  }
}
