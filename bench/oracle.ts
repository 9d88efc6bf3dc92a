/** Row 18: keys that are lost, stale or diverged after random faults, by the causal oracle over real replicas. */
import type { Bench, BenchRow } from './bench.js'
import { replayCommand, tallyOf } from './sim-oracle.js'

const SEARCH = { seed: 1, workload: 'default' } as const

export const oracle: Bench = {
  name: 'oracle',
  rows: [18],
  about: 'keys lost, stale or diverged under random faults, by a causal oracle over real replicas',
  async *run({ quick }) {
    yield await measured(quick ? 300 : 20_000)
  },
}

async function measured(runs: number): Promise<BenchRow & { runs: number; keys: number }> {
  const search = { ...SEARCH, runs }
  const tally = await tallyOf(search)
  const { lost, stale, diverged, misjudged, failures, keys, writes, wrong } = tally
  const value = lost + stale + diverged
  const [first] = wrong
  const size = `${runs} runs, ${keys} contested keys, ${writes} writes: ${lost} lost, ${stale} stale, ${diverged} diverged`
  const note = first ? `${size}; ${replayCommand(search, first.seed)}` : `${size}; misjudged ${misjudged}`
  const pass = value + misjudged + failures === 0
  return { row: 18, name: 'oracle', value, unit: 'keys', target: '0', pass, note, runs, keys }
}
