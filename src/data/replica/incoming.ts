/** What an update tells, decoded: runs of consecutive writes, and deaths outside of them. */
import type { Entry } from './entry.js'

/** Consecutive writes of one session, from `start` up to but not including `end`. */
export interface Run {
  session: number
  start: number
  end: number
  /** The live ones, ascending. */
  entries: Entry[]
  /** The dead ones as from, to, from, to, ...; ascending, `to` excluded. */
  dead: number[]
}

/** Dead writes of one session, in the form of `Run.dead`. */
export interface Kill {
  session: number
  ranges: number[]
}

/** What one update tells. */
export interface Incoming {
  runs: readonly Run[]
  /** Dead writes outside of the runs. */
  kills: readonly Kill[]
  /** Live writes whose dots are known here, perhaps with another content. */
  contested?: readonly Entry[]
}

/** Where the run of `session` ends; 0 without one. */
export function runEnd(runs: readonly Run[], session: number): number {
  for (const run of runs) if (run.session === session) return run.end
  return 0
}
