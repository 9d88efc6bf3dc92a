/** Runs the cases of a target and counts what came of them. */
import type { Target } from './target.js'

/**
 * A case that takes this process longer is an attack on everybody's time. It is time of the processor, not of the wall:
 * what others do on this machine, and waiting for them, does not count. The collector and the compiler do, which is
 * why one try proves nothing.
 */
export const MILLIS_MAX = 20
/** A case is slow when each of so many tries in a row is. */
const TRIES = 4
/** So many findings tell enough. */
const FINDINGS_MAX = 10

/** A case that did harm. */
export interface Finding {
  index: number
  what: string
  input: string
}

/** What a run found. */
export interface FuzzReport {
  runs: number
  crashes: number
  slow: number
  slowestMillis: number
  outcomes: Record<string, number>
  findings: Finding[]
}

/** Runs cases `from` to `from + runs - 1` of a seed. `progress` hears of every 10,000th. */
export async function fuzz(
  target: Target,
  { seed, runs, from = 0 }: { seed: number; runs: number; from?: number },
  progress: (done: number) => void = () => {},
): Promise<FuzzReport> {
  const cases = await target.cases(seed)
  const report: FuzzReport = { runs: 0, crashes: 0, slow: 0, slowestMillis: 0, outcomes: {}, findings: [] }
  for (let index = from; index < from + runs && report.findings.length < FINDINGS_MAX; index++) {
    const { outcome, millis, crash } = await timed(() => cases.run(index))
    report.runs++
    report.outcomes[outcome] = (report.outcomes[outcome] ?? 0) + 1
    const slow = millis > MILLIS_MAX && (await isSlowAgain(target, seed, index))
    if (crash) report.crashes++
    if (slow) report.slow++
    if (millis <= MILLIS_MAX || slow) report.slowestMillis = Math.max(report.slowestMillis, millis)
    if (crash || slow)
      report.findings.push({ index, what: crash ?? `${millis.toFixed(1)} ms`, input: cases.show(index) })
    if (report.runs % 10_000 === 0) progress(report.runs)
  }
  return report
}

interface Timed {
  outcome: string
  millis: number
  crash?: string
}

async function timed(run: () => string | Promise<string>): Promise<Timed> {
  const startedAt = performance.now()
  const usage = process.cpuUsage()
  try {
    const made = run()
    // A promise costs a turn, which a case that needs none does not pay.
    const outcome = typeof made === 'string' ? made : await made
    return { outcome, millis: spent(startedAt, usage) }
  } catch (error) {
    const crash = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { outcome: 'crash', millis: spent(startedAt, usage), crash }
  }
}

/**
 * Milliseconds of the processor. All threads of the process count, so that work in the pool of WebCrypto is seen; two of
 * them at once may spend more than passes, and a case never costs anybody more than that.
 */
function spent(startedAt: number, usage: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(usage)
  return Math.min(performance.now() - startedAt, (user + system) / 1000)
}

/** The same case in a world of its own. */
async function isSlowAgain(target: Target, seed: number, index: number): Promise<boolean> {
  for (let i = 1; i < TRIES; i++) {
    const cases = await target.cases(seed)
    for (let before = firstOf(target, index); before < index; before++) await timed(() => cases.run(before))
    if ((await timed(() => cases.run(index))).millis <= MILLIS_MAX) return false
  }
  return true
}

/** Where to begin for case `index` to happen again. */
export function firstOf({ memory = 1 }: Target, index: number): number {
  return index - (index % memory)
}
