/**
 * The suites in Chromium: the isomorphic unit tests, the same files that mocha runs in Node, and the tests of
 * what only a browser has. Candidates stay hidden behind mDNS names, as they are for users.
 */
import { defaultReporter } from '@web/test-runner'
import { chromeLauncher } from '@web/test-runner-chrome'
import { findBrowser } from './scripts/browser.mjs'
import { countReporter } from './scripts/count-reporter.mjs'
import { testBundle } from './scripts/test-bundle.mjs'

const browser = await findBrowser()

export default {
  rootDir: import.meta.dirname,
  files: ['test/unit/**/*.test.ts', 'test/browser/**/*.test.ts', 'test/browser/**/*.test.tsx'],
  plugins: [testBundle()],
  browsers: [
    chromeLauncher({
      launchOptions: {
        executablePath: browser.executablePath,
        headless: browser.headless,
        // Over a pipe Chromium ends with its runner, however that ends.
        pipe: true,
        args: browser.args,
      },
      // A tab that is not in front is hidden, and draws nothing; the front of a window is.
      createPage: ({ context }) => context.newPage({ type: 'window' }),
    }),
  ],
  // Spelled so, the dev server listens on the loopback interface alone; for 'localhost' it listens on all of them.
  hostname: 'Localhost',
  concurrency: 2,
  browserStartTimeout: 60_000,
  testsStartTimeout: 60_000,
  // Only what hangs takes so long; see test/until.ts.
  testsFinishTimeout: 300_000,
  testFramework: { config: { timeout: '240000' } },
  reporters: [defaultReporter({ reportTestResults: true, reportTestProgress: false }), countReporter()],
}
