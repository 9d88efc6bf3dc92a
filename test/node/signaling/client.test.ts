/** The signaling client against the real server, in Node. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { WebSocketServer } from 'ws'
import { createSignalingServer, type SignalingServer } from '../../../signaling-server/server.js'
import type { GossipKvError } from '../../../src/base/errors.js'
import { TransportError } from '../../../src/base/errors.js'
import { seededRandom } from '../../../src/base/random.js'
import { createSignalingClient, type SignalingClient } from '../../../src/mesh/signaling/signaling-client.js'
import { QUEUED_MESSAGES_MAX } from '../../../src/mesh/signaling/websocket-connection.js'
import type { Contact, SignalingState } from '../../../src/mesh/transport.js'
import type { Signal } from '../../../src/mesh/wire/signal.js'
import { until } from '../../until.js'
import { RawClient, realClock } from './harness.js'

/** A client with everything that it reported. */
class Member {
  readonly client: SignalingClient
  readonly states: { state: SignalingState; error: GossipKvError | undefined }[] = []
  readonly contacts: Contact[][] = []
  readonly signals: { from: string; signal: Signal }[] = []
  readonly absent: string[] = []

  constructor(id: string, urls: readonly string[], random = seededRandom(1)) {
    this.client = createSignalingClient({ urls, random, clock: realClock })
    this.client.start({ id, kind: 'node' }, 'topic', {
      state: (state, error) => this.states.push({ state, error }),
      contacts: (contacts) => this.contacts.push(contacts),
      signal: (from, signal) => this.signals.push({ from, signal }),
      absent: (id) => this.absent.push(id),
    })
  }

  get stateNames(): SignalingState[] {
    return this.states.map(({ state }) => state)
  }

  joined(times = 1): Promise<boolean | undefined> {
    return until(() => this.contacts.length >= times, `joined ${times} time(s)`)
  }

  became(state: SignalingState, times = 1): Promise<boolean | undefined> {
    return until(
      () => this.stateNames.filter((s) => s === state).length >= times,
      `${state} ${times} time(s)`,
    )
  }
}

describe('the signaling client', () => {
  const closers: (() => unknown)[] = []

  async function serve(port = 0): Promise<SignalingServer> {
    const server = await createSignalingServer({ port })
    closers.push(() => server.close())
    return server
  }

  function member(id: string, urls: readonly string[], random?: () => number): Member {
    const made = new Member(id, urls, random)
    closers.push(() => made.client.close())
    return made
  }

  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  it('joins, is introduced, and carries signals both ways', async () => {
    const { url } = await serve()
    const a = member('a', [url])
    await a.joined()
    expect(a.contacts[0]).to.deep.equal([])
    const b = member('b', [url])
    await b.joined()
    expect(b.contacts[0]).to.deep.equal([{ id: 'a', kind: 'node' }])
    const signals: Signal[] = [
      { type: 'offer', session: 's1', sdp: 'v=0\r\n"quoted" \u{1f600}' },
      { type: 'candidate', session: 's1', candidate: 'c', sdpMid: null, sdpMLineIndex: 0 },
    ]
    for (const signal of signals) b.client.send('a', signal)
    a.client.send('b', { type: 'busy', session: 's2' })
    await until(() => a.signals.length === 2 && b.signals.length === 1, 'the signals arrive')
    expect(a.signals).to.deep.equal(signals.map((signal) => ({ from: 'b', signal })))
    expect(b.signals).to.deep.equal([{ from: 'a', signal: { type: 'busy', session: 's2' } }])
    expect(a.stateNames).to.deep.equal(['connecting', 'connected'])
    a.client.introduce(3)
    await a.joined(2)
    expect(a.contacts[1]).to.deep.equal([{ id: 'b', kind: 'node' }])
  })

  it('hears that nobody is there whom it sends a signal to', async () => {
    const { url } = await serve()
    const a = member('a', [url])
    await a.joined()
    a.client.send('gone', { type: 'request', session: 's1' })
    await until(() => a.absent.length > 0, 'it hears so')
    expect([a.absent, a.client.counters().signalingMalformed]).to.deep.equal([['gone'], 0])
  })

  it('stays in state none without a URL', async () => {
    const alone = member('a', [])
    alone.client.introduce(1)
    alone.client.send('b', { type: 'busy', session: 's' })
    expect(alone.states).to.deep.equal([{ state: 'none', error: undefined }])
  })

  it('tells once that no server can be reached, names every URL without its secrets, and joins when one comes up', async () => {
    const port = await freePort()
    const second = await freePort()
    const a = member('a', [
      `ws://user:secret@127.0.0.1:${port}/?token=secret`,
      `ws://127.0.0.1:${second}/path`,
    ])
    await a.became('disconnected')
    const error = a.states.at(-1)?.error
    expect(error).to.be.instanceOf(TransportError)
    expect(error).to.include({ code: 'ERR_SIGNALING_UNREACHABLE' })
    expect(error?.message)
      .to.contain(`ws://127.0.0.1:${port}/: connect ECONNREFUSED`)
      .and.contain(`ws://127.0.0.1:${second}/path`)
      .and.not.contain('secret')
    await serve(port)
    await a.joined()
    expect(a.stateNames).to.deep.equal(['connecting', 'disconnected', 'connected'])
  })

  it('takes the next URL at once when the first one is dead', async () => {
    const { url } = await serve()
    const a = member('a', [`ws://127.0.0.1:${await freePort()}`, url])
    await a.joined()
    expect(a.stateNames).to.deep.equal(['connecting', 'connected'])
  })

  it('outlives a restart of the server and joins again by itself', async () => {
    const first = await serve()
    const a = member('a', [first.url])
    const b = member('b', [first.url])
    await a.joined()
    await b.joined()
    await first.close()
    await a.became('disconnected')
    expect(a.states.at(-1)?.error).to.include({ code: 'ERR_SIGNALING_UNREACHABLE' })
    expect(a.states.at(-1)?.error?.message).to.contain('1012')
    a.client.send('b', { type: 'busy', session: 'lost' })
    const second = await serve(first.port)
    await a.joined(2)
    await b.joined(2)
    expect(second.topics().get('topic')).to.have.members(['a', 'b'])
    a.client.send('b', { type: 'busy', session: 'kept' })
    await until(() => b.signals.length === 1, 'the signal arrives')
    expect(b.signals[0]?.signal.session).to.equal('kept')
  })

  it('gives up on a server that accepts the connection and never answers', async () => {
    const sockets = new Set<Socket>()
    const silent = createServer((socket) => sockets.add(socket.on('error', () => {})))
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    closers.push(() => {
      for (const socket of sockets) socket.destroy()
      silent.close()
    })
    const { url } = await serve()
    const a = member('a', [`ws://127.0.0.1:${(silent.address() as AddressInfo).port}`, url])
    await until(() => a.contacts.length === 1, 'the second URL answers')
  })

  it('says that it was refused when another process takes its id, and leaves that one in peace', async () => {
    const server = await serve()
    const older = member('same', [server.url])
    await older.joined()
    const newer = member('same', [server.url])
    await older.became('disconnected')
    expect(older.states.at(-1)?.error).to.include({ code: 'ERR_SIGNALING_REFUSED' })
    expect(newer.stateNames).to.deep.equal(['connecting', 'connected'])
    expect(server.topics().get('topic')).to.deep.equal(['same'])
  })

  it('stays under the rate of the server however much it is given, and drops the oldest beyond its queue', async () => {
    const server = await serve()
    const a = member('a', [server.url])
    const b = member('b', [server.url])
    await a.joined()
    await b.joined()
    const given = QUEUED_MESSAGES_MAX + 100
    for (let i = 0; i < given; i++) a.client.send('b', { type: 'busy', session: `s${i}` })
    await until(() => b.signals.length >= 60, 'more than the burst arrives')
    expect(a.stateNames).to.deep.equal(['connecting', 'connected'])
    // Half of the server's burst leaves at once, less the join; of the rest the newest wait.
    const atOnce = given - QUEUED_MESSAGES_MAX - a.client.counters().signalingDropped
    expect(atOnce).to.be.within(49, 55)
    expect(b.signals[atOnce - 1]?.signal.session).to.equal(`s${atOnce - 1}`)
    expect(b.signals[atOnce]?.signal.session).to.equal(`s${given - QUEUED_MESSAGES_MAX}`)
  })

  it('drops and counts what does not fit, from members and from the server', async () => {
    const server = await serve()
    const a = member('a', [server.url])
    await a.joined()
    const hostile = await RawClient.join(server.url, 'topic', 'hostile')
    closers.push(() => hostile.socket.terminate())
    for (const payload of [
      '',
      'null',
      '{"type":"offer","session":"s"}',
      '{"type":"busy","session":"good"}',
    ]) {
      hostile.say({ type: 'signal', topic: 'topic', to: 'a', payload })
    }
    await until(() => a.signals.length === 1, 'the good one arrives')
    expect(a.client.counters().signalingMalformed).to.equal(3)
    a.client.send('hostile', { type: 'offer', session: 's', sdp: '\u0000'.repeat(16_000) })
    expect(a.client.counters().signalingDropped).to.equal(1)
    expect(a.stateNames).to.deep.equal(['connecting', 'connected'])
  })

  it('survives a server that talks nonsense, and connects to it ever more slowly', async () => {
    const rogue = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await once(rogue, 'listening')
    closers.push(() => rogue.close())
    let connections = 0
    rogue.on('connection', (socket) => {
      connections++
      for (const text of ['', '{', '{"type":"contacts","topic":"topic","contacts":[{}]}']) socket.send(text)
      socket.send(Buffer.from([1, 2, 3]))
      socket.close()
    })
    const url = `ws://127.0.0.1:${(rogue.address() as AddressInfo).port}`
    const a = member('a', [url], () => 0.5)
    await until(() => connections === 3, 'it came three times')
    expect(a.client.counters().signalingMalformed).to.be.within(8, 12)
    expect(a.contacts).to.deep.equal([])
  })

  it('waits up to 30 s for a server that is away, and 5 s at most as a newcomer or while somebody asks for members', async () => {
    const pace = 50
    const away = `ws://127.0.0.1:${await freePort()}`
    const waiting = (url: string) => {
      const waits: number[] = []
      let joined = false
      const clock = {
        ...realClock,
        monotonic: () => performance.now() * pace,
        after: (millis: number, callback: () => void) => {
          waits.push(millis)
          return realClock.after(millis / pace, callback)
        },
      }
      const client = createSignalingClient({ urls: [url], random: () => 0.99, clock })
      closers.push(() => client.close())
      const contacts = () => {
        joined = true
      }
      client.start({ id: 'a', kind: 'node' }, 'topic', {
        state: () => {},
        contacts,
        signal: () => {},
        absent: () => {},
      })
      return {
        client,
        waits,
        hasJoined: () => joined,
        times: (millis: number) => waits.filter((w) => w > millis).length,
      }
    }
    const server = await serve()
    const member = waiting(server.url)
    const newcomer = waiting(away)
    await until(member.hasJoined, 'it has joined')
    await server.close()
    await until(() => member.times(29_000) > 0, 'a long wait')
    member.client.introduce(8)
    expect(member.waits.at(-1)).to.be.within(4_000, 5_000)
    await until(() => newcomer.times(4_900) > 15, 'the newcomer has waited long enough to wait longer')
    expect(newcomer.waits.filter((millis) => millis > 5_000 && millis < 29_000)).to.deep.equal([])
    await member.client.close()
    const before = member.waits.length
    member.client.introduce(8)
    expect(member.waits).to.have.length(before)
  })

  it('closes twice, leaves its topic, and reports nothing afterwards', async () => {
    const server = await serve()
    const a = member('a', [server.url])
    await a.joined()
    const reported = a.states.length
    await Promise.all([a.client.close(), a.client.close()])
    await until(() => server.topics().size === 0, 'it has left')
    a.client.introduce(1)
    a.client.send('b', { type: 'busy', session: 's' })
    expect(a.states).to.have.length(reported)
  })

  it('closes while it connects and while it waits to connect again', async () => {
    const connecting = member('a', ['ws://127.0.0.1:1'])
    await connecting.client.close()
    expect(connecting.stateNames).to.deep.equal(['connecting'])
    const waiting = member('b', ['ws://127.0.0.1:1'])
    await waiting.became('disconnected')
    await waiting.client.close()
    expect(waiting.stateNames).to.deep.equal(['connecting', 'disconnected'])
  })

  it('lets its process exit after close, and also while no server can be reached', async () => {
    const { url } = await serve()
    const script = fileURLToPath(new URL('./exit-fixture.ts', import.meta.url))
    for (const mode of ['close', 'unreachable']) {
      const target = mode === 'close' ? url : `ws://127.0.0.1:${await freePort()}`
      const child = spawn(process.execPath, ['--import=tsx', script, mode, target], { stdio: 'pipe' })
      closers.push(() => child.kill('SIGKILL'))
      const [code] = await once(child, 'exit')
      expect(code, mode).to.equal(0)
    }
  })
})

/** A port that nobody listens on right now. */
async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
