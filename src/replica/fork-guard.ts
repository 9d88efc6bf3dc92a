/**
 * How often this member gives up its session because somebody else writes under it. A cloned machine does that once
 * or twice; a liar could do it for ever, and each new session has a name in everybody's context.
 */
import { FORK_PAUSE_MILLIS, FORK_PAUSE_MILLIS_MAX, FORKS_FREE } from '../wire/limits.js'

const DAY_MILLIS = 24 * 3_600_000

/** Lets forks through: some at once, then with growing pauses. */
export class ForkGuard {
  #forks = 0
  #lastAt = Number.NEGATIVE_INFINITY

  /** Whether to fork at wall-clock time `now`; counts it. */
  mayFork(now: number): boolean {
    const since = now - this.#lastAt
    // A clock that was set back must not make a pause of days.
    if (since < 0 || since > DAY_MILLIS) this.#forks = 0
    else if (this.#forks >= FORKS_FREE && since < pauseAfter(this.#forks)) return false
    this.#forks++
    this.#lastAt = now
    return true
  }
}

function pauseAfter(forks: number): number {
  return Math.min(FORK_PAUSE_MILLIS * 2 ** (forks - FORKS_FREE), FORK_PAUSE_MILLIS_MAX)
}
