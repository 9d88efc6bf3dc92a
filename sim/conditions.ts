/**
 * How the simulated network behaves: delays, losses and what a dial costs. The fields may be changed while a run
 * is under way. Delays belong to pairs of members, as distances do, with a little jitter on each frame.
 */
import type { Random } from '../src/base/random.js'
import type { Timeline } from './timeline.js'

/** What becomes of a frame that the network loses. */
export type LossModel =
  /** As on a data channel: it is sent again after a retransmission timeout, and all behind it waits. */
  | 'stall'
  /** As in a datagram: it is gone. */
  | 'vanish'

export interface ConditionsOptions {
  /** One-way delay of a pair of members, evenly spread, in milliseconds. Default 10 to 50. */
  latencyMillis?: readonly [number, number]
  /** How much longer a single frame may take, as a share of the delay. Default 0.1. */
  jitterShare?: number
  /** The share of frames that the network loses. Default 0. */
  loss?: number
  /** Default 'stall'. */
  lossModel?: LossModel
  /** The first retransmission timeout; doubles up to `rtoMaxMillis`. Default 400: `rto_min` of WebRTC's SCTP. */
  rtoMillis?: number
  /** Default 3,000: `kMaxTimerBackoffDuration` of WebRTC. */
  rtoMaxMillis?: number
  /** The share of frames that arrive twice; for models only, a data channel never does this. Default 0. */
  duplicated?: number
  /** The share of frames that later ones overtake; for models only. Default 0. */
  reordered?: number
  /** How long a dial takes that succeeds. Default 100 to 300. */
  dialMillis?: readonly [number, number]
  /** The share of dials that fail although the member is there. Default 0. */
  dialFailure?: number
  /** After this a dial without an answer has failed. Default 15,000, as the transport has it. */
  dialTimeoutMillis?: number
  /** A link whose other end cannot be reached closes by itself after this. Default 17,600: measured on WebRTC. */
  nativeCloseMillis?: number
}

export const DEFAULT_CONDITIONS: Readonly<Required<ConditionsOptions>> = {
  latencyMillis: [10, 50],
  jitterShare: 0.1,
  loss: 0,
  lossModel: 'stall',
  rtoMillis: 400,
  rtoMaxMillis: 3_000,
  duplicated: 0,
  reordered: 0,
  dialMillis: [100, 300],
  dialFailure: 0,
  dialTimeoutMillis: 15_000,
  nativeCloseMillis: 17_600,
}

/** A frame that is overtaken is this much later at most. */
const REORDER_MILLIS = 100

/** The settings of a run, its time and its chance. */
export class Conditions {
  readonly timeline: Timeline
  readonly random: Random
  readonly #seed: number
  readonly now: Required<ConditionsOptions>

  constructor(timeline: Timeline, random: Random, seed: number, options: ConditionsOptions) {
    this.timeline = timeline
    this.random = random
    this.#seed = seed
    this.now = { ...DEFAULT_CONDITIONS, ...options }
  }

  /** The one-way delay between two members: the same in both directions and for the whole run. */
  latency(a: number, b: number): number {
    const [least, most] = this.now.latencyMillis
    return least + (most - least) * pairShare(this.#seed, Math.min(a, b), Math.max(a, b))
  }

  /** How long a frame is under way over a distance of `latency`. */
  transit(latency: number): number {
    return latency * (1 + this.now.jitterShare * this.random())
  }

  /** Whether the network loses what is sent now. */
  loses(): boolean {
    return this.now.loss > 0 && this.random() < this.now.loss
  }

  /** How much an overtaken frame is late, 0 for most. */
  detourMillis(): number {
    const { reordered } = this.now
    return reordered > 0 && this.random() < reordered ? REORDER_MILLIS * this.random() : 0
  }

  /** Whether a frame arrives twice. */
  duplicates(): boolean {
    return this.now.duplicated > 0 && this.random() < this.now.duplicated
  }

  /** A time within `range`. */
  within(range: readonly [number, number]): number {
    return range[0] + (range[1] - range[0]) * this.random()
  }
}

/** A number in [0, 1) that belongs to a pair. */
function pairShare(seed: number, low: number, high: number): number {
  let hash = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(low + 1, 0xc2b2ae35)
  hash = Math.imul(hash ^ (hash >>> 15), 0x27d4eb2f) ^ Math.imul(high + 1, 0x165667b1)
  hash = Math.imul(hash ^ (hash >>> 13), 0x2c1b3c6d)
  return ((hash ^ (hash >>> 16)) >>> 0) / 4294967296
}
