/**
 * `npm run sim -- mutants`: runs each broken variant of sim/mutants until the causal oracle catches it,
 * and writes the table in docs/TESTING.md between its markers.
 */

import type { Mutant } from '../mutants/mutant.js'
import { MUTANTS } from '../mutants/mutants.js'
import type { OracleResult } from '../oracle/run.js'
import { runTasks } from './oracle-pool.js'
import { isCaught, type OracleTally, type OracleTask } from './oracle-task.js'
import { writeTable } from './testing-table.js'

const MARKS = {
  start: '<!-- mutants: written by `npm run sim -- mutants` -->',
  end: '<!-- end of mutants -->',
}
const HEAD = [
  '| variant | what breaks | workload | caught within runs | as |',
  '| --- | --- | --- | --- | --- |',
]

/** Searches, prints and writes; false when a variant is not caught within `runs`. */
export async function searchMutants({ runs, seed }: { runs: number; seed: number }): Promise<boolean> {
  const tasks = MUTANTS.map(({ variant: { name }, workload }) => ({
    ...{ mutant: name, workload, from: seed, runs },
    untilCaught: true,
  }))
  const tallies = new Map<string, OracleTally>()
  for await (const { task, tally } of runTasks(tasks)) {
    tallies.set(task.mutant, tally)
    console.log(`${task.mutant}: ${outcome(task, tally)}`)
  }
  const rows = MUTANTS.map((mutant) => rowOf(mutant, tallies.get(mutant.variant.name)))
  writeTable(MARKS, [...HEAD, ...rows])
  console.log(`The table in docs/TESTING.md is written: ${rows.length} variants.`)
  return [...tallies.values()].every((tally) => tally.wrong.some(isCaught))
}

function rowOf({ variant, breaks, workload }: Mutant, tally: OracleTally | undefined): string {
  const caught = tally?.wrong.find(isCaught)
  const within = caught ? `${tally?.runs} (seed ${caught.seed})` : `not caught in ${tally?.runs ?? 0}`
  return `| ${variant.name} | ${breaks} | ${workload} | ${within} | ${caught ? kindsOf(caught) : ''} |`
}

function outcome({ workload }: OracleTask, tally: OracleTally): string {
  const caught = tally.wrong.find(isCaught)
  if (!caught) return `not caught in ${tally.runs} runs (${workload})`
  return `${kindsOf(caught)} at seed ${caught.seed}, within ${tally.runs} runs (${workload})`
}

function kindsOf(result: OracleResult): string {
  const kinds = (['lost', 'stale', 'diverged', 'mismatched'] as const).filter((kind) => result[kind] > 0)
  return kinds.map((kind) => `${result[kind]} ${kind}`).join(', ')
}
