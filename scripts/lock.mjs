/**
 * Checks that package-lock.json names every optional package that its packages name; `--fix` adds the missing
 * ones. npm leaves an optional package out of the lock when the registry in use does not have it (a mirror may
 * carry Linux alone), and `npm ci` then refuses the whole lock, on every machine.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const path = fileURLToPath(new URL('../package-lock.json', import.meta.url))
const lock = JSON.parse(readFileSync(path, 'utf8'))

const SYSTEMS = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
]
const PROCESSORS = [
  'arm',
  'arm64',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'wasm32',
  'x64',
]

/** Adds the entries and writes the lock, in npm's order. */
function fix(missing) {
  for (const { at, ...entry } of missing) lock.packages[at] = entry
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'))
  lock.packages = Object.fromEntries(sorted)
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
  console.log(`added ${missing.length} entries to package-lock.json`)
}

/** Entries for what is named and not there, hoisted to the top as npm would where the place is free. */
function missingOptionals(packages) {
  const found = new Map()
  for (const [from, { optionalDependencies = {}, dev }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (resolves(packages, from, name)) continue
      const at = `node_modules/${name}`
      const { cpu, libc, os } = platformOf(name)
      // In npm's order of fields; what is undefined is not written.
      found.set(at, { at, version, cpu, dev, libc, optional: true, os })
    }
  }
  return [...found.values()]
}

/** Whether Node, from the folder `from`, would find a package of that name among the entries. */
function resolves(packages, from, name) {
  const parts = from === '' ? [] : from.split('/node_modules/')
  for (let depth = parts.length; depth >= 0; depth--) {
    const folder = parts.slice(0, depth).join('/node_modules/')
    if (packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`] !== undefined) return true
  }
  return false
}

/** The os, cpu and libc that such a package is for, which its name tells. */
function platformOf(name) {
  const words = name.split(/[-/]/)
  const os = SYSTEMS.filter((system) => words.includes(system))
  const cpu = PROCESSORS.filter((processor) => words.includes(processor))
  const libc = words.some((word) => word.startsWith('musl')) ? ['musl'] : []
  const orNothing = (values) => (values.length > 0 ? values : undefined)
  return { os: orNothing(os), cpu: orNothing(cpu), libc: orNothing(libc) }
}

const missing = missingOptionals(lock.packages)

if (missing.length === 0) console.log('package-lock.json names every optional package')
else if (process.argv.includes('--fix')) fix(missing)
else {
  console.error(`package-lock.json lacks ${missing.map(({ at, version }) => `${at} ${version}`).join(', ')}.`)
  console.error('"npm ci" refuses such a lock. Run "node scripts/lock.mjs --fix" and commit the result.')
  process.exitCode = 1
}
