/**
 * One run of the causal oracle: real replicas under partitions, loss, reordering, duplication, clocks that are
 * off, crashes with restores of old checkpoints, aborted syncs and stock writes; then everything heals, all sync,
 * and the oracle judges each key. That happens several times with other faults. Everything follows from the seed.
 */
import { sample, seededRandom } from '../../src/base/random.js'
import { step } from './events.js'
import { type Judgement, judge } from './judgement.js'
import type { OracleMember } from './member.js'
import { WORKLOADS, type Workload } from './profile.js'
import { Scene } from './scene.js'
import type { Stock } from './stock.js'
import { Traffic } from './traffic.js'
import { NO_VARIANT, type Variant } from './variant.js'
import { World } from './world.js'

export interface OracleOptions {
  seed: number
  /** Default: `default`. */
  workload?: Workload
  /** Default: the library as it is. */
  variant?: Variant
  /** How others read the outcome; left out, it is not compared. */
  stock?: Stock
  /** Called with each thing that happens. */
  print?: (line: string) => void
}

/** What a run came to. */
export interface OracleResult extends Judgement {
  seed: number
  /** Keys judged. */
  keys: number
  writes: number
  /** Members that came back from their log with something else than they had. */
  mismatched: number
  /** What no run may do: own bytes refused, an error event. */
  failures: readonly string[]
  /** Of everything that happened: 32 bits, the same in every runtime. */
  hash: number
}

/** Rounds of syncs in which everybody must come to agree. */
const ROUNDS_MAX = 24

/** Runs one seed; ends at the first epoch in which something is wrong. */
export function runOracle(options: OracleOptions): OracleResult {
  const { seed, stock, variant = NO_VARIANT, workload = 'default' } = options
  const size = WORKLOADS[workload]
  const world = new World({
    random: seededRandom(seed),
    variant,
    keys: size.keys,
    stock,
    print: options.print,
  })
  const scene = new Scene(world, size)
  const traffic = new Traffic(scene)
  const judgement = { lost: 0, stale: 0, diverged: 0, misjudged: 0 }
  let epochs = 0
  for (; epochs < size.epochs && isRight(judgement); epochs++) {
    scene.redraw()
    for (let left = scene.profile.stepCount; left > 0; left--) step(scene, traffic)
    heal(scene, traffic)
    // Reading it elsewhere costs as much as the rest of an epoch.
    judge(scene, judgement, epochs === size.epochs - 1 ? stock : undefined)
  }
  for (const { replica } of scene.members) replica.destroy()
  const { causality, mismatched, failures, hash } = world
  const counted = { keys: epochs * size.keys, writes: causality.writes.length, mismatched }
  return { seed, ...counted, ...judgement, failures, hash }
}

function isRight({ lost, stale, diverged, misjudged }: Judgement): boolean {
  return lost + stale + diverged + misjudged === 0
}

/** Clocks jump once more, all links are up, some of what was under way arrives; then pairs sync until nobody differs. */
function heal(scene: Scene, traffic: Traffic): void {
  const { world, members } = scene
  scene.reunite()
  for (const member of members) member.skewMillis = scene.skew()
  for (const member of members) traffic.broadcast(member)
  traffic.flush()
  for (let round = 0; round < ROUNDS_MAX && !areInSync(members); round++) {
    world.now += 1_000
    for (const member of sample(world.random, members, members.length))
      syncBoth(member, scene.anyone(), traffic)
  }
}

function areInSync(members: readonly OracleMember[]): boolean {
  const digest = members[0]?.digest()
  return members.every((member) => member.digest() === digest)
}

function syncBoth(a: OracleMember, b: OracleMember, traffic: Traffic): void {
  if (a === b || a.digest() === b.digest()) return
  traffic.sync(a, b)
  traffic.sync(b, a)
}
