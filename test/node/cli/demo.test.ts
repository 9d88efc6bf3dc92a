/** The demo as processes: one URL, members beside it, and nothing left when it ends. */
import { rename } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { expect } from 'chai'
import { until } from '../../until.js'
import { BuiltCli, eventually, isAlive, type RunningCli } from './harness.js'

interface Listed {
  pid: number
  name: string
  url: string
}

describe('the demo', () => {
  let cli: BuiltCli

  before(async () => {
    cli = await BuiltCli.make()
  })
  afterEach(() => cli.stopAll())
  after(() => cli.dispose())

  async function start(
    nodes: number,
  ): Promise<{ demo: RunningCli; url: string; list: () => Promise<Listed[]> }> {
    const demo = cli.start(['demo', '--port=0', `--nodes=${nodes}`])
    const url = await demo.line()
    const list = async () => (await (await fetch(`${url}api/nodes`)).json()) as Listed[]
    return { demo, url, list }
  }

  it('prints one URL when the members are up, and the members find each other', async () => {
    const { demo, url, list } = await start(2)
    expect(url).to.match(/^http:\/\/localhost:\d+\/$/)
    const nodes = await list()
    expect(nodes.map(({ name }) => name)).to.deep.equal(['node-1', 'node-2'])
    for (const node of nodes) {
      const status = async () =>
        (await (await fetch(`${node.url}v1/status`)).json()) as { name: string; links: number }
      await eventually(`${node.name} is live`, status, ({ name, links }) => name === 'live' && links === 1)
    }
    expect(demo.stdout).to.equal(`${url}\n`)
  })

  it('serves the files of the page and nothing beside them', async () => {
    const { url } = await start(0)
    const page = await fetch(url)
    expect(page.headers.get('content-type')).to.equal('text/html; charset=utf-8')
    expect(page.headers.get('cache-control')).to.equal('no-cache')
    expect(await page.text()).to.contain('<title>page</title>')
    expect((await fetch(`${url}main.js`)).headers.get('content-type')).to.equal(
      'text/javascript; charset=utf-8',
    )
    const etag = page.headers.get('etag') ?? ''
    expect((await fetch(url, { headers: { 'If-None-Match': etag } })).status).to.equal(304)
    expect((await fetch(url, { method: 'HEAD' })).status).to.equal(200)
    expect((await fetch(url, { method: 'POST' })).status).to.equal(405)
    for (const path of [
      '/../cli/main.js',
      '/%2e%2e/cli/main.js',
      '/..%2fcli/main.js',
      '/x/../../cli/main.js',
      '/%',
      '/%00',
      '/none',
      '//etc/passwd',
    ]) {
      expect(await rawStatus(url, path), path).to.equal(404)
    }
  })

  it('starts a member again that crashes, and says so', async () => {
    const { demo, list } = await start(1)
    const [node] = await list()
    process.kill(node?.pid ?? 0, 'SIGKILL')
    await eventually('another one is up', list, ([next]) => next !== undefined && next.pid !== node?.pid)
    expect(demo.stderr).to.contain('"how":"by SIGKILL"').and.contain('started again')
  })

  it('stops with its members on Ctrl-C', async () => {
    const { demo, list } = await start(2)
    const pids = (await list()).map(({ pid }) => pid)
    demo.child.kill('SIGINT')
    expect(await demo.exit()).to.equal(0)
    expect(pids.filter(isAlive)).to.deep.equal([])
  })

  it('leaves no member behind even when it is killed', async () => {
    const { demo, list } = await start(1)
    const pids = (await list()).map(({ pid }) => pid)
    demo.child.kill('SIGKILL')
    await until(() => !pids.some(isAlive), 'the members are gone')
  })

  it('keeps variables that are meant for itself from its members', async () => {
    const demo = cli.start(['demo', '--port=0', '--nodes=1'], {
      GOSSIP_KV_DATA: '/dev/null/never',
      GOSSIP_KV_CLUSTER: 'other',
    })
    const url = await demo.line()
    const [node] = (await (await fetch(`${url}api/nodes`)).json()) as Listed[]
    expect(await (await fetch(`${node?.url}v1/status`)).json()).to.include({ cluster: 'demo' })
  })

  it('says how to build the page when it is missing', async () => {
    const page = join(cli.folder, 'dist', 'demo')
    await rename(page, `${page}-away`)
    const run = cli.start(['demo', '--port=0'])
    expect(await run.exit()).to.equal(2)
    expect(run.stderr).to.contain('ERR_PAGE_MISSING').and.contain('npm run build')
    await rename(`${page}-away`, page)
  })
})

/** The status of a path as it stands: fetch would tidy it up first. */
function rawStatus(url: string, path: string): Promise<number | undefined> {
  const { port } = new URL(url)
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path }, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end()
  })
}
