/** The real clock of a replica, with a note of every stamp that it gave: the oracle has no other way to know them. */
import { HybridClock } from '../../src/data/replica/stamp.js'

export class RecordingClock extends HybridClock {
  #given: number[] = []

  override next(wallMillis: number): number {
    const stamp = super.next(wallMillis)
    this.#given.push(stamp)
    return stamp
  }

  /** The stamps given since the last call. */
  takeGiven(): number[] {
    return this.#given.splice(0)
  }
}
