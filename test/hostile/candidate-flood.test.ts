/** A peer names addresses in its candidates that it wants this member to send packets to. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { expect } from 'chai'
import { CANDIDATES_MAX } from '../../src/mesh/links/link-limits.js'
import { type TestMember, TestMesh } from '../unit/transport/linked-pair.js'
import { until } from '../until.js'
import { candidateLine, countingRtc, realOffer, withCandidates } from './attacker.js'

const CANDIDATES = 2000
/** Longer than an implementation takes to send its first checks, and their first repetitions. */
const CHECKS_MILLIS = 1500

/** A service that has nothing to do with this. */
interface Listener {
  socket: Socket
  port: number
  packets: number
}

describe('a flood of ICE candidates', () => {
  let mesh: TestMesh
  const listeners: Listener[] = []

  beforeEach(() => {
    mesh = new TestMesh()
  })
  afterEach(async () => {
    await mesh.close()
    for (const { socket } of listeners.splice(0)) socket.close()
  })

  async function listen(address: string): Promise<Listener> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
    socket.bind(0, address)
    await once(socket, 'listening')
    const listener = { socket, port: (socket.address() as AddressInfo).port, packets: 0 }
    socket.on('message', () => listener.packets++)
    listeners.push(listener)
    return listener
  }

  /** The victim takes an offer and then candidates, all from the attacker `z`. */
  async function attack(victim: TestMember, inOffer: readonly string[], trickled: readonly string[]) {
    const sdp = withCandidates(await realOffer(), inOffer)
    const session = 'attack'
    victim.links.receiveSignal('z', { type: 'offer', session, sdp })
    for (const candidate of trickled)
      victim.links.receiveSignal('z', {
        type: 'candidate',
        session,
        candidate,
        sdpMid: '0',
        sdpMLineIndex: 0,
      })
    await until(() => victim.signals.some(({ signal }) => signal.type === 'answer'), 'the answer')
    for (const candidate of trickled)
      victim.links.receiveSignal('z', {
        type: 'candidate',
        session,
        candidate,
        sdpMid: '0',
        sdpMLineIndex: 0,
      })
    await new Promise((resolve) => setTimeout(resolve, CHECKS_MILLIS))
  }

  it('of 2,000 brings at most 32 to WebRTC, whether trickled or in the offer', async () => {
    const { webrtc, candidates } = countingRtc()
    const victim = await mesh.join('a', { webrtc })
    const lines = Array.from({ length: CANDIDATES }, (_, i) =>
      candidateLine(`192.0.2.${i % 250}`, 20_000 + i, i + 1),
    )
    await attack(victim, lines.slice(0, 100), lines.slice(100))
    expect(candidates.length).to.equal(CANDIDATES_MAX)
    expect(victim.links.counters?.().candidatesRefused).to.be.at.least(CANDIDATES_MAX)
  })

  it('sends no packet to a listener on loopback, in whatever spelling, where loopback is not allowed', async () => {
    const [ipv4, ipv6] = [await listen('127.0.0.1'), await listen('::1')]
    const { webrtc, candidates } = countingRtc()
    const victim = await mesh.join('a', { webrtc })
    const spellings = [
      '127.0.0.1',
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '127.0.0.2',
      '0.0.0.0',
      '::',
      'localhost',
    ]
    const lines = [
      ...spellings.map((address, i) => candidateLine(address, ipv4.port, i + 1)),
      ...['::1', '0:0:0:0:0:0:0:1', 'ip6-localhost'].map((address, i) =>
        candidateLine(address, ipv6.port, i + 20),
      ),
      ...['169.254.169.254', 'fd00:ec2::254', 'fe80::1', '224.0.0.251'].map((address, i) =>
        candidateLine(address, 80, i + 40),
      ),
    ]
    await attack(victim, lines, lines)
    expect([ipv4.packets, ipv6.packets, candidates]).to.deep.equal([0, 0, []])
  })

  it('does reach loopback where it is allowed, so that the listener above would have heard it', async () => {
    const listener = await listen('127.0.0.1')
    const victim = await mesh.join('a', { allowAddresses: ['loopback'] })
    await attack(victim, [], [candidateLine('127.0.0.1', listener.port)])
    expect(listener.packets).to.be.at.least(1)
  })

  it('opens no TCP connection: such candidates are dropped', async () => {
    const { webrtc, candidates } = countingRtc()
    const victim = await mesh.join('a', { webrtc, allowAddresses: ['loopback'] })
    const address = Object.values(networkInterfaces())
      .flat()
      .find((one) => one?.internal === false)?.address
    const lines = ['127.0.0.1', address ?? '192.0.2.9'].map(
      (target, i) => `${candidateLine(target, 9000, i + 1).replace(' udp ', ' tcp ')} tcptype passive`,
    )
    await attack(victim, lines, lines)
    expect(candidates).to.deep.equal([])
  })
})

describe('a flood of attempts', () => {
  it('of 200 peers leaves at most 16 in handshake, and turns the others down', async () => {
    const mesh = new TestMesh()
    const victim = await mesh.join('a')
    const sdp = await realOffer()
    for (let i = 0; i < 200; i++)
      victim.links.receiveSignal(`z${i}`, { type: 'offer', session: `s${i}`, sdp })
    const refused = victim.signals.filter(({ signal }) => signal.type === 'busy').length
    expect(refused).to.equal(200 - 16)
    expect(victim.links.counters?.().handshakesRefused).to.equal(200 - 16)
    await mesh.close()
  })
})
