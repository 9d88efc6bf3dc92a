/**
 * Engines that are broken on purpose, each caught by the checker in the run named here; `npm run sim -- engines`
 * searches for those that are missing.
 */
import { expect } from 'chai'
import { ENGINE_MUTANTS } from '../../../sim/mutants/engine-mutants.js'
import { playScenario, scenarioOf } from '../../../sim/swarm.js'

/** A small cluster without faults is enough for these. */
const CALM = { ...scenarioOf(3), members: 12, chaosMillis: 5_000, faults: [] }
const CAUGHT_IN_THE_CALM: readonly string[] = [
  'doubts are not told',
  'a goodbye is not flooded',
  'no bound on links',
  'dials again the member that ended the link',
  'early envelopes are dropped',
  'merges after it forwards',
  'no local health',
  'no pause before a suspect is buried',
  'no re-introduction',
]

describe('the checker of the swarm', () => {
  it('finds nothing wrong with the engine of the library, without any fault', () => {
    expect(playScenario(CALM).problems).to.deep.equal([])
  })

  for (const { name, breaks, makeEngine } of ENGINE_MUTANTS.filter((one) =>
    CAUGHT_IN_THE_CALM.includes(one.name),
  ))
    it(`catches "${name}": ${breaks}`, () => {
      expect(playScenario(CALM, makeEngine).problems).to.not.be.empty
    })
})
