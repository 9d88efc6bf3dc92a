/**
 * Row 5: how long a crash takes to be known: from the end of the process to the removal from the table of a
 * survivor, over all pairs of a crash and a survivor. A crash leaves its links open and silent. Ghosts: pairs of a
 * survivor and a dead member that it still counts 5 minutes after half of all died at once, when many of the dead
 * have nobody left who watched them.
 */

import type { Cluster } from '../sim/cluster.js'
import { Deaths } from '../sim/deaths.js'
import { Histogram } from '../sim/histogram.js'
import type { Engine } from '../src/mesh/protocol/engine.js'
import type { Bench, BenchRow } from './bench.js'
import { atMost, formed } from './lab.js'

const BETWEEN_MILLIS = 15_000
const GHOST_MILLIS = 5 * 60_000

/** Times of detection, and ghosts. */
export const detection: Bench = {
  name: 'detection',
  rows: [5],
  about: 'time until survivors remove a crashed member, and ghosts after half of all die at once',
  async *run({ quick, size }) {
    for (const one of size ? [size] : quick ? [10, 100] : [10, 100, 1_000]) {
      yield* single(one, quick ? 10 : 30)
      yield ghosts(formed({ seed: 7, size: one }))
    }
  },
}

/** One crash after the other; one in five members of a cluster dies, then the next cluster is formed. */
function* single(size: number, crashes: number): Iterable<BenchRow> {
  const times = new Histogram()
  let unnoticed = 0
  for (let left = crashes, seed = 7; left > 0; seed++) {
    const cluster = formed({ seed, size })
    const deaths = new Deaths(cluster, times)
    cluster.observers.push(deaths)
    const here = Math.min(left, Math.floor(size / 5))
    for (let crash = 0; crash < here; crash++) {
      cluster.crash(cluster.pick())
      cluster.run(BETWEEN_MILLIS)
    }
    unnoticed += deaths.ghosts
    left -= here
  }
  const row = { row: 5, name: 'detection', unit: 's' }
  const note = `${crashes} crashes, median ${times.percentile(0.5)} ms, max ${times.max} ms, ${unnoticed} not noticed within 15 s`
  yield atMost({ ...row, what: `N = ${size}, mean`, value: times.mean / 1000, note }, 4)
  yield atMost({ ...row, what: `N = ${size}, p99`, value: times.percentile(0.99) / 1000 }, 5.2)
}

function ghosts(cluster: Cluster<Engine>): BenchRow {
  const size = cluster.members.length
  const deaths = new Deaths(cluster)
  cluster.observers.push(deaths)
  for (let crash = 0; crash < size / 2; crash++) cluster.crash(cluster.pick())
  cluster.run(GHOST_MILLIS)
  const { detection: times } = deaths
  const note = `mean ${(times.mean / 1000).toFixed(1)} s, p99 ${(times.percentile(0.99) / 1000).toFixed(1)} s`
  const row = {
    row: 5,
    name: 'detection',
    what: `N = ${size}, 50 % die at once`,
    value: deaths.ghosts,
    unit: 'ghosts',
    note,
  }
  return atMost(row, 0)
}
