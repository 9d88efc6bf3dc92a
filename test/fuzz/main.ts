/** `npm run fuzz -- TARGET... [--runs N] [--seed S] [--from I] [--json]`: hostile input by the million, replayable by seed. */
import { parseArgs } from 'node:util'
import { type FuzzReport, firstOf, fuzz, MILLIS_MAX } from './fuzz.js'
import type { Target } from './target.js'
import { TARGETS } from './targets.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
})
process.exitCode = await main()

async function main(): Promise<number> {
  const chosen = positionals.includes('all')
    ? TARGETS
    : TARGETS.filter(({ name }) => positionals.includes(name))
  const unknown = positionals.filter((word) => word !== 'all' && !TARGETS.some(({ name }) => name === word))
  if (unknown.length > 0 || chosen.length === 0) {
    console.error(`usage: npm run fuzz -- all | TARGET... [--runs N] [--seed S] [--from I] [--json]\n`)
    for (const { name, about } of TARGETS) console.error(`  ${name.padEnd(14)}${about}`)
    return unknown.length > 0 || positionals.length > 0 ? 2 : 0
  }
  const [seed, runs, from] = [values.seed, values.runs, values.from].map(Number)
  if (![seed, runs, from].every((number) => Number.isSafeInteger(number) && (number ?? -1) >= 0)) {
    console.error('--runs, --seed and --from are integers from 0 on')
    return 2
  }
  let failed = 0
  for (const target of chosen) {
    const report = await fuzz(target, { seed: seed ?? 1, runs: runs ?? 0, from: from ?? 0 }, (done) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${target.name} ${done}`)
    })
    if (values.json) console.log(JSON.stringify({ target: target.name, seed, ...report }))
    else print(target, report)
    if (report.crashes + report.slow > 0) failed++
  }
  return failed === 0 ? 0 : 1
}

function print(target: Target, report: FuzzReport): void {
  const { name } = target
  const { runs, crashes, slow, slowestMillis, outcomes, findings } = report
  const counts = Object.entries(outcomes)
    .sort(([, a], [, b]) => b - a)
    .map(([outcome, count]) => `${outcome} ${count}`)
  console.log(
    `${name}: ${runs} runs, ${crashes} crashes, ${slow} over ${MILLIS_MAX} ms, slowest ${slowestMillis.toFixed(1)} ms (${counts.join(', ')})`,
  )
  for (const { index, what, input } of findings) {
    console.log(`  case ${index}: ${what}\n  input: ${input.slice(0, 2000)}`)
    const from = firstOf(target, index)
    console.log(
      `  again: npm run fuzz -- ${name} --seed ${values.seed} --from ${from} --runs ${index - from + 1}`,
    )
  }
}
