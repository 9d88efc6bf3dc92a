/**
 * One run of the swarm: a random cluster under random faults, then calm; everything that the checker knows must
 * hold at the end. A run is named by its seed; one that fails is made smaller by leaving faults out.
 */
import { randomInteger, seededRandom } from '../src/base/random.js'
import type { Engine } from '../src/mesh/protocol/engine.js'
import { Checker } from './checker.js'
import { Cluster, engineFactory } from './cluster.js'
import { epilogue, type Verdict } from './epilogue.js'
import { drawFaults, type Fault, faultsEnd, playFaults } from './faults.js'
import type { Seat } from './seat.js'
import { everyoneWrites } from './workload.js'

/** How long the calm after the faults may take to heal everything. */
const SETTLE_MILLIS_MAX = 240_000
/** A healed cluster must stay so. */
const STAY_MILLIS = 20_000

/** Members are back at signaling within this, and what a loss held up has arrived. */
const SIGNALING_BACK_MILLIS = 5_000

/** What a run is made of; drawn from its seed. */
export interface Scenario {
  seed: number
  members: number
  replica: 'stub' | 'real'
  browserShare: number
  /** How often each member writes. */
  writeMillis: number
  chaosMillis: number
  faults: readonly Fault[]
}

export interface Outcome {
  /** What did not hold, in words; empty when all is well. */
  problems: string[]
  /** From the last fault until everything held. */
  settleMillis: number | undefined
  traceHash: string
  inputs: number
  simulatedMillis: number
  /** Members that stood a storm of losses at the end, and how many of them somebody removed. */
  stormed: number
  removed: number
}

const NO_STORM = { stormed: 0, removed: 0 }

/** The scenario of a seed. */
export function scenarioOf(seed: number): Scenario {
  const random = seededRandom(seed)
  const members = 3 + randomInteger(random, 22)
  const chaosMillis = 30_000 + Math.floor(60_000 * random())
  return {
    seed,
    members,
    replica: random() < 0.3 ? 'real' : 'stub',
    browserShare: random() < 0.5 ? 0 : random(),
    writeMillis: 500 + Math.floor(10_000 * random()),
    chaosMillis,
    faults: drawFaults(random, 1 + randomInteger(random, 20), chaosMillis),
  }
}

/** Plays a scenario. `makeEngine` may hand in another engine, as a broken one that must be caught. */
export function playScenario(
  scenario: Scenario,
  makeEngine: (seat: Seat) => Engine = engineFactory(),
): Outcome {
  const { seed, replica, browserShare, chaosMillis } = scenario
  const cluster = new Cluster({ seed, replica, browserShare, makeEngine })
  const checker = new Checker(cluster)
  try {
    const settleMillis = live(cluster, checker, scenario)
    const late = cluster.now
    if (settleMillis === undefined)
      return outcome(cluster, undefined, [...checker.broken, ...checker.unsettled()])
    const problems = [...stays(cluster, checker), ...calmDeaths(checker, late)]
    // What has not even settled would fail in everything else as well.
    const verdict = problems.length === 0 ? epilogue(cluster) : { problems, ...NO_STORM }
    return outcome(cluster, settleMillis, [...checker.broken, ...verdict.problems], verdict)
  } catch (error) {
    return outcome(cluster, undefined, [`threw after ${chaosMillis} ms: ${String(error)}`])
  }
}

function live(cluster: Cluster<Engine>, checker: Checker, scenario: Scenario): number | undefined {
  cluster.grow(scenario.members, 500)
  cluster.run(5_000)
  everyoneWrites(cluster, scenario.writeMillis, cluster.now + scenario.chaosMillis)
  playFaults(cluster, scenario.faults)
  cluster.run(Math.max(scenario.chaosMillis, faultsEnd(scenario.faults)) + SIGNALING_BACK_MILLIS)
  const { conditions, signaling } = cluster.network
  Object.assign(conditions.now, { loss: 0, dialFailure: 0 })
  signaling.turn(true)
  cluster.heal()
  return cluster.runUntil(() => checker.unsettled().length === 0, SETTLE_MILLIS_MAX, 1_000)
}

/** Data that agreed agrees for ever; links may be in repair at any moment, and then are not for long. */
function stays(cluster: Cluster<Engine>, checker: Checker): string[] {
  cluster.run(STAY_MILLIS)
  if (cluster.digests().size > 1) return ['settled, and then the digests differ']
  const again = cluster.runUntil(() => checker.unsettled().length === 0, STAY_MILLIS, 1_000)
  return again === undefined ? checker.unsettled().map((problem) => `settled, and then ${problem}`) : []
}

function calmDeaths({ deaths }: Checker, since: number): string[] {
  const count = deaths.falseDeaths.filter(({ at }) => at > since).length
  return count > 0 ? [`${count} false deaths in the calm`] : []
}

function outcome(
  cluster: Cluster<Engine>,
  settleMillis: number | undefined,
  problems: string[],
  { stormed, removed }: Omit<Verdict, 'problems'> = NO_STORM,
): Outcome {
  const { traceHash, inputs, now } = cluster
  return { problems, settleMillis, traceHash, inputs, simulatedMillis: now, stormed, removed }
}

/** Leaves out halves of the faults, then single ones, as long as the run still fails. */
export function shrink(scenario: Scenario, makeEngine?: (seat: Seat) => Engine): Scenario {
  let smallest = scenario
  for (
    let size = Math.ceil(scenario.faults.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let start = 0; start < smallest.faults.length; ) {
      const faults = smallest.faults.filter((_, index) => index < start || index >= start + size)
      const candidate = { ...smallest, faults }
      if (playScenario(candidate, makeEngine).problems.length > 0) smallest = candidate
      else start += size
    }
  }
  return smallest
}
