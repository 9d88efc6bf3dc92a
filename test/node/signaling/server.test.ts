/** The signaling server, seen through real WebSockets. */
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { expect } from 'chai'
import { WebSocket } from 'ws'
import {
  createSignalingServer,
  type SignalingServer,
  type SignalingServerOptions,
} from '../../../signaling-server/server.js'
import { TransportError, UsageError } from '../../../src/base/errors.js'
import { randomInteger, seededRandom } from '../../../src/base/random.js'
import { until } from '../../until.js'
import { RawClient } from './harness.js'

describe('the signaling server', () => {
  const clients: RawClient[] = []
  const servers: SignalingServer[] = []

  async function serve(options: SignalingServerOptions = {}): Promise<SignalingServer> {
    const server = await createSignalingServer(options)
    servers.push(server)
    return server
  }

  async function join(server: SignalingServer, id: string, topic = 'topic', kind = 'node') {
    const client = await RawClient.join(server.url, topic, id, kind)
    clients.push(client)
    return client
  }

  async function open(server: SignalingServer, options?: { origin?: string }) {
    const client = await RawClient.open(server.url, options)
    clients.push(client)
    return client
  }

  afterEach(async () => {
    for (const client of clients.splice(0)) client.socket.terminate()
    await Promise.all(servers.splice(0).map((server) => server.close()))
  })

  it('introduces a newcomer to the others of its topic, and to nobody of another topic', async () => {
    const server = await serve()
    await join(server, 'a')
    await join(server, 'other', 'elsewhere')
    const b = await join(server, 'b')
    expect(b.of('contacts')[0]?.contacts).to.deep.equal([{ id: 'a', kind: 'node' }])
    expect(server.topics()).to.deep.equal(
      new Map([
        ['topic', ['a', 'b']],
        ['elsewhere', ['other']],
      ]),
    )
  })

  it('offers at most 8 contacts, Node members before browsers', async () => {
    const server = await serve()
    for (let i = 0; i < 9; i++) await join(server, `tab${i}`, 'topic', 'browser')
    for (let i = 0; i < 3; i++) await join(server, `node${i}`)
    const last = await join(server, 'last', 'topic', 'browser')
    const contacts = last.of('contacts')[0]?.contacts ?? []
    expect(contacts).to.have.length(8)
    expect(contacts.slice(0, 3).map(({ id }) => id)).to.have.members(['node0', 'node1', 'node2'])
    expect(new Set(contacts.map(({ id }) => id)).size).to.equal(8)
  })

  it('introduces as many as were asked for, also later', async () => {
    const server = await serve()
    const a = await join(server, 'a')
    for (const id of ['b', 'c', 'd']) await join(server, id)
    a.say({ type: 'introduce', topic: 'topic', count: 2 })
    expect((await a.told('contacts', 2)).contacts).to.have.length(2)
  })

  it('relays a signal under the id that its sender joined with', async () => {
    const server = await serve()
    const a = await join(server, 'a')
    const b = await join(server, 'b')
    a.say({ type: 'signal', topic: 'topic', to: 'b', from: 'forged', payload: 'opaque' })
    expect(await b.told('signal')).to.deep.equal({
      type: 'signal',
      topic: 'topic',
      from: 'a',
      payload: 'opaque',
    })
  })

  it('says that nobody is there whom a signal names, also when that one has just left', async () => {
    const server = await serve()
    const a = await join(server, 'a')
    const b = await join(server, 'b')
    b.say({ type: 'leave', topic: 'topic' })
    await until(() => server.topics().get('topic')?.join() === 'a', 'b has left')
    for (const to of ['b', 'nobody']) a.say({ type: 'signal', topic: 'topic', to, payload: 'opaque' })
    await a.told('absent', 2)
    expect(a.of('absent')).to.deep.equal(
      ['b', 'nobody'].map((id) => ({ type: 'absent', topic: 'topic', id })),
    )
  })

  it('answers nothing to a signal for an unknown topic or a topic that was not joined', async () => {
    const server = await serve()
    const a = await join(server, 'a')
    const stranger = await join(server, 'stranger', 'elsewhere')
    a.say({ type: 'signal', topic: 'unknown', to: 'nobody', payload: '2' })
    a.say({ type: 'signal', topic: 'elsewhere', to: 'stranger', payload: '3' })
    a.say({ type: 'introduce', topic: 'elsewhere', count: 8 })
    a.say({ type: 'leave', topic: 'elsewhere' })
    a.say({ type: 'introduce', topic: 'topic', count: 1 })
    await a.told('contacts', 2)
    expect(a.messages).to.have.length(2)
    expect(stranger.of('signal')).to.deep.equal([])
    expect(server.topics().get('elsewhere')).to.deep.equal(['stranger'])
  })

  it('forgets a member that leaves or whose socket closes', async () => {
    const server = await serve()
    const a = await join(server, 'a')
    const b = await join(server, 'b')
    a.say({ type: 'leave', topic: 'topic' })
    await until(() => server.topics().get('topic')?.join() === 'b', 'a has left')
    b.socket.terminate()
    await until(() => server.topics().size === 0, 'the topic is gone')
  })

  it('gives the seat to the newest connection of an id and tells the older one', async () => {
    const server = await serve()
    const older = await join(server, 'a')
    const newer = await join(server, 'a')
    const b = await join(server, 'b')
    expect(await older.told('error')).to.include({ code: 'replaced' })
    b.say({ type: 'signal', topic: 'topic', to: 'a', payload: 'x' })
    await newer.told('signal')
    older.socket.close()
    await older.closed()
    expect(server.topics().get('topic')).to.have.members(['a', 'b'])
    expect(older.of('signal')).to.deep.equal([])
  })

  it('closes a socket that floods it, with the reason', async () => {
    const server = await serve()
    const flooder = await join(server, 'flooder')
    const bystander = await join(server, 'bystander')
    for (let i = 0; i < 130; i++) flooder.say({ type: 'introduce', topic: 'topic', count: 1 })
    expect(await flooder.closed()).to.equal(1008)
    expect(flooder.of('error').map(({ code }) => code)).to.deep.equal(['rate'])
    expect(flooder.of('contacts').length).to.be.within(95, 115)
    bystander.say({ type: 'introduce', topic: 'topic', count: 1 })
    expect((await bystander.told('contacts', 2)).contacts).to.deep.equal([])
  })

  it('counts pings as messages', async () => {
    const server = await serve()
    const flooder = await join(server, 'flooder')
    let pongs = 0
    flooder.socket.on('pong', () => pongs++)
    // In small lots: more at once than ws itself would answer would end the socket for another reason.
    for (let lot = 1; lot <= 4; lot++) {
      for (let i = 0; i < 30; i++) flooder.socket.ping()
      await until(() => pongs >= lot * 30 || flooder.closeCode !== undefined, 'the lot is answered')
    }
    expect(pongs).to.be.within(80, 110)
    expect(await flooder.closed()).to.equal(1008)
  })

  it('takes a steady rate of messages for longer than the burst lasts', async () => {
    const server = await serve({ limits: { messagesBurst: 5, messagesPerSecond: 200 } })
    const a = await join(server, 'a')
    for (let i = 0; i < 40; i++) {
      a.say({ type: 'introduce', topic: 'topic', count: 1 })
      await a.told('contacts', i + 2)
      await new Promise((resolve) => setTimeout(resolve, 6))
    }
    expect(a.of('error')).to.deep.equal([])
  })

  it('refuses the 21st topic of one socket and keeps the 20', async () => {
    const server = await serve()
    const a = await open(server)
    for (let i = 0; i <= 20; i++) a.say({ type: 'join', topic: `t${i}`, id: 'a', kind: 'node' })
    expect(await a.told('error')).to.include({ code: 'topics' })
    expect(server.topics().size).to.equal(20)
    expect(a.of('contacts')).to.have.length(20)
  })

  it('refuses more sockets of one address than allowed, and takes the next one when one has closed', async () => {
    const server = await serve({ limits: { socketsPerAddressMax: 2 } })
    const first = await join(server, 'a')
    await join(server, 'b')
    const third = new RawClient(server.url)
    await third.closed()
    expect(third.errors[0]?.message).to.contain('429')
    first.socket.close()
    await first.closed()
    await until(() => server.topics().get('topic')?.join() === 'b', 'the place is free')
    await join(server, 'c')
  })

  it('refuses sockets beyond its own limit', async () => {
    const server = await serve({ limits: { socketsMax: 1 } })
    await join(server, 'a')
    const second = new RawClient(server.url)
    await second.closed()
    expect(second.errors[0]?.message).to.contain('503')
  })

  it('lets in listed origins and clients without one, and no other', async () => {
    const server = await serve({ origins: ['https://good.example'] })
    await open(server)
    await open(server, { origin: 'https://good.example' })
    const bad = new RawClient(server.url, { origin: 'https://good.example.evil.example' })
    await bad.closed()
    expect(bad.errors[0]?.message).to.contain('403')
  })

  it('closes a socket that joins nothing in time, or nothing after it left', async () => {
    const server = await serve({ limits: { joinMillis: 60 } })
    const idle = await open(server)
    expect(await idle.closed()).to.equal(1008)
    expect(await idle.told('error')).to.include({ code: 'join' })
    const left = await join(server, 'a')
    left.say({ type: 'leave', topic: 'topic' })
    expect(await left.closed()).to.equal(1008)
  })

  it('terminates a socket that answers no pings, and keeps one that does', async () => {
    const server = await serve({ limits: { pingMillis: 50 } })
    const dead = await join(server, 'dead')
    const alive = await join(server, 'alive')
    // A paused socket reads nothing, so that it answers nothing, as behind a cable that was pulled.
    dead.socket.pause()
    await until(() => server.topics().get('topic')?.join() === 'alive', 'the dead one is gone')
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(alive.closeCode).to.equal(undefined)
  })

  it('terminates a socket that reads too slowly', async () => {
    const server = await serve({ limits: { messagesPerSecond: 100_000, messagesBurst: 100_000 } })
    const slow = await join(server, 'slow')
    const fast = await join(server, 'fast')
    slow.socket.pause()
    const payload = 'x'.repeat(60_000)
    await until(() => {
      fast.say({ type: 'signal', topic: 'topic', to: 'slow', payload })
      return server.topics().get('topic')?.join() === 'fast'
    }, 'the slow one is gone')
    expect(fast.closeCode).to.equal(undefined)
  })

  it('ends only the socket that sends an oversized message or broken text', async () => {
    const server = await serve()
    const bystander = await join(server, 'bystander')
    const large = await open(server)
    large.say('x'.repeat(64 * 1024 + 1))
    expect(await large.closed()).to.equal(1009)
    const broken = await open(server)
    broken.socket.send(Buffer.from([0xff, 0xfe, 0xfd]), { binary: false })
    expect(await broken.closed()).to.equal(1007)
    const binary = await open(server)
    binary.socket.send(Buffer.from('{"type":"join","topic":"t","id":"a","kind":"node"}'))
    expect(await binary.told('error')).to.include({ code: 'malformed' })
    bystander.say({ type: 'introduce', topic: 'topic', count: 1 })
    await bystander.told('contacts', 2)
  })

  it('keeps serving through 2,000 hostile messages and 200 hostile connections', async () => {
    const server = await serve({ limits: { socketsPerAddressMax: 500, messagesBurst: 60 } })
    const a = await join(server, 'a')
    const b = await join(server, 'b')
    const random = seededRandom(20_26)
    let sent = 0
    while (sent < 2000) {
      const attacker = await open(server)
      for (let i = 0; i < 50 && attacker.socket.readyState === WebSocket.OPEN; i++, sent++) {
        attack(attacker.socket, random)
      }
    }
    for (let i = 0; i < 200; i++) rawBytes(server.port, random)
    a.say({ type: 'signal', topic: 'topic', to: 'b', payload: 'still here' })
    expect((await b.told('signal')).payload).to.equal('still here')
    expect(a.closeCode).to.equal(undefined)
    expect((await fetch(`http://127.0.0.1:${server.port}/readyz`)).status).to.equal(200)
  })

  it('answers the probes, 426 at the endpoint and 404 elsewhere', async () => {
    const server = await serve()
    const status = async (path: string) => (await fetch(`http://127.0.0.1:${server.port}${path}`)).status
    expect(await status('/livez')).to.equal(200)
    expect(await status('/readyz?verbose')).to.equal(200)
    expect(await status('/')).to.equal(426)
    expect(await status('/elsewhere')).to.equal(404)
    const lost = new RawClient(`${server.url}elsewhere`)
    await lost.closed()
    expect(lost.errors[0]?.message).to.contain('404')
  })

  it('cuts a client that never finishes its request', async () => {
    const server = await serve({ limits: { requestMillis: 200 } })
    const socket = connect(server.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n')
    await until(
      () => socket.readyState === 'closed' || socket.readableEnded || drained(socket),
      'the socket is cut',
    )
    socket.destroy()
  })

  it('is not ready while it closes, ends its sockets with 1012, and frees the port', async () => {
    const server = await serve()
    const polite = await join(server, 'polite')
    const silent = await join(server, 'silent')
    silent.socket.pause()
    const closing = server.close()
    expect((await fetch(`http://127.0.0.1:${server.port}/readyz`)).status).to.equal(503)
    expect(await polite.closed()).to.equal(1012)
    await closing
    await server.close()
    const next = await serve({ port: server.port })
    expect(next.port).to.equal(server.port)
  })

  it('says what to do about a port in use', async () => {
    const server = await serve()
    const error = await createSignalingServer({ port: server.port }).catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(TransportError)
    expect(error).to.include({ code: 'ERR_PORT_IN_USE' })
    expect(String(error)).to.contain(`Port ${server.port} on 127.0.0.1 is in use`).and.contain('another port')
  })

  it('refuses a port, a host and a server that cannot be', async () => {
    for (const options of [
      { port: -1 },
      { port: 65_536 },
      { port: 1.5 },
      { host: '203.0.113.7' },
      { server: createServer() },
    ]) {
      const error = await createSignalingServer(options).catch((reason: unknown) => reason)
      expect(error, JSON.stringify(options)).to.be.instanceOf(UsageError)
      expect(error).to.include({ code: 'ERR_OPTION_INVALID' })
    }
  })

  it('shares the port of an HTTP server and leaves it open', async () => {
    const http = createServer((_request, response) => response.end('page'))
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const server = await serve({ server: http, path: '/signaling' })
    await join(server, 'a')
    await server.close()
    expect(await (await fetch(`http://127.0.0.1:${server.port}/`)).text()).to.equal('page')
    await new Promise((resolve) => {
      http.close(resolve)
      http.closeAllConnections()
    })
  })
})

/** One frame of hostile input over an open socket. */
function attack(socket: WebSocket, random: () => number): void {
  const text = hostileTexts[randomInteger(random, hostileTexts.length)] ?? ''
  const dice = random()
  if (dice < 0.6) socket.send(text)
  else if (dice < 0.7) socket.send(Buffer.from(text))
  else if (dice < 0.8) socket.send(mutated(text, random))
  else if (dice < 0.9)
    socket.send(randomBytes(randomInteger(random, 300), random), { binary: random() < 0.9 })
  else if (dice < 0.96) socket.ping(randomBytes(randomInteger(random, 100), random))
  else if (dice < 0.98) socket.send(text, { fin: false })
  else if (dice < 0.99) socket.send('x'.repeat(70_000))
  else socket.terminate()
}

const hostileTexts = [
  '',
  'null',
  '0',
  '"join"',
  '[]',
  '{}',
  '{"type":null}',
  '{"type":"join"}',
  '{"type":"join","topic":{},"id":[],"kind":"node"}',
  '{"type":"join","topic":"__proto__","id":"__proto__","kind":"node"}',
  '{"type":"join","topic":"constructor","id":"toString","kind":"browser"}',
  '{"type":"join","topic":"t","id":"a b","kind":"node"}',
  `{"type":"join","topic":"${'t'.repeat(65)}","id":"a","kind":"node"}`,
  '{"type":"join","topic":"topic","id":"attacker","kind":"node"}',
  '{"type":"introduce","topic":"topic","count":1e9}',
  '{"type":"introduce","topic":"topic","count":-1}',
  '{"type":"signal","topic":"topic","to":"nobody","payload":1}',
  '{"type":"signal","topic":"topic","to":"__proto__","payload":"x"}',
  `{"type":"signal","topic":"topic","to":"nobody","payload":"${'y'.repeat(61_000)}"}`,
  '{"type":"leave","topic":"topic"}',
  '{"__proto__":{"type":"join"}}',
  `${'['.repeat(5000)}${']'.repeat(5000)}`,
  '{"type":"join","topic":"topic","id":"attacker","kind":"node"',
]

/** Bytes that are no HTTP, half HTTP, or an upgrade followed by noise. */
function rawBytes(port: number, random: () => number): void {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  const upgrade =
    'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
  const dice = random()
  if (dice > 0.3)
    socket.write(dice > 0.6 ? `${upgrade}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n` : upgrade)
  socket.write(randomBytes(200, random))
  if (dice > 0.9) socket.resetAndDestroy()
  else socket.end()
}

function mutated(text: string, random: () => number): string {
  const at = randomInteger(random, text.length + 1)
  return `${text.slice(0, at)}${String.fromCharCode(randomInteger(random, 0xffff))}${text.slice(at + 1)}`
}

function randomBytes(length: number, random: () => number): Buffer {
  return Buffer.from(Array.from({ length }, () => randomInteger(random, 256)))
}

/** A socket shows its end only while somebody reads. */
function drained(socket: ReturnType<typeof connect>): boolean {
  socket.resume()
  return socket.destroyed
}
