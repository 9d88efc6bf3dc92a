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
}

/** How many numbers are in the ranges. */
export function totalOf(ranges: readonly number[]): number {
  let total = 0
  for (let i = 0; i < ranges.length; i += 2) total += (ranges[i + 1] ?? 0) - (ranges[i] ?? 0)
  return total
}

/** Where the run of `session` ends; 0 without one. */
export function runEnd(runs: readonly Run[], session: number): number {
  for (const run of runs) if (run.session === session) return run.end
  return 0
}

/** Whether `n` is in one of the ranges. Binary search: a scan made a receive of 10,000 keys take 1.8 s. */
export function isInRanges(ranges: readonly number[], n: number): boolean {
  let from = 0
  let to = ranges.length / 2
  while (from < to) {
    const middle = (from + to) >> 1
    if (n < (ranges[2 * middle] ?? 0)) to = middle
    else if (n >= (ranges[2 * middle + 1] ?? 0)) from = middle + 1
    else return true
  }
  return false
}
