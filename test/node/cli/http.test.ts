/** The HTTP interface of a member, over a real store. */
import { request } from 'node:http'
import { connect } from 'node:net'
import { expect } from 'chai'
import { createStore, memoryPersistence, type Store, UsageError } from '../../../src/index.js'
import {
  type HttpServer,
  type HttpServerOptions,
  openHttp,
  optionsFromEnv,
  serveHttp,
} from '../../../src/node.js'
import { until } from '../../until.js'

describe('the HTTP interface', () => {
  let store: Store
  const servers: HttpServer[] = []

  beforeEach(async () => {
    store = createStore({ cluster: 'http', name: 'member' })
    await store.ready()
  })
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close()
    await store.close()
  })

  async function serve(options: HttpServerOptions & { writable?: boolean } = {}): Promise<string> {
    const server = await serveHttp(store, options)
    servers.push(server)
    return `http://127.0.0.1:${server.port}`
  }

  async function expectProblem(response: Response, status: number, code?: string): Promise<string> {
    expect(response.status).to.equal(status)
    expect(response.headers.get('content-type')).to.equal('application/problem+json')
    const problem = (await response.json()) as {
      status: number
      title: string
      detail: string
      code?: string
    }
    expect(problem.status).to.equal(status)
    expect(problem.title).to.be.a('string').and.not.equal('')
    expect(problem.code).to.equal(code)
    return problem.detail
  }

  it('shows status, members, sys and keys', async () => {
    const url = await serve()
    store.usr.setMany({ 'a/1': 1, 'a/2': { deep: [true, null] }, b: new Uint8Array([1, 2]) })
    const read = async (path: string) => (await fetch(url + path)).json() as Promise<unknown>
    expect(await read('/v1/status')).to.include({ id: store.id, cluster: 'http', name: 'alone' })
    expect(await read('/v1/members')).to.have.nested.property('[0].name', 'member')
    expect(await read('/v1/sys')).to.have.nested.property(`members.${store.id}.protocol`, 'v1')
    expect(await read('/v1/usr')).to.deep.equal({
      'a/1': 1,
      'a/2': { deep: [true, null] },
      b: { $base64: 'AQI=' },
    })
    expect(await read('/v1/usr?prefix=a%2F')).to.deep.equal({ 'a/1': 1, 'a/2': { deep: [true, null] } })
    expect(await read('/v1/usr/a%2F2')).to.deep.equal({ deep: [true, null] })
  })

  it('gives bytes as bytes, and null as a value that is there', async () => {
    const url = await serve()
    store.usr.setMany({ bytes: new Uint8Array([0, 255]), nothing: null })
    const bytes = await fetch(`${url}/v1/usr/bytes`)
    expect(bytes.headers.get('content-type')).to.equal('application/octet-stream')
    expect([...new Uint8Array(await bytes.arrayBuffer())]).to.deep.equal([0, 255])
    const nothing = await fetch(`${url}/v1/usr/nothing`)
    expect(nothing.status).to.equal(200)
    expect(await nothing.json()).to.equal(null)
  })

  it('answers problems for what is not there or cannot be', async () => {
    const url = await serve()
    await expectProblem(await fetch(`${url}/v1/usr/none`), 404)
    await expectProblem(await fetch(`${url}/elsewhere`), 404)
    await expectProblem(await fetch(`${url}/v1/usr/`), 400, 'ERR_KEY_INVALID')
    await expectProblem(await fetch(`${url}/v1/usr/__proto__`), 400, 'ERR_KEY_INVALID')
    await expectProblem(await fetch(`${url}/v1/usr/100%`), 400, 'ERR_KEY_INVALID')
    await expectProblem(await fetch(`${url}/v1/status`, { method: 'POST' }), 405)
    expect((await fetch(`${url}/v1/status`, { method: 'HEAD' })).status).to.equal(200)
  })

  it('refuses to write unless it is told that it may', async () => {
    const url = await serve()
    store.usr.set('key', 1)
    for (const method of ['PUT', 'DELETE']) {
      const response = await fetch(`${url}/v1/usr/key`, {
        method,
        ...(method === 'PUT' ? { body: '2' } : {}),
      })
      expect(response.headers.get('allow')).to.equal('GET, HEAD')
      await expectProblem(response, 405)
    }
    expect(store.usr.get('key')).to.equal(1)
  })

  it('writes and deletes when it may', async () => {
    const url = await serve({ writable: true })
    const put = (key: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
      fetch(`${url}/v1/usr/${key}`, { method: 'PUT', body, headers })
    expect((await put('a%2Fb', '{"x":1}')).status).to.equal(204)
    expect(store.usr.get('a/b')).to.deep.equal({ x: 1 })
    expect(
      (await put('raw', new Uint8Array([7]), { 'Content-Type': 'application/octet-stream' })).status,
    ).to.equal(204)
    expect(store.usr.get('raw')).to.deep.equal(new Uint8Array([7]))
    expect((await fetch(`${url}/v1/usr/raw`, { method: 'DELETE' })).status).to.equal(204)
    expect(store.usr.has('raw')).to.equal(false)
    await expectProblem(await fetch(`${url}/v1/usr/raw`, { method: 'DELETE' }), 404)
  })

  it('refuses bodies and keys that the store refuses, with its codes, and changes nothing', async () => {
    const url = await serve({ writable: true })
    const put = (key: string, body: string) => fetch(`${url}/v1/usr/${key}`, { method: 'PUT', body })
    await expectProblem(await put('key', 'no json'), 400, 'ERR_VALUE_INVALID')
    await expectProblem(await put('key', ''), 400, 'ERR_VALUE_INVALID')
    await expectProblem(await put('key', '{"__proto__":1}'), 400, 'ERR_VALUE_INVALID')
    await expectProblem(await put('__proto__', '1'), 400, 'ERR_KEY_INVALID')
    await expectProblem(await put('k'.repeat(513), '1'), 400, 'ERR_KEY_INVALID')
    await expectProblem(await put('key', JSON.stringify('x'.repeat(64 * 1024))), 413, 'ERR_TOO_LARGE')
    await expectProblem(await put('key', JSON.stringify('x'.repeat(8_000_000))), 413, 'ERR_TOO_LARGE')
    expect(store.usr.size).to.equal(0)
    expect((await put('key', JSON.stringify('x'.repeat(60 * 1024)))).status).to.equal(204)
  })

  it('refuses conditional writes, since no member can keep such a promise', async () => {
    const url = await serve({ writable: true })
    for (const header of ['If-Match', 'If-None-Match']) {
      const response = await fetch(`${url}/v1/usr/key`, {
        method: 'PUT',
        body: '1',
        headers: { [header]: '*' },
      })
      expect(await expectProblem(response, 400, 'ERR_OPTION_INVALID')).to.contain('compare and set')
    }
    expect(store.usr.has('key')).to.equal(false)
  })

  it('lives always, and is ready when the store is live or alone and not stopping', async () => {
    const server = await openHttp()
    servers.push(server)
    const status = async (path: string) => (await fetch(`http://127.0.0.1:${server.port}${path}`)).status
    expect(await status('/livez')).to.equal(200)
    expect(await status('/readyz')).to.equal(503)
    expect(await status('/v1/status')).to.equal(503)
    server.show(store)
    expect(await status('/readyz')).to.equal(200)
    server.drain()
    expect(await status('/readyz')).to.equal(503)
    expect(await status('/livez')).to.equal(200)
    expect(await status('/v1/status')).to.equal(200)
  })

  it('is not ready when the store is offline or closed, and says that it is closed to writers', async () => {
    const lost = createStore({ cluster: 'http', signaling: 'ws://127.0.0.1:1' })
    const server = await serveHttp(lost, { writable: true })
    servers.push(server)
    const url = `http://127.0.0.1:${server.port}`
    await until(() => lost.status.name === 'offline', 'it is offline')
    await expectProblem(await fetch(`${url}/readyz`), 503)
    const status = (await (await fetch(`${url}/v1/status`)).json()) as { lastError?: { code: string } }
    expect(status.lastError?.code).to.equal('ERR_SIGNALING_UNREACHABLE')
    await lost.close()
    await expectProblem(await fetch(`${url}/readyz`), 503)
    await expectProblem(
      await fetch(`${url}/v1/usr/key`, { method: 'PUT', body: '1' }),
      503,
      'ERR_STORE_CLOSED',
    )
    expect((await fetch(`${url}/livez`)).status).to.equal(200)
  })

  it('answers no page that reaches it under a foreign name, and sends no CORS headers', async () => {
    const url = await serve()
    const { port } = new URL(url)
    const statusAs = (host: string) =>
      new Promise((resolve) => {
        request({ host: '127.0.0.1', port, path: '/livez', headers: { host } }, (response) =>
          resolve(response.resume().statusCode),
        ).end()
      })
    expect(await statusAs('evil.example')).to.equal(421)
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, '[::1]:1'])
      expect(await statusAs(host)).to.equal(200)
    const response = await fetch(`${url}/v1/usr`, { headers: { Origin: 'https://page.example' } })
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control'))).to.deep.equal([])
  })

  it('asks for its own name on every address of this machine', async () => {
    for (const host of ['127.0.0.2', '::ffff:127.0.0.1', 'LOCALHOST']) {
      const server = await openHttp({ host })
      const status = await new Promise((resolve) => {
        const target = {
          host: host.toLowerCase(),
          port: server.port,
          path: '/livez',
          headers: { host: 'evil.example' },
        }
        request(target, (response) => resolve(response.resume().statusCode)).end()
      })
      await server.close()
      expect(status).to.equal(421)
    }
  })

  it('lets no page write, also under a name that the page has pointed at it', async () => {
    const url = await serve({ writable: true })
    store.usr.set('key', 1)
    for (const [method, path] of [
      ['PUT', '/v1/usr/key'],
      ['DELETE', '/v1/usr/key'],
      ['POST', '/v1/checkpoints'],
      ['POST', '/v1/keys'],
    ] as const)
      for (const Origin of [url, 'https://evil.example', 'null']) {
        const body = method === 'PUT' ? { body: '2' } : {}
        await expectProblem(await fetch(`${url}${path}`, { method, headers: { Origin }, ...body }), 403)
      }
    expect(store.usr.get('key')).to.equal(1)
  })

  it('survives noise and clients that break off', async () => {
    const url = await serve({ writable: true })
    const port = Number(new URL(url).port)
    for (const text of [
      '\u0000\u0001',
      'GET',
      'PUT /v1/usr/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1',
    ]) {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.write(text, () => socket.resetAndDestroy())
    }
    expect((await fetch(`${url}/livez`)).status).to.equal(200)
    expect(store.usr.has('x')).to.equal(false)
  })

  it('says what to do about a port in use or out of range', async () => {
    const taken = Number(new URL(await serve()).port)
    const inUse = await openHttp({ port: taken }).catch((error: unknown) => error)
    expect(inUse).to.include({ code: 'ERR_PORT_IN_USE' })
    const outOfRange = await openHttp({ port: 70_000 }).catch((error: unknown) => error)
    expect(outOfRange).to.be.instanceOf(UsageError)
  })
})

describe('options from the environment', () => {
  it('are those of a store', async () => {
    const options = optionsFromEnv({
      GOSSIP_KV_CLUSTER: ' c ',
      GOSSIP_KV_SIGNALING: 'ws://one, ,wss://two',
      GOSSIP_KV_NAME: 'n',
      GOSSIP_KV_ZONE: '',
      GOSSIP_KV_PORT: '8080',
    })
    expect(options).to.deep.equal({
      cluster: 'c',
      signaling: ['ws://one', 'wss://two'],
      name: 'n',
      port: 8080,
    })
    const store = createStore({
      ...optionsFromEnv({ GOSSIP_KV_CLUSTER: 'c' }),
      persistence: memoryPersistence(),
    })
    expect(store.cluster).to.equal('c')
    await store.close()
  })

  it('are refused without a cluster and with a port that is none', () => {
    expect(() => optionsFromEnv({})).to.throw(UsageError, /GOSSIP_KV_CLUSTER/)
    for (const port of ['x', '-1', '70000', '1.5']) {
      expect(() => optionsFromEnv({ GOSSIP_KV_CLUSTER: 'c', GOSSIP_KV_PORT: port }), port).to.throw(
        UsageError,
        /GOSSIP_KV_PORT/,
      )
    }
  })
})
