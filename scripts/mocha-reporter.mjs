/**
 * Mocha's spec reporter that also counts, so that `npm test` can sum up its runners: it writes
 * `{ passed, failed, skipped, failures }` to the file that COUNT_FILE names, at the end of the run, and touches
 * the file beside it that ends with `.moved` after each test.
 */
import { writeFileSync } from 'node:fs'
import Mocha from 'mocha'

export default class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options)
    const failures = []
    runner.on('fail', (test) => failures.push(`${test.file ?? ''}: ${test.fullTitle()}`))
    const path = process.env.COUNT_FILE
    if (!path) return
    runner.on('test end', () => writeFileSync(`${path}.moved`, ''))
    runner.once('end', () => {
      const { passes, pending } = this.stats
      writeFileSync(
        path,
        JSON.stringify({ passed: passes, failed: failures.length, skipped: pending, failures }),
      )
    })
  }
}
