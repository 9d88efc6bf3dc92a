/** A client of a member's HTTP interface that wants to stop it, fill it, or get beyond the keys. */
import { request } from 'node:http'
import { connect } from 'node:net'
import { expect } from 'chai'
import { createStore, type Store } from '../../src/index.js'
import { type HttpServer, serveHttp } from '../../src/node.js'
import { until } from '../until.js'

describe('a hostile client of the HTTP interface', () => {
  let store: Store
  let server: HttpServer
  const base = () => `http://127.0.0.1:${server.port}`

  beforeEach(async () => {
    store = createStore({ cluster: 'http-hostile' })
    await store.ready()
    server = await serveHttp(store, { writable: true })
    store.usr.set('safe', 'value')
  })
  afterEach(async () => {
    // Whatever happened, it still serves and holds what it held.
    const response = await fetch(`${base()}/v1/usr/safe`)
    expect(await response.json()).to.equal('value')
    await server.close()
    await store.close()
  })

  /** Sends bytes as they are; resolves with all that came back until the server closed or was silent. */
  async function raw(bytes: string, millis = 300): Promise<string> {
    const socket = connect(server.port, '127.0.0.1', () => socket.write(bytes))
    let answer = ''
    socket.on('data', (part) => {
      answer += String(part)
    })
    socket.on('error', () => {})
    await until(() => answer !== '' || socket.closed, 'an answer')
    await new Promise((resolve) => setTimeout(resolve, Math.min(millis, 50)))
    socket.destroy()
    return answer
  }

  /** PUT without the tidying of `fetch`. */
  function put(path: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<number> {
    return new Promise((resolve, reject) => {
      const sent = request(
        { port: server.port, host: '127.0.0.1', method: 'PUT', path, headers },
        (response) => {
          response.resume()
          response.on('end', () => resolve(response.statusCode ?? 0))
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
  }

  it('gets 413 for a body over the limit, also when its length was a lie or is not told', async () => {
    const large = Buffer.alloc(600 * 1024, 0x31)
    expect(await put('/v1/usr/large', large)).to.equal(413)
    expect(await put('/v1/usr/large', large, { 'Transfer-Encoding': 'chunked' })).to.equal(413)
    expect(await put('/v1/usr/large', `"${'x'.repeat(64 * 1024)}"`)).to.equal(413)
    expect(store.usr.has('large')).to.equal(false)
  })

  it('gets 400 for what is no JSON value', async () => {
    const bodies = [
      '',
      '{',
      'undefined',
      '{"a":}',
      '[1,]',
      'NaN',
      "{'a':1}",
      '"\\ud800"',
      Buffer.from([0x22, 0xff, 0x22]),
    ]
    for (const body of bodies) expect(await put('/v1/usr/key', body), String(body)).to.equal(400)
    expect(await put('/v1/usr/key', `${'['.repeat(100_000)}${']'.repeat(100_000)}`)).to.equal(400)
    expect(await put('/v1/usr/key', '1e999')).to.equal(400)
    expect(store.usr.has('key')).to.equal(false)
  })

  it('finds keys and nothing else, whatever the path spells', async () => {
    const paths = [
      '/v1/usr/../../etc/passwd',
      '/v1/usr/%2e%2e%2f%2e%2e%2fetc%2fpasswd',
      '/v1/usr/..%5c..%5cetc',
      '//etc/passwd',
      '/v1/../../../etc/passwd',
      '/v1/usr/%00',
      '/%2e%2e/%2e%2e/etc/passwd',
      '/v1/usr/safe/../../../etc/passwd',
    ]
    for (const path of paths) {
      const answer = await raw(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)
      expect(answer, path).to.match(/^HTTP\/1\.1 (?:400|404) /)
      expect(answer, path).to.not.contain('root:')
    }
    const malformed = await raw('GET /v1/usr/%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    expect(malformed).to.match(/^HTTP\/1\.1 400 /)
    // A key may look like a path; it is a key.
    expect(await put('/v1/usr/..%2Fx', '1')).to.equal(204)
    expect(store.usr.get('../x')).to.equal(1)
  })

  it('is refused with 431 for a flood of headers, and 400 for what is no HTTP', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => `X-${i}: ${'v'.repeat(10)}\r\n`).join('')
    expect(await raw(`GET /livez HTTP/1.1\r\nHost: localhost\r\n${many}\r\n`)).to.match(/^HTTP\/1\.1 431 /)
    expect(await raw(`GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`)).to.match(
      /^HTTP\/1\.1 431 /,
    )
    for (const nonsense of ['\u0016\u0003\u0001', 'nonsense\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n'])
      expect(await raw(nonsense), nonsense).to.match(/^HTTP\/1\.1 400 /)
  })

  it('cannot smuggle a second request into a body', async () => {
    const smuggled =
      'PUT /v1/usr/first HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n' +
      '0\r\n\r\nPUT /v1/usr/smuggled HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n1'
    expect(await raw(smuggled)).to.match(/^HTTP\/1\.1 400 /)
    expect(store.usr.has('smuggled')).to.equal(false)
  })

  it('is not let in under a foreign host name, which a page could point here', async () => {
    const answer = await raw('GET /v1/usr HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n')
    expect(answer).to.match(/^HTTP\/1\.1 421 /)
    expect(answer).to.not.contain('value')
  })

  it('is answered 405 for methods that are none of its own', async () => {
    for (const method of ['POST', 'PATCH', 'TRACE', 'OPTIONS']) {
      const answer = await raw(
        `${method} /v1/usr/safe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      )
      expect(answer, method).to.match(/^HTTP\/1\.1 405 /)
    }
  })

  it('that sends a body drop by drop is cut in time', async () => {
    const socket = connect(server.port, '127.0.0.1', () => {
      socket.write('PUT /v1/usr/slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"')
    })
    socket.on('error', () => {})
    socket.on('data', () => {})
    const drip = setInterval(() => socket.write('x'), 200)
    await until(() => socket.closed, 'it is cut')
    clearInterval(drip)
    expect(store.usr.has('slow')).to.equal(false)
  })
})
