/**
 * Rows 1 and 2: how long a write takes to be merged by a member, from the call that makes it, over all pairs of a
 * write and a member that was up; the 99th percentile of all of them. One-way delays of 10 to 50 ms, fixed for each
 * pair of members, and up to a tenth more on each frame. A steady writer has written before; a quiet member never.
 */
import type { Cluster } from '../sim/cluster.js'
import { Delivery } from '../sim/delivery.js'
import type { SimEngine } from '../sim/seat.js'
import { quietWriters, steadyWriter } from '../sim/workload.js'
import type { Frame } from '../src/mesh/wire/frame.js'
import { baselineRound, floodCluster, pushCluster } from './baselines.js'
import type { Bench, BenchRow } from './bench.js'
import { atMost, cpuSeconds, formed, reported } from './lab.js'

const WRITE_MILLIS = 97
const WARM_WRITES = 50
/** What the slowest contestant needs to finish. */
const FINISH_MILLIS = 5_000

interface Size {
  size: number
  row: number
  steady?: number
  quiet?: number
}

const SIZES: readonly Size[] = [
  { size: 10, row: 1 },
  { size: 100, row: 1, steady: 130, quiet: 220 },
  { size: 1_000, row: 2, steady: 180, quiet: 320 },
]

/** Delays of a write. */
export const propagation: Bench = {
  name: 'propagation',
  rows: [1, 2],
  about: 'time from a write to its merge at every member: a steady writer, and first writes of quiet members',
  async *run({ quick, size }) {
    const sizes = size ? [SIZES.find((known) => known.size === size) ?? { size, row: 2 }] : SIZES
    for (const one of quick && !size ? sizes.filter((known) => known.size <= 100) : sizes)
      yield* measure(one, quick)
  },
}

async function* measure(size: Size, quick: boolean): AsyncIterable<BenchRow> {
  const startedAt = cpuSeconds()
  const ours = formed({ seed: size.size, size: size.size })
  const formedAfter = cpuSeconds() - startedAt
  const quiet = wave(ours, 'quiet', quick)
  const steady = wave(ours, 'steady', quick)
  const cpu = `CPU ${formedAfter.toFixed(0)} s to form, ${(cpuSeconds() - startedAt).toFixed(0)} s in all`
  yield rowOf(size, 'steady', steady, cpu)
  yield rowOf(size, 'quiet', quiet, cpu)
  for (const [contestant, cluster] of [
    ['flood', floodCluster(size.size, size.size)],
    ['memberlist', pushCluster(size.size, size.size)],
  ] as const) {
    // Neither knows the one from the other; first writes need no repair of what went before.
    const delivery = wave(cluster, 'quiet', quick, baselineRound)
    yield { ...reported({ ...bare(size, 'quiet', delivery), note: noteOf(delivery) }), contestant }
  }
}

function wave<E extends SimEngine>(
  cluster: Cluster<E>,
  kind: 'steady' | 'quiet',
  quick: boolean,
  roundOf?: (frame: Frame) => number | undefined,
): Delivery {
  const writer = cluster.pick()
  if (kind === 'steady') steadyWriter(cluster, writer, WARM_WRITES, WRITE_MILLIS)
  const delivery = new Delivery(cluster, roundOf)
  cluster.observers.push(delivery)
  if (kind === 'steady') steadyWriter(cluster, writer, quick ? 100 : 300, WRITE_MILLIS)
  else quietWriters(cluster, Math.min(quick ? 30 : 100, cluster.members.length), 1_000)
  cluster.run(FINISH_MILLIS)
  cluster.observers.splice(cluster.observers.indexOf(delivery), 1)
  return delivery
}

function rowOf(size: Size, kind: 'steady' | 'quiet', delivery: Delivery, cpu: string): BenchRow {
  const row = { ...bare(size, kind, delivery), note: `${noteOf(delivery)}; ${cpu}` }
  const most = size[kind]
  return most === undefined ? reported(row) : atMost(row, most)
}

function bare(size: Size, kind: 'steady' | 'quiet', delivery: Delivery) {
  return {
    row: size.row,
    name: 'propagation',
    what: `p99, N = ${size.size}, ${kind === 'steady' ? 'steady writer' : 'quiet members'}`,
    value: delivery.delay.percentile(0.99),
    unit: 'ms',
  }
}

function noteOf({ delay, hops, copies, expected }: Delivery): string {
  const missing = expected - delay.total
  return [
    `median ${delay.percentile(0.5)} ms, max ${delay.max} ms`,
    `hops up to ${hops.max}`,
    `${copies.toFixed(2)} copies`,
    ...(missing > 0 ? [`${missing} of ${expected} NOT delivered`] : []),
  ].join(', ')
}
