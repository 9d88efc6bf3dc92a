/** Secrets on the command line: made by keygen, rotated at a running member, and never shown. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { createStore, type Store } from '../../../src/index.js'
import { generateSecret, type HttpServer, serveHttp } from '../../../src/node.js'

const program = fileURLToPath(new URL('../../../cli/main.ts', import.meta.url))

async function cli(args: readonly string[], env: Record<string, string> = {}) {
  const options = { env: { ...process.env, ...env }, timeout: 30_000 }
  return promisify(execFile)(process.execPath, ['--import=tsx', program, ...args], options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout: stdout.trim(), stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      ...{ code, stdout: stdout.trim(), stderr },
    }),
  )
}

describe('gossip-kv keygen', () => {
  it('makes a secret, the next one of the same cluster, and the one of its readers', async () => {
    const first = await cli(['keygen'])
    expect(first.stdout).to.match(/^[\w-]{43}$/)
    const env = { GOSSIP_KV_SECRET: first.stdout }
    expect((await cli(['keygen', '--next'], env)).stdout).to.match(/^[\w-]{43}\.[\w-]{22}$/)
    expect((await cli(['keygen', '--reader'], env)).stdout).to.match(/^r[\w-]{43}\.[\w-]{43}\.[\w-]{22}$/)
  })

  it('needs the present secret for what depends on it', async () => {
    const { code, stderr } = await cli(['keygen', '--next'], { GOSSIP_KV_SECRET: '' })
    expect([code, stderr]).to.satisfy(
      ([exit, text]: [number, string]) => exit === 2 && /ERR_SECRET_MISSING/.test(text),
    )
  })
})

describe('gossip-kv node', () => {
  it('starts no open cluster for a file of the secret that is empty', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gossip-kv-secret-'))
    await writeFile(join(folder, 'secret'), '\n')
    const { code, stderr } = await cli(
      ['node', '--cluster=c', '--port=0', `--secret-file=${join(folder, 'secret')}`],
      { GOSSIP_KV_SECRET: await generateSecret() },
    )
    expect([code !== 0, /ERR_SECRET_INVALID/.test(stderr)]).to.deep.equal([true, true])
    await rm(folder, { recursive: true })
  })
})

describe('gossip-kv keys', () => {
  let store: Store
  let server: HttpServer
  let secret: string

  beforeEach(async () => {
    secret = await generateSecret()
    store = createStore({ cluster: 'keys', secret })
    await store.ready()
    server = await serveHttp(store, { writable: true })
  })
  afterEach(async () => {
    await server.close()
    await store.close()
  })

  it('rotates the secret of a running member, each step as often as one likes', async () => {
    const next = await generateSecret(secret)
    const [{ id: old } = { id: '' }] = store.keys.list()
    const keys = async (...args: string[]) =>
      JSON.parse((await cli(['keys', ...args, `--port=${server.port}`], { GOSSIP_KV_KEY: next })).stdout)
    expect(await keys('list')).to.deep.equal([{ id: old, primary: true }])
    const installed = await keys('install')
    expect(installed).to.have.length(2)
    expect(await keys('install')).to.deep.equal(installed)
    expect((await keys('use'))[0].primary).to.equal(true)
    expect(await keys('remove', old)).to.have.length(1)
    expect(store.keys.list().map(({ id }) => id)).to.not.include(old)
  })

  it('shows no key, in no answer and no message', async () => {
    const url = `http://127.0.0.1:${server.port}/v1/keys`
    const post = (body: string, headers = {}) => fetch(url, { method: 'POST', body, headers })
    const answers = [
      await fetch(url),
      await post(JSON.stringify({ step: 'install', key: secret })),
      await post(JSON.stringify({ step: 'remove', key: secret })),
      await post(JSON.stringify({ step: 'install', key: `${secret}x` })),
      await post(`{"step":"explode","key":"${secret}"`),
      await post(JSON.stringify({ step: 'use', key: await generateSecret(secret) }), {
        origin: 'http://evil',
      }),
    ]
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 409, 400, 400, 403])
    for (const answer of answers) expect(await answer.text()).to.not.include(secret)
    for (const shown of [store.metrics(), store.status, store.keys.list(), store.sys.snapshot()])
      expect(JSON.stringify(shown)).to.not.include(secret)
  })

  it('changes nothing where HTTP may not write', async () => {
    const reading = await serveHttp(store)
    const answer = await fetch(`http://127.0.0.1:${reading.port}/v1/keys`, { method: 'POST', body: '{}' })
    expect(answer.status).to.equal(405)
    await reading.close()
  })
})
