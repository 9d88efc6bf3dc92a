/**
 * How far the wall clock of this member is from that of its neighbors. Heartbeats carry the raw clocks; the median
 * of the differences, the own 0 included and the lower one of two, corrects the time by which writes are stamped.
 * So a member whose clock is an hour off still writes what others take, and whoever lies moves the others only
 * together with half of their neighbors. Raw clocks, since corrected ones would chase each other.
 */
import { WALL_OFFSET_MILLIS_MAX } from '../../wire/limits.js'
import type { Neighbor, PeerView } from '../overlay/peer-view.js'

/** The correction of one member's wall clock. */
export class WallOffset {
  readonly #view: PeerView
  readonly #wall: (() => number) | undefined
  #millis = 0

  /** Without a wall clock nothing is told and nothing corrected. */
  constructor(view: PeerView, wall: (() => number) | undefined) {
    this.#view = view
    this.#wall = wall
  }

  /** Milliseconds to add to the own wall clock. It stays while nobody is there to compare with. */
  get millis(): number {
    return this.#millis
  }

  /** What a heartbeat tells: the raw wall clock, 0 without one. */
  told(): number {
    return Math.max(0, Math.floor(this.#wall?.() ?? 0))
  }

  /** Takes the raw wall clock of a neighbor, half a round trip old; at most a day of difference is believed. */
  take(neighbor: Neighbor, wall: number): void {
    if (this.#wall === undefined || wall === 0) return
    const offset = wall + (neighbor.srtt ?? 0) / 2 - this.#wall()
    neighbor.wallOffset = Math.max(-WALL_OFFSET_MILLIS_MAX, Math.min(WALL_OFFSET_MILLIS_MAX, offset))
    const offsets: number[] = []
    for (const { wallOffset: known } of this.#view.established()) if (known !== undefined) offsets.push(known)
    this.#millis = medianOffset(offsets)
  }
}

/** The median of `offsets`, which are few, and 0; of an even number of them the lower one of the two in the middle. */
export function medianOffset(offsets: readonly number[]): number {
  const all = [0, ...offsets]
  const middle = (all.length - 1) >> 1
  for (const offset of all) {
    let [below, equal] = [0, 0]
    for (const other of all) {
      if (other < offset) below += 1
      else if (other === offset) equal += 1
    }
    if (below <= middle && middle < below + equal) return offset
  }
  return 0
}
