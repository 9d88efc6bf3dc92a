import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { build } from 'esbuild'
import type { Page } from 'puppeteer-core'
import { parseSignal, type Signal } from '../../../src/mesh/wire/signal.js'
import { closeChromium, openTab } from '../../e2e/chromium.js'
import { type TestMember, TestMesh } from '../../unit/transport/linked-pair.js'
import { until } from '../../until.js'

const ENTRY = fileURLToPath(new URL('tab-member.ts', import.meta.url))

/** The script of the page, bundled as a user's bundler would. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({ entryPoints: [ENTRY], bundle: true, write: false, format: 'iife' })
  return outputFiles[0]?.text ?? ''
}

describe('a Node member and a tab of Chromium', () => {
  let mesh: TestMesh
  let page: Page
  beforeEach(async () => {
    mesh = new TestMesh()
    page = await openTab()
    await page.evaluate(await bundle())
  })
  // Open links keep a process alive, also when a test has failed.
  afterEach(async () => {
    await page.close()
    await mesh.close()
  })
  after(closeChromium)

  /** Starts a member in the tab, whose signals and those of `node` are carried from now on. */
  async function startTab(id: string, node: TestMember): Promise<Signal[]> {
    const fromTab: Signal[] = []
    await page.exposeFunction('sendSignal', (_to: string, text: string) => {
      const signal = parseSignal(text)
      if (signal === undefined) return
      fromTab.push(signal)
      node.links.receiveSignal(id, signal)
    })
    mesh.carry = (from, _to, signal) => {
      const carried = page.evaluate(
        (...args) => window.tab.receiveSignal(...args),
        from,
        JSON.stringify(signal),
      )
      // The end of the test may overtake a late candidate.
      carried.catch((error: unknown) => {
        if (!page.isClosed()) throw error
      })
      return undefined
    }
    await page.evaluate((tabId) => window.tab.start(tabId), id)
    return fromTab
  }

  it('see none of the addresses behind which the tab is, as the browser gives out names alone', async () => {
    const candidates = await page.evaluate(() => window.tab.gather())
    expect(candidates.map(isHidden)).to.include(true).and.not.include(false)
  })

  for (const [offerer, nodeId, tabId] of [
    ['Node', 'b', 'a'],
    ['the tab', 'a', 'b'],
  ] as const) {
    it(`link when ${offerer} offers, although the tab hides its address behind an mDNS name`, async () => {
      const node = await mesh.join(nodeId)
      const fromTab = await startTab(tabId, node)
      node.links.dial(tabId)
      await until(() => node.log.length > 0, 'a link')
      expect(node.log).to.deep.equal([`up ${tabId}`])

      node.links.send(tabId, new Uint8Array(100_000).fill(7), 1)
      await until(() => node.frames.length === 1, 'the echo')
      expect(node.frames[0]?.bytes).to.deep.equal(new Uint8Array(100_000).fill(7))
      expect(await page.evaluate(() => window.tab.log)).to.deep.equal([`up ${nodeId}`])
      await page.evaluate(() => window.tab.close())
      // The few packets that tell of the end may all be lost; then WebRTC itself gives the link up, after 15 to 17 s.
      await until(() => node.log.includes(`down ${tabId}`), 'the end of the link')
      // A link may be open before the tab has its first name, and then none is sent: not one is required here.
      const candidates = fromTab.flatMap((signal) => (signal.type === 'candidate' ? [signal.candidate] : []))
      expect(candidates.filter((candidate) => !isHidden(candidate))).to.deep.equal([])
    })
  }
})

function isHidden(candidate: string): boolean {
  return /\.local \d+ typ host/.test(candidate)
}
