/**
 * A whole run under a packet capture: members meet at a signaling server, link over WebRTC, write, show presence, send
 * messages, rotate the secret and leave. Who has the capture finds nothing that they told each other.
 */
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { SignJWT } from 'jose'
import { createSignalingServer, type SignalingServer } from '../../signaling-server/server.js'
import { createStore, type Store } from '../../src/index.js'
import { generateSecret } from '../../src/node.js'
import { until } from '../until.js'
import { Capture, type Captured, HOW_TO_CAPTURE, selfSigned, spellings } from './capture.js'

const AUDIENCE = 'canary.example'
const TOKEN_KEY = randomBytes(32).toString('hex')

/** Nobody else on this machine says these. A quotation mark is spelled otherwise in JSON. */
const canary = (name: string) => `canary-${name}-"${randomBytes(8).toString('hex')}"`

interface Run {
  captured: Captured
  /** What nobody may find. */
  canaries: Record<string, string>
  ids: string[]
}

describe('a packet capture of a whole run', () => {
  const insecure = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
  let signaling: SignalingServer
  let tls: Server | undefined
  const stores: Store[] = []

  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()))
    await signaling.close()
    tls?.close()
    tls = undefined
    if (insecure === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = insecure
  })

  /** Starts signaling with tokens and returns its URL. */
  async function serve(how: 'ws' | 'wss'): Promise<string> {
    const tokens = { key: TOKEN_KEY, audience: AUDIENCE }
    if (how === 'ws') {
      signaling = await createSignalingServer({ tokens })
      return signaling.url
    }
    tls = createServer(selfSigned())
    tls.listen(0, '127.0.0.1')
    await once(tls, 'listening')
    signaling = await createSignalingServer({ tokens, server: tls as never })
    // The certificate is this test's own.
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    return `wss://127.0.0.1:${(tls.address() as AddressInfo).port}/`
  }

  async function run(how: 'ws' | 'wss', secret?: string): Promise<Run | undefined> {
    const url = await serve(how)
    const capture = await Capture.start(signaling.port)
    if (capture === undefined) return undefined
    const [key, value, cluster] = [canary('key'), canary('value'), canary('cluster')]
    const [shown, message, late] = [canary('presence'), canary('message'), canary('late')]
    const tokens = await Promise.all([token(), token(), token()])
    const member = (index: number) => {
      const store = createStore({
        cluster,
        signaling: [url],
        token: tokens[index] ?? '',
        ...(secret && { secret }),
      })
      stores.push(store)
      return store
    }
    const [a, b] = [member(0), member(1)]
    await until(() => [a, b].every(({ status }) => status.links === 1), 'linked')
    const heard: string[] = []
    b.on('message', ({ bytes }) => heard.push(new TextDecoder().decode(bytes)))
    a.usr.set(key, value)
    a.presence.set({ shown })
    a.send(b.id, new TextEncoder().encode(message))
    await until(() => b.usr.get(key) === value && heard.length > 0, 'it has arrived')
    const next = secret === undefined ? '' : await generateSecret(secret)
    if (secret !== undefined)
      for (const step of ['install', 'use', 'remove'] as const)
        for (const store of [a, b]) await store.keys[step](step === 'remove' ? secret : next)
    b.usr.set(key, late)
    if (secret === undefined) {
      const c = member(2)
      await until(() => c.usr.get(key) === late, 'a newcomer syncs')
    }
    await until(() => a.usr.get(key) === late, 'the last write')
    const ids = stores.map(({ id }) => id)
    await Promise.all(stores.splice(0).map((store) => store.close()))
    const captured = await capture.end()
    const secrets = secret === undefined ? {} : { secret, next }
    const [first = '', second = ''] = tokens
    return {
      captured,
      canaries: { key, value, cluster, shown, message, late, first, second, ...secrets },
      ids,
    }
  }

  it('shows with a secret and wss neither key, value, presence, message, secret nor token', async function () {
    const done = await run('wss', await generateSecret())
    if (done === undefined) return skip(this)
    expect(done.captured.packets).to.be.above(50)
    expect(done.captured.found(done.canaries)).to.deep.equal([])
    expect(done.captured.found({ description: 'a=fingerprint', candidate: 'candidate:' })).to.deep.equal([])
  })

  it('shows with a secret and plain ws the tokens, whose place is wss, and who is there; still nothing else', async function () {
    const done = await run('ws', await generateSecret())
    if (done === undefined) return skip(this)
    expect(done.captured.found(done.canaries)).to.deep.equal(['first', 'second'])
    expect(done.captured.found({ description: 'a=fingerprint', candidate: 'candidate:' })).to.deep.equal([])
    for (const id of done.ids) expect(done.captured.has(id)).to.equal(true)
  })

  it('shows of an open cluster how its members are reached, so it is there to be found', async function () {
    const done = await run('ws')
    if (done === undefined) return skip(this)
    const seen = { description: 'a=fingerprint', candidate: 'candidate:', sealed: '"sealed"' }
    expect(done.captured.found(seen)).to.deep.equal(['description', 'candidate'])
    for (const id of done.ids) expect(done.captured.has(id)).to.equal(true)
    // What is on a data channel is encrypted by WebRTC itself.
    expect(done.captured.found(done.canaries)).to.deep.equal(['first', 'second'])
  })

  it('finds a canary in a packet in each spelling that is searched for', async function () {
    signaling = await createSignalingServer()
    const capture = await Capture.start(signaling.port)
    if (capture === undefined) return skip(this)
    const said = spellings(canary('spelled')).map((_, index) => canary(`spelled-${index}`))
    const socket = createSocket('udp4')
    for (const [index, text] of said.entries()) {
      const spelling = spellings(text)[index] ?? Buffer.alloc(0)
      await new Promise((resolve) =>
        socket.send(Buffer.concat([Buffer.of(1), spelling, Buffer.of(2)]), 9, '127.0.0.1', resolve),
      )
    }
    socket.close()
    const captured = await capture.end()
    expect(said.filter((text) => captured.has(text))).to.deep.equal(said)
    expect(captured.has(canary('unsaid'))).to.equal(false)
  })
})

/** Visibly: what is not searched is not clean. */
function skip(test: Mocha.Context): void {
  console.log(`      ${HOW_TO_CAPTURE}`)
  test.skip()
}

function token(): Promise<string> {
  return new SignJWT({})
    .setProtectedHeader({ alg: 'HS256' })
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime('60s')
    .setJti(randomBytes(8).toString('hex'))
    .sign(new TextEncoder().encode(TOKEN_KEY))
}
