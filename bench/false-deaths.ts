/**
 * Row 6: living members that others remove. Loss is modelled as on a data channel: a lost frame is sent again after
 * 400 ms, then after twice that up to 3 s, and everything behind it on that link waits. One removal by one member
 * counts once. After the storm: the share of members that anyone removed, and when everyone knew everyone again.
 */

import type { Cluster } from '../sim/cluster.js'
import { Deaths } from '../sim/deaths.js'
import { knownCount } from '../sim/engine-view.js'
import type { Engine } from '../src/mesh/protocol/engine.js'
import type { Bench, BenchRow } from './bench.js'
import { atMost, formed, mean } from './lab.js'

const HOUR = 3_600_000
const STORM_MILLIS = 30_000
const BACK_MILLIS_MAX = 120_000

/** Removals of the living. */
export const falseDeaths: Bench = {
  name: 'false-deaths',
  rows: [6],
  about: 'living members removed by others: an hour at 5 % loss, and half a minute at 50 %',
  async *run({ quick, size = 100 }) {
    yield hour(size, quick ? HOUR / 12 : HOUR)
    yield* storms(size, quick ? 4 : 20)
  },
}

function hour(size: number, millis: number): BenchRow {
  const cluster = formed({ seed: 9, size })
  const deaths = watched(cluster)
  cluster.network.conditions.now.loss = 0.05
  cluster.run(millis)
  const victims = new Set(deaths.falseDeaths.map(({ subject }) => subject)).size
  const note = `${millis / 60_000} min, ${victims} different victims`
  const value = deaths.falseDeaths.length
  return atMost(
    { row: 6, name: 'false-deaths', what: `N = ${size}, 5 % loss`, value, unit: 'removals', note },
    0,
  )
}

/** Several storms, since one of a hundred members decides. */
function* storms(size: number, count: number): Iterable<BenchRow> {
  const runs = Array.from({ length: count }, (_, run) => storm(size, 10 + run))
  const row = { row: 6, name: 'false-deaths' }
  const per = runs.map(({ victims }) => victims).join(', ')
  const removals = runs.reduce((sum, run) => sum + run.removals, 0)
  const note = `mean of ${count} storms with ${per} members removed by anyone, ${removals} removals`
  const value = (100 * mean(runs.map(({ victims }) => victims))) / size
  yield atMost({ ...row, what: `N = ${size}, 50 % for 30 s`, value, unit: '% of members', note }, 1)
  const slowest = Math.max(...runs.map(({ backMillis }) => backMillis))
  yield atMost({ ...row, what: `N = ${size}, all back after`, value: slowest / 1000, unit: 's' }, 10)
}

function storm(size: number, seed: number) {
  const cluster = formed({ seed, size })
  const deaths = watched(cluster)
  cluster.network.conditions.now.loss = 0.5
  cluster.run(STORM_MILLIS)
  cluster.network.conditions.now.loss = 0
  const knowAll = () => cluster.members.every(({ engine }) => knownCount(engine) === size)
  const backMillis = cluster.runUntil(knowAll, BACK_MILLIS_MAX, 100) ?? BACK_MILLIS_MAX
  const { falseDeaths: removed } = deaths
  return {
    victims: new Set(removed.map(({ subject }) => subject)).size,
    removals: removed.length,
    backMillis,
  }
}

function watched(cluster: Cluster<Engine>): Deaths {
  const deaths = new Deaths(cluster)
  cluster.observers.push(deaths)
  return deaths
}
