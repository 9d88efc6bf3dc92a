/**
 * `npm run bench -- <name...> [--all] [--quick] [--size N] [--json] [--docs]`: prints measured figures beside their targets.
 * `--docs` also puts them into docs/BENCHMARKS.md. Without a name it lists the benches. A missed target does not fail the run: figures are printed, not asserted.
 */
import { cpus, loadavg, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import type { Bench, BenchOptions, BenchRow } from './bench.js'
import { bundle } from './bundle.js'
import { detection } from './detection.js'
import { durability } from './durability.js'
import { exit } from './exit.js'
import { falseDeaths } from './false-deaths.js'
import { recordFigures } from './figures.js'
import { firstSync } from './first-sync.js'
import { history } from './history.js'
import { hostile } from './hostile.js'
import { idle } from './idle.js'
import { large } from './large.js'
import { leave } from './leave.js'
import { links } from './links.js'
import { load } from './load.js'
import { loss } from './loss.js'
import { massCrash } from './mass-crash.js'
import { meshWebrtc } from './mesh-webrtc.js'
import { oracle } from './oracle.js'
import { propagation } from './propagation.js'
import { redundancy } from './redundancy.js'
import { sessions } from './sessions.js'
import { simulator } from './simulator.js'
import { split } from './split.js'
import { sync } from './sync.js'
import { tab } from './tab.js'
import { throughput } from './throughput.js'

const BENCHES: readonly Bench[] = [
  propagation,
  redundancy,
  loss,
  detection,
  falseDeaths,
  leave,
  idle,
  links,
  massCrash,
  split,
  large,
  sync,
  history,
  throughput,
  load,
  tab,
  simulator,
  hostile,
  sessions,
  durability,
  oracle,
  meshWebrtc,
  firstSync,
  bundle,
  exit,
]

process.exitCode = await main(process.argv.slice(2))

async function main(args: string[]): Promise<number> {
  const options = parsed(args)
  if (options === undefined) return 1
  const { names, all, quick, size, json, docs } = options
  const unknown = names.filter((name) => !BENCHES.some((bench) => bench.name === name))
  if (unknown.length > 0) {
    console.error(`There is no bench ${unknown.join(', ')}. There are:\n${listed()}`)
    return 1
  }
  if (names.length === 0 && !all) {
    console.log(`npm run bench -- <name...> [--all] [--quick] [--size N] [--json] [--docs]\n${listed()}`)
    return 0
  }
  const chosen = BENCHES.filter(({ name }) => all || names.includes(name))
  // With --json the note goes to stderr, so that stdout is one object a line.
  if (json) console.error(machineNote(quick))
  else console.log(machineNote(quick))
  for (const bench of chosen) {
    const rows = await runBench(bench, { quick, ...(size && { size }) }, json)
    if (docs) await recordFigures(rows, size ? `size ${size}` : quick ? 'quick' : 'full')
  }
  return 0
}

function parsed(args: string[]) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        all: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        size: { type: 'string' },
        json: { type: 'boolean', default: false },
        docs: { type: 'boolean', default: false },
      },
    })
    return { ...values, size: Number(values.size ?? 0), names: positionals }
  } catch (error) {
    console.error(
      `${error instanceof Error ? error.message : error}\nThe options are --all, --quick, --size, --json and --docs.`,
    )
    return undefined
  }
}

function listed(): string {
  return BENCHES.map(
    ({ name, rows, about }) => `  ${name.padEnd(14)} row ${rows.join(', ').padEnd(8)} ${about}`,
  ).join('\n')
}

/** Times depend on the machine, and a busy one measures its neighbors. */
function machineNote(quick: boolean): string {
  const [cpu] = cpus()
  const gibibytes = (totalmem() / 2 ** 30).toFixed(0)
  const load = loadavg()[0]?.toFixed(1) ?? '?'
  const size = quick ? 'quick size' : 'full size'
  return (
    `${cpus().length} x ${cpu?.model ?? 'unknown CPU'}, ${gibibytes} GiB, Node ${process.versions.node}, load ${load}, ${size}. ` +
    'Times are noise on a shared machine: compare ratios; bytes, counts and virtual time are exact.'
  )
}

async function runBench(bench: Bench, options: BenchOptions, json: boolean): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for await (const row of bench.run(options)) {
    rows.push(row)
    console.log(json ? JSON.stringify(row) : tableLine(row))
  }
  return rows
}

function tableLine(row: BenchRow): string {
  const value = `${Number.isInteger(row.value) ? row.value : row.value.toPrecision(4)} ${row.unit}`
  return [
    String(row.row).padStart(3),
    row.name.padEnd(14),
    [row.contestant, row.what].filter(Boolean).join(', ').padEnd(40),
    value.padStart(14),
    `target ${row.target}`.padEnd(24),
    row.pass ? 'met' : 'MISSED',
    row.note ?? '',
  ].join('  ')
}
