/**
 * Row 4: what is delivered when the network loses 2 % of the frames for good, each by itself: the share of all pairs
 * of a write and a member that broadcast alone served (grafts are broadcast), what had arrived after 15 s by
 * whatever way, and the pairs that are missing then although the member was up all the time.
 */

import { DELIVERED_MILLIS_MAX } from '../sim/checker.js'
import { Delivery } from '../sim/delivery.js'
import { everyoneWrites } from '../sim/workload.js'
import type { Bench } from './bench.js'
import { atLeast, atMost, formed } from './lab.js'

const LOSS = 0.02

/** Delivery under loss. */
export const loss: Bench = {
  name: 'loss',
  rows: [4],
  about: 'delivery when 2 % of all frames vanish: by broadcast alone, and by any way within 15 s',
  async *run({ quick, size = 100 }) {
    const cluster = formed({ seed: 6, size })
    Object.assign(cluster.network.conditions.now, { loss: LOSS, lossModel: 'vanish' })
    cluster.run(10_000)
    const delivery = new Delivery(cluster)
    cluster.observers.push(delivery)
    everyoneWrites(cluster, 10_000, cluster.now + (quick ? 20_000 : 120_000))
    cluster.run(quick ? 20_000 : 120_000)
    cluster.run(DELIVERED_MILLIS_MAX)
    const { delay, expected, writes } = delivery
    const note = `${writes} writes, max ${delay.max} ms, ${delivery.copies.toFixed(2)} copies`
    const row = { row: 4, name: 'loss' }
    const percent = (count: number) => (100 * count) / expected
    const inTime = delay.total - delay.above(DELIVERED_MILLIS_MAX)
    yield atLeast(
      { ...row, what: `N = ${size}, by broadcast`, value: 100 * delivery.byBroadcast, unit: '%', note },
      99.9,
    )
    yield atLeast({ ...row, what: `N = ${size}, within 15 s`, value: percent(inTime), unit: '%' }, 100)
    const misses = delivery.misses(DELIVERED_MILLIS_MAX).length
    yield atMost({ ...row, what: `N = ${size}, unexplained`, value: misses, unit: 'misses' }, 0)
  },
}
