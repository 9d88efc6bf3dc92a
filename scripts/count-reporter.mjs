/**
 * The reporter of web-test-runner that counts, so that `npm test` can sum up its runners: it writes
 * `{ passed, failed, skipped, failures }` to the file that COUNT_FILE names, once per run, and touches the file
 * beside it that ends with `.moved` after each test file.
 */
import { writeFileSync } from 'node:fs'

/** @returns {import('@web/test-runner').Reporter} */
export function countReporter(path = process.env.COUNT_FILE) {
  return {
    reportTestFileResults() {
      if (path) writeFileSync(`${path}.moved`, '')
    },
    onTestRunFinished({ sessions }) {
      const count = countOf(sessions)
      if (path) writeFileSync(path, JSON.stringify(count))
      console.log(`Chromium: ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`)
    },
  }
}

function countOf(sessions) {
  const count = { passed: 0, failed: 0, skipped: 0, failures: [] }
  for (const session of sessions) {
    const tests = [...testsOf(session.testResults)]
    for (const { name, test } of tests) {
      if (test.skipped) count.skipped++
      else if (test.passed) count.passed++
      else count.failures.push(`${session.testFile}: ${name}`)
    }
    // A file that fails outside its tests (an import, a hook, a lost page) is a failure of its own.
    const failedOutside = !session.passed && !tests.some(({ test }) => !test.passed && !test.skipped)
    if (failedOutside) count.failures.push(`${session.testFile}: the file itself`)
    else if (tests.length === 0) count.failures.push(`${session.testFile}: it holds no test`)
  }
  count.failed = count.failures.length
  return count
}

function* testsOf(suite, prefix = '') {
  if (suite === undefined) return
  const name = `${prefix}${suite.name ? `${suite.name} ` : ''}`
  for (const test of suite.tests) yield { name: `${name}${test.name}`, test }
  for (const inner of suite.suites) yield* testsOf(inner, name)
}
