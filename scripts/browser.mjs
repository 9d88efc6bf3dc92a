/**
 * Finds the Chromium that the tests run in: CHROME_PATH, else an installed Chrome or Chromium, else the headless
 * one inside the npm package @sparticuz/chromium. `CHROME_PATH=@sparticuz/chromium` takes that one although another is
 * installed. Candidates stay hidden behind `.local` names (mDNS), as they are for users; tabs connect with them here.
 * It never answers "none": no browser is an error that says what to do.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** The npm package that holds a browser. */
const PACKAGE = '@sparticuz/chromium'

/** Where Linux distributions, macOS and Windows put Chrome and Chromium. */
const INSTALLED_PATHS = [
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/snap/bin/chromium',
  '/opt/google/chrome/chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
]

/** Nothing of these reaches the network by itself, and timers of a tab in the background keep their pace. */
const COMMON_ARGS = [
  '--disable-background-networking',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-domain-reliability',
  '--disable-dev-shm-usage',
  '--disable-extensions',
  '--disable-renderer-backgrounding',
  '--disable-sync',
  '--metrics-recording-only',
  '--mute-audio',
  '--no-default-browser-check',
  '--no-first-run',
  '--no-pings',
]

/**
 * @typedef {{ executablePath: string, args: string[], source: 'CHROME_PATH' | 'installed' | '@sparticuz/chromium', headless: true | 'shell' }} Browser
 */

/**
 * The browser to run tests in; `headless` is what puppeteer's launch option of that name must be.
 * @returns {Promise<Browser>}
 * @throws Error when there is none, or the one found does not start; the text says what to do
 */
export async function findBrowser() {
  const named = process.env.CHROME_PATH
  if (named && named !== PACKAGE) {
    if (!existsSync(named)) throw noBrowser(`CHROME_PATH names ${named}, which does not exist`)
    await version(named, 'CHROME_PATH')
    return found(named, 'CHROME_PATH')
  }
  const installed = INSTALLED_PATHS.find((path) => existsSync(path))
  if (installed === undefined || named === PACKAGE) return found(await packaged(), PACKAGE)
  await version(installed, 'the installed browser')
  return found(installed, 'installed')
}

/** @returns {Browser} */
function found(executablePath, source) {
  return { executablePath, args: argsFor(source), source, headless: headlessOf(executablePath) }
}

/** A headless shell knows only the old headless mode, which puppeteer calls `shell`. */
function headlessOf(path) {
  return /headless[-_]shell|gossip-kv-chromium/.test(path) ? 'shell' : true
}

/**
 * Chromium's sandbox refuses to run as root, wants user namespaces that containers of CI seldom have, and the
 * packaged build carries no setuid helper for it.
 */
function argsFor(source) {
  const sandboxed = process.getuid?.() !== 0 && !process.env.CI && source !== PACKAGE
  return sandboxed ? [...COMMON_ARGS] : [...COMMON_ARGS, '--no-sandbox', '--disable-setuid-sandbox']
}

async function version(path, source) {
  try {
    const { stdout } = await run(path, ['--version', '--no-sandbox'], { timeout: 30_000 })
    return stdout.trim()
  } catch (error) {
    throw noBrowser(`${source} (${path}) does not start: ${firstLine(error)}`)
  }
}

/**
 * The path of the packaged Chromium, unpacked at the first call into node_modules/.cache. Unpacking happens in a
 * folder of its own that is then renamed, so that runners which start at once never see half a browser.
 */
async function packaged() {
  const packageFolder = join(root, 'node_modules', '@sparticuz', 'chromium')
  if (!existsSync(packageFolder)) throw noBrowser('the npm package @sparticuz/chromium is not installed')
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw noBrowser(
      `the packaged Chromium is for Linux on x64, this is ${process.platform} on ${process.arch}`,
    )
  const { version: packageVersion } = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8'))
  const cache = join(root, 'node_modules', '.cache')
  const folder = join(cache, `gossip-kv-chromium-${packageVersion}`)
  if (!existsSync(join(folder, 'chromium'))) await unpack(cache, folder)
  return runnable(folder)
}

async function unpack(cache, folder) {
  await mkdir(cache, { recursive: true })
  const unfinished = await mkdtemp(join(cache, 'chromium-'))
  try {
    // The package unpacks into the temporary folder of its process; VERCEL makes it unpack its shared libraries too.
    const program = `import c from '@sparticuz/chromium'; await c.executablePath()`
    const env = { ...process.env, TMPDIR: unfinished, VERCEL: '1' }
    await run(process.execPath, ['--input-type=module', '-e', program], { cwd: root, env, timeout: 120_000 })
    await writeFile(join(unfinished, 'with-libraries.sh'), WITH_LIBRARIES)
    await chmod(join(unfinished, 'with-libraries.sh'), 0o755)
    await rename(unfinished, folder)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    // Another runner that was faster has put the folder there, which is as good.
    if (!existsSync(join(folder, 'chromium')))
      throw noBrowser(`the packaged Chromium could not be unpacked: ${firstLine(error)}`)
  }
}

/** Starts the packaged Chromium with the libraries (nss and the like) that its package carries. */
const WITH_LIBRARIES = `#!/bin/sh
here="$(dirname "$0")"
export LD_LIBRARY_PATH="$here/al2023/lib\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export FONTCONFIG_PATH="\${FONTCONFIG_PATH:-$here/fonts}"
exec "$here/chromium" "$@"
`

async function runnable(folder) {
  const plain = join(folder, 'chromium')
  try {
    await run(plain, ['--version'], { timeout: 30_000 })
    return plain
  } catch {
    // Most often a missing libnss3.so: the copy in the package serves.
    const wrapped = join(folder, 'with-libraries.sh')
    await version(wrapped, 'the packaged Chromium')
    return wrapped
  }
}

function firstLine(error) {
  return String(error?.stderr || error?.message || error)
    .trim()
    .split('\n')[0]
}

function noBrowser(what) {
  return new Error(
    `No browser to test in: ${what}. ` +
      'Set CHROME_PATH to a Chrome or Chromium, or install one (Debian: apt-get install chromium), ' +
      'or run "npm ci --include=dev --ignore-scripts" on Linux x64 for the one inside @sparticuz/chromium.',
  )
}
