/** Row 7: from the call that leaves to the removal by a remaining member, over all pairs of both. */
import { Deaths } from '../sim/deaths.js'
import type { Bench } from './bench.js'
import { atMost, formed, reported } from './lab.js'

/** Goodbyes. */
export const leave: Bench = {
  name: 'leave',
  rows: [7],
  about: 'time until everyone knows of a graceful leave',
  async *run({ quick, size }) {
    for (const one of size ? [size] : quick ? [100] : [10, 100, 1_000]) {
      const cluster = formed({ seed: 11, size: one })
      const deaths = new Deaths(cluster)
      cluster.observers.push(deaths)
      const leaves = Math.min(quick ? 10 : 30, Math.floor(one / 2))
      for (let left = 0; left < leaves; left++) {
        cluster.leave(cluster.pick())
        cluster.run(5_000)
      }
      const { farewell } = deaths
      const note = `${leaves} leaves, median ${farewell.percentile(0.5)} ms, max ${farewell.max} ms, ${deaths.ghosts} not noticed`
      const row = {
        row: 7,
        name: 'leave',
        what: `p99, N = ${one}`,
        value: farewell.percentile(0.99),
        unit: 'ms',
        note,
      }
      yield one === 100 ? atMost(row, 300) : reported(row)
    }
  },
}
