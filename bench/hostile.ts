/**
 * Row 27: hostile bytes against a replica, and the same updates against `Y.applyUpdate`. Each side is attacked in a
 * process of its own, which is started again behind the case that ended or stopped it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { ATTACKS } from './attacks.js'
import type { Bench, BenchRow } from './bench.js'
import { dataCosts } from './writer-costs.js'
import { meshCosts } from './writer-mesh-costs.js'

const CHILD = fileURLToPath(new URL('hostile-child.ts', import.meta.url))
const SEED = 27
/** A case without an end. */
const STUCK_MILLIS = 20_000
/** A process that dies at every case is not started for ever. */
const EXITS_MAX = 50
const HARMS = ['half', 'pending', 'roots', 'slow', 'threw', 'exits'] as const
type Harm = (typeof HARMS)[number]
const WORDS: Readonly<Record<Harm, string>> = {
  half: 'half-applied',
  pending: 'pending',
  roots: 'new roots',
  slow: 'over 20 ms',
  threw: 'exceptions',
  exits: 'exits and hangs',
}

interface Damage {
  counts: Record<Harm | 'wrong' | 'emptied', number>
  outcomes: Record<string, number>
  /** The first cases that did harm. */
  examples: string[]
}

/** What hostile bytes do. */
export const hostile: Bench = {
  name: 'hostile',
  rows: [27],
  about: `${ATTACKS.length} named attacks and 100,000 mutated messages (quick: 10,000): what any of them did; what a hostile writer can still do, and its cost`,
  async *run({ quick }) {
    const cases = quick ? 10_000 : 100_000
    const ours = await attacked('gossip-kv', cases)
    const plain = await attacked('yjs', cases)
    for (const harm of HARMS) yield rowOf(harm, cases, ours, plain)
    yield wrongRow(ours)
    yield* dataCosts(quick)
    yield* meshCosts(quick)
  },
}

function rowOf(harm: Harm, cases: number, ours: Damage, plain: Damage): BenchRow & Record<string, unknown> {
  const value = ours.counts[harm]
  const theirs = plain.counts[harm]
  const outcomes = Object.entries(ours.outcomes).map(([word, count]) => `${word} ${count}`)
  const more = harm === HARMS[0] ? `; ${outcomes.join(', ')}; Yjs emptied ${plain.counts.emptied} times` : ''
  return {
    row: 27,
    name: 'hostile',
    what: WORDS[harm],
    value,
    unit: 'of all',
    target: '0',
    pass: value === 0,
    cases,
    named: ATTACKS.length,
    examples: ours.examples,
    plainYjs: { count: theirs },
    note: `${cases} fuzzed and ${ATTACKS.length} named; Y.applyUpdate, updates alone: ${theirs}${more}`,
  }
}

function wrongRow({ counts, examples }: Damage): BenchRow & Record<string, unknown> {
  return {
    row: 27,
    name: 'hostile',
    what: 'named, wrong answer',
    value: counts.wrong,
    unit: `of ${ATTACKS.length}`,
    target: '0',
    pass: counts.wrong === 0,
    examples,
    note: 'each attack has one answer that it must get',
  }
}

async function attacked(contestant: string, cases: number): Promise<Damage> {
  const damage: Damage = {
    counts: { half: 0, pending: 0, roots: 0, slow: 0, threw: 0, exits: 0, wrong: 0, emptied: 0 },
    outcomes: {},
    examples: [],
  }
  for (let from = 0; from < cases + ATTACKS.length && damage.counts.exits < EXITS_MAX; ) {
    const last = await attackedFrom(contestant, cases, from, damage)
    if (last === undefined) break
    damage.counts.exits++
    note(damage, `case ${last} ended the process`)
    from = last + 1
  }
  return damage
}

/** Resolves with the case at which the process ended or stood still; undefined when it came to its end. */
async function attackedFrom(
  contestant: string,
  cases: number,
  from: number,
  damage: Damage,
): Promise<number | undefined> {
  const args = [
    '--max-old-space-size=2048',
    '--import',
    'tsx',
    CHILD,
    contestant,
    String(SEED),
    String(from),
    String(cases),
  ]
  const child = spawn(process.execPath, args, {
    // Yjs reports each update that it chokes on.
    stdio: ['ignore', 'pipe', contestant === 'yjs' ? 'ignore' : 'inherit'],
  })
  const stopWatching = endWithParent(child)
  const stuck = () => child.kill('SIGKILL')
  let timer = setTimeout(stuck, STUCK_MILLIS)
  let last: number | undefined
  let ended = false
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(timer)
    timer = setTimeout(stuck, STUCK_MILLIS)
    if (!line.startsWith('{')) last = Number(line)
    else ended = taken(damage, JSON.parse(line) as Record<string, unknown>)
  }
  clearTimeout(timer)
  stopWatching()
  if (last === undefined) throw new Error(`the process that is attacked did not start: ${contestant}`)
  return ended ? undefined : last
}

/** Counts one line of the child; true for the last one. */
function taken(damage: Damage, line: Record<string, unknown>): boolean {
  if (line['outcomes'] !== undefined) {
    damage.outcomes = line['outcomes'] as Record<string, number>
    return true
  }
  for (const harm of ['half', 'pending', 'roots', 'slow', 'threw', 'wrong', 'emptied'] as const)
    if (line[harm] === true) damage.counts[harm]++
  note(damage, JSON.stringify(line))
  return false
}

function note(damage: Damage, example: string): void {
  if (damage.examples.length < 5) damage.examples.push(example)
}

/** A bench that is interrupted leaves no process behind. */
function endWithParent(child: ChildProcess): () => void {
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  return () => process.removeListener('exit', kill)
}
