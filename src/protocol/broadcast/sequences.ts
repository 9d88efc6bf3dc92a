/**
 * Names of envelopes: (origin, epoch, seq). The epoch is drawn anew at each start, so that a restarted member
 * never repeats a name; `tag` is a hash of origin and epoch for short references. Remembers what was seen, in
 * bounded memory.
 */
import { hash32 } from '../../base/bytes.js'
import { TagMap } from '../../base/tag-map.js'
import type { Announced, GossipFrame } from '../../wire/frame.js'
import { MEMBERS_MAX } from '../../wire/limits.js'
import type { ProtocolConfig } from '../config.js'

/** What is known of one origin's sequence numbers. */
interface OriginState {
  /** The first one that came, or the first of an unbroken run before it. */
  first: number
  /** Of those from `first` on, all up to this one were seen, or are given up. */
  floor: number
  /** The greatest one that was seen. */
  last: number
  /** Seen numbers above the floor; there is no set while there are none, which is nearly always. */
  above: Set<number> | undefined
  /** Seen numbers before the first one, which later ones have overtaken; mostly there is no set either. */
  below: Set<number> | undefined
}

const NONE: readonly number[] = []

export class Sequences {
  readonly #config: ProtocolConfig
  /** Those of late, and those before them: what is used moves to the young ones, and the old ones go all at once. */
  #young = new TagMap<OriginState>()
  #old = new TagMap<OriginState>()

  constructor(config: ProtocolConfig) {
    this.#config = config
  }

  /** Whether this envelope was seen before, or is so old that it counts as seen. */
  has(tag: number, seq: number): boolean {
    const state = this.#get(tag)
    return state !== undefined && this.#isSeen(state, seq)
  }

  /** Remembers an envelope. Only accepted ones are remembered, or a liar could hide true ones. */
  add(tag: number, seq: number): void {
    const state = this.#touch(tag, seq)
    if (this.#isSeen(state, seq)) return
    if (seq < state.first) return addBelow(state, seq)
    state.last = Math.max(state.last, seq)
    if (seq === state.floor + 1) state.floor = seq
    else state.above = (state.above ?? new Set()).add(seq)
    if (state.above === undefined) return
    // Too many gaps: the oldest missing ones are given up; a sync brings what was in them.
    if (state.above.size > this.#config.originGapsMax) state.floor = Math.min(...state.above) - 1
    while (state.above.delete(state.floor + 1)) state.floor += 1
    if (state.above.size === 0) state.above = undefined
  }

  /**
   * The numbers between the greatest one so far and `seq`, newest first, at most `max`. A gap is told of once: what nobody had then
   * came, or comes, by a sync.
   */
  skipped(tag: number, seq: number, max: number): readonly number[] {
    const state = this.#get(tag)
    if (state === undefined || seq <= state.last + 1) return NONE
    const skipped: number[] = []
    for (let number = seq - 1; number > state.last && skipped.length < max; number--) skipped.push(number)
    return skipped
  }

  /** The numbers of an announced run that were not seen, at most `max`. */
  missing(announced: Announced, max: number): readonly number[] {
    const { tag, from, to } = announced
    const state = this.#get(tag)
    // Nearly always: it came by another way.
    if (state !== undefined && from >= state.first && to <= state.floor) return NONE
    const missing: number[] = []
    // Of an origin never heard of, the newest are asked for: what was before comes by sync.
    if (state === undefined) for (let seq = to; seq >= from && missing.length < max; seq--) missing.push(seq)
    if (state === undefined) return missing.reverse()
    const start = Math.max(from, state.first - this.#config.originGapsMax)
    for (let seq = start; seq <= to && missing.length < max; seq++) {
      if (seq >= state.first && seq <= state.floor) seq = state.floor
      else if (!this.#isSeen(state, seq)) missing.push(seq)
    }
    return missing
  }

  #isSeen({ first, floor, above, below }: OriginState, seq: number): boolean {
    if (seq >= first) return seq <= floor || above?.has(seq) === true
    return seq < first - this.#config.originGapsMax || below?.has(seq) === true
  }

  #get(tag: number): OriginState | undefined {
    return this.#young.get(tag) ?? this.#old.get(tag)
  }

  /** The state of the origin, among the young. */
  #touch(tag: number, seq: number): OriginState {
    const young = this.#young.get(tag)
    if (young) return young
    // Whoever joins late hears of an origin at any number: what was before is not asked for, but taken if it comes.
    const nothing = { first: seq, floor: seq - 1, last: seq - 1, above: undefined, below: undefined }
    const state = this.#old.get(tag) ?? nothing
    if (2 * this.#young.size >= this.#config.originsMax) {
      this.#old = this.#young
      this.#young = new TagMap()
    }
    this.#young.set(tag, state)
    return state
  }
}

function addBelow(state: OriginState, seq: number): void {
  state.below = (state.below ?? new Set()).add(seq)
  while (state.below.delete(state.first - 1)) state.first -= 1
  if (state.below.size === 0) state.below = undefined
}

/** Names of late: every copy of every envelope asks for its own. */
const names = new Map<string, { epoch: number; tag: number }>()

/** The short name of an origin's run; never 0, which stands for the shared tree. */
export function tagOf({ origin, epoch }: Pick<GossipFrame, 'origin' | 'epoch'>): number {
  const known = names.get(origin)
  if (known?.epoch === epoch) return known.tag
  const tag = hash32(`${origin}:${epoch}`) || 1
  if (names.size >= MEMBERS_MAX) names.clear()
  names.set(origin, { epoch, tag })
  return tag
}
