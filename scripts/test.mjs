/**
 * `npm test`: every suite, one after the other, each runner in a process of its own. `npm test -- unit browser`
 * runs parts. The last line is always `N passed, N failed`; a runner that crashes, hangs or finds no test is a
 * failure, never a skip.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { requireBuild } from './built.mjs'
import { requireDependencies, requireNode } from './dependencies.mjs'
import { suitesNamed } from './suites.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
/** How long a runner may live after its last test; what holds it longer was left open by a test. */
const EXIT_MILLIS = 20_000
/** How long a runner may take over one test, or over one file in Chromium; see test/until.ts. */
const QUIET_MILLIS = 6 * 60_000
const running = new Set()
let reported = false

// Whatever ends this process early (an install or a build that fails, an error of its own) ends it with a count.
process.on('exit', (code) => {
  if (!reported) console.log('0 passed, 1 failed')
  if (!reported && code === 0) process.exitCode = 1
})

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    for (const child of running) kill(child)
    console.log(`\nstopped by ${signal}`)
    process.exit(1)
  })
}

requireNode()
requireDependencies()
process.exitCode = await main(process.argv.slice(2))

async function main(names) {
  const total = { passed: 0, failed: 0, skipped: 0, failures: [] }
  for (const suite of chosenSuites(names, total)) {
    if (suite.files.length === 0 && names.length === 0) continue
    const count = await runSuite(suite)
    for (const key of ['passed', 'failed', 'skipped']) total[key] += count[key]
    total.failures.push(...count.failures.map((failure) => `[${suite.name}] ${failure}`))
  }
  return report(total)
}

function chosenSuites(names, total) {
  try {
    const suites = suitesNamed(names)
    if (suites.some(({ needsBuild, files }) => needsBuild && files.length > 0)) requireBuild({ types: true })
    return suites
  } catch (error) {
    total.failed += 1
    total.failures.push(error.message)
    return []
  }
}

function report({ passed, failed, skipped, failures }) {
  console.log('')
  for (const failure of failures) console.log(`failed: ${failure}`)
  if (skipped > 0) console.log(`${skipped} skipped (their own tests say why)`)
  if (passed + failed === 0) {
    console.log('No test ran, which counts as a failure.')
    failed = 1
  }
  console.log(`${passed} passed, ${failed} failed`)
  reported = true
  return failed === 0 ? 0 : 1
}

async function runSuite(suite) {
  console.log(`\n=== ${suite.name}: ${suite.files.length} files ===`)
  const failedWhole = (what) => ({ passed: 0, failed: 1, skipped: 0, failures: [what] })
  if (suite.files.length === 0) return failedWhole('there is no test file')
  const folder = mkdtempSync(join(tmpdir(), 'gossip-kv-count-'))
  const countFile = join(folder, 'count.json')
  try {
    const ending = await runnerEnds(suite, countFile)
    if (!existsSync(countFile)) return failedWhole(`the runner ended before its tests did (${ending.text})`)
    return judged(JSON.parse(readFileSync(countFile, 'utf8')), ending)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The runner's counts, with a failure more when it ended otherwise than they say. */
function judged(count, ending) {
  const failures = [...count.failures]
  if (count.passed + count.failed === 0) failures.push('no test ran')
  if (!ending.clean && count.failed === 0) failures.push(`all tests passed, yet ${ending.text}`)
  return { ...count, failed: failures.length, failures }
}

function runnerEnds(suite, countFile) {
  const args =
    suite.runner === 'mocha'
      ? [
          'node_modules/mocha/bin/mocha.js',
          '--forbid-only',
          '--reporter',
          './scripts/mocha-reporter.mjs',
          ...suite.files,
        ]
      : ['node_modules/@web/test-runner/dist/bin.js', '--files', ...suite.files]
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, COUNT_FILE: countFile },
      // A group of its own, so that a runner that hangs is ended with the browsers and servers that it started.
      detached: process.platform !== 'win32',
    })
    running.add(child)
    const watch = watchdog(child, countFile)
    child.on('error', (error) => watch.ended(resolve, `it could not start: ${error.message}`))
    child.on('exit', (code, signal) =>
      watch.ended(resolve, signal ? `ended by ${signal}` : `exit code ${code}`, code),
    )
  })
}

/** Ends a runner in which no test ends for long, or that stays after it has counted. */
function watchdog(child, countFile) {
  const startedAt = Date.now()
  let countedAt
  let verdict
  const timer = setInterval(() => {
    const now = Date.now()
    if (countedAt === undefined && existsSync(countFile)) countedAt = now
    const movedAt = statSync(`${countFile}.moved`, { throwIfNoEntry: false })?.mtimeMs ?? startedAt
    if (countedAt === undefined && now - movedAt > QUIET_MILLIS)
      verdict ??= `no test ended for ${QUIET_MILLIS / 60_000} minutes`
    else if (now - (countedAt ?? now) > EXIT_MILLIS) verdict ??= 'it did not exit: a test left something open'
    if (verdict !== undefined) kill(child)
  }, 250)
  return {
    ended(resolve, text, code = null) {
      clearInterval(timer)
      running.delete(child)
      // What a crashed runner leaves behind, a browser for instance, goes with it.
      if (code !== 0) kill(child)
      resolve({ clean: code === 0 && verdict === undefined, text: verdict ?? text })
    },
  }
}

function kill(child) {
  if (child.pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL')
  } catch {
    // The group is gone already, which is what was wanted.
  }
}
