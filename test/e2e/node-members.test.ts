import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { until } from '../until.js'
import { type CliProcess, cli, getJson, stopProcesses } from './processes.js'

interface Up {
  id: string
  port: number
  process: CliProcess
}

describe('Node members as processes', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gossip-kv-e2e-'))
  })

  afterEach(async () => {
    await stopProcesses()
    await rm(folder, { recursive: true, force: true })
  })

  it('come back with id, sets and deletes after kill -9', async () => {
    const first = await member('--data', folder)
    await put(first, 'stays', { n: 1 })
    await put(first, 'goes', 1)
    await remove(first, 'goes')
    await until(async () => (await statusOf(first)).persisted === true, 'everything on disk')
    first.process.kill('SIGKILL')
    await first.process.exit()

    const second = await member('--data', folder)

    expect(second.id).to.equal(first.id)
    expect(await usrOf(second)).to.deep.equal({ stays: { n: 1 } })
  })

  it('do not share a data folder: the second one says who holds it', async () => {
    const first = await member('--data', folder)
    const second = cli('node', '--cluster', 'c', '--data', folder)
    const { code } = await second.exit()
    expect(code).to.equal(1)
    expect(second.stderr).to.include('ERR_DATA_LOCKED').and.to.include(String(first.process.pid))
  })

  it('work alone while signaling is down, and join when it comes up', async () => {
    const port = await freePort()
    const url = `ws://127.0.0.1:${port}`
    const a = await member('--signaling', url)
    const b = await member('--signaling', url)
    await put(a, 'early', 'written alone')
    await until(async () => (await statusOf(a)).name === 'offline', 'a offline')
    expect((await statusOf(a)).lastError).to.include('ERR_SIGNALING_UNREACHABLE')
    expect(await usrOf(a)).to.deep.equal({ early: 'written alone' })

    const signaling = cli('signal', '--port', String(port))
    await signaling.firstLine()

    await until(async () => (await usrOf(b))['early'] === 'written alone', 'the write at b')
    await until(async () => (await statusOf(b)).name === 'live', 'b live')
  })

  it('converge after one of them was killed and restarted while the others wrote', async () => {
    const signaling = cli('signal', '--port', '0')
    const url = urlIn(await signaling.firstLine())
    const [a, b] = [await member('--signaling', url), await member('--signaling', url)]
    const c = await member('--signaling', url, '--data', folder)
    await put(a, 'old', 1)
    await until(async () => 'old' in (await usrOf(c)), 'the first write at c')
    await until(async () => (await statusOf(c)).persisted === true, 'c on disk')
    c.process.kill('SIGKILL')
    await c.process.exit()
    await remove(b, 'old')
    await put(b, 'new', 2)

    const again = await member('--signaling', url, '--data', folder)

    await until(async () => JSON.stringify(await usrOf(again)) === '{"new":2}', 'c caught up')
    await until(
      async () => ((await getJson(`${urlOf(a)}/v1/members`)) as unknown[]).length === 3,
      'three members at a',
    )
  })
})

async function member(...args: string[]): Promise<Up> {
  const process = cli('node', '--cluster', 'c', '--writable', '--port', '0', '--json', ...args)
  return { ...(JSON.parse(await process.firstLine()) as { id: string; port: number }), process }
}

const urlOf = (up: Up) => `http://127.0.0.1:${up.port}`

async function usrOf(up: Up): Promise<Record<string, unknown>> {
  return ((await getJson(`${urlOf(up)}/v1/usr`)) ?? {}) as Record<string, unknown>
}

async function statusOf(up: Up): Promise<{ name?: string; persisted?: boolean; lastError?: unknown }> {
  const status = ((await getJson(`${urlOf(up)}/v1/status`)) ?? {}) as Record<string, unknown>
  return { ...status, lastError: JSON.stringify(status['lastError']) }
}

async function put(up: Up, key: string, value: unknown): Promise<void> {
  const request = {
    method: 'PUT',
    body: JSON.stringify(value),
    headers: { 'content-type': 'application/json' },
  }
  expect((await fetch(`${urlOf(up)}/v1/usr/${key}`, request)).ok).to.equal(true)
}

async function remove(up: Up, key: string): Promise<void> {
  expect((await fetch(`${urlOf(up)}/v1/usr/${key}`, { method: 'DELETE' })).ok).to.equal(true)
}

function urlIn(line: string): string {
  const url = /wss?:\/\/[^\s"]+/.exec(line)?.[0]
  if (url === undefined) throw new Error(`no WebSocket URL in: ${line}`)
  return url
}

/** A port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
