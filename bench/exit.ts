/**
 * Row 28: a Node process that has closed its links ends by itself, with code 0 and soon. Each run is a process of
 * its own (exit-child.ts), measured from the call of `close` to the end of the process.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Bench, BenchRow } from './bench.js'

const CHILD = fileURLToPath(new URL('exit-child.ts', import.meta.url))
const EXIT_MILLIS_MAX = 2000
const RUN_MILLIS_MAX = 30_000

interface Run {
  /** The exit code, or the name of the signal that ended it. */
  end: string
  /** From `close` to the end; undefined when it never came to `close`. */
  millis: number | undefined
}

/** How many processes end well after `close`. */
export const exit: Bench = {
  name: 'exit',
  rows: [28],
  about: 'Node processes that open 10 links, close, and end by themselves with code 0 in under 2 s',
  async *run({ quick }) {
    const runs: Run[] = []
    for (let i = 0; i < (quick ? 10 : 100); i++) runs.push(await runOnce())
    yield rowOf(runs)
  },
}

function rowOf(runs: readonly Run[]): BenchRow & { medianMillis: number; maxMillis: number } {
  const good = runs.filter(
    ({ end, millis }) => end === '0' && millis !== undefined && millis < EXIT_MILLIS_MAX,
  )
  const times = runs.flatMap(({ millis }) => millis ?? []).sort((a, b) => a - b)
  const medianMillis = Math.round(times[Math.floor(times.length / 2)] ?? Number.NaN)
  const maxMillis = Math.round(times.at(-1) ?? Number.NaN)
  const bad = runs
    .filter((run) => !good.includes(run))
    .map(({ end, millis }) => `${end} after ${millis ?? '-'} ms`)
  return {
    row: 28,
    name: 'exit',
    value: good.length,
    unit: 'runs',
    target: `${runs.length} of ${runs.length} exit 0 in under 2 s`,
    pass: good.length === runs.length,
    medianMillis,
    maxMillis,
    note: [`median ${medianMillis} ms, max ${maxMillis} ms`, ...new Set(bad)].join('; '),
  }
}

function runOnce(): Promise<Run> {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD], { stdio: ['ignore', 'pipe', 'inherit'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), RUN_MILLIS_MAX)
  let closing: number | undefined
  child.stdout.on('data', () => {
    closing ??= performance.now()
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      clearTimeout(timer)
      resolve({ end: String(code ?? signal), millis: closing && performance.now() - closing })
    })
    endWithParent(child)
  })
}

/** A bench that is interrupted leaves no process behind. */
function endWithParent(child: ChildProcess): void {
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.removeListener('exit', kill))
}
