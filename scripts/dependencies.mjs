/**
 * Makes sure that the packages of package-lock.json are installed. Built-ins only, since nothing else may be
 * there yet; and no reliance on npm's pre-scripts, which npm skips where scripts are switched off.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const NODE_MINIMUM = [20, 19]

/** Ends the process with a clear text when this Node is older than 20.19, of which the tools make use. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > NODE_MINIMUM[0] || (major === NODE_MINIMUM[0] && minor >= NODE_MINIMUM[1])) return
  console.error(
    `gossip-kv needs Node ${NODE_MINIMUM.join('.')} or later; this is ${process.versions.node} (${process.execPath}). ` +
      'Install a current Node from https://nodejs.org or with your version manager, then run the command again.',
  )
  process.exit(1)
}

/** Runs `npm ci` when node_modules is missing or does not hold what the lock file asks for, and says so. */
export function requireDependencies() {
  const reason = staleness()
  if (reason === undefined) return
  console.log(`Installing the packages of package-lock.json (${reason}) ...`)
  // The npm that runs us, where there is one: a bare "npm" is a .cmd on Windows, which spawn does not start.
  const npm = process.env.npm_execpath
  const args = ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund']
  const { status, error } = npm?.endsWith('.js')
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: 'inherit' })
    : spawnSync('npm', args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' })
  if (status === 0) return
  console.error(
    `"npm ${args.join(' ')}" failed${error ? `: ${error.message}` : ` with code ${status}`}. ` +
      'Its output above says why; most often the registry cannot be reached. Nothing was started.',
  )
  process.exit(1)
}

/** Why node_modules does not hold the lock file's packages, or undefined when it does. */
function staleness() {
  const wanted = packagesOf(join(root, 'package-lock.json'))
  if (wanted === undefined)
    throw new Error('package-lock.json is missing or unreadable: check out the repository again')
  if (!existsSync(join(root, 'node_modules'))) return 'node_modules is missing'
  const present = packagesOf(join(root, 'node_modules', '.package-lock.json'))
  if (present === undefined) return 'node_modules is incomplete'
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || entry.link) continue
    const installed = present[path]
    if (installed === undefined && mayBeAbsent(entry)) continue
    const same = installed?.version === entry.version && installed?.integrity === entry.integrity
    if (!same) return `${path} is ${installed?.version ?? 'missing'}, wanted ${entry.version}`
    if (!existsSync(join(root, path))) return `${path} is missing`
  }
  return undefined
}

/** Optional packages and those for other systems are rightly not installed. */
function mayBeAbsent(entry) {
  return entry.optional === true || Boolean(entry.os ?? entry.cpu ?? entry.libc)
}

function packagesOf(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages
  } catch {
    return undefined
  }
}
