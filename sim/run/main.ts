/**
 * `npm run sim -- <what> [--runs N] [--seed S] [--workload W] [--mutant NAME] [--json]`: long searches for faults in virtual time. Each run is named by its
 * seed; one that fails is printed with the command that plays it again, and the exit code is 1.
 */
import { parseArgs } from 'node:util'
import type { Workload } from '../oracle/profile.js'
import { searchEngines } from './search-engines.js'
import { searchMutants } from './search-mutants.js'
import { isWorkload, searchOracle } from './search-oracle.js'
import { swarm } from './search-swarm.js'

/** What a search is handed. */
export interface SearchOptions {
  runs: number
  /** The seed of the first run; the next ones follow. */
  seed: number
  /** The size of an oracle run; others have one size. */
  workload: string
  /** The name of a broken variant that the oracle runs. */
  mutant: string | undefined
  /** One object a line instead of text, where a search has that. */
  json: boolean
}

interface Search {
  about: string
  /** Runs when `--runs` is not given. */
  runs: number
  /** Prints as it goes; false when something failed. */
  search(options: SearchOptions): boolean | Promise<boolean>
}

const SEARCHES: Readonly<Record<string, Search>> = {
  swarm: { about: 'engines under random faults, then calm: everything must heal', runs: 100, search: swarm },
  oracle: {
    about: 'replicas under random faults: no key lost, stale or diverged; --runs 1 prints the whole run',
    runs: 20_000,
    search: (options) => searchOracle({ ...options, workload: workloadOf(options) }),
  },
  mutants: {
    about: 'runs until the oracle catches each broken variant; writes the table in docs/TESTING.md',
    runs: 20_000,
    search: searchMutants,
  },
  engines: {
    about: 'the swarm with each broken engine until it is caught; writes the table in docs/TESTING.md',
    runs: 100,
    search: searchEngines,
  },
}

process.exitCode = await main(process.argv.slice(2))

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      runs: { type: 'string' },
      seed: { type: 'string', default: '1' },
      workload: { type: 'string', default: 'default' },
      mutant: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  const [name = ''] = positionals
  const search = SEARCHES[name]
  if (search === undefined) {
    const list = Object.entries(SEARCHES).map(([key, { about }]) => `  ${key.padEnd(10)} ${about}`)
    console.error(`npm run sim -- <what> [--runs N] [--seed S]\n${list.join('\n')}`)
    return 1
  }
  const runs = Number(values.runs ?? search.runs)
  const seed = Number(values.seed)
  if (!Number.isSafeInteger(runs) || !Number.isSafeInteger(seed) || runs < 1) {
    console.error('--runs is a positive integer and --seed an integer.')
    return 1
  }
  const { workload, mutant, json } = values
  return (await search.search({ runs, seed, workload, mutant, json })) ? 0 : 1
}

/** @throws Error when there is no such workload */
function workloadOf({ workload }: SearchOptions): Workload {
  if (!isWorkload(workload)) throw new Error(`There is no workload ${workload}`)
  return workload
}
