/** Presence, messages and the life of pages over real WebRTC: two tabs, the process of this test, and the command. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { build } from 'esbuild'
import type { Page } from 'puppeteer-core'
import { createSignalingServer, type SignalingServer } from '../../signaling-server/server.js'
import { createStore, type Member, type Store } from '../../src/index.js'
import { until } from '../until.js'
import { closeChromium, openTab } from './chromium.js'
import { cli, stopProcesses } from './processes.js'

const fixture = join(fileURLToPath(new URL('.', import.meta.url)), 'presence-tab-fixture.ts')

describe('two tabs and a Node process that show and tell each other things', () => {
  let signaling: SignalingServer
  let script: string
  let store: Store
  let tabs: [Page, Page]
  let ids: [string, string]
  const gone: Member[] = []
  const heard: { from: string; text: string }[] = []

  before(async () => {
    const { outputFiles } = await build({
      entryPoints: [fixture],
      bundle: true,
      write: false,
      format: 'iife',
    })
    script = outputFiles[0]?.text ?? ''
    signaling = await createSignalingServer()
    store = createStore({ cluster: 'presence', signaling: signaling.url, name: 'node' })
    store.on('gone', (member) => gone.push(member))
    store.on('message', ({ from, bytes }) => heard.push({ from, text: new TextDecoder().decode(bytes) }))
    tabs = [await tab('tab 1'), await tab('tab 2')]
    ids = [await idOf(tabs[0]), await idOf(tabs[1])]
    await until(() => store.members.size === 3 && store.status.links === 2, 'three that know each other')
  })

  after(async () => {
    await store.close()
    await closeChromium()
    await stopProcesses()
    await signaling.close()
  })

  async function tab(name: string): Promise<Page> {
    const page = await openTab()
    await page.evaluate(script)
    await page.evaluate((...args) => window.openPresence(...args), 'presence', signaling.url, name)
    return page
  }

  const idOf = (page: Page) => page.evaluate(() => window.presenceStore.id)
  const seenIn = (page: Page, id: string) =>
    page.evaluate((wanted) => JSON.stringify(window.presenceStore.presence.get(wanted)), id)
  const stateOf = (id: string) => store.members.get(id)?.state

  it('see what each shows, a tab that comes later too, and no more of it once its member is gone', async () => {
    store.presence.set({ cursor: 'node' })
    await tabs[0].evaluate(() => window.presenceStore.presence.set({ cursor: 'tab 1' }))
    await until(async () => (await seenIn(tabs[1], store.id)) === '{"cursor":"node"}', 'the cursor of Node')
    await until(async () => (await seenIn(tabs[1], ids[0])) === '{"cursor":"tab 1"}', 'the cursor of the tab')
    await until(() => store.presence.get(ids[0])?.cursor === 'tab 1', 'the same in Node')

    const late = await tab('tab 3')
    await until(
      async () => (await seenIn(late, ids[0])) === '{"cursor":"tab 1"}',
      'the cursor in the late tab',
    )
    const lateId = await idOf(late)
    await late.evaluate(() => window.presenceStore.presence.set({ cursor: 'tab 3' }))
    await until(() => store.presence.get(lateId)?.cursor === 'tab 3', 'the cursor of the late tab')

    await late.close()
    await until(() => store.presence.get(lateId) === undefined, 'gone with its page')
    expect(gone.at(-1)).to.include({ id: lateId, name: 'tab 3', state: 'left' })
  })

  it('send bytes to one and to all', async () => {
    await tabs[0].evaluate(
      (to) => window.presenceStore.send(to, new TextEncoder().encode('for Node')),
      store.id,
    )
    await tabs[1].evaluate(() => window.presenceStore.send('*', new TextEncoder().encode('for all')))
    await until(() => heard.length === 2, 'both messages')
    expect(heard.map(({ text }) => text).sort()).to.deep.equal(['for Node', 'for all'])
    expect(heard.find(({ text }) => text === 'for Node')?.from).to.equal(ids[0])
    const inTab = () => tabs[0].evaluate(() => window.presenceMessages)
    await until(async () => (await inTab()).length === 1, 'the one for all in the other tab')
    expect(await inTab()).to.deep.equal([{ from: ids[1], text: 'for all' }])
  })

  it('take a tab that the browser freezes for frozen, not for dead, and for alive once it goes on', async () => {
    const session = await tabs[1].createCDPSession()
    await session.send('Page.setWebLifecycleState', { state: 'frozen' })
    await until(() => stateOf(ids[1]) === 'frozen', 'frozen')
    await new Promise((resolve) => setTimeout(resolve, 8_000))
    expect(stateOf(ids[1])).to.equal('frozen')
    await session.send('Page.setWebLifecycleState', { state: 'active' })
    await until(() => stateOf(ids[1]) === 'alive', 'alive again')
    expect(gone.some(({ id }) => id === ids[1])).to.equal(false)
  })

  it('tell a process that is asked to end from one that is killed', async () => {
    const start = async () => {
      const args = ['--cluster', 'presence', '--signaling', signaling.url, '--port', '0', '--json']
      const member = cli('node', ...args)
      const { id } = JSON.parse(await member.firstLine()) as { id: string }
      await until(() => store.members.get(id)?.direct === true, 'the process is a member')
      return { id, member }
    }
    const [asked, killed] = [await start(), await start()]
    asked.member.kill('SIGTERM')
    await until(() => gone.some(({ id }) => id === asked.id), 'it said goodbye')
    killed.member.kill('SIGKILL')
    await until(() => gone.some(({ id }) => id === killed.id), 'it died')
    expect(
      gone.filter(({ id }) => id === asked.id || id === killed.id).map(({ state }) => state),
    ).to.deep.equal(['left', 'dead'])
  })
})
