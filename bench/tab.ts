/**
 * Rows 26 and 19 in a real Chromium: killed while it saves to IndexedDB, again and again on one profile; the same with
 * every kill in the middle of a write of its LevelDB; and the time of a start from 100,000 keys there.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import puppeteer, { type Browser } from 'puppeteer-core'
import { findBrowser } from '../scripts/browser.mjs'
import { simplePeerAlias } from '../scripts/simple-peer.mjs'
import type { Bench, BenchRow } from './bench.js'
import { median } from './contest.js'
import { tearLogs } from './torn-log.js'

const LINE_MILLIS_MAX = 60_000
/** How long it writes before it is killed, at most. */
const LOAD_MILLIS_MAX = 300

/** What a tab keeps. */
export const tab: Bench = {
  name: 'tab',
  rows: [19, 26],
  about: 'Chromium killed while a store saves to IndexedDB; a start from 100,000 keys there',
  async *run({ quick, size }) {
    const page = await servedPage()
    const profile = await mkdtemp(join(tmpdir(), 'gossip-kv-profile-'))
    try {
      const kills = size ?? (quick ? 5 : 50)
      yield await killedRow(page.url, `${profile}/kill`, kills)
      yield await killedRow(page.url, `${profile}/torn`, kills, () => tearLogs(`${profile}/torn`))
      yield await loadRow(page.url, `${profile}/load`, quick ? 3 : 9)
    } finally {
      page.close()
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    }
  },
}

/** `tear` makes the profile look as after a kill in the middle of a write; returns how often it did. */
async function killedRow(
  url: string,
  profile: string,
  kills: number,
  tear?: () => Promise<number>,
): Promise<BenchRow> {
  const faults: string[] = []
  let acknowledged = 0
  let opened = 0
  let lossy = 0
  let torn = 0
  const ids = new Set<string>()
  for (let kill = 0; kill < kills; kill++) {
    const lines = new Lines()
    const browser = await opening(`${url}?kill=${acknowledged}`, profile, lines)
    try {
      await lines.first(/^(open|failed)/)
      await new Promise((resolve) => setTimeout(resolve, Math.random() * LOAD_MILLIS_MAX))
    } finally {
      await killed(browser)
    }
    torn += (await tear?.()) ?? 0
    for (const line of lines.all) {
      if (/^(lost|failed)/.test(line)) faults.push(line)
      else if (line.startsWith('id')) ids.add(line)
      else acknowledged = Math.max(acknowledged, Number(line.replace('open ', '')))
    }
    if (lines.all.some((line) => line.startsWith('open'))) opened++
    if (lines.all.some((line) => /^(lost|failed)/.test(line))) lossy++
  }
  return {
    row: 26,
    name: 'tab',
    what: `Chromium killed ${tear ? 'in the middle of a write of its LevelDB' : 'while saving to IndexedDB'}`,
    value: opened - lossy,
    unit: `of ${kills}`,
    target: `${kills} of ${kills} open, 0 lost`,
    pass: opened === kills && faults.length === 0,
    note: `${acknowledged} writes acknowledged; ${ids.size - 1} times the browser had dropped the database; ${tear ? `${torn} logs torn; ` : ''}${faults.slice(0, 3).join('; ')}`,
  }
}

async function loadRow(url: string, profile: string, times: number): Promise<BenchRow> {
  const once = async (query: string, wanted: RegExp) => {
    const lines = new Lines()
    const browser = await opening(`${url}?${query}`, profile, lines)
    try {
      return await lines.first(wanted)
    } finally {
      await browser.close()
    }
  }
  await once('fill', /^filled/)
  const seconds: number[] = []
  for (let i = 0; i < times; i++)
    seconds.push(Number((await once('load', /^loaded/)).replace('loaded ', '')) / 1000)
  const value = median(seconds)
  const note = `median of ${times}, best ${Math.min(...seconds).toFixed(2)} s; a new Chromium each time`
  return {
    row: 19,
    name: 'tab',
    what: '100,000 keys from IndexedDB',
    value,
    unit: 's',
    target: '<= 3 s',
    pass: value <= 3,
    note,
  }
}

/** What a page tells. */
class Lines {
  readonly all: string[] = []
  #wake: () => void = () => {}

  add(line: string): void {
    this.all.push(line)
    this.#wake()
  }

  /** The first line that is like `wanted`. @throws Error when the page failed, or after a minute */
  async first(wanted: RegExp): Promise<string> {
    const end = performance.now() + LINE_MILLIS_MAX
    for (;;) {
      const line = this.all.find((each) => wanted.test(each))
      if (line) return line
      const failed = this.all.find((each) => each.startsWith('failed'))
      if (failed || performance.now() > end)
        throw new Error(failed ?? `no line like ${wanted} within a minute`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        setTimeout(resolve, 1000)
      })
    }
  }
}

async function opening(url: string, profile: string, lines: Lines): Promise<Browser> {
  const { executablePath, args, headless } = await findBrowser()
  const browser = await puppeteer.launch({
    executablePath,
    args: args.filter((arg) => !arg.startsWith('--user-data-dir') && arg !== '--incognito'),
    headless,
    pipe: true,
    timeout: 30_000,
    userDataDir: profile,
  })
  const end = () => browser.process()?.kill('SIGKILL')
  process.once('exit', end)
  browser.process()?.once('exit', () => process.removeListener('exit', end))
  const page = await browser.newPage()
  page.on('pageerror', (error) => lines.add(`failed ${String(error)}`))
  await page.exposeFunction('report', (line: string) => lines.add(line))
  await page.goto(url, { waitUntil: 'load', timeout: 30_000 })
  return browser
}

/** Ends Chromium and its processes at once; resolves when they are gone. */
async function killed(browser: Browser): Promise<void> {
  const child = browser.process()
  if (!child?.pid || child.exitCode !== null) return
  const gone = new Promise((resolve) => child.once('exit', resolve))
  try {
    // A group of its own, with all of its renderers.
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    child.kill('SIGKILL')
  }
  await gone
}

/** Serves the page on localhost, which is a secure context. */
async function servedPage(): Promise<{ url: string; close(): void }> {
  const { outputFiles } = await build({
    absWorkingDir: fileURLToPath(new URL('..', import.meta.url)),
    entryPoints: ['bench/tab-page.ts'],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    conditions: ['browser'],
    target: 'es2022',
    alias: simplePeerAlias,
    outfile: 'page.js',
    logLevel: 'warning',
  })
  const script = outputFiles[0]?.text ?? ''
  const server = createServer((request, response) => {
    const isScript = request.url === '/page.js'
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' })
    response.end(isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://localhost:${port}/`,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
