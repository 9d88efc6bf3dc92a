import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { build } from 'esbuild'
import type { Page } from 'puppeteer-core'
import { createSignalingServer, type SignalingServer } from '../../signaling-server/server.js'
import { until } from '../until.js'
import { closeChromium, openTab } from './chromium.js'

const EXAMPLES = { react: 'main.tsx', vue: 'main.ts' }
const root = fileURLToPath(new URL('../..', import.meta.url))

for (const [name, entry] of Object.entries(EXAMPLES)) {
  describe(`the ${name} example in two tabs over real WebRTC`, () => {
    let signaling: SignalingServer
    let pages: Server
    let tabs: [Page, Page]

    before(async () => {
      signaling = await createSignalingServer()
      pages = await serveExample(name, entry)
      const url = `http://127.0.0.1:${(pages.address() as AddressInfo).port}/?signaling=${signaling.url}`
      tabs = [await openTab(url), await openTab(url)]
    })

    after(async () => {
      await closeChromium()
      await new Promise((resolve) => pages.close(resolve))
      await signaling.close()
    })

    it('counts both tabs as members', async () => {
      for (const tab of tabs)
        await until(async () => (await textOf(tab, 'p')) === 'Members: 2', 'two members')
    })

    it('shows in each tab what is typed in the other', async () => {
      await tabs[0].type('input', 'typed on the left')
      await until(async () => (await noteIn(tabs[1])) === 'typed on the left', 'the text on the right')
      await tabs[1].type('input', '!')
      await until(async () => (await noteIn(tabs[0])) === 'typed on the left!', 'the text on the left')
      expect(await noteIn(tabs[1])).to.equal('typed on the left!')
    })
  })
}

const noteIn = (tab: Page) => tab.$eval('input', (input) => input.value)
const textOf = (tab: Page, selector: string) =>
  tab.$eval(selector, (element) => element.textContent).catch(() => undefined)

/** Builds an example as its README says and serves it with its page. */
async function serveExample(name: string, entry: string): Promise<Server> {
  const folder = `${root}/examples/${name}`
  const options = {
    absWorkingDir: root,
    bundle: true,
    write: false,
    format: 'esm',
    jsx: 'automatic',
  } as const
  const { outputFiles } = await build({ ...options, entryPoints: [`${folder}/${entry}`], logLevel: 'error' })
  const page = await readFile(`${folder}/index.html`)
  const server = createServer((request, response) => {
    const isScript = request.url === '/main.js'
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' })
    response.end(isScript ? outputFiles[0]?.contents : page)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}
