import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { build } from 'esbuild'
import { parseSignal, type Signal } from '../../../src/wire/signal.js'
import { closeChromium, openTab } from '../../e2e/chromium.js'
import { TestMesh, until } from '../../unit/transport/linked-pair.js'

const ENTRY = fileURLToPath(new URL('tab-member.ts', import.meta.url))

/** The script of the page, bundled as a user's bundler would. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({ entryPoints: [ENTRY], bundle: true, write: false, format: 'iife' })
  return outputFiles[0]?.text ?? ''
}

describe('a Node member and a tab of Chromium', function () {
  this.timeout(60_000)
  let mesh: TestMesh
  beforeEach(() => {
    mesh = new TestMesh()
  })
  // Open links keep a process alive, also when a test has failed.
  afterEach(() => mesh.close())
  after(closeChromium)

  for (const [offerer, nodeId, tabId] of [
    ['Node', 'b', 'a'],
    ['the tab', 'a', 'b'],
  ] as const) {
    it(`link when ${offerer} offers, although the tab hides its address behind an mDNS name`, async () => {
      const node = await mesh.join(nodeId)
      const page = await openTab('about:blank')
      const fromTab: Signal[] = []
      await page.exposeFunction('sendSignal', (_to: string, text: string) => {
        const signal = parseSignal(text)
        if (signal === undefined) return
        fromTab.push(signal)
        node.links.receiveSignal(tabId, signal)
      })
      await page.evaluate(await bundle())
      await page.evaluate((id) => window.tab.start(id), tabId)
      mesh.carry = (from, _to, signal) => {
        void page.evaluate((id, text) => window.tab.receiveSignal(id, text), from, JSON.stringify(signal))
        return undefined
      }
      node.links.dial(tabId)
      await until(() => node.log.length > 0, 'a link')
      expect(node.log).to.deep.equal([`up ${tabId}`])
      expect(fromTab.filter((signal) => signal.type === 'candidate').map(hidden))
        .to.include(true)
        .and.not.include(false)

      node.links.send(tabId, new Uint8Array(100_000).fill(7), false)
      await until(() => node.frames.length === 1, 'the echo')
      expect(node.frames[0]?.bytes).to.deep.equal(new Uint8Array(100_000).fill(7))
      expect(await page.evaluate(() => window.tab.log)).to.deep.equal([`up ${nodeId}`])
      await page.evaluate(() => window.tab.close())
      await until(() => node.log.includes(`down ${tabId}`), 'the end of the link')
      await page.close()
    })
  }
})

function hidden(signal: Signal): boolean {
  return signal.type === 'candidate' && /\.local \d+ typ host/.test(signal.candidate)
}
