import { expect } from 'chai'
import type { Page } from 'puppeteer-core'
import type { Store } from '../../src/store/types.js'
import { until } from '../until.js'
import { closeChromium, openTab } from './chromium.js'
import { type CliProcess, cli, getJson, stopProcesses } from './processes.js'

interface DemoNode {
  pid: number
  name: string
  url: string
}

/** What the page offers to scripts. */
type DemoWindow = typeof globalThis & { gossipKvDemo: { store: Store } }

describe('the demo: two tabs and three Node processes over real WebRTC', () => {
  let demo: CliProcess
  let url: string
  let nodes: DemoNode[]
  let tabs: [Page, Page]

  before(async () => {
    demo = cli('demo', '--port', '0')
    url = await demo.firstLine()
    nodes = (await getJson(`${url}api/nodes`)) as DemoNode[]
    tabs = [await openTab(url), await openTab(url)]
    for (const tab of tabs) await until(() => isLive(tab, 5), 'each tab linked with everyone')
  })

  after(async () => {
    await closeChromium()
    await stopProcesses()
  })

  const valueIn = (tab: Page, key: string) =>
    tab.evaluate((wanted) => (window as DemoWindow).gossipKvDemo.store.usr.get(wanted), key)
  const setIn = (tab: Page, key: string, value: string) =>
    tab.evaluate((k, v) => (window as DemoWindow).gossipKvDemo.store.usr.set(k, v), key, value)
  const usrOf = async (node: DemoNode) => (await getJson(`${node.url}v1/usr`)) as Record<string, unknown>
  const everyNode = async (holds: (usr: Record<string, unknown>) => boolean) =>
    (await Promise.all(nodes.map(usrOf))).every((usr) => usr !== undefined && holds(usr))

  it('prints one URL and runs three Node members as processes of their own', () => {
    expect(demo.stdout.trim().split('\n')).to.deep.equal([url])
    expect(nodes).to.have.length(3)
    expect(new Set([demo.pid, ...nodes.map((node) => node.pid)]).size).to.equal(4)
  })

  it('shows a key that one tab sets in the other tab and in each Node process', async () => {
    await setIn(tabs[0], 'greeting', 'hello')
    await until(
      async () =>
        (await valueIn(tabs[1], 'greeting')) === 'hello' &&
        (await everyNode((usr) => usr['greeting'] === 'hello')),
      'the key everywhere',
    )
  })

  it('converges on deletes', async () => {
    await tabs[1].evaluate(() => (window as DemoWindow).gossipKvDemo.store.usr.delete('greeting'))
    await until(
      async () =>
        (await valueIn(tabs[0], 'greeting')) === undefined &&
        (await everyNode((usr) => !('greeting' in usr))),
      'the delete everywhere',
    )
  })

  it('carries a value of 60 KiB and 2,000 keys from a tab to Node', async () => {
    await tabs[0].evaluate(() => {
      const { usr } = (window as DemoWindow).gossipKvDemo.store
      usr.set('large', 'x'.repeat(60 * 1024))
      for (let n = 0; n < 2_000; n++) usr.set(`many/${n}`, n)
    })
    const arrived = (usr: Record<string, unknown>) =>
      Object.keys(usr).length === 2_001 && String(usr['large']).length === 60 * 1024
    await until(() => everyNode(arrived), 'all of it at every Node process')
    await until(async () => (await valueIn(tabs[1], 'many/1999')) === 1_999, 'all of it at the other tab')
    await tabs[0].evaluate(() => {
      const { usr } = (window as DemoWindow).gossipKvDemo.store
      usr.deleteMany(usr.keys())
    })
    await until(() => everyNode((usr) => Object.keys(usr).length === 0), 'all of it deleted')
  })

  it('can be used by hand: adds, edits and deletes through the page', async () => {
    const [left, right] = tabs
    await left.type('[data-testid=add-key]', 'by hand')
    await left.type('[data-testid=add-value]', 'typed')
    await left.click('[data-testid=add-button]')
    await until(async () => (await right.$('[data-testid=key-row]')) !== null, 'the row')
    const row = await right.$eval('[data-testid=key-row]', (element) => element.textContent ?? '')
    expect(row).to.include('by hand').and.to.include('typed')
  })

  it('says that all hold the same, on every page', async () => {
    for (const tab of tabs) {
      await until(
        () => tab.evaluate(() => (window as DemoWindow).gossipKvDemo.store.status.converged),
        'the badge',
      )
    }
    const digests = await Promise.all(
      nodes.map(async (node) => ((await getJson(`${node.url}v1/status`)) as { digest: string }).digest),
    )
    const ofTab = await tabs[0].evaluate(() => (window as DemoWindow).gossipKvDemo.store.status.digest)
    expect(new Set([...digests, ofTab]).size).to.equal(1)
  })

  it('shows every member with its port, and tabs without one, in sys', async () => {
    const members = await tabs[0].evaluate(
      () => (window as DemoWindow).gossipKvDemo.store.doc.getMap('sys').toJSON()['members'],
    )
    const records = Object.values(
      members as Record<string, { port: number | null; protocol: string; kind: string }>,
    )
    expect(records).to.have.length(5)
    expect(records.every((record) => record.protocol === 'v1')).to.equal(true)
    const ports = nodes.map((node) => Number(new URL(node.url).port)).sort()
    expect(records.flatMap((record) => record.port ?? []).sort()).to.deep.equal(ports)
    expect(
      records.filter((record) => record.kind === 'browser').every((record) => record.port === null),
    ).to.equal(true)
  })

  it('forgets a tab that closes everywhere', async () => {
    await tabs[1].close()
    const counts = async () => {
      const lists = await Promise.all(nodes.map((node) => getJson(`${node.url}v1/members`)))
      const here = await tabs[0].evaluate(() => (window as DemoWindow).gossipKvDemo.store.members.size)
      return [here, ...lists.map((list) => (list as unknown[]).length)]
    }
    await until(async () => (await counts()).every((count) => count === 4), 'four members in every list')
  })

  it('stops cleanly on Ctrl-C: exit code 0 and no process left', async () => {
    demo.kill('SIGINT')
    const { code } = await demo.exit()
    expect(code).to.equal(0)
    await until(() => nodes.every((node) => !isAlive(node.pid)), 'every Node member gone')
  })
})

async function isLive(tab: Page, members: number): Promise<boolean> {
  return tab.evaluate((wanted) => {
    const { store } = (window as DemoWindow).gossipKvDemo
    return (
      store.status.name === 'live' &&
      store.members.list().filter((member) => member.direct || member.self).length === wanted
    )
  }, members)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
