/** Row 18: keys that are lost, stale or diverged after random faults, by the causal oracle over real replicas. */
import type { Workload } from '../sim/oracle/profile.js'
import { replayCommand, tallyOf } from '../sim/run/search-oracle.js'
import type { Bench, BenchRow } from './bench.js'

export const oracle: Bench = {
  name: 'oracle',
  rows: [18],
  about: 'keys lost, stale or diverged under random faults, by a causal oracle over real replicas',
  async *run({ quick }) {
    for (const workload of ['default', 'skewed'] as const)
      yield await measured(workload, quick ? 300 : 20_000)
  },
}

async function measured(
  workload: Workload,
  runs: number,
): Promise<BenchRow & { runs: number; keys: number }> {
  const search = { seed: 1, workload, runs }
  const tally = await tallyOf(search)
  const { lost, stale, diverged, misjudged, mismatched, failures, keys, writes, wrong } = tally
  const value = lost + stale + diverged + mismatched
  const [first] = wrong
  const size = `${runs} runs, ${keys} contested keys, ${writes} writes: ${lost} lost, ${stale} stale, ${diverged} diverged, ${mismatched} replay mismatches`
  const note = first ? `${size}; ${replayCommand(search, first.seed)}` : `${size}; misjudged ${misjudged}`
  const pass = value + misjudged + failures === 0
  return {
    row: 18,
    name: workload === 'default' ? 'oracle' : 'oracle, clocks up to 1 h off',
    value,
    unit: 'keys',
    target: '0',
    pass,
    note,
    runs,
    keys,
  }
}
