/**
 * Rows 9 and 10. Links: the most neighbors (links with both sides introduced) that any member has, looked at ten
 * times a second while the cluster forms, rests, and members come and go. Dials: all dials begun in the whole
 * cluster while members join a resting one, less what the resting cluster dials by itself, per join.
 */

import { type Cluster, engineCluster } from '../sim/cluster.js'
import { neighbors } from '../sim/engine-view.js'
import { degrees } from '../sim/overlay.js'
import { churn } from '../sim/workload.js'
import type { Engine } from '../src/mesh/protocol/engine.js'
import type { Bench, BenchRow } from './bench.js'
import { atMost } from './lab.js'

const MINUTE = 60_000
const SAMPLE_MILLIS = 100
const JOIN_MILLIS = 2_000

/** Links per member and dials per join. */
export const links: Bench = {
  name: 'links',
  rows: [9, 10],
  about: 'the most links that a member has, and dials per join',
  async *run({ quick, size }) {
    const sizes = size ? [size] : quick ? [10, 100] : [10, 100, 1_000]
    for (const one of sizes) {
      const cluster = engineCluster({ seed: 14 })
      yield most(cluster, one)
      cluster.run(MINUTE)
      yield dials(cluster)
    }
  },
}

function most(cluster: Cluster<Engine>, size: number): BenchRow {
  const seen = { neighbors: 0, open: 0 }
  cluster.every(SAMPLE_MILLIS, () => look(cluster, seen))
  cluster.grow(size, 20)
  cluster.run(MINUTE)
  const rested = degrees(cluster.members)
  churn(cluster, { stayMillis: 2 * MINUTE, crashShare: 0.3, until: cluster.now + MINUTE })
  cluster.run(MINUTE)
  const note = `at rest ${rested.mean.toFixed(2)} in the mean; with links not yet introduced up to ${seen.open}`
  return atMost(
    { row: 9, name: 'links', what: `N = ${size}, most`, value: seen.neighbors, unit: 'links', note },
    8,
  )
}

function look(cluster: Cluster<Engine>, seen: { neighbors: number; open: number }): void {
  for (const { engine, links: open } of cluster.members) {
    seen.neighbors = Math.max(seen.neighbors, neighbors(engine).length)
    seen.open = Math.max(seen.open, open.size)
  }
}

function dials(cluster: Cluster<Engine>): BenchRow {
  const size = cluster.members.length
  const joins = Math.max(5, Math.min(30, Math.floor(size / 5)))
  const alone = dialsIn(cluster, () => cluster.run(joins * JOIN_MILLIS + MINUTE))
  const joining = dialsIn(cluster, () => {
    cluster.grow(joins, JOIN_MILLIS)
    cluster.run(MINUTE)
  })
  const value = (joining - alone) / joins
  const note = `${joins} joins; the resting cluster dialed ${alone} times in the same time`
  return atMost({ row: 10, name: 'links', what: `N = ${size}, per join`, value, unit: 'dials', note }, 7)
}

function dialsIn(cluster: Cluster<Engine>, act: () => void): number {
  const before = cluster.network.dials
  act()
  return cluster.network.dials - before
}
