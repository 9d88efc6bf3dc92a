/**
 * The causal oracle over real replicas: the library is right under random faults, and the oracle would see it if it
 * were not. `npm run sim -- oracle` runs many more seeds, `npm run sim -- mutants` the variants that are rarely caught.
 */
import { expect } from 'chai'
import { MUTANTS } from '../../../sim/mutants/mutants.js'
import { stock } from '../../../sim/oracle/made-stock.js'
import type { Workload } from '../../../sim/oracle/profile.js'
import { type OracleResult, runOracle } from '../../../sim/oracle/run.js'
import type { Variant } from '../../../sim/oracle/variant.js'

const RIGHT = { lost: 0, stale: 0, diverged: 0, misjudged: 0, mismatched: 0, failures: [] }
/** Variants that are caught this soon; the others are in the table of docs/TESTING.md. */
const SOON_CAUGHT: readonly string[] = [
  'gaps accepted',
  'state vector as digest',
  'session reused after a restore',
  'loser of a conflict kept',
  'entries of others are written anew',
  'compaction that forgets a deleted tail',
]
const SOON_RUNS = 80
/** Of each workload. */
const RUNS = 60
const RUNS_PER_TEST = 20

describe('The causal oracle over real replicas', () => {
  for (const workload of ['default', 'small', 'skewed', 'small skewed'] as const)
    for (let from = 1; from <= RUNS; from += RUNS_PER_TEST)
      it(`finds nothing wrong in ${RUNS_PER_TEST} ${workload} runs from seed ${from}`, () => {
        for (let seed = from; seed < from + RUNS_PER_TEST; seed++) expectRight(workload, seed)
      })

  for (const { variant, workload } of MUTANTS.filter((mutant) => SOON_CAUGHT.includes(mutant.variant.name)))
    it(`catches "${variant.name}" within ${SOON_RUNS} runs`, () => {
      expect(caughtAt(variant, workload)).to.be.at.most(SOON_RUNS)
    })

  it('plays a seed the same in every runtime', () => {
    // A change of what replicas draw, tell or hash changes these: then take over what the failure shows.
    const hashes = [1, 2, 3].map((seed) => runOracle({ seed, stock }).hash)
    expect(hashes).to.deep.equal([3308783833, 4043784660, 1190981806])
  })

  it('plays different seeds differently, and one seed twice the same', () => {
    const [first, again, other] = [4, 4, 5].map((seed) => runOracle({ seed }).hash)
    expect(first).to.equal(again)
    expect(first).not.to.equal(other)
  })
})

function expectRight(workload: Workload, seed: number): void {
  const { lost, stale, diverged, misjudged, mismatched, failures } = runOracle({ seed, workload, stock })
  const replay = `npm run sim -- oracle --runs 1 --seed ${seed} --workload '${workload}'`
  expect({ lost, stale, diverged, misjudged, mismatched, failures }, replay).to.deep.equal(RIGHT)
}

/** The first seed at which something is lost, stale or diverged. */
function caughtAt(variant: Variant, workload: Workload): number {
  const isCaught = ({ lost, stale, diverged }: OracleResult) => lost + stale + diverged > 0
  for (let seed = 1; seed <= SOON_RUNS; seed++)
    if (isCaught(runOracle({ seed, workload, variant, stock }))) return seed
  return Number.POSITIVE_INFINITY
}
