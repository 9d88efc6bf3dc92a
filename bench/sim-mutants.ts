/**
 * `npm run sim -- mutants`: runs each broken variant of test/unit/sim/mutants until the causal oracle catches it,
 * and writes the table in docs/TESTING.md between its markers.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Mutant } from '../test/unit/sim/mutants/mutant.js'
import { MUTANTS } from '../test/unit/sim/mutants/mutants.js'
import { runTasks } from './oracle-pool.js'
import { isCaught, type OracleTally, type OracleTask } from './oracle-task.js'

const DOCUMENT = fileURLToPath(new URL('../docs/TESTING.md', import.meta.url))
const START = '<!-- mutants: written by `npm run sim -- mutants` -->'
const END = '<!-- end of mutants -->'

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
  writeTable(rows)
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

function kindsOf(result: { lost: number; stale: number; diverged: number }): string {
  const kinds = (['lost', 'stale', 'diverged'] as const).filter((kind) => result[kind] > 0)
  return kinds.map((kind) => `${result[kind]} ${kind}`).join(', ')
}

/** @throws Error when the document has no markers */
function writeTable(rows: readonly string[]): void {
  const text = readFileSync(DOCUMENT, 'utf8')
  const [start, end] = [text.indexOf(START), text.indexOf(END)]
  if (start < 0 || end < start) throw new Error('docs/TESTING.md has lost the markers of the table')
  const head = [
    '| variant | what breaks | workload | caught within runs | as |',
    '| --- | --- | --- | --- | --- |',
  ]
  const table = ['', '', ...head, ...rows, '', ''].join('\n')
  writeFileSync(DOCUMENT, text.slice(0, start + START.length) + table + text.slice(end))
}
