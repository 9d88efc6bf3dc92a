/**
 * `npm run check`: everything that a commit must pass, one step after the other. `npm run check -- lint types`
 * runs single steps. Every step runs even when one before it failed; the table at the end says which.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { requireDependencies, requireNode } from './dependencies.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = (path) => `node_modules/${path}`

/** Each step's commands, as arguments of node. */
const STEPS = {
  lock: [['scripts/lock.mjs']],
  lint: [[bin('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '.']],
  types: [
    [bin('typescript/bin/tsc'), '--noEmit'],
    [bin('typescript/bin/tsc'), '--noEmit', '-p', 'tsconfig.pure.json'],
  ],
  arrows: [
    [
      bin('dependency-cruiser/bin/dependency-cruise.mjs'),
      '--config',
      '.dependency-cruiser.mjs',
      ...['src', 'sim', 'signaling-server', 'cli', 'demo', 'examples', 'bench', 'test'],
    ],
  ],
  house: [['scripts/house.mjs']],
  unused: [[bin('knip/bin/knip.js')]],
  build: [['esbuild.config.mjs', '--types']],
  publint: [[bin('publint/src/cli.js'), '--strict']],
  attw: [[bin('@arethetypeswrong/cli/dist/index.js'), '--pack', '--profile', 'esm-only']],
  size: [[bin('size-limit/bin.js')]],
  test: [['scripts/test.mjs', 'unit', 'node', 'browser', 'package']],
}

requireNode()
requireDependencies()
process.exitCode = main(process.argv.slice(2))

function main(names) {
  const unknown = names.filter((name) => !(name in STEPS))
  if (unknown.length > 0) {
    console.error(`There is no step ${unknown.join(', ')}; the steps are ${Object.keys(STEPS).join(', ')}.`)
    return 1
  }
  const chosen = Object.keys(STEPS).filter((name) => names.length === 0 || names.includes(name))
  const results = chosen.map((name) => ({ name, ...runStep(name) }))
  console.log('')
  for (const { name, passed, seconds } of results)
    console.log(`${passed ? 'ok    ' : 'FAILED'} ${name.padEnd(8)} ${seconds.toFixed(1).padStart(6)} s`)
  return results.every(({ passed }) => passed) ? 0 : 1
}

function runStep(name) {
  console.log(`\n--- ${name} ---`)
  const startedAt = performance.now()
  const codes = STEPS[name].map(
    (args) => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status,
  )
  return { passed: codes.every((code) => code === 0), seconds: (performance.now() - startedAt) / 1000 }
}
