/** Mutants whose clocks follow less than what is merged, or who write the entries of others anew. */
import { stampOf } from '../../src/data/replica/stamp.js'
import { RecordingClock } from '../oracle/recording-clock.js'
import type { Mutant } from './mutant.js'

const MINUTE_MILLIS = 60_000

class TimidClock extends RecordingClock {
  readonly #wall: () => number

  constructor(wall: () => number) {
    super()
    this.#wall = wall
  }

  override take(stamp: number): void {
    super.take(Math.min(stamp, stampOf(this.#wall() + MINUTE_MILLIS)))
  }
}

const followsLess: Mutant = {
  variant: {
    name: 'clock follows less than is merged',
    behaviour: () => ({ clock: (wall) => new TimidClock(wall) }),
  },
  breaks: 'a write gets a lesser stamp than one that it follows; a third one beats it, and both die',
  workload: 'small skewed',
}

const rewritesOthers: Mutant = {
  variant: {
    name: 'entries of others are written anew',
    behaviour: () => ({ rewrites: ({ at }, wall) => at > wall + 5 * MINUTE_MILLIS }),
  },
  breaks: 'a kill of the old dot does not reach the new one: what was deleted comes back',
  workload: 'small skewed',
}

/** Mutants of clocks. */
export const CLOCK_MUTANTS: readonly Mutant[] = [followsLess, rewritesOthers]
