/** Checkpoints and changes over the HTTP interface of a member. */
import { connect } from 'node:net'
import { expect } from 'chai'
import * as Y from 'yjs'
import { WATCHERS_MAX } from '../../../src/http/watch.node.js'
import { type CheckpointInfo, createStore, type Store } from '../../../src/index.js'
import { type HttpServer, serveHttp } from '../../../src/node.js'
import { until } from '../../until.js'

describe('the HTTP interface', () => {
  let store: Store
  let url: string
  const servers: HttpServer[] = []

  beforeEach(async () => {
    store = createStore({ cluster: 'http' })
    await store.ready()
    url = await serve({ writable: true })
  })
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close()
    await store.close()
  })

  async function serve(options: { writable?: boolean }): Promise<string> {
    const server = await serveHttp(store, options)
    servers.push(server)
    return `http://127.0.0.1:${server.port}/v1`
  }

  const send = (method: string, path: string, init: RequestInit = {}) =>
    fetch(url + path, { method, ...init })
  const json = async (response: Response) => (await response.json()) as Record<string, unknown>

  it('makes, lists, shows, compares, restores and removes checkpoints', async () => {
    store.usr.setMany({ 'a/1': 1, 'b/1': new Uint8Array([1]) })
    const made = await send('POST', '/checkpoints?label=before%20it')
    expect(made.status).to.equal(201)
    const { id } = await json(made)
    store.usr.setMany({ 'a/1': 2, 'a/2': 2 })
    expect((await json(await send('GET', '/checkpoints')))[0]).to.include({ id, label: 'before it', keys: 2 })
    expect(await json(await send('GET', '/checkpoints/before%20it?prefix=b'))).to.nested.include({
      'entries[0].value.$base64': 'AQ==',
    })
    const expected = {
      added: [{ key: 'a/2', value: 2 }],
      changed: [{ key: 'a/1', before: 1, after: 2 }],
      removed: [],
    }
    expect(await json(await send('GET', `/checkpoints/${id}/diff`))).to.deep.equal(expected)
    expect(await json(await send('GET', `/checkpoints/now/diff?to=${id}&prefix=b`))).to.deep.equal({
      added: [],
      changed: [],
      removed: [],
    })
    const restored = await json(await send('POST', `/checkpoints/${id}/restore?prefix=a/`))
    expect(restored['removed']).to.deep.equal([{ key: 'a/2', value: 2 }])
    expect(store.usr.snapshot()).to.deep.equal({ 'a/1': 1, 'b/1': new Uint8Array([1]) })
    expect((await send('DELETE', `/checkpoints/${id}`)).status).to.equal(204)
    expect(await json(await send('GET', `/checkpoints/${id}`))).to.include({
      status: 404,
      code: 'ERR_CHECKPOINT_MISSING',
    })
  })

  it('exports what a Y.Doc opens, and imports it again', async () => {
    store.usr.set('k', [1])
    const { id } = await json(await send('POST', '/checkpoints'))
    const bytes = new Uint8Array(await (await send('GET', `/checkpoints/${id}/export`)).arrayBuffer())
    const doc = new Y.Doc()
    Y.applyUpdate(doc, bytes)
    expect(doc.getMap('usr').toJSON()).to.deep.equal({ k: [1] })
    const headers = { 'Content-Type': 'application/octet-stream' }
    const imported = await send('POST', '/checkpoints?label=imported', { body: bytes, headers })
    expect(await json(imported)).to.include({ label: 'imported', keys: 1 })
    const refused = await send('POST', '/checkpoints', { body: bytes.slice(1), headers })
    expect(await json(refused)).to.include({ status: 422, code: 'ERR_CHECKPOINT_INVALID' })
  })

  it('changes nothing unless it may, and never for a web page', async () => {
    const info: CheckpointInfo = await store.checkpoints.create({ label: 'one' })
    store.usr.set('k', 1)
    const writes: [string, string][] = [
      ['POST', '/checkpoints'],
      ['POST', `/checkpoints/${info.id}/restore`],
      ['DELETE', `/checkpoints/${info.id}`],
    ]
    for (const [method, path] of writes)
      expect((await send(method, path, { headers: { Origin: 'http://127.0.0.1:1' } })).status).to.equal(403)
    url = await serve({})
    for (const [method, path] of writes) {
      const response = await send(method, path)
      expect(response.status).to.equal(405)
      expect(response.headers.get('allow')).to.equal('GET, HEAD')
    }
    expect(store.usr.get('k')).to.equal(1)
    expect(await store.checkpoints.list()).to.have.length(1)
    expect((await send('GET', `/checkpoints/one`)).status).to.equal(200)
  })

  it('knows which paths and methods there are', async () => {
    await store.checkpoints.create({ label: 'one' })
    const statusOf = async (method: string, path: string) => (await send(method, path)).status
    expect(await statusOf('GET', '/checkpoints/one/nothing')).to.equal(404)
    expect(await statusOf('GET', '/checkpoints/one/diff/more')).to.equal(404)
    expect(await statusOf('GET', '/checkpoints/one/constructor')).to.equal(404)
    expect(await statusOf('POST', '/checkpoints/one/diff')).to.equal(405)
    expect(await statusOf('GET', '/checkpoints/one/restore')).to.equal(405)
    expect(await statusOf('PUT', '/checkpoints')).to.equal(405)
    expect(await statusOf('GET', '/checkpoints/%')).to.equal(400)
    expect(await statusOf('POST', '/checkpoints?label=')).to.equal(400)
  })

  it('tells changes as they happen, until the reader goes', async () => {
    store.usr.setMany({ 'a/1': 1, b: 1 })
    const gone = new AbortController()
    const response = await fetch(`${url}/watch?prefix=a/&initial=true`, { signal: gone.signal })
    expect(response.headers.get('content-type')).to.equal('application/x-ndjson')
    let text = ''
    const reading = (async () => {
      for await (const chunk of response.body ?? []) text += new TextDecoder().decode(chunk)
    })().catch(() => undefined)
    await until(() => text.includes('\n'), 'the first line')
    store.usr.set('b', 2)
    store.usr.set('a/2', new Uint8Array([1]))
    store.usr.delete('a/1')
    await until(() => text.split('\n').length === 4, 'three lines')
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).to.deep.equal([
      { key: 'a/1', value: 1 },
      { key: 'a/2', value: { $base64: 'AQ==' } },
      { key: 'a/1', deleted: true },
    ])
    gone.abort()
    await reading
  })

  it('ends the readers when the store closes, and takes no more than it can hold', async () => {
    const readers = Array.from({ length: WATCHERS_MAX }, () => fetch(`${url}/watch`))
    const responses = await Promise.all(readers)
    expect((await fetch(`${url}/watch`)).status).to.equal(503)
    await store.close()
    for (const response of responses) expect(await response.text()).to.equal('')
  })

  it('makes room again when a reader breaks off, and one that does not read costs no memory', async () => {
    const { port } = new URL(url)
    for (let n = 0; n < WATCHERS_MAX + 20; n++) {
      const socket = connect(Number(port), '127.0.0.1')
      await new Promise((resolve) => {
        socket.once('data', resolve)
        socket.write('GET /v1/watch HTTP/1.1\r\nHost: localhost\r\n\r\n')
      })
      socket.destroy()
    }
    const lazy = connect(Number(port), '127.0.0.1')
    lazy.on('error', () => undefined)
    lazy.write('GET /v1/watch HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await new Promise((resolve) => lazy.once('readable', resolve))
    for (let n = 0; n < 300; n++) {
      store.usr.set('large', `${n} ${'x'.repeat(60_000)}`)
      if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    let text = ''
    lazy.setEncoding('utf8').on('data', (part) => {
      text += part
    })
    await until(() => text.includes('"299 '), 'the last value')
    expect(text.split('"key"').length).to.be.below(200)
    lazy.destroy()
  })
})
