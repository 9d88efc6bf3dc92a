/** What the CLI makes of its arguments, and how its commands start and stop. */
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { until } from '../../until.js'
import { RawClient } from '../signaling/harness.js'
import { BuiltCli, eventually } from './harness.js'

describe('the command line', () => {
  let cli: BuiltCli
  let folder: string

  before(async () => {
    cli = await BuiltCli.make()
    folder = await mkdtemp(join(tmpdir(), 'gossip-kv-cli-'))
  })
  afterEach(() => cli.stopAll())
  after(async () => {
    await cli.dispose()
    await rm(folder, { recursive: true, force: true })
  })

  const misuses: [string, string[], string, RegExp][] = [
    ['an unknown command', ['sgnal'], 'ERR_OPTION_UNKNOWN', /"sgnal".*Did you mean signal\?/],
    ['an unknown command that is near none', ['frobnicate'], 'ERR_OPTION_UNKNOWN', /demo, node, signal/],
    [
      'an unknown option',
      ['node', '--cluter', 'c'],
      'ERR_OPTION_UNKNOWN',
      /--cluter.*Did you mean --cluster\?/,
    ],
    ['an unknown short option', ['signal', '-x'], 'ERR_OPTION_UNKNOWN', /no option -x/],
    ['the option of another command', ['signal', '--nodes=3'], 'ERR_OPTION_UNKNOWN', /--nodes.*--port/],
    ['a word too many', ['signal', '4444'], 'ERR_OPTION_UNKNOWN', /"4444"/],
    ['an option without its value', ['signal', '--port'], 'ERR_OPTION_INVALID', /--port has no value/],
    [
      'an option in place of a value',
      ['node', '--cluster', '--json'],
      'ERR_OPTION_INVALID',
      /--cluster has no value/,
    ],
    [
      'a denied option that takes a value',
      ['signal', '--no-port'],
      'ERR_OPTION_INVALID',
      /--port has no value/,
    ],
    ['a port that is no port', ['signal', '--port=70000'], 'ERR_OPTION_INVALID', /--port is "70000".*65535/],
    ['a port that is no number', ['signal', '--port=0x10'], 'ERR_OPTION_INVALID', /"0x10"/],
    [
      'a host of another machine',
      ['signal', '--port=0', '--host=203.0.113.7'],
      'ERR_OPTION_INVALID',
      /203\.0\.113\.7/,
    ],
    ['a member without a cluster', ['node'], 'ERR_OPTION_INVALID', /--cluster is missing.*GOSSIP_KV_CLUSTER/],
    [
      'a cluster without a name',
      ['node', `--cluster=${'c'.repeat(65)}`],
      'ERR_OPTION_INVALID',
      /64 characters/,
    ],
    [
      'a signaling URL of another protocol',
      ['node', '--cluster=c', '--signaling=http://127.0.0.1:1'],
      'ERR_URL_INVALID',
      /ws:/,
    ],
    ['a log level that is none', ['signal', '--log-level=loud'], 'ERR_OPTION_INVALID', /"loud".*silent/],
  ]
  for (const [what, args, code, text] of misuses) {
    it(`refuses ${what} with exit code 2, and starts nothing`, async () => {
      const data = join(folder, 'never')
      const run = cli.start(args[0] === 'node' ? [...args, `--data=${data}`] : args)
      expect(await run.exit()).to.equal(2)
      expect(run.stdout).to.equal('')
      expect(run.stderr).to.contain(`[gossip-kv ${code}]`).and.match(text)
      expect(existsSync(data)).to.equal(false)
    })
  }

  it('prints help and version as data', async () => {
    for (const [args, text] of [
      [[], 'demo'],
      [['--help'], 'signal'],
      [['node', '--help'], '--cluster'],
      [['--version'], '1.2.3'],
    ] as const) {
      const run = cli.start(args)
      expect(await run.exit(), args.join(' ')).to.equal(0)
      expect(run.stdout).to.contain(text)
      expect(run.stderr).to.equal('')
    }
  })

  it('prefers a flag to a variable, and a variable to the default', async () => {
    const taken = await occupy()
    const port = String((taken.address() as AddressInfo).port)
    const byVariable = cli.start(['signal'], { GOSSIP_KV_PORT: port })
    expect(await byVariable.exit()).to.equal(1)
    expect(byVariable.stderr).to.contain(`Port ${port}`)
    const byFlag = cli.start(['signal', '--port=0'], { GOSSIP_KV_PORT: port, GOSSIP_KV_HOST: '' })
    expect((await byFlag.json()).url).to.match(/^ws:\/\/127\.0\.0\.1:\d+\/$/)
    taken.close()
  })

  it('says what to do about a port in use, for every command, with exit code 1', async () => {
    const taken = await occupy()
    const { port } = taken.address() as AddressInfo
    for (const args of [['signal'], ['node', '--cluster=c'], ['demo', '--nodes=1']]) {
      const run = cli.start([...args, `--port=${port}`])
      expect(await run.exit(), args[0]).to.equal(1)
      expect(run.stdout).to.equal('')
      expect(run.stderr).to.contain('[gossip-kv ERR_PORT_IN_USE]').and.contain(`Port ${port}`)
    }
    taken.close()
  })

  it('serves signaling, and ends with 0 on SIGTERM after telling its clients', async () => {
    const run = cli.start(['signal', '--port=0'])
    const { url, port } = await run.json()
    const client = await RawClient.join(String(url), 'topic', 'a')
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).to.equal(200)
    run.child.kill('SIGTERM')
    expect(await client.closed()).to.equal(1012)
    expect(await run.exit()).to.equal(0)
    expect(run.stdout.trim().split('\n')).to.have.length(1)
    for (const line of run.stderr.trim().split('\n'))
      expect(JSON.parse(line)).to.include({ name: 'gossip-kv signal' })
  })

  it('ends at once on a second signal', async () => {
    const run = cli.start(['signal', '--port=0'])
    const client = await RawClient.join(String((await run.json()).url), 'topic', 'a')
    // A client that reads nothing holds the polite close up for a second.
    client.socket.pause()
    run.child.kill('SIGINT')
    await until(() => run.stderr.includes('stopping'), 'it is stopping')
    const startedAt = performance.now()
    run.child.kill('SIGINT')
    expect(await run.exit()).to.equal(1)
    expect(performance.now() - startedAt).to.be.below(700)
    client.socket.terminate()
  })

  it('ends with 0 on a signal that comes while it starts', async () => {
    const run = cli.start(['node', '--cluster=c', '--signaling=ws://127.0.0.1:1'])
    await until(() => run.stderr !== '' || run.stdout !== '', 'it logs')
    run.child.kill('SIGINT')
    expect(await run.exit()).to.equal(0)
  })

  it('shares data between members, through HTTP and over WebRTC', async () => {
    const signal = cli.start(['signal', '--port=0'])
    const { url } = await signal.json()
    const args = ['node', '--cluster=c', `--signaling=${url}`, '--writable']
    const [a, b] = [cli.start([...args, '--name=a']), cli.start([...args, '--name=b'])]
    const [upA, upB] = await Promise.all([a.json(), b.json()])
    expect(upA).to.have.all.keys('id', 'port', 'cluster')
    const at = (up: Record<string, unknown>, path: string) => `http://127.0.0.1:${up.port}${path}`
    const put = await fetch(at(upA, '/v1/usr/greeting'), { method: 'PUT', body: '{"text":"hello"}' })
    expect(put.status).to.equal(204)
    const read = async () => (await fetch(at(upB, '/v1/usr/greeting'))).json() as Promise<unknown>
    expect(
      await eventually('b has it', read, (value) => JSON.stringify(value) === '{"text":"hello"}'),
    ).to.be.an('object')
    const members = (await (await fetch(at(upB, '/v1/members'))).json()) as {
      id: string
      port: number
      name: string
    }[]
    expect(members.map(({ name }) => name)).to.have.members(['a', 'b'])
    expect(members.find(({ id }) => id === upA.id)?.port).to.equal(upA.port)
    expect((await fetch(at(upB, '/readyz'))).status).to.equal(200)
    a.child.kill('SIGTERM')
    expect(await a.exit()).to.equal(0)
  })

  it('works alone while signaling is down, says so, and joins when it comes up', async () => {
    const free = await occupy()
    const { port } = free.address() as AddressInfo
    free.close()
    await once(free, 'close')
    const node = cli.start(['node', '--cluster=c', `--signaling=ws://127.0.0.1:${port}`])
    const up = await node.json()
    await until(() => node.stderr.includes('ERR_SIGNALING_UNREACHABLE'), 'it says so')
    cli.start(['signal', `--port=${port}`])
    const status = async () =>
      (await fetch(`http://127.0.0.1:${up.port}/v1/status`)).json() as Promise<{ signaling: string }>
    await eventually('it is connected', status, ({ signaling }) => signaling === 'connected')
  })

  it('says what to install where there is no WebRTC, with exit code 1, while signaling needs none of it', async () => {
    const deny = `export async function resolve(name, context, next) {
      if (/^(@roamhq|simple-peer|yjs|lib0)/.test(name)) throw Object.assign(new Error('denied'), { code: 'ERR_MODULE_NOT_FOUND' })
      return next(name, context)
    }`
    const register = (source: string) =>
      `import { register } from 'node:module'; register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(source)}`)})`
    const without = (source: string) => ({
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(register(source))}`,
    })
    const node = cli.start(['node', '--cluster=c'], without(deny.replace('|simple-peer|yjs|lib0', '')))
    expect(await node.exit()).to.equal(1)
    expect(node.stdout).to.equal('')
    expect(node.stderr).to.contain('[gossip-kv ERR_WEBRTC_UNAVAILABLE]').and.contain('@roamhq/wrtc')
    const signal = cli.start(['signal', '--port=0'], without(deny))
    expect((await signal.json()).url).to.be.a('string')
  })

  it('comes back after kill -9 with its id and its data', async () => {
    const args = ['node', '--cluster=c', '--writable', `--data=${join(folder, 'data')}`]
    const first = cli.start(args)
    const up = await first.json()
    await fetch(`http://127.0.0.1:${up.port}/v1/usr/kept`, { method: 'PUT', body: '[1,2,3]' })
    const status = async () =>
      (await fetch(`http://127.0.0.1:${up.port}/v1/status`)).json() as Promise<{ persisted: boolean }>
    await eventually('it is on disk', status, ({ persisted }) => persisted)
    const second = cli.start(args)
    expect(await second.exit()).to.equal(1)
    expect(second.stderr).to.contain('ERR_DATA_LOCKED').and.contain(`process ${first.child.pid}`)
    first.child.kill('SIGKILL')
    expect(await first.exit()).to.equal('SIGKILL')
    const third = cli.start(args)
    const again = await third.json()
    expect(again.id).to.equal(up.id)
    expect(await (await fetch(`http://127.0.0.1:${again.port}/v1/usr/kept`)).json()).to.deep.equal([1, 2, 3])
  })
})

async function occupy(): Promise<Server> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
