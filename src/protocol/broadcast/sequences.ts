/**
 * Names of envelopes: (origin, epoch, seq). The epoch is drawn anew at each start, so that a restarted member
 * never repeats a name; `tag` is a hash of origin and epoch for short references. Remembers what was seen, in
 * bounded memory.
 */
import { hash32 } from '../../base/bytes.js'
import type { Announced, GossipFrame } from '../../wire/frame.js'
import type { ProtocolConfig } from '../config.js'

/** What is known of one origin's sequence numbers. */
interface OriginState {
  /** All numbers up to this one were seen, or are given up. */
  floor: number
  /** Seen numbers above the floor; there is no set while there are none, which is nearly always. */
  above: Set<number> | undefined
}

const NONE: readonly number[] = []

export class Sequences {
  readonly #config: ProtocolConfig
  /** Those of late, and those before them: what is used moves to the young ones, and the old ones go all at once. */
  #young = new Map<number, OriginState>()
  #old = new Map<number, OriginState>()

  constructor(config: ProtocolConfig) {
    this.#config = config
  }

  /** Whether this envelope was seen before. */
  has(tag: number, seq: number): boolean {
    const state = this.#get(tag)
    return state !== undefined && (seq <= state.floor || state.above?.has(seq) === true)
  }

  /** Remembers an envelope. Only accepted ones are remembered, or a liar could hide true ones. */
  add(tag: number, seq: number): void {
    const state = this.#touch(tag, seq)
    if (seq <= state.floor) return
    if (seq === state.floor + 1) state.floor = seq
    else state.above = (state.above ?? new Set()).add(seq)
    if (state.above === undefined) return
    // Too many gaps: the oldest missing ones are given up; a sync brings what was in them.
    if (state.above.size > this.#config.originGapsMax) state.floor = Math.min(...state.above) - 1
    while (state.above.delete(state.floor + 1)) state.floor += 1
    if (state.above.size === 0) state.above = undefined
  }

  /** The numbers before `seq` that were skipped, newest first, at most `max`. */
  skipped(tag: number, seq: number, max: number): readonly number[] {
    const state = this.#get(tag)
    if (state === undefined || seq <= state.floor + 1) return NONE
    const skipped: number[] = []
    for (let number = seq - 1; number > state.floor && skipped.length < max; number--) {
      if (!state.above?.has(number)) skipped.push(number)
    }
    return skipped
  }

  /** The numbers of an announced run that were not seen, at most `max`. */
  missing(announced: Announced, max: number): readonly number[] {
    const state = this.#get(announced.tag)
    // Of an origin never heard of, only the newest is asked for: what was before comes by sync.
    if (state === undefined) return [announced.to]
    if (announced.to <= state.floor) return NONE
    const missing: number[] = []
    for (let number = Math.max(announced.from, state.floor + 1); number <= announced.to; number++) {
      if (!state.above?.has(number)) missing.push(number)
      if (missing.length >= max) break
    }
    return missing
  }

  #get(tag: number): OriginState | undefined {
    return this.#young.get(tag) ?? this.#old.get(tag)
  }

  /** The state of the origin, among the young. */
  #touch(tag: number, seq: number): OriginState {
    const young = this.#young.get(tag)
    if (young) return young
    // A member that joins late sees an origin for the first time at any number; what was before comes by sync.
    const state = this.#old.get(tag) ?? { floor: seq - 1, above: undefined }
    if (2 * this.#young.size >= this.#config.originsMax) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(tag, state)
    return state
  }
}

/** The short name of an origin's run; never 0, which stands for the shared tree. */
export function tagOf(frame: Pick<GossipFrame, 'origin' | 'epoch'>): number {
  return hash32(`${frame.origin}:${frame.epoch}`) || 1
}
