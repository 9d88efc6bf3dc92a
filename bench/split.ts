/**
 * Row 12: two halves that could not reach each other for 5 minutes, in which both wrote and forgot each other; from
 * the moment when every path is open again to one digest everywhere, and to full tables. Signaling was there for
 * both halves all the time (nobody comes back to it when the split ends), or for one half only.
 */

import type { Cluster } from '../sim/cluster.js'
import { knownCount } from '../sim/engine-view.js'
import { linksOut } from '../sim/overlay.js'
import { everyoneWrites } from '../sim/workload.js'
import type { Engine } from '../src/mesh/protocol/engine.js'
import type { Bench, BenchRow } from './bench.js'
import { atMost, formed } from './lab.js'

const SPLIT_MILLIS = 5 * 60_000
const HEAL_MILLIS_MAX = 10 * 60_000
const WRITE_MILLIS = 60_000
/** After so long the links across are counted. */
const GROWN_MILLIS = 30_000

/** How long a split takes to heal. */
export const split: Bench = {
  name: 'split',
  rows: [12],
  about: 'time from the end of a split of 5 min to one digest everywhere',
  async *run({ quick, size }) {
    for (const one of size ? [size] : quick ? [100] : [10, 100, 1_000]) {
      yield* healing(one, 'both')
      if (one <= 100) yield* healing(one, 'one')
    }
  },
}

function* healing(size: number, signaling: 'both' | 'one'): Iterable<BenchRow> {
  const cluster = formed({ seed: 19, size })
  const half = Math.floor(size / 2)
  const away = cluster.members.slice(half)
  const before = linksOut(away)
  everyoneWrites(cluster, WRITE_MILLIS, cluster.now + SPLIT_MILLIS)
  cluster.partition(cluster.members.slice(0, half), away)
  if (signaling === 'one') for (const member of away) cluster.network.signaling.turnFor(member, false)
  cluster.run(SPLIT_MILLIS)
  const forgot = cluster.members.every(({ engine }) => knownCount(engine) < size)
  cluster.heal()
  for (const member of away) cluster.network.signaling.turnFor(member, true)
  const how = `signaling for ${signaling === 'both' ? 'both halves' : 'one half'}`
  const row = healed(cluster, how, forgot)
  cluster.run(GROWN_MILLIS)
  const links = `${linksOut(away)} of ${before} links across after ${GROWN_MILLIS / 1000} s more`
  yield { ...row, note: `${row.note}; ${links}` }
}

function healed(cluster: Cluster<Engine>, how: string, forgot: boolean): BenchRow {
  const size = cluster.members.length
  const start = cluster.now
  const data = cluster.runUntil(() => cluster.digests().size === 1, HEAL_MILLIS_MAX, 250)
  const tables = cluster.runUntil(
    () => cluster.members.every(({ engine }) => knownCount(engine) === size),
    HEAL_MILLIS_MAX,
    250,
  )
  const known = tables === undefined ? 'not within 10 min' : `${(cluster.now - start) / 1000} s`
  const note = `${how}; full tables after ${known}${forgot ? '' : '; NOT everyone had forgotten the other half'}`
  const value = (data ?? HEAL_MILLIS_MAX) / 1000
  return atMost({ row: 12, name: 'split', what: `N = ${size}, ${how}`, value, unit: 's', note }, 45)
}
