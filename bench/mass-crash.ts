/**
 * Row 11: 30 % of all members die at once. At once: the share of the survivors in the largest component of what is
 * left of the links, in the mean of 30 draws of the dead. Within 30 s: the same after the survivors had that time to
 * repair, in whole runs.
 */

import type { Cluster } from '../sim/cluster.js'
import { components } from '../sim/overlay.js'
import { sample } from '../src/base/random.js'
import type { Engine } from '../src/mesh/protocol/engine.js'
import type { Bench, BenchRow } from './bench.js'
import { atLeast, formed, mean } from './lab.js'

const DRAWS = 30
const DYING = 0.3
const REPAIR_MILLIS = 30_000

/** What a catastrophe leaves. */
export const massCrash: Bench = {
  name: 'mass-crash',
  rows: [11],
  about: 'survivors in one component when 30 % die at once, at once and after 30 s',
  async *run({ quick, size = quick ? 100 : 1_000 }) {
    const repaired: number[] = []
    for (let run = 0; run < 2; run++) {
      const cluster = formed({ seed: 16 + run, size })
      if (run === 0) yield atOnce(cluster)
      for (const member of sample(cluster.random, cluster.members, DYING * size)) cluster.crash(member)
      cluster.run(REPAIR_MILLIS)
      repaired.push(largestShare(cluster))
    }
    const note = repaired.map((share) => `${share.toFixed(2)} %`).join(', ')
    const row = {
      row: 11,
      name: 'mass-crash',
      what: `N = ${size}, after 30 s`,
      value: Math.min(...repaired),
      unit: '%',
    }
    yield atLeast({ ...row, note: `${repaired.length} runs: ${note}` }, 100)
  },
}

function atOnce(cluster: Cluster<Engine>): BenchRow {
  const { members, random } = cluster
  const shares = Array.from({ length: DRAWS }, () => {
    const survivors = sample(random, members, Math.ceil((1 - DYING) * members.length))
    return (100 * (components(survivors)[0] ?? 0)) / survivors.length
  })
  const note = `${DRAWS} draws, least ${Math.min(...shares).toFixed(2)} %`
  const row = {
    row: 11,
    name: 'mass-crash',
    what: `N = ${members.length}, at once`,
    value: mean(shares),
    unit: '%',
    note,
  }
  return atLeast(row, 99.5)
}

function largestShare(cluster: Cluster<Engine>): number {
  return (100 * (components(cluster.members)[0] ?? 0)) / cluster.members.length
}
