/** What the benches of whole clusters share: clusters that are formed and calm, and rows. */

import { type Cluster, engineCluster } from '../sim/cluster.js'
import type { ConditionsOptions } from '../sim/conditions.js'
import { knownCount } from '../sim/engine-view.js'
import { components } from '../sim/overlay.js'
import type { Engine } from '../src/mesh/protocol/engine.js'
import type { BenchRow } from './bench.js'

/** Members join at this pace at the most. */
const JOIN_MILLIS = 20
/** A formed cluster rests so long before anything is measured. */
const REST_MILLIS = 60_000

export interface FormOptions extends ConditionsOptions {
  seed: number
  size: number
  replica?: 'stub' | 'real'
  browserShare?: number
}

/** A cluster in which everyone knows everyone, in one component, at rest. */
export function formed(options: FormOptions): Cluster<Engine> {
  const { size } = options
  const cluster = engineCluster(options)
  cluster.grow(size, JOIN_MILLIS)
  cluster.run(REST_MILLIS)
  const parts = components(cluster.members).length
  const ignorant = cluster.members.filter(({ engine }) => knownCount(engine) !== size).length
  if (parts !== 1 || ignorant > 0)
    console.error(
      `seed ${options.seed}, N = ${size}: ${parts} components, ${ignorant} do not know all, at the start`,
    )
  return cluster
}

/** CPU seconds of this process. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** A row of a figure that must not be above `most`. */
export function atMost(row: Omit<BenchRow, 'target' | 'pass'>, most: number): BenchRow {
  return { ...row, target: `<= ${most} ${row.unit}`, pass: row.value <= most }
}

/** A row of a figure that must not be below `least`. */
export function atLeast(row: Omit<BenchRow, 'target' | 'pass'>, least: number): BenchRow {
  return { ...row, target: `>= ${least} ${row.unit}`, pass: row.value >= least }
}

/** A row without a target: beside the others, to compare with. */
export function reported(row: Omit<BenchRow, 'target' | 'pass'>): BenchRow {
  return { ...row, target: 'none: reported', pass: true }
}

/** The mean of numbers. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
