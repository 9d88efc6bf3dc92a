/**
 * `npm run sim -- engines`: plays the swarm with each broken engine of sim/mutants until the checker catches
 * it, and writes the table in docs/TESTING.md between its markers.
 */

import { ENGINE_MUTANTS, type EngineMutant } from '../mutants/engine-mutants.js'
import { playScenario, scenarioOf } from '../swarm.js'
import { writeTable } from './testing-table.js'

const MARKS = {
  start: '<!-- engines: written by `npm run sim -- engines` -->',
  end: '<!-- end of engines -->',
}
const HEAD = ['| engine | what breaks | caught within runs | as |', '| --- | --- | --- | --- |']
/** A problem is quoted up to here. */
const QUOTED_MAX = 90

interface Catch {
  /** The run that caught it, counted from the first seed; undefined: none did. */
  run: number | undefined
  problem: string
}

/** Searches, prints and writes; false when an engine is not caught within `runs`. */
export function searchEngines({ runs, seed }: { runs: number; seed: number }): boolean {
  const catches = ENGINE_MUTANTS.map((mutant) => {
    const caught = catchOf(mutant, seed, runs)
    console.log(
      `${mutant.name}: ${caught.run === undefined ? `not caught in ${runs} runs` : `run ${caught.run}, ${caught.problem}`}`,
    )
    return { mutant, caught }
  })
  const rows = catches.map(({ mutant, caught }) => {
    const within = caught.run === undefined ? `not caught in ${runs}` : String(caught.run)
    return `| ${mutant.name} | ${mutant.breaks} | ${within} | ${caught.problem} |`
  })
  writeTable(MARKS, [...HEAD, ...rows])
  console.log(`The table in docs/TESTING.md is written: ${rows.length} engines.`)
  return catches.every(({ caught }) => caught.run !== undefined)
}

function catchOf({ makeEngine }: EngineMutant, seed: number, runs: number): Catch {
  for (let run = 1; run <= runs; run++) {
    const [problem] = playScenario(scenarioOf(seed + run - 1), makeEngine).problems
    if (problem !== undefined) return { run, problem: problem.slice(0, QUOTED_MAX) }
  }
  return { run: undefined, problem: '' }
}
