/**
 * Rows 2, 5, 7, 8 and 9 once more in one cluster of 5,000: formed once, since that takes most of the time and all of the
 * memory, as each member has a table of all others: 50 CPU-minutes and 14 GB. All members join within 20 s. Let Node have the
 * memory: `NODE_OPTIONS='--max-old-space-size=20000 --max-semi-space-size=64' npm run bench -- large`.
 */

import { type Cluster, engineCluster } from '../sim/cluster.js'
import { Deaths } from '../sim/deaths.js'
import { Delivery } from '../sim/delivery.js'
import { knownCount } from '../sim/engine-view.js'
import { components, degrees } from '../sim/overlay.js'
import { Traffic } from '../sim/traffic.js'
import { quietWriters, steadyWriter } from '../sim/workload.js'
import type { Engine } from '../src/mesh/protocol/engine.js'
import type { Bench, BenchRow } from './bench.js'
import { atMost, cpuSeconds, reported } from './lab.js'

const JOINING_MILLIS = 20_000
const REST_MILLIS = 60_000
const IDLE_MILLIS = 60_000
const WRITE_MILLIS = 97
const FINISH_MILLIS = 5_000
const CRASHES = 3
const CRASH_MILLIS = 8_000
const LEAVES = 3

/** The largest cluster. */
export const large: Bench = {
  name: 'large',
  rows: [2, 5, 7, 8, 9],
  about:
    'writes, crashes, goodbyes, idle traffic and links in one cluster of 5,000; takes an hour, and 17 GB',
  async *run({ quick, size = quick ? 300 : 5_000 }) {
    const start = cpuSeconds()
    const cluster = engineCluster({ seed: size })
    cluster.grow(size, JOINING_MILLIS / size)
    cluster.run(REST_MILLIS)
    yield shape(cluster, cpuSeconds() - start)
    yield* resting(cluster)
    yield writes(cluster, 'quiet members', () => quietWriters(cluster, 20, 500))
    const writer = cluster.pick()
    steadyWriter(cluster, writer, 50, WRITE_MILLIS)
    yield writes(cluster, 'steady writer', () => steadyWriter(cluster, writer, 100, WRITE_MILLIS))
    yield goodbyes(cluster)
    yield* crashes(cluster)
  },
}

const named = (cluster: Cluster<Engine>, row: number, what: string) => ({
  row,
  name: 'large',
  what: `N = ${cluster.members.length}, ${what}`,
})

function shape(cluster: Cluster<Engine>, cpu: number): BenchRow {
  const { members } = cluster
  const { max, mean } = degrees(members)
  const ignorant = members.filter(({ engine }) => knownCount(engine) !== members.length).length
  const memory = (process.memoryUsage().heapUsed / 1e9).toFixed(1)
  const note = [
    `mean ${mean.toFixed(2)}`,
    `${components(members).length} component`,
    `${ignorant} do not know all`,
    `${cluster.timeline.events} events, ${cpu.toFixed(0)} CPU s and ${memory} GB to form`,
  ].join(', ')
  return atMost({ ...named(cluster, 9, 'most links'), value: max, unit: 'links', note }, 8)
}

function* resting(cluster: Cluster<Engine>): Iterable<BenchRow> {
  const traffic = new Traffic()
  cluster.observers.push(traffic)
  cluster.run(IDLE_MILLIS)
  cluster.observers.pop()
  const size = cluster.members.length
  const share = (size * IDLE_MILLIS) / 1000
  const bytes = { value: traffic.bytes / share, unit: 'B/s', note: traffic.heaviest(share) }
  yield atMost({ ...named(cluster, 8, 'idle bytes'), ...bytes }, 1_500 + 0.5 * size)
  const most = Number((degrees(cluster.members).mean + 1).toFixed(2))
  yield atMost({ ...named(cluster, 8, 'idle messages'), value: traffic.frames / share, unit: '/s' }, most)
}

function writes(cluster: Cluster<Engine>, by: string, write: () => void): BenchRow {
  const delivery = new Delivery(cluster)
  cluster.observers.push(delivery)
  write()
  cluster.run(FINISH_MILLIS)
  cluster.observers.pop()
  const { delay, hops, copies, expected } = delivery
  const note = [
    `median ${delay.percentile(0.5)} ms, max ${delay.max} ms, hops up to ${hops.max}, ${copies.toFixed(2)} copies`,
    `${expected - delay.total} of ${expected} not delivered`,
  ].join('; ')
  return reported({ ...named(cluster, 2, `p99, ${by}`), value: delay.percentile(0.99), unit: 'ms', note })
}

function goodbyes(cluster: Cluster<Engine>): BenchRow {
  const base = named(cluster, 7, 'leave p99')
  const { farewell, ghosts } = watched(cluster, LEAVES, FINISH_MILLIS, () => cluster.leave(cluster.pick()))
  const note = `${LEAVES} leaves, median ${farewell.percentile(0.5)} ms, max ${farewell.max} ms, ${ghosts} not noticed`
  return reported({ ...base, value: farewell.percentile(0.99), unit: 'ms', note })
}

function* crashes(cluster: Cluster<Engine>): Iterable<BenchRow> {
  const base = named(cluster, 5, 'detection')
  const { detection, ghosts, falseDeaths } = watched(cluster, CRASHES, CRASH_MILLIS, () =>
    cluster.crash(cluster.pick()),
  )
  const note = `${CRASHES} crashes, max ${detection.max} ms, ${ghosts} not noticed, ${falseDeaths.length} false deaths`
  yield atMost({ ...base, what: `${base.what}, mean`, value: detection.mean / 1000, unit: 's', note }, 4)
  yield atMost(
    { ...base, what: `${base.what}, p99`, value: detection.percentile(0.99) / 1000, unit: 's' },
    5.2,
  )
}

/** How the others learn of it when `end` takes one member after the other away. */
function watched(cluster: Cluster<Engine>, count: number, everyMillis: number, end: () => void): Deaths {
  const deaths = new Deaths(cluster)
  cluster.observers.push(deaths)
  for (let ended = 0; ended < count; ended++) {
    end()
    cluster.run(everyMillis)
  }
  cluster.observers.pop()
  return deaths
}
