/**
 * `npm run sim -- oracle`: seeds of the causal oracle over real replicas. With `--runs 1` it prints everything that
 * happens in the run of that seed.
 */

import { stock } from '../oracle/made-stock.js'
import { WORKLOADS, type Workload } from '../oracle/profile.js'
import { type OracleResult, runOracle } from '../oracle/run.js'
import { runTasks } from './oracle-pool.js'
import { emptyTally, isWrong, type OracleTally, type OracleTask, variantNamed } from './oracle-task.js'

/** Runs of one task: small enough for a steady progress line. */
const TASK_RUNS = 50
const PRINTED_MAX = 10

export interface OracleSearch {
  runs: number
  seed: number
  workload: Workload
  /** The name of a broken variant. */
  mutant?: string | undefined
  json: boolean
}

/** Whether a word names a workload. */
export function isWorkload(word: string): word is Workload {
  return word in WORKLOADS
}

/** Runs the seeds and prints what came of them; false when something is lost, stale, diverged or misjudged. */
export async function searchOracle(search: OracleSearch): Promise<boolean> {
  if (search.runs === 1 && !search.json) return replay(search)
  const startedAt = performance.now()
  const tally = await tallyOf(search, (seconds, sum) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${progress(search, sum, seconds)}`)
  })
  const seconds = (performance.now() - startedAt) / 1000
  if (process.stderr.isTTY) process.stderr.write('\r')
  const { wrong, ...sums } = tally
  if (search.json) console.log(JSON.stringify({ ...sums, seconds, seeds: wrong.map(({ seed }) => seed) }))
  else report(search, tally, seconds)
  return wrong.length === 0
}

/** The sum over all seeds of a search. */
export async function tallyOf(
  search: Omit<OracleSearch, 'json'>,
  told: (seconds: number, sum: OracleTally) => void = () => {},
): Promise<OracleTally> {
  const startedAt = performance.now()
  const sum = emptyTally()
  for await (const { tally } of runTasks(tasksOf(search))) {
    const { wrong, ...counts } = tally
    for (const kind of Object.keys(counts) as (keyof typeof counts)[]) sum[kind] += counts[kind]
    sum.wrong.push(...wrong)
    told((performance.now() - startedAt) / 1000, sum)
  }
  sum.wrong.sort((a, b) => a.seed - b.seed)
  return sum
}

function tasksOf({ runs, seed, workload, mutant }: Omit<OracleSearch, 'json'>): OracleTask[] {
  const tasks: OracleTask[] = []
  for (let done = 0; done < runs; done += TASK_RUNS) {
    const task = { from: seed + done, runs: Math.min(TASK_RUNS, runs - done), workload }
    tasks.push(mutant === undefined ? task : { ...task, mutant })
  }
  return tasks
}

function replay({ seed, workload, mutant }: OracleSearch): boolean {
  const variant = mutant === undefined ? undefined : variantNamed(mutant)
  const result = runOracle({ seed, workload, stock, print: console.log, ...(variant && { variant }) })
  console.log(described(result))
  return !isWrong(result)
}

function report(search: OracleSearch, tally: OracleTally, seconds: number): void {
  for (const result of tally.wrong.slice(0, PRINTED_MAX)) {
    console.log(described(result))
    console.log(`  replay: ${replayCommand(search, result.seed)}`)
  }
  if (tally.wrong.length > PRINTED_MAX) console.log(`... and ${tally.wrong.length - PRINTED_MAX} more seeds`)
  console.log(`${progress(search, tally, seconds)}; seeds ${search.seed} to ${search.seed + search.runs - 1}`)
}

function progress({ workload, runs }: OracleSearch, tally: OracleTally, seconds: number): string {
  const { lost, stale, diverged, misjudged, mismatched, failures } = tally
  const found = `${lost} lost, ${stale} stale, ${diverged} diverged, ${misjudged} misjudged, ${mismatched} mismatched, ${failures} failures`
  const size = `${tally.runs} of ${runs} runs (${workload}), ${tally.keys} contested keys, ${tally.writes} writes`
  return `${size}: ${found}; ${seconds.toFixed(1)} s`
}

function described({
  seed,
  lost,
  stale,
  diverged,
  misjudged,
  mismatched,
  failures,
  hash,
}: OracleResult): string {
  const found = `${lost} lost, ${stale} stale, ${diverged} diverged, ${misjudged} misjudged, ${mismatched} mismatched`
  const failed = failures.map((failure) => `; ${failure}`).join('')
  return `seed ${seed}: ${found}${failed} (trace ${hash.toString(16)})`
}

/** The command that plays one seed again. */
export function replayCommand({ workload, mutant }: Omit<OracleSearch, 'json'>, seed: number): string {
  const options = [
    ...(workload === 'default' ? [] : [`--workload '${workload}'`]),
    ...(mutant === undefined ? [] : [`--mutant '${mutant}'`]),
  ]
  return ['npm run sim -- oracle --runs 1', `--seed ${seed}`, ...options].join(' ')
}
