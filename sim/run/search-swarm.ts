/** `npm run sim -- swarm`: random clusters under random faults. Prints what failed, and the smallest schedule that does. */

import { removedMax } from '../epilogue.js'
import { Histogram } from '../histogram.js'
import { type Outcome, playScenario, type Scenario, scenarioOf, shrink } from '../swarm.js'

/** After so many failures the rest would tell nothing new. */
const FAILURES_MAX = 5
/** How often progress is printed. */
const PROGRESS_MILLIS = 10_000

/** Plays runs from `seed` on; false when one failed. */
export function swarm({ runs, seed }: { runs: number; seed: number }): boolean {
  const settled = new Histogram()
  const startedAt = performance.now()
  let failures = 0
  let printedAt = startedAt
  let inputs = 0
  let done = 0
  const storm = { stormed: 0, removed: 0 }
  for (; done < runs && failures < FAILURES_MAX; done++) {
    const scenario = scenarioOf(seed + done)
    const outcome = playScenario(scenario)
    inputs += outcome.inputs
    storm.stormed += outcome.stormed
    storm.removed += outcome.removed
    if (outcome.settleMillis !== undefined) settled.add(outcome.settleMillis)
    if (outcome.problems.length > 0) {
      failures += 1
      report(scenario, outcome)
    }
    if (performance.now() - printedAt > PROGRESS_MILLIS) {
      printedAt = performance.now()
      console.log(`${done + 1} of ${runs} runs, ${failures} failed`)
    }
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
  console.log(
    `swarm: ${done} runs from seed ${seed}, ${failures} failed, ${inputs} inputs in ${seconds} s; ` +
      `healed after ${settled.percentile(0.5)} ms (median), ${settled.percentile(0.99)} ms (p99), ${settled.max} ms (max)`,
  )
  const share = ((100 * storm.removed) / Math.max(1, storm.stormed)).toFixed(2)
  console.log(
    `at 30 % loss ${storm.removed} of ${storm.stormed} living members were removed by anybody: ${share} %`,
  )
  return failures === 0 && storm.removed <= removedMax(storm.stormed)
}

function report(scenario: Scenario, outcome: Outcome): void {
  console.log(`FAILED seed ${scenario.seed}: ${outcome.problems.join('; ')}`)
  console.log(`  ${scenario.members} members, ${scenario.replica} replicas, ${scenario.faults.length} faults`)
  console.log(`  again: npm run sim -- swarm --runs 1 --seed ${scenario.seed}`)
  const smallest = shrink(scenario)
  console.log(`  smallest schedule that fails: ${smallest.faults.length} faults`)
  for (const fault of smallest.faults) console.log(`    ${JSON.stringify(fault)}`)
}
