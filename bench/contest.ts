/**
 * Two contestants in alternating rounds on one machine that others use as well: what slows one round slows its
 * neighbor, so the median of the ratios means more than any rate.
 */
import { setImmediate, setTimeout } from 'node:timers/promises'

/** One round: does the work and returns operations per second of CPU time, which others on the machine do not take away. */
export type Round = () => number | Promise<number>

/** What a contest showed. */
export interface Outcome {
  /** The median over the rounds of our rate divided by the other's. */
  ratio: number
  /** The least and the greatest of those ratios. */
  range: readonly [number, number]
  /** The median rates. */
  ours: number
  theirs: number
}

/** Each side goes first in every second round; the first rounds warm up and do not count. */
export async function contest(rounds: number, ours: Round, theirs: Round): Promise<Outcome> {
  const pairs: { ours: number; theirs: number }[] = []
  for (let round = -2; round < rounds; round++) {
    const pair = await alternated(round % 2 === 0, ours, theirs)
    if (round >= 0) pairs.push(pair)
  }
  const ratios = pairs.map((pair) => pair.ours / pair.theirs).sort((a, b) => a - b)
  return {
    ratio: median(ratios),
    range: [ratios[0] ?? Number.NaN, ratios.at(-1) ?? Number.NaN],
    ours: median(pairs.map((pair) => pair.ours)),
    theirs: median(pairs.map((pair) => pair.theirs)),
  }
}

async function alternated(oursFirst: boolean, ours: Round, theirs: Round) {
  const measured = async (round: Round) => {
    globalThis.gc?.()
    return round()
  }
  const first = await measured(oursFirst ? ours : theirs)
  const second = await measured(oursFirst ? theirs : ours)
  return oursFirst ? { ours: first, theirs: second } : { ours: second, theirs: first }
}

/** The middle of `values`; of an even number of them the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  return ((sorted[half] ?? Number.NaN) + (sorted[sorted.length - 1 - half] ?? Number.NaN)) / 2
}

/** Operations per CPU-second of one synchronous call. */
export function rateOf(operations: number, work: () => void): number {
  const before = process.cpuUsage()
  work()
  return ratePer(process.cpuUsage(before), operations)
}

/** How many operations run before the event loop may turn, as in a busy program. */
const TURN = 1000
/** Longer than the library waits before it encodes what was written. */
const SETTLE_MILLIS = 30

/**
 * Operations per CPU-second, with what is put off to timers; waiting for them costs nothing. `work` does `size`
 * operations from the given one on.
 */
export async function busyRateOf(
  operations: number,
  size: number,
  work: (start: number) => void,
): Promise<number> {
  const before = process.cpuUsage()
  for (let start = 0; start < operations; start += size) {
    work(start)
    if ((start + size) % TURN < size) await setImmediate()
  }
  await setTimeout(SETTLE_MILLIS)
  return ratePer(process.cpuUsage(before), operations)
}

function ratePer({ user, system }: NodeJS.CpuUsage, operations: number): number {
  return (operations * 1e6) / (user + system)
}

/** A rate for a reader: `93k/s`, by CPU-seconds. */
export function shownRate(perSecond: number): string {
  return perSecond >= 10_000 ? `${Math.round(perSecond / 1000)}k/s` : `${Math.round(perSecond)}/s`
}

/** The range of an outcome for a reader. */
export function shownRange({ range: [least, most] }: Outcome): string {
  return `${least.toFixed(2)} to ${most.toFixed(2)} over the rounds`
}
