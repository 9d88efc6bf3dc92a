/**
 * Row 3: copies of a payload that a member receives per update, in the mean over all updates and members; 1 is the
 * least without sync. Counted are frames with the content of a write that arrive, first copies and duplicates.
 */

import type { Cluster } from '../sim/cluster.js'
import { Delivery } from '../sim/delivery.js'
import type { SimEngine } from '../sim/seat.js'
import { churn, everyoneWrites, quietWriters, steadyWriter, writeNowAndThen } from '../sim/workload.js'
import type { Engine } from '../src/mesh/protocol/engine.js'
import { baselineRound, floodCluster, pushCluster } from './baselines.js'
import type { Bench, BenchRow } from './bench.js'
import { atMost, formed, reported } from './lab.js'

const MINUTE = 60_000
const WRITE_MILLIS = 97
/** A tree has formed after so many writes. */
const WARM_WRITES = 30
const FINISH_MILLIS = 5_000

/** Copies per member and update. */
export const redundancy: Bench = {
  name: 'redundancy',
  rows: [3],
  about: 'payload copies per member and update: one writer, everybody, with churn, in a full mesh of 5',
  async *run({ quick, size }) {
    yield steady(formed({ seed: 3, size: 5 }), quick, 1.1)
    for (const one of size ? [size] : quick ? [100] : [100, 1_000]) {
      const cluster = formed({ seed: 3, size: one })
      yield steady(cluster, quick, 1.05)
      yield everybody(cluster, quick)
      yield churning(cluster, quick)
      yield* contestants(one)
    }
  },
}

function steady(cluster: Cluster<Engine>, quick: boolean, most: number): BenchRow {
  const writer = cluster.pick()
  const cold = counting(cluster, () => steadyWriter(cluster, writer, WARM_WRITES, WRITE_MILLIS))
  const delivery = counting(cluster, () => steadyWriter(cluster, writer, quick ? 100 : 500, WRITE_MILLIS))
  const note = `${delivery.writes} writes, after ${WARM_WRITES} with ${cold.copies.toFixed(2)}`
  return atMost({ ...copiesRow(`N = ${cluster.members.length}, one steady writer`, delivery), note }, most)
}

function everybody(cluster: Cluster<Engine>, quick: boolean): BenchRow {
  const warm = MINUTE
  const measured = quick ? MINUTE : 3 * MINUTE
  everyoneWrites(cluster, MINUTE, cluster.now + warm + measured)
  cluster.run(warm)
  const delivery = counting(cluster, () => cluster.run(measured))
  return atMost(copiesRow(`N = ${cluster.members.length}, all write once a minute`, delivery), 1.3)
}

function churning(cluster: Cluster<Engine>, quick: boolean): BenchRow {
  const measured = quick ? MINUTE : 3 * MINUTE
  const until = cluster.now + MINUTE + measured
  everyoneWrites(cluster, MINUTE, until)
  churn(cluster, {
    stayMillis: 10 * MINUTE,
    crashShare: 0.3,
    until,
    came: (member) => writeNowAndThen(cluster, member, MINUTE, until),
  })
  cluster.run(MINUTE)
  const delivery = counting(cluster, () => cluster.run(measured))
  const note = `${noteOf(delivery)}; stays of 10 min, 30 % end by a crash`
  return atMost({ ...copiesRow(`N = ${cluster.members.length}, with churn`, delivery), note }, 2)
}

function* contestants(size: number): Iterable<BenchRow> {
  for (const [contestant, cluster] of [
    ['flood', floodCluster(3, size)],
    ['memberlist', pushCluster(3, size)],
  ] as const) {
    const delivery = counting(cluster, () => quietWriters(cluster, size, WRITE_MILLIS), true)
    yield { ...reported(copiesRow(`N = ${size}`, delivery)), contestant }
  }
}

/** Counts what is written while `act` lets time pass, and waits until it has arrived. */
function counting<E extends SimEngine>(
  cluster: Cluster<E> | Cluster<Engine>,
  act: () => void,
  other = false,
): Delivery {
  const delivery = new Delivery(cluster, other ? baselineRound : undefined)
  cluster.observers.push(delivery)
  act()
  delivery.close()
  cluster.run(FINISH_MILLIS)
  cluster.observers.splice(cluster.observers.indexOf(delivery), 1)
  return delivery
}

function copiesRow(what: string, delivery: Delivery) {
  return { row: 3, name: 'redundancy', what, value: delivery.copies, unit: 'copies', note: noteOf(delivery) }
}

function noteOf({ writes, ways, expected }: Delivery): string {
  return `${writes} writes, ${((100 * ways.broadcast) / expected).toFixed(2)} % by broadcast, ${ways.sync} by sync`
}
