/** The parts of `npm test`: which folders each covers, and what runs them. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * @typedef {{ name: string, runner: 'mocha' | 'chromium', folders: string[], needsBuild: boolean }} Suite
 * @type {Suite[]}
 */
const SUITES = [
  { name: 'unit', runner: 'mocha', folders: ['unit'], needsBuild: false },
  {
    name: 'node',
    runner: 'mocha',
    folders: ['node', 'paper', 'sim', 'hostile', 'contract', 'chaos'],
    needsBuild: false,
  },
  {
    name: 'browser',
    runner: 'chromium',
    folders: ['unit', 'browser'],
    needsBuild: false,
  },
  { name: 'package', runner: 'mocha', folders: ['package'], needsBuild: true },
  { name: 'e2e', runner: 'mocha', folders: ['e2e'], needsBuild: true },
]

/**
 * The suites of those names, all for none, each with the test files that it has.
 * @param {string[]} names
 * @returns {(Suite & { files: string[] })[]}
 * @throws Error for a name that is no suite, and for a folder of tests that no suite covers
 */
export function suitesNamed(names) {
  const known = SUITES.map(({ name }) => name)
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0)
    throw new Error(`there is no part ${unknown.join(', ')}; the parts are ${known.join(', ')}`)
  const uncovered = foldersOfTests().filter(
    (folder) => !SUITES.some(({ folders }) => folders.includes(folder)),
  )
  if (uncovered.length > 0)
    throw new Error(
      `no suite of scripts/suites.mjs covers test/${uncovered.join(', test/')}: its tests would be skipped`,
    )
  const chosen = SUITES.filter(({ name }) => names.length === 0 || names.includes(name))
  return chosen.map((suite) => ({ ...suite, files: suite.folders.flatMap((folder) => testFilesIn(folder)) }))
}

function foldersOfTests() {
  const entries = readdirSync(join(root, 'test'), { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory() && testFilesIn(entry.name).length > 0)
    .map(({ name }) => name)
}

function testFilesIn(folder) {
  const full = join(root, 'test', folder)
  if (!existsSync(full)) return []
  const names = readdirSync(full, { recursive: true }).map((name) => String(name).replaceAll('\\', '/'))
  return names
    .filter((name) => /\.test\.tsx?$/.test(name))
    .sort()
    .map((name) => `test/${folder}/${name}`)
}
