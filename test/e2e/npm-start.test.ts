import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { until } from '../until.js'
import { getJson } from './processes.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('npm start', () => {
  let npm: ChildProcess
  let url: string
  let pids: number[]

  beforeEach(async () => {
    // A group of its own, as a terminal gives each command one.
    npm = spawn('npm', ['start', '--', '--port', '0'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    })
    let printed = ''
    npm.stdout?.on('data', (chunk) => {
      printed += chunk
    })
    await until(() => /http:\S+/.test(printed), 'the URL of the page')
    url = /http:\S+/.exec(printed)?.[0] ?? ''
    pids = ((await getJson(`${url}api/nodes`)) as { pid: number }[]).map(({ pid }) => pid)
  })
  afterEach(() => {
    if (isAlive(-(npm.pid ?? 0))) process.kill(-(npm.pid ?? 0), 'SIGKILL')
  })

  it('serves the page with three members, and ends with them on Ctrl-C in its terminal', async () => {
    expect((await fetch(url)).status).to.equal(200)
    expect(pids.filter(isAlive)).to.have.length(3)
    process.kill(-(npm.pid ?? 0), 'SIGINT')
    await once(npm, 'exit')
    expect(pids.filter(isAlive)).to.deep.equal([])
  })

  it('ends with its members when npm alone is told to end', async () => {
    npm.kill('SIGTERM')
    await until(() => !pids.some(isAlive), 'the end of every member')
    await until(async () => (await fetch(url).catch(() => undefined)) === undefined, 'the end of the page')
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
