/**
 * `npm run sim -- <what> [--runs N] [--seed S]`: long searches for faults in virtual time. Each run is named by its
 * seed; one that fails is printed with the command that plays it again, and the exit code is 1.
 */
import { parseArgs } from 'node:util'
import { swarm } from './sim-swarm.js'

/** What a search is handed. */
export interface SearchOptions {
  runs: number
  /** The seed of the first run; the next ones follow. */
  seed: number
}

interface Search {
  about: string
  /** Runs when `--runs` is not given. */
  runs: number
  /** Prints as it goes; false when something failed. */
  search(options: SearchOptions): boolean
}

const SEARCHES: Readonly<Record<string, Search>> = {
  swarm: { about: 'engines under random faults, then calm: everything must heal', runs: 100, search: swarm },
}

process.exitCode = main(process.argv.slice(2))

function main(args: string[]): number {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { runs: { type: 'string' }, seed: { type: 'string', default: '1' } },
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
  return search.search({ runs, seed }) ? 0 : 1
}
