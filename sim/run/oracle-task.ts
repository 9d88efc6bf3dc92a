/** A range of seeds of the causal oracle, and what came of them; plain data, so that it crosses processes. */

import { MUTANTS } from '../mutants/mutants.js'
import { stock } from '../oracle/made-stock.js'
import type { Workload } from '../oracle/profile.js'
import { type OracleResult, runOracle } from '../oracle/run.js'
import type { Variant } from '../oracle/variant.js'

export interface OracleTask {
  /** The first seed. */
  from: number
  runs: number
  workload: Workload
  /** The name of a broken variant; left out: the library as it is. */
  mutant?: string
  /** Ends at the first run that is caught. */
  untilCaught?: boolean
}

/** What a range of seeds came to. */
export interface OracleTally {
  runs: number
  keys: number
  writes: number
  lost: number
  stale: number
  diverged: number
  misjudged: number
  mismatched: number
  failures: number
  /** The runs in which something was wrong. */
  wrong: OracleResult[]
}

export function emptyTally(): OracleTally {
  const found = { lost: 0, stale: 0, diverged: 0, misjudged: 0, mismatched: 0, failures: 0 }
  return { runs: 0, keys: 0, writes: 0, ...found, wrong: [] }
}

/** Whether a run shows what must never be: a broken variant is caught by it. */
export function isCaught({ lost, stale, diverged, mismatched }: OracleResult): boolean {
  return lost + stale + diverged + mismatched > 0
}

/** Whether the library as it is would be at fault. */
export function isWrong(result: OracleResult): boolean {
  return isCaught(result) || result.misjudged > 0 || result.failures.length > 0
}

/** Runs the seeds one after the other. */
export function runTask({ from, runs, workload, mutant, untilCaught = false }: OracleTask): OracleTally {
  const variant = mutant === undefined ? undefined : variantNamed(mutant)
  const tally = emptyTally()
  for (let seed = from; seed < from + runs; seed++) {
    const result = runOracle({ seed, workload, stock, ...(variant && { variant }) })
    add(tally, result)
    if (untilCaught && isCaught(result)) break
  }
  return tally
}

/** The broken variant of this name. */
export function variantNamed(name: string): Variant {
  const found = MUTANTS.find(({ variant }) => variant.name === name)
  if (!found) throw new Error(`There is no variant "${name}"`)
  return found.variant
}

function add(tally: OracleTally, result: OracleResult): void {
  tally.runs += 1
  tally.keys += result.keys
  tally.writes += result.writes
  tally.failures += result.failures.length
  for (const kind of ['lost', 'stale', 'diverged', 'misjudged', 'mismatched'] as const)
    tally[kind] += result[kind]
  if (isWrong(result)) tally.wrong.push(result)
}
