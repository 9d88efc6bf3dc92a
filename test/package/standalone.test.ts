/** The one file for pages without a bundler, from an import map. */

import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import puppeteer, { type Browser } from 'puppeteer-core'
import { findBrowser } from '../../scripts/browser.mjs'
import { createSignalingServer, type SignalingServer } from '../../signaling-server/server.js'
import { type InstalledPackage, installPackage } from './installed-package.js'

const PAGE = `<!doctype html><link rel="icon" href="data:,">
<script type="importmap">{ "imports": { "gossip-kv": "/gossip-kv.js" } }</script>
<script type="module">
  import { createStore } from 'gossip-kv'
  const signaling = new URLSearchParams(location.search).get('signaling')
  const [a, b] = ['a', 'b'].map((name) => createStore({ cluster: 'page', name, signaling }))
  a.usr.set('greeting', 'hello')
  globalThis.heard = b.usr.once('greeting')
</script>`

describe('the standalone file', () => {
  let installed: InstalledPackage
  let signaling: SignalingServer
  let pages: Server
  let browser: Browser

  before(async () => {
    installed = await installPackage()
    signaling = await createSignalingServer()
    pages = await servePage(join(installed.folder, 'node_modules/gossip-kv/dist/standalone/gossip-kv.js'))
    const { executablePath, args, headless } = await findBrowser()
    browser = await puppeteer.launch({ executablePath, args, headless, pipe: true })
  })

  after(async () => {
    await browser.close()
    pages.closeAllConnections()
    pages.close()
    await Promise.all([signaling.close(), installed.remove()])
  })

  it('links two stores of a page that has an import map and nothing else', async () => {
    const page = await browser.newPage()
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    const { port } = pages.address() as AddressInfo
    await page.goto(`http://127.0.0.1:${port}/?signaling=${signaling.url}`, { waitUntil: 'load' })
    expect(await page.evaluate('heard')).to.equal('hello')
    expect(asked.filter((path) => path !== '')).to.deep.equal(['/', '/gossip-kv.js'])
  })
})

async function servePage(script: string): Promise<Server> {
  const program = await readFile(script)
  const server = createServer((request, response) => {
    const isScript = request.url === '/gossip-kv.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(isScript ? program : PAGE)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
