/** Every entry of the packed package loads where a user loads it: in plain Node, on a server, in a page. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { build } from 'esbuild'
import puppeteer from 'puppeteer-core'
import { findBrowser } from '../../scripts/browser.mjs'
import { type InstalledPackage, installPackage } from './installed-package.js'

/** What each entry must offer at the least. */
const ENTRIES: Record<string, string[]> = {
  'gossip-kv': ['createStore', 'UsageError', 'GossipKvError'],
  'gossip-kv/react': ['StoreProvider', 'useValue', 'useValueState', 'useEntries', 'useMembers', 'useStatus'],
  'gossip-kv/vue': ['createGossipKv', 'useValue', 'useValueModel', 'useEntries', 'useMembers', 'useStatus'],
  'gossip-kv/awareness': ['awareness'],
  'gossip-kv/testing': ['createTestCluster'],
  'gossip-kv/node': [],
  'gossip-kv/signaling-server': ['createSignalingServer'],
}

/** The entries that a page may load. */
const PAGE_ENTRIES = [
  'gossip-kv',
  'gossip-kv/react',
  'gossip-kv/vue',
  'gossip-kv/awareness',
  'gossip-kv/testing',
]

describe('the packed package', () => {
  let installed: InstalledPackage

  before(async () => {
    installed = await installPackage()
  })

  after(() => installed.remove())

  it('has no entry that is not tested here', () => {
    const entries = Object.keys(installed.manifest.exports).map((path) => path.replace('.', 'gossip-kv'))
    expect(entries).to.have.members([...Object.keys(ENTRIES), 'gossip-kv/package.json'])
  })

  it('holds every file that its exports name, and neither tests nor build notes', () => {
    const named = Object.values(installed.manifest.exports).flatMap((entry) =>
      typeof entry === 'string' ? [entry] : Object.values(entry),
    )
    expect(installed.files).to.include.members(named.map((path) => path.replace('./', '')))
    expect(
      installed.files.filter((file) =>
        /(^|\/)(test|bench|node_modules)\/|\.build\.json|\.tsbuildinfo/.test(file),
      ),
    ).to.deep.equal([])
  })

  it('says in the first line of each React entry that it is for the client', async () => {
    const paths = Object.values(installed.manifest.exports['./react'] ?? {}).filter((path) =>
      path.endsWith('.js'),
    )
    const lines = await Promise.all(
      paths.map(async (path) => {
        const text = await readFile(join(installed.folder, 'node_modules/gossip-kv', path), 'utf8')
        return text.slice(0, text.indexOf('\n'))
      }),
    )
    expect(lines).to.deep.equal(['"use client";', '"use client";', '"use client";'])
  })

  for (const [entry, names] of Object.entries(ENTRIES)) {
    it(`loads ${entry} in plain Node, which has no window, and lets the process end`, async () => {
      const printed = await installed.run(
        `const entry = await import('${entry}'); console.log(typeof window, JSON.stringify(Object.keys(entry)))`,
      )
      const [, keys = ''] = /^undefined (.*)$/.exec(printed) ?? []
      expect(JSON.parse(keys)).to.include.members(names)
    })
  }

  it('replays a test cluster from its seed in a process that has loaded nothing yet, and refuses with the same classes', async () => {
    const printed = await installed.run(`
      import { UsageError } from 'gossip-kv'
      import { createTestCluster } from 'gossip-kv/testing'
      const run = async () => {
        const cluster = await createTestCluster({ seed: 1, members: 4, loss: 0.05 })
        const [ada] = cluster.members
        ada.usr.set('k', 1)
        const replicated = ada.replicated({ acks: 'all' })
        const checkpoint = ada.checkpoints.create({ label: 'one' })
        await cluster.advance(20_000)
        await Promise.all([replicated, checkpoint])
        await cluster.close()
        return cluster.trace
      }
      const refusal = await createTestCluster({ loss: 2 }).catch((error) => error)
      console.log(await run(), await run(), refusal instanceof UsageError, refusal.code)`)
    expect(printed).to.match(/^([0-9a-f]{16}) \1 true ERR_OPTION_INVALID$/)
  })

  it('loads on a runtime that is neither Node nor a browser, as a bundler for a server sees it', async () => {
    const bundle = await bundled(installed, { platform: 'neutral', conditions: [] })
    const printed = await installed.run(`${bundle}\nconsole.log(Object.keys(globalThis.entries).length)`)
    expect(printed).to.equal(String(PAGE_ENTRIES.length))
  })

  it('loads in Chromium from a bundle that was made without any shim', async () => {
    const bundle = await bundled(installed, { platform: 'browser' })
    const { entries, errors } = await loadedInPage(bundle)
    expect(errors).to.deep.equal([])
    for (const [index, entry] of PAGE_ENTRIES.entries())
      expect(entries[index]).to.include.members(ENTRIES[entry] ?? [])
  })

  it('runs its command', async () => {
    const program = join(installed.folder, 'node_modules/gossip-kv/dist/cli/main.js')
    const { stdout } = await promisify(execFile)(process.execPath, [program, '--help'], {
      cwd: installed.folder,
    })
    expect(stdout).to.include('gossip-kv')
  })
})

/** One program that loads the page's entries and keeps them in `globalThis.entries`. */
async function bundled(
  installed: InstalledPackage,
  options: { platform: 'browser' | 'neutral'; conditions?: string[] },
): Promise<string> {
  const imports = PAGE_ENTRIES.map((entry, index) => `import * as entry${index} from '${entry}'`)
  const list = PAGE_ENTRIES.map((_, index) => `Object.keys(entry${index})`)
  const { outputFiles } = await build({
    stdin: {
      contents: `${imports.join('\n')}\nglobalThis.entries = [${list.join(', ')}]`,
      resolveDir: installed.folder,
    },
    bundle: true,
    write: false,
    format: 'esm',
    logLevel: 'silent',
    ...(options.platform === 'neutral' ? { mainFields: ['module', 'main'] } : {}),
    ...options,
  })
  return outputFiles[0]?.text ?? ''
}

/** Serves the program to a page of its own and answers what it left and what went wrong. */
async function loadedInPage(program: string): Promise<{ entries: string[][]; errors: string[] }> {
  const server = createServer((request, response) => {
    const isProgram = request.url === '/program.js'
    response.setHeader('content-type', isProgram ? 'text/javascript' : 'text/html')
    response.end(
      isProgram
        ? program
        : '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/program.js"></script>',
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { executablePath, args, headless } = await findBrowser()
  const browser = await puppeteer.launch({ executablePath, args, headless, pipe: true })
  try {
    const page = await browser.newPage()
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(String(error)))
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { waitUntil: 'load' })
    const entries = await page.evaluate(
      () => (globalThis as unknown as { entries?: string[][] }).entries ?? [],
    )
    return { entries, errors }
  } finally {
    await browser.close()
    server.closeAllConnections()
    server.close()
  }
}
