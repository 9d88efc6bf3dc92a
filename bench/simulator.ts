/**
 * Row 20: what the simulator costs. Events are what the timeline runs: frames that arrive, ticks, dials; CPU seconds
 * are those of the process. Real time: seconds simulated per CPU second.
 */

import type { Cluster } from '../sim/cluster.js'
import type { Engine } from '../src/mesh/protocol/engine.js'
import type { Bench, BenchRow } from './bench.js'
import { builtSubject, type Subject } from './built.js'
import { atLeast, cpuSeconds } from './lab.js'

/** Speed of the simulation. */
export const simulator: Bench = {
  name: 'simulator',
  rows: [20],
  about: 'events per CPU second with stub replicas, and real time with real ones',
  async *run({ quick, size = quick ? 100 : 1_000 }) {
    const subject = await builtSubject()
    yield stub(subject, size, quick ? 20_000 : 60_000)
    yield real(subject, 100, quick ? 10_000 : 30_000)
  },
}

function stub(subject: Subject, size: number, millis: number): BenchRow {
  const cluster = subject.formed({ seed: 20, size })
  const { events, cpu } = measured(subject, cluster, 10_000, millis)
  const note = `everyone writes once in 10 s for ${millis / 1000} s: ${events} events, ${cpu.toFixed(1)} CPU s`
  const row = { row: 20, name: 'simulator', what: `N = ${size}, stub replicas`, unit: 'events/CPU s', note }
  return atLeast({ ...row, value: Math.round(events / cpu) }, 250_000)
}

function real(subject: Subject, size: number, millis: number): BenchRow {
  const cluster = subject.formed({ seed: 21, size, replica: 'real' })
  const { events, cpu } = measured(subject, cluster, 10_000, millis)
  const note = `everyone writes once in 10 s for ${millis / 1000} s: ${events} events, ${cpu.toFixed(1)} CPU s; ${cluster.digests().size} digest`
  const row = { row: 20, name: 'simulator', what: `N = ${size}, real replicas`, unit: 'x real time', note }
  return atLeast({ ...row, value: millis / 1000 / cpu }, 5)
}

function measured(
  { everyoneWrites }: Subject,
  cluster: Cluster<Engine>,
  writeMillis: number,
  millis: number,
): { events: number; cpu: number } {
  everyoneWrites(cluster, writeMillis, cluster.now + millis - 2_000)
  const before = { events: cluster.timeline.events, cpu: cpuSeconds() }
  cluster.run(millis)
  return { events: cluster.timeline.events - before.events, cpu: cpuSeconds() - before.cpu }
}
