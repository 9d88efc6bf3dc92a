/**
 * How a full member takes a newcomer in without growing: it hands over one of its neighbors, and drops the link
 * to that one when the newcomer has it. The newcomer gains two links, everyone else keeps as many as before.
 * (Broder-Dyer-Frieze-Upfal style edge insertion; protocol.md, "Join".)
 */
import { sample } from '../../../base/random.js'
import type { InterleaveFrame } from '../../wire/frame.js'
import { type EngineContext, type Part, sendTo } from '../context.js'
import type { Neighbor } from './peer-view.js'

/**
 * An interleave that is not confirmed by then is forgotten. Less: links are handed over twice when a dial takes its 15
 * s.
 */
const INTERLEAVE_MILLIS = 20_000

/** Interleaves that one member gives at once. */
const GIVEN_MAX = 2

/** A link that this member hands over: `newcomer` dials `neighbor`. */
interface Given {
  newcomer: string
  neighbor: string
  until: number
}

/** A link that was handed to this member: it dials `neighbor` and then tells `giver`. */
interface Taken {
  giver: string
  until: number
}

export class Interleave implements Part {
  readonly #context: EngineContext
  readonly #given: Given[] = []
  readonly #taken = new Map<string, Taken>()

  constructor(context: EngineContext) {
    this.#context = context
  }

  /** Hands a link of this member to `newcomer`, when one is free to be handed over. */
  give(newcomer: Neighbor, now: number): void {
    if (this.#given.length >= GIVEN_MAX) return
    const busy = new Set(this.#given.flatMap((given) => [given.neighbor, given.newcomer]))
    const free = this.#context.view
      .sources()
      .filter(({ id, dirty }) => id !== newcomer.id && !busy.has(id) && !dirty)
    for (const neighbor of sample(this.#context.random, free, 1)) {
      const until = now + INTERLEAVE_MILLIS
      this.#given.push({ newcomer: newcomer.id, neighbor: neighbor.id, until })
      sendTo(this.#context, newcomer, { type: 'interleave', step: 'offer', member: neighbor.id }, now)
    }
  }

  /** `giver` hands over its neighbor `member`. Returns whether to dial it. */
  take(giver: Neighbor, frame: InterleaveFrame, now: number): boolean {
    const { view, config, id } = this.#context
    const isFull = view.degree + this.#taken.size >= config.linksHigh || this.#isOpen(giver.id)
    if (view.has(frame.member) || frame.member === id || isFull) {
      sendTo(this.#context, giver, { ...frame, step: 'failed' }, now)
      return false
    }
    this.#taken.set(frame.member, { giver: giver.id, until: now + INTERLEAVE_MILLIS })
    return true
  }

  /** An honest neighbor hands over one link at a time; many would make this member dial as an attacker wants. */
  #isOpen(giver: string): boolean {
    for (const taken of this.#taken.values()) if (taken.giver === giver) return true
    return false
  }

  /** The dial of a member that was handed over came to an end. */
  taken(member: string, isLinked: boolean, now: number): void {
    const giver = this.#context.view.get(this.#taken.get(member)?.giver ?? '')
    this.#taken.delete(member)
    if (giver?.record)
      sendTo(this.#context, giver, { type: 'interleave', step: isLinked ? 'done' : 'failed', member }, now)
  }

  /** The newcomer says what came of it. Returns the neighbor to let go, which the newcomer has now. */
  given(newcomer: string, frame: InterleaveFrame): string | undefined {
    const index = this.#given.findIndex(
      (given) => given.newcomer === newcomer && given.neighbor === frame.member,
    )
    if (index < 0) return undefined
    this.#given.splice(index, 1)
    return frame.step === 'done' ? frame.member : undefined
  }

  /** A link is gone, and with it what was agreed on it. */
  linkGone(peer: string): void {
    for (let index = this.#given.length - 1; index >= 0; index--) {
      const given = this.#given[index]
      if (given?.newcomer === peer || given?.neighbor === peer) this.#given.splice(index, 1)
    }
  }

  tick(now: number): void {
    for (let index = this.#given.length - 1; index >= 0; index--) {
      if (now >= (this.#given[index]?.until ?? 0)) this.#given.splice(index, 1)
    }
    for (const [member, { until }] of this.#taken) if (now >= until) this.#taken.delete(member)
  }
}
