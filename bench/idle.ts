/**
 * Row 8: what a member of an idle cluster sends, in the mean: payload bytes of frames as the codec writes them, and
 * frames. What all send all receive, so each way is the same. With churn members stay 10 minutes in the mean and 30 %
 * of the stays end by a crash.
 */

import type { Cluster } from '../sim/cluster.js'
import { degrees } from '../sim/overlay.js'
import { Traffic } from '../sim/traffic.js'
import { churn } from '../sim/workload.js'
import type { Engine } from '../src/mesh/protocol/engine.js'
import type { Bench, BenchRow } from './bench.js'
import { atMost, formed } from './lab.js'

const MINUTE = 60_000
const CHURN_BYTES_MAX = 5_000

/** Idle traffic. */
export const idle: Bench = {
  name: 'idle',
  rows: [8],
  about: 'bytes and messages per member and second in an idle cluster, and with members coming and going',
  async *run({ quick, size }) {
    for (const one of size ? [size] : quick ? [10, 100] : [10, 30, 100, 1_000]) {
      const cluster = formed({ seed: 12, size: one })
      yield* resting(cluster)
      if (one >= 100) yield churning(cluster)
    }
  },
}

function* resting(cluster: Cluster<Engine>): Iterable<BenchRow> {
  const size = cluster.members.length
  const traffic = weigh(cluster, MINUTE)
  const share = (size * MINUTE) / 1000
  const links = degrees(cluster.members).mean
  const row = { row: 8, name: 'idle' }
  const note = traffic.heaviest(share)
  yield atMost(
    { ...row, what: `N = ${size}, bytes`, value: traffic.bytes / share, unit: 'B/s', note },
    1_500 + 0.5 * size,
  )
  const messages = { ...row, what: `N = ${size}, messages`, value: traffic.frames / share, unit: '/s' }
  yield atMost({ ...messages, note: `${links.toFixed(1)} links` }, Number((links + 1).toFixed(2)))
}

function churning(cluster: Cluster<Engine>): BenchRow {
  const size = cluster.members.length
  churn(cluster, { stayMillis: 10 * MINUTE, crashShare: 0.3, until: cluster.now + 3 * MINUTE })
  cluster.run(MINUTE)
  const traffic = weigh(cluster, 2 * MINUTE)
  const share = (size * 2 * MINUTE) / 1000
  const row = {
    row: 8,
    name: 'idle',
    what: `N = ${size}, 10 min stays`,
    value: traffic.bytes / share,
    unit: 'B/s',
  }
  return atMost({ ...row, note: traffic.heaviest(share) }, CHURN_BYTES_MAX)
}

function weigh(cluster: Cluster<Engine>, millis: number): Traffic {
  const traffic = new Traffic()
  cluster.observers.push(traffic)
  cluster.run(millis)
  cluster.observers.splice(cluster.observers.indexOf(traffic), 1)
  return traffic
}
