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
  /** Seen numbers above the floor. */
  above: Set<number>
}

export class Sequences {
  readonly #config: ProtocolConfig
  readonly #origins = new Map<number, OriginState>()

  constructor(config: ProtocolConfig) {
    this.#config = config
  }

  /** Whether this envelope was seen before. */
  has(tag: number, seq: number): boolean {
    const state = this.#origins.get(tag)
    return state !== undefined && (seq <= state.floor || state.above.has(seq))
  }

  /** Remembers an envelope. Only accepted ones are remembered, or a liar could hide true ones. */
  add(tag: number, seq: number): void {
    const state = this.#touch(tag, seq)
    state.above.add(seq)
    while (state.above.delete(state.floor + 1)) state.floor += 1
    if (state.above.size <= this.#config.originGapsMax) return
    // Too many gaps: the oldest missing ones are given up; a sync brings what was in them.
    state.floor = Math.min(...state.above) - 1
    while (state.above.delete(state.floor + 1)) state.floor += 1
  }

  /** The numbers before `seq` that were skipped, newest first, at most `max`. */
  skipped(tag: number, seq: number, max: number): number[] {
    const state = this.#origins.get(tag)
    const skipped: number[] = []
    if (state === undefined) return skipped
    for (let number = seq - 1; number > state.floor && skipped.length < max; number--) {
      if (!state.above.has(number)) skipped.push(number)
    }
    return skipped
  }

  /** The numbers of an announced run that were not seen, at most `max`. */
  missing(announced: Announced, max: number): number[] {
    const missing: number[] = []
    const state = this.#origins.get(announced.tag)
    // Of an origin never heard of, only the newest is asked for: what was before comes by sync.
    if (state === undefined) return [announced.to]
    for (let number = Math.max(announced.from, state.floor + 1); number <= announced.to; number++) {
      if (!state.above.has(number)) missing.push(number)
      if (missing.length >= max) break
    }
    return missing
  }

  /** The state of the origin, moved to the young end of the LRU. */
  #touch(tag: number, seq: number): OriginState {
    // A member that joins late sees an origin for the first time at any number; what was before comes by sync.
    const state = this.#origins.get(tag) ?? { floor: seq - 1, above: new Set<number>() }
    this.#origins.delete(tag)
    this.#origins.set(tag, state)
    if (this.#origins.size > this.#config.originsMax) {
      for (const oldest of this.#origins.keys()) {
        this.#origins.delete(oldest)
        break
      }
    }
    return state
  }
}

/** The short name of an origin's run; never 0, which stands for the shared tree. */
export function tagOf(frame: Pick<GossipFrame, 'origin' | 'epoch'>): number {
  return hash32(`${frame.origin}:${frame.epoch}`) || 1
}
