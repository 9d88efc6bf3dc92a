/**
 * Names of updates: (origin, epoch, seq). The epoch is drawn anew at each start, so that a restarted member
 * never repeats a name. Remembers what was seen, in bounded memory.
 */
import type { GossipFrame } from '../../wire/frame.js'
import type { ProtocolConfig } from '../config.js'

/** What is known of one origin's sequence numbers. */
interface OriginState {
  epoch: number
  /** All numbers up to this one were seen. */
  floor: number
  /** Seen numbers above the floor. */
  above: Set<number>
}

export class Sequences {
  readonly #self: string
  readonly #epoch: number
  readonly #config: ProtocolConfig
  readonly #origins = new Map<string, OriginState>()
  #seq = 0

  constructor(self: string, epoch: number, config: ProtocolConfig) {
    this.#self = self
    this.#epoch = epoch
    this.#config = config
  }

  /** A frame for an own update. */
  originate(update: Uint8Array): GossipFrame {
    this.#seq += 1
    return { type: 'gossip', origin: this.#self, epoch: this.#epoch, seq: this.#seq, round: 0, update }
  }

  /** Whether `frame` was seen before. */
  isDuplicate(frame: GossipFrame): boolean {
    if (frame.origin === this.#self && frame.epoch === this.#epoch) return true
    const state = this.#origins.get(frame.origin)
    return (
      state !== undefined &&
      state.epoch === frame.epoch &&
      (frame.seq <= state.floor || state.above.has(frame.seq))
    )
  }

  /** Remembers `frame`. Only frames that the replica accepted are remembered, or a liar could hide true ones. */
  markSeen(frame: GossipFrame): void {
    const state = this.#touch(frame)
    state.above.add(frame.seq)
    while (state.above.delete(state.floor + 1)) state.floor += 1
    if (state.above.size <= this.#config.originGapsMax) return
    // Too many gaps: the oldest missing ones are given up; a sync brings what was in them.
    state.floor = Math.min(...state.above)
    while (state.above.delete(state.floor)) state.floor += 1
    state.floor -= 1
  }

  /** The frame as it goes on to others. */
  relay(frame: GossipFrame): GossipFrame {
    return { ...frame, round: frame.round + 1 }
  }

  /** The state of the frame's origin, moved to the young end of the LRU. */
  #touch(frame: GossipFrame): OriginState {
    const known = this.#origins.get(frame.origin)
    this.#origins.delete(frame.origin)
    // A member that joins late sees an origin for the first time at any number; what was before came by sync.
    const state =
      known?.epoch === frame.epoch
        ? known
        : { epoch: frame.epoch, floor: frame.seq - 1, above: new Set<number>() }
    this.#origins.set(frame.origin, state)
    if (this.#origins.size > this.#config.originsMax) {
      for (const oldest of this.#origins.keys()) {
        this.#origins.delete(oldest)
        break
      }
    }
    return state
  }
}
