/** Who is let in: join tokens, clients behind proxies, and what a server that closes does to those who are in. */
import { createHmac } from 'node:crypto'
import type { Socket } from 'node:net'
import { expect } from 'chai'
import { exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import {
  createSignalingServer,
  type SignalingServer,
  type SignalingServerOptions,
} from '../../../signaling-server/server.js'
import { UsageError } from '../../../src/base/errors.js'
import { createSignalingClient } from '../../../src/mesh/signaling/signaling-client.js'
import { until } from '../../until.js'
import { RawClient, realClock } from './harness.js'

const SECRET = 'a secret of 32 bytes, as a test may print it'
const KEY = new TextEncoder().encode(SECRET)
const AUDIENCE = 'signaling.example'

interface TokenChange {
  alg?: string
  key?: Uint8Array | CryptoKey
  audience?: string
  jti?: string | null
  iat?: number
  exp?: number
  topics?: unknown
}

let serial = 0

/** A good token but for `change`; times are in seconds from now. */
function token({
  alg = 'HS256',
  key = KEY,
  audience = AUDIENCE,
  jti,
  iat = 0,
  exp = 60,
  topics,
}: TokenChange = {}) {
  const now = Math.floor(Date.now() / 1000)
  const jwt = new SignJWT(topics === undefined ? {} : { topics })
    .setProtectedHeader({ alg })
    .setAudience(audience)
    .setIssuedAt(now + iat)
    .setExpirationTime(now + exp)
  if (jti !== null) jwt.setJti(jti ?? `jti-${serial++}`)
  return jwt.sign(key)
}

describe('a signaling server with join tokens', () => {
  const servers: SignalingServer[] = []
  const clients: RawClient[] = []

  async function serve(options: SignalingServerOptions = {}): Promise<SignalingServer> {
    const server = await createSignalingServer({ tokens: { key: SECRET, audience: AUDIENCE }, ...options })
    servers.push(server)
    return server
  }

  /** Shows a token and joins at once, as the client does. */
  async function enter(server: SignalingServer, shown: string, topic = 'topic'): Promise<RawClient> {
    const client = await RawClient.open(server.url)
    clients.push(client)
    client.say({ type: 'auth', token: shown })
    client.say({ type: 'join', topic, id: `m${serial++}`, kind: 'node' })
    await until(() => client.messages.length > 0, 'an answer')
    return client
  }

  afterEach(async () => {
    for (const client of clients.splice(0)) client.socket.terminate()
    await Promise.all(servers.splice(0).map((server) => server.close()))
  })

  it('lets in who shows a good one first', async () => {
    const client = await enter(await serve(), await token())
    expect(client.messages.map(({ type }) => type)).to.deep.equal(['contacts'])
  })

  it('refuses who shows none, before anything is joined', async () => {
    const server = await serve()
    const client = await RawClient.open(server.url)
    client.say({ type: 'join', topic: 'topic', id: 'a', kind: 'node' })
    expect(await client.closed()).to.equal(1008)
    expect(client.messages).to.have.length(1)
    expect(client.messages[0]).to.include({ type: 'error', code: 'token' })
    expect(server.topics().size).to.equal(0)
  })

  it('takes a token once, also when two show it at the same time', async () => {
    const server = await serve()
    const shown = await token()
    const both = await Promise.all([enter(server, shown), enter(server, shown)])
    expect(both.map((client) => client.of('contacts').length).sort()).to.deep.equal([0, 1])
    expect((await enter(server, shown)).of('error')[0]).to.include({ code: 'token' })
  })

  const REFUSED: [string, () => Promise<string> | string][] = [
    ['nonsense', () => 'nonsense'],
    [
      'no signature',
      () =>
        new UnsecuredJWT({})
          .setAudience(AUDIENCE)
          .setJti('u')
          .setIssuedAt()
          .setExpirationTime('60s')
          .encode(),
    ],
    ['another secret', () => token({ key: new Uint8Array(32) })],
    [
      'another algorithm under the same secret',
      () => token({ alg: 'HS512', key: new Uint8Array([...KEY, ...KEY]) }),
    ],
    ['another audience', () => token({ audience: 'other.example' })],
    ['a past end', () => token({ iat: -60, exp: -10 })],
    ['an issue more than 120 s ago', () => token({ iat: -130, exp: 60 })],
    ['an issue in the future', () => token({ iat: 60, exp: 120 })],
    ['a life of 121 s', () => token({ exp: 121 })],
    ['no name of its own', () => token({ jti: null })],
    ['an empty name', () => token({ jti: '' })],
    ['a name of 129 characters', () => token({ jti: 'x'.repeat(129) })],
    ['topics that are no list', () => token({ topics: 'topic' })],
    ['another topic', () => token({ topics: ['other'] })],
  ]
  for (const [what, make] of REFUSED) {
    it(`refuses a token with ${what}`, async () => {
      const server = await serve()
      const client = await enter(server, await make())
      expect(client.of('error')[0]).to.include({ code: 'token' })
      expect(await client.closed()).to.equal(1008)
      expect(server.topics().size).to.equal(0)
    })
  }

  it('takes a life of exactly 120 s, and a topic that is granted', async () => {
    const server = await serve()
    expect((await enter(server, await token({ exp: 120 }))).of('contacts')).to.have.length(1)
    expect((await enter(server, await token({ topics: ['topic'] }))).of('contacts')).to.have.length(1)
  })

  it('is not fooled by a token that is signed with the public key as a secret', async () => {
    const { publicKey, privateKey } = await generateKeyPair('EdDSA')
    const key = await exportSPKI(publicKey)
    const server = await serve({ tokens: { key, algorithm: 'EdDSA', audience: AUDIENCE } })
    const forged = await token({ key: new TextEncoder().encode(key) })
    expect((await enter(server, forged)).of('error')[0]).to.include({ code: 'token' })
    expect(
      (await enter(server, await token({ alg: 'EdDSA', key: privateKey }))).of('contacts'),
    ).to.have.length(1)
  })

  it('ends a client that sends more than 8 messages before its token is checked', async () => {
    const server = await serve()
    const client = await RawClient.open(server.url)
    const shown = await token()
    // All in one piece, so that the server has read the last before the check of the token is over.
    const tcp = Reflect.get(client.socket, '_socket') as Socket
    tcp.cork()
    client.say({ type: 'auth', token: shown })
    for (let i = 0; i < 30; i++) client.say({ type: 'join', topic: `t${i}`, id: 'a', kind: 'node' })
    tcp.uncork()
    expect(await client.closed()).to.equal(1008)
    expect(client.of('error').map(({ code }) => code)).to.deep.equal(['rate'])
    expect(server.topics().size).to.equal(0)
  })

  it('refuses keys and audiences that check nothing, when it starts', async () => {
    const bad = [
      { key: 'x'.repeat(31), audience: AUDIENCE },
      { key: SECRET, audience: '' },
      { key: SECRET, audience: AUDIENCE, algorithm: 'none' as 'HS256' },
      { key: 'no PEM', audience: AUDIENCE, algorithm: 'EdDSA' as const },
    ]
    for (const tokens of bad) {
      const error: unknown = await createSignalingServer({ tokens }).catch((thrown: unknown) => thrown)
      expect(error).to.be.instanceOf(UsageError).with.property('code', 'ERR_OPTION_INVALID')
    }
  })

  it('is shown a fresh one by the client at each connection', async () => {
    const server = await serve({ limits: { pingMillis: 60_000 } })
    const asked: string[] = []
    const states: string[] = []
    const client = createSignalingClient({
      urls: [server.url],
      clock: realClock,
      random: () => 0,
      token: async () => {
        asked.push(await token())
        return asked.at(-1) ?? ''
      },
    })
    client.start({ id: 'a', kind: 'node' }, 'topic', {
      state: (state) => states.push(state),
      contacts: () => states.push('contacts'),
      signal: () => {},
      absent: () => {},
    })
    await until(() => states.includes('contacts'), 'it has joined')
    const { port } = server
    await servers.pop()?.close()
    await serve({ port })
    await until(() => states.filter((state) => state === 'contacts').length === 2, 'it has joined again')
    expect(new Set(asked).size).to.equal(asked.length).and.be.at.least(2)
    await client.close()
  })

  it('tells the client of a token function that fails', async () => {
    const server = await serve()
    const errors: string[] = []
    const client = createSignalingClient({
      urls: [server.url],
      clock: realClock,
      random: () => 0.9,
      token: () => Promise.reject(new Error('the backend is down')),
    })
    client.start({ id: 'a', kind: 'node' }, 'topic', {
      state: (_state, error) => error && errors.push(error.message),
      contacts: () => {},
      signal: () => {},
      absent: () => {},
    })
    await until(() => errors.length > 0, 'the error')
    expect(errors[0]).to.contain('ERR_SIGNALING_UNREACHABLE').and.contain('the backend is down')
    await client.close()
  })
})

describe('TURN credentials', () => {
  const turn = {
    urls: ['turn:turn.example.org:3478', 'turns:turn.example.org:443?transport=tcp'],
    secret: 'shared',
    ttlSeconds: 600,
  }
  let server: SignalingServer
  afterEach(() => server.close())

  it('name their end and the member, are signed, and are given to members only', async () => {
    server = await createSignalingServer({ turn })
    const outsider = await RawClient.open(server.url)
    outsider.say({ type: 'ice', topic: 'topic' })
    const member = await RawClient.join(server.url, 'topic', 'a')
    member.say({ type: 'ice', topic: 'topic' })
    const { servers, seconds } = await member.told('ice')
    const [{ urls, username, credential } = { urls: [], username: '', credential: '' }] = servers
    expect([urls, seconds]).to.deep.equal([turn.urls, 600])
    const [expiry, id] = username.split(':')
    expect(id).to.equal('a')
    expect(Number(expiry) - Date.now() / 1000).to.be.within(590, 601)
    expect(credential).to.equal(createHmac('sha1', 'shared').update(username).digest('base64'))
    expect(outsider.messages).to.deep.equal([])
    outsider.socket.terminate()
    member.socket.terminate()
  })

  it('reach `iceServers` of a client that asks for them, and are asked for anew in time', async () => {
    server = await createSignalingServer({ turn: { ...turn, ttlSeconds: 60 } })
    let skew = 0
    const clock = { ...realClock, monotonic: () => performance.now() + skew }
    const client = createSignalingClient({ urls: [server.url], clock, random: () => 0 })
    expect(await client.iceServers()).to.deep.equal([])
    let joined = false
    client.start({ id: 'a', kind: 'node' }, 'topic', {
      state: () => {},
      contacts: () => (joined = true),
      signal: () => {},
      absent: () => {},
    })
    await until(() => joined, 'it has joined')
    const [first] = await client.iceServers()
    expect(first?.urls).to.deep.equal(turn.urls)
    expect((await client.iceServers())[0]).to.equal(first)
    skew = 31_000
    // Half of their time is over: still good, and fetched anew beside.
    expect((await client.iceServers())[0]).to.equal(first)
    const renewed = async () => (await client.iceServers())[0] !== first
    await until(() => undefined, 'they are new').catch(() => undefined)
    expect(await renewed()).to.equal(true)
    await client.close()
  })

  it('are none, without a wait, where the server has no TURN server', async () => {
    server = await createSignalingServer()
    const member = await RawClient.join(server.url, 'topic', 'a')
    member.say({ type: 'ice', topic: 'topic' })
    expect(await member.told('ice')).to.deep.equal({ type: 'ice', topic: 'topic', servers: [], seconds: 0 })
    member.socket.terminate()
  })

  it('live at most an hour, and name real TURN URLs', async () => {
    server = await createSignalingServer()
    for (const bad of [
      { ttlSeconds: 3601 },
      { ttlSeconds: 0 },
      { urls: [] },
      { urls: ['http://x'] },
      { secret: '' },
    ]) {
      const error: unknown = await createSignalingServer({ turn: { ...turn, ...bad } }).catch(
        (thrown: unknown) => thrown,
      )
      expect(error).to.be.instanceOf(UsageError).with.property('code', 'ERR_OPTION_INVALID')
    }
  })
})

describe('a signaling server behind proxies', () => {
  let server: SignalingServer
  afterEach(() => server.close())

  async function statusOf(forwarded: string): Promise<string> {
    const client = new RawClient(server.url, { headers: { 'x-forwarded-for': forwarded } })
    await until(() => client.socket.readyState === 1 || client.errors.length > 0, 'open or refused')
    return client.errors[0]?.message ?? 'open'
  }

  it('counts sockets by the address that the nearest trusted proxy heard, whatever the client wrote before it', async () => {
    server = await createSignalingServer({ proxies: 1, limits: { socketsPerAddressMax: 1 } })
    expect(await statusOf('198.51.100.1')).to.equal('open')
    expect(await statusOf('198.51.100.2')).to.equal('open')
    expect(await statusOf('203.0.113.9, 198.51.100.1')).to.contain('429')
    expect(await statusOf('::ffff:198.51.100.1')).to.contain('429')
  })

  it('counts a /64 of IPv6 as one', async () => {
    server = await createSignalingServer({ proxies: 1, limits: { socketsPerAddressMax: 1 } })
    expect(await statusOf('2001:db8::1')).to.equal('open')
    expect(await statusOf('2001:db8::ffff:2')).to.contain('429')
    expect(await statusOf('2001:db8:0:1::1')).to.equal('open')
  })

  it('ignores the header where no proxy is trusted', async () => {
    server = await createSignalingServer({ limits: { socketsPerAddressMax: 1 } })
    expect(await statusOf('198.51.100.1')).to.equal('open')
    expect(await statusOf('198.51.100.2')).to.contain('429')
  })
})

describe('a signaling server that is watched and closed', () => {
  it('counts in the Prometheus format, and names no topic, member or address', async () => {
    const server = await createSignalingServer({ metrics: true })
    const a = await RawClient.join(server.url, 'TOPIC-CANARY', 'MEMBER-CANARY')
    a.say({ type: 'signal', topic: 'TOPIC-CANARY', to: 'nobody', payload: 'PAYLOAD-CANARY' })
    a.say('nonsense')
    await a.told('error')
    const response = await fetch(`http://127.0.0.1:${server.port}/metrics`)
    const text = await response.text()
    expect(response.headers.get('content-type')).to.contain('text/plain')
    expect(text).to.match(/^gossip_kv_signaling_sockets 1$/m)
    expect(text).to.match(/^gossip_kv_signaling_members 1$/m)
    expect(text).to.match(/^gossip_kv_signaling_messages_total\{type="join"\} 1$/m)
    expect(text).to.match(/^gossip_kv_signaling_signals_total\{target="absent"\} 1$/m)
    expect(text).to.match(/^gossip_kv_signaling_refusals_total\{code="malformed"\} 1$/m)
    expect(text).to.not.match(/CANARY|127\.0\.0\.1/)
    a.socket.terminate()
    await server.close()
  })

  it('shows no metrics unless asked to', async () => {
    const server = await createSignalingServer()
    expect((await fetch(`http://127.0.0.1:${server.port}/metrics`)).status).to.equal(404)
    await server.close()
  })

  it('ends every socket with 1012, spread over time when they are many', async () => {
    const server = await createSignalingServer({ limits: { socketsPerAddressMax: 300 } })
    const clients = await Promise.all(
      Array.from({ length: 200 }, (_, i) => RawClient.join(server.url, 'topic', `m${i}`)),
    )
    const ends: number[] = []
    for (const { socket } of clients) socket.on('close', () => ends.push(performance.now()))
    const began = performance.now()
    await server.close()
    await until(() => ends.length === 200, 'all have heard')
    expect(clients.every(({ closeCode }) => closeCode === 1012)).to.equal(true)
    // 200 sockets are spread over 400 ms: half of them are not gone in the first tenth of that.
    expect(ends.filter((at) => at < began + 40).length).to.be.below(100)
  })
})
