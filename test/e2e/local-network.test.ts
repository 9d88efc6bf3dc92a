/** A page from elsewhere whose signaling server is on this machine, in the browser that asks its user first. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { build } from 'esbuild'
import puppeteer, { type Browser, type Page } from 'puppeteer-core'
import { findBrowser } from '../../scripts/browser.mjs'
import { createSignalingServer, type SignalingServer } from '../../signaling-server/server.js'
import { until } from '../until.js'

const fixture = fileURLToPath(new URL('presence-tab-fixture.ts', import.meta.url))
/** What the packaged browser has and does not switch on by itself. */
const CHECKS =
  'LocalNetworkAccessChecks:LocalNetworkAccessChecksWarn/false,LocalNetworkAccessChecksWebSockets'

describe('a page whose signaling server is on the local network', () => {
  let signaling: SignalingServer
  let pages: Server
  let port: number
  let browser: Browser
  let script: string

  before(async () => {
    const { outputFiles } = await build({
      entryPoints: [fixture],
      bundle: true,
      write: false,
      format: 'iife',
    })
    script = outputFiles[0]?.text ?? ''
    signaling = await createSignalingServer()
    pages = createServer((_, response) => {
      response.setHeader('content-type', 'text/html')
      response.end('<!doctype html><link rel="icon" href="data:,">')
    })
    await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve))
    port = (pages.address() as AddressInfo).port
  })

  // What was granted is forgotten with its browser.
  beforeEach(async () => {
    browser = await launch()
  })
  afterEach(() => browser.close())

  after(async () => {
    pages.closeAllConnections()
    pages.close()
    await signaling.close()
  })

  /** The server of the pages counts as one of the internet, under the names of `.example`. */
  async function launch(): Promise<Browser> {
    const { executablePath, args, headless } = await findBrowser()
    const asPublic = [
      '--host-resolver-rules=MAP *.example 127.0.0.1',
      `--ip-address-space-overrides=127.0.0.1:${port}=public`,
      `--unsafely-treat-insecure-origin-as-secure=http://secure.example:${port}`,
      `--enable-features=${CHECKS}`,
    ]
    return puppeteer.launch({ executablePath, args: [...args, ...asPublic], headless, pipe: true })
  }

  /** A page of that host with a store in it. */
  async function storeAt(host: string, url: string): Promise<Page> {
    const page = await browser.newPage()
    await page.goto(`http://${host}:${port}/`)
    await page.evaluate(script)
    await page.evaluate((...args) => window.openPresence(...args), 'local', url, host)
    return page
  }

  const signalingOf = (page: Page) => page.evaluate(() => window.presenceStore.status.signaling)
  const errorOf = (page: Page) =>
    page.evaluate(() => ({
      code: window.presenceStore.status.lastError?.code,
      message: window.presenceStore.status.lastError?.message,
    }))
  const failedAt = async (host: string, url: string) => {
    const page = await storeAt(host, url)
    await until(async () => (await errorOf(page)).code !== undefined, 'an error')
    return errorOf(page)
  }

  it('says that the browser does not let it, and what to do', async () => {
    const { code, message } = await failedAt('open.example', signaling.url)
    expect(code).to.equal('ERR_LOCAL_NETWORK_BLOCKED')
    expect(message)
      .to.include(new URL(signaling.url).host)
      .and.to.match(/"(denied|prompt)"/)
  })

  it('is in by itself once its user allows it', async () => {
    const page = await storeAt('secure.example', signaling.url)
    await until(async () => (await errorOf(page)).code === 'ERR_LOCAL_NETWORK_BLOCKED', 'refused')
    const session = await page.createCDPSession()
    for (const name of ['local-network-access', 'loopback-network'])
      await session.send('Browser.setPermission', { permission: { name }, setting: 'granted' })
    await until(async () => (await signalingOf(page)) === 'connected', 'connected')
    expect((await errorOf(page)).code).to.equal(undefined)
  })

  it('says that no server answers where its user has allowed it', async () => {
    const context = browser.defaultBrowserContext()
    const session = await (await context.newPage()).createCDPSession()
    for (const name of ['local-network-access', 'loopback-network'])
      await session.send('Browser.setPermission', { permission: { name }, setting: 'granted' })
    const { code } = await failedAt('secure.example', await nowhere())
    expect(code).to.equal('ERR_SIGNALING_UNREACHABLE')
  })

  it('says that no server answers where it is of this machine itself', async () => {
    const { code } = await failedAt('localhost', await nowhere())
    expect(code).to.equal('ERR_SIGNALING_UNREACHABLE')
  })
})

/** Where nobody listens. */
async function nowhere(): Promise<string> {
  const server = await createSignalingServer()
  await server.close()
  return server.url
}
