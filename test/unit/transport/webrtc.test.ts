import { expect } from 'chai'
import { loadRtc } from '#rtc'
import { systemClock } from '../../../src/base/system-clock.js'
import type { WebRtcLinksOptions } from '../../../src/mesh/links/webrtc-links.js'
import type { Signal } from '../../../src/mesh/wire/signal.js'
import { until } from '../../until.js'
import { count, linked, type TestMember, TestMesh } from './linked-pair.js'

/** A frame that begins with its number and whose other bytes follow from it. */
function frameOf(length: number, number: number): Uint8Array {
  const bytes = new Uint8Array(length).map((_, i) => (i * 7 + number) & 0xff)
  new DataView(bytes.buffer).setUint32(0, number)
  return bytes
}

function numberOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
}

/** Its 500 ms are 10 s: a lost packet alone can take SCTP a second, and these tests ask what happens without haste. */
const patientClock = {
  ...systemClock,
  after: (millis: number, run: () => void) => systemClock.after(millis * 20, run),
}

describe('two members over real WebRTC', () => {
  let mesh: TestMesh
  beforeEach(() => {
    mesh = new TestMesh()
  })
  afterEach(() => mesh.close())

  async function pair(
    dialer: 'greater' | 'lesser' = 'greater',
    options: Partial<WebRtcLinksOptions> = {},
  ): Promise<[TestMember, TestMember]> {
    const greater = await mesh.join('b', options)
    const lesser = await mesh.join('a', options)
    if (dialer === 'greater') greater.links.dial('a')
    else lesser.links.dial('b')
    await linked(greater, lesser)
    return [greater, lesser]
  }

  for (const dialer of ['greater', 'lesser'] as const) {
    it(`link when the member with the ${dialer} id dials, and the greater one makes the offer`, async () => {
      const [greater, lesser] = await pair(dialer)
      const types = (member: TestMember) => new Set(member.signals.map(({ signal }) => signal.type))
      expect(types(greater)).to.include('offer').and.not.include('answer')
      expect(types(lesser)).to.include('answer').and.not.include('offer')
      expect([greater.log, lesser.log]).to.deep.equal([['up a'], ['up b']])
    })
  }

  it('make one link when both dial at once', async () => {
    const [a, b] = [await mesh.join('a'), await mesh.join('b')]
    a.links.dial('b')
    b.links.dial('a')
    await linked(a, b)
    a.links.dial('b')
    b.links.dial('a')
    a.links.send('b', frameOf(8, 1), 1)
    await until(() => b.frames.length === 1, 'the frame')
    expect([a.log, b.log]).to.deep.equal([['up b'], ['up a']])
  })

  it('carry frames of 60 KiB and 256 KiB unchanged, in both directions', async () => {
    const [a, b] = await pair()
    const frames = [60 * 1024, 256 * 1024, 9].map(frameOf)
    for (const frame of frames) {
      a.links.send(b.id, frame, 1)
      b.links.send(a.id, frame, 1)
    }
    await until(() => a.frames.length === 3 && b.frames.length === 3, 'three frames on both sides')
    for (const member of [a, b]) {
      expect(member.frames.map(({ bytes }) => bytes)).to.deep.equal(frames)
      expect(member.frames[0]?.bytes.constructor).to.equal(Uint8Array)
    }
  })

  it('carry a frame in two pieces as one', async () => {
    const [a, b] = await pair()
    const frames = [100 * 1024, 700].map(frameOf)
    for (const frame of frames) a.links.send(b.id, frame.subarray(0, 300), 1, frame.subarray(300))
    await until(() => b.frames.length === 2, 'both frames')
    expect(b.frames.map(({ bytes }) => bytes)).to.deep.equal(frames)
  })

  it('carry 2,000 small frames in order', async () => {
    const [a, b] = await pair()
    for (let i = 0; i < 2000; i++) a.links.send(b.id, frameOf(64, i), 1)
    await until(() => b.frames.length === 2000, '2,000 frames')
    expect(b.frames.map(({ bytes }) => numberOf(bytes))).to.deep.equal([...Array(2000).keys()])
  })

  it('call a link slow while much waits, tell when it has drained, and lose nothing', async () => {
    const [a, b] = await pair()
    for (let i = 0; i < 24; i++) a.links.send(b.id, frameOf(256 * 1024, i), 1)
    a.links.send(b.id, frameOf(8, 99), 0)
    expect(a.links.slow(b.id)).to.equal(true)
    await until(() => a.log.includes(`drained ${b.id}`), 'drained')
    expect(a.links.slow(b.id)).to.equal(false)
    await until(() => b.frames.length === 25, 'all frames')
    const numbers = b.frames.map(({ bytes }) => numberOf(bytes))
    expect(numbers.indexOf(99)).to.be.below(24)
    expect(numbers.filter((number) => number !== 99)).to.deep.equal([...Array(24).keys()])
  })

  it('let a link end after what was queued has arrived, on either side', async () => {
    const [a, b] = await pair('greater', { clock: patientClock })
    for (let i = 0; i < 40; i++) a.links.send(b.id, frameOf(16_000, i), 1)
    a.links.disconnect(b.id)
    a.links.send(b.id, frameOf(8, 77), 1)
    await until(() => a.log.includes('down a') && b.log.includes('down b'), 'both down')
    expect(b.frames.map(({ bytes }) => numberOf(bytes))).to.deep.equal([...Array(40).keys()])
    expect([...a.errors, ...b.errors]).to.deep.equal([])
  })

  it('link again after a link has ended', async () => {
    const [a, b] = await pair()
    b.links.disconnect(a.id)
    await until(() => a.log.includes('down a') && b.log.includes('down b'), 'both down')
    b.links.dial(a.id)
    await until(() => count(a, 'up a') === 2 && count(b, 'up b') === 2, 'linked again')
  })

  it('deliver what was queued before close, and the peer notices the end at once', async () => {
    const [a, b] = await pair('greater', { clock: patientClock })
    a.links.send(b.id, frameOf(200_000, 5), 1)
    await a.links.close()
    await until(() => b.log.includes('down b'), 'down')
    expect(b.frames.map(({ bytes }) => bytes.length)).to.deep.equal([200_000])
    expect(a.log).to.deep.equal(['up a'])
  })

  it('replace the link of a peer that comes back under the same id', async () => {
    const greater = await mesh.join('b')
    const ghost = await mesh.join('a')
    greater.links.dial('a')
    await linked(greater, ghost)
    const reborn = await mesh.join('a')
    reborn.links.dial('b')
    await until(() => count(greater, 'up a') === 2 && reborn.log.includes('up b'), 'replaced on both sides')
    expect(greater.log).to.deep.equal(['up a', 'down a', 'up a'])
    expect(greater.errors.map(({ code }) => code)).to.deep.equal(['ERR_LINK_CLOSED'])
    reborn.links.send('b', frameOf(8, 3), 1)
    await until(() => greater.frames.length === 1, 'a frame over the new link')
    await until(() => ghost.log.includes('down b'), 'the old one noticed')
    await ghost.links.close()
  })

  it('link although the first signal of each type is lost on its way', async () => {
    const lost = new Set<string>()
    mesh.carry = (from, _to, signal) => {
      const name = `${from} ${signal.type}`
      if (lost.has(name)) return signal
      lost.add(name)
      return undefined
    }
    const [a, b] = [await mesh.join('a'), await mesh.join('b')]
    a.links.dial('b')
    await linked(a, b)
    expect([...lost]).to.include.members(['a request', 'b offer', 'a answer'])
  })

  it('answer `busy` to an offer of a session that was given up', async () => {
    const lesser = await mesh.join('a')
    mesh.carry = () => undefined
    lesser.links.dial('b')
    const request = lesser.signals[0]?.signal
    expect(request?.type).to.equal('request')
    lesser.links.disconnect('b')
    expect(lesser.errors.map(({ code }) => code)).to.deep.equal(['ERR_ABORTED'])
    const session = request?.session ?? ''
    lesser.links.receiveSignal('b', { type: 'offer', session, sdp: await someDescription(mesh) })
    expect(lesser.signals.at(-1)).to.deep.equal({ to: 'b', signal: { type: 'busy', session } })
  })

  it('fail a dial that is answered with `busy`', async () => {
    const greater = await mesh.join('b')
    mesh.carry = () => undefined
    greater.links.dial('a')
    await until(() => greater.signals.length > 0, 'the offer')
    const session = greater.signals[0]?.signal.session ?? ''
    greater.links.receiveSignal('a', { type: 'busy', session: 'other' })
    expect(greater.log).to.deep.equal([])
    greater.links.receiveSignal('a', { type: 'busy', session })
    expect(greater.errors.map(({ code }) => code)).to.deep.equal(['ERR_PEER_BUSY'])
  })

  it('keep a live link through 20 malformed and stale signals, 20 of 20', async () => {
    const [a, b] = await pair()
    const session = a.signals[0]?.signal.session ?? ''
    const hostile = hostileSignals(session, a, b)
    expect(hostile.length).to.equal(20)
    for (const [i, signal] of hostile.entries()) {
      for (const [to, from] of [
        [a, b],
        [b, a],
      ] as const)
        to.links.receiveSignal(from.id, signal)
      a.links.send(b.id, frameOf(8, i), 1)
      await until(() => b.frames.length === i + 1, `a frame after hostile signal ${i}`)
    }
    expect([a.log, b.log]).to.deep.equal([['up a'], ['up b']])
  })

  it('link although the candidates of one side are malformed or far too many', async () => {
    const [greater, lesser] = [await mesh.join('b'), await mesh.join('a')]
    let sent = 0
    mesh.carry = (from, to, signal) => {
      if (from === 'a') return signal
      const receiver = mesh.members.get(to)?.links
      for (let i = 0; i < 100; i++, sent++) {
        const candidate = i % 2 ? 'nonsense' : `candidate:1 1 udp 1 192.0.2.1 ${1000 + i} typ host`
        receiver?.receiveSignal(from, {
          type: 'candidate',
          session: signal.session,
          candidate,
          sdpMid: null,
          sdpMLineIndex: null,
        })
      }
      return signal
    }
    greater.links.dial('a')
    await linked(greater, lesser)
    expect(sent).to.be.above(100)
  })

  it('fail an attempt whose answer the implementation refuses, with a typed error', async () => {
    const [greater] = [await mesh.join('b'), await mesh.join('a')]
    mesh.carry = (_from, _to, signal) =>
      signal.type === 'answer'
        ? { ...signal, sdp: signal.sdp.replace('a=setup:active', 'a=setup:nonsense') }
        : signal
    greater.links.dial('a')
    await until(() => greater.log.length > 0, 'the end of the dial')
    expect(greater.log).to.deep.equal(['failed a'])
    expect(greater.errors.map(({ code }) => code)).to.deep.equal(['ERR_SIGNAL_MALFORMED'])
  })

  it('fail a dial when `iceServers` fails', async () => {
    const greater = await mesh.join('b', { iceServers: () => Promise.reject(new Error('no credentials')) })
    greater.links.dial('a')
    await until(() => greater.log.length > 0, 'the end of the dial')
    expect(greater.errors.map(({ code }) => code)).to.deep.equal(['ERR_ICE_FAILED'])
  })

  describe('that do not reach each other', () => {
    /** Twenty of its seconds are one. */
    const clock = {
      ...systemClock,
      after: (millis: number, run: () => void) => systemClock.after(millis / 20, run),
    }

    it('fail a dial that nobody answers, whoever would make the offer', async () => {
      const [greater, lesser] = [await mesh.join('b', { clock }), await mesh.join('a', { clock })]
      greater.links.dial('0')
      lesser.links.dial('c')
      await until(() => greater.log.length > 0 && lesser.log.length > 0, 'the end of both dials')
      expect([...greater.errors, ...lesser.errors].map(({ code }) => code)).to.deep.equal([
        'ERR_DIAL_TIMEOUT',
        'ERR_DIAL_TIMEOUT',
      ])
    })

    it('fail a dial that finds no path, and name the candidates of both sides', async () => {
      const [greater] = [await mesh.join('b', { clock }), await mesh.join('a', { clock })]
      mesh.carry = (_from, _to, signal) => withoutCandidates(signal)
      greater.links.dial('a')
      await until(() => greater.log.length > 0, 'the end of the dial')
      expect(greater.errors.map(({ code }) => code)).to.deep.equal(['ERR_ICE_FAILED'])
      expect(greater.errors[0]?.message).to.match(
        /own candidates: (host|mDNS)(, mDNS)?; theirs: none.*signals reach/,
      )
    })
  })

  it('end a link when the peer opens a second channel', async () => {
    const { RTCPeerConnection } = await loadRtc()
    const greater = await mesh.join('b')
    const peer = new RTCPeerConnection()
    const channel = peer.createDataChannel('first', { negotiated: true, id: 0 })
    mesh.carry = (_from, _to, signal) => {
      void answerByHand(peer, greater, signal)
      return undefined
    }
    greater.links.dial('a')
    await until(() => greater.log.includes('up a'), 'up')
    const second = peer.createDataChannel('second')
    await until(() => greater.log.includes('down a'), 'down')
    expect(greater.errors.map(({ code }) => code)).to.deep.equal(['ERR_LINK_CLOSED'])
    for (const end of [second, channel, peer]) end.close()
  })

  for (const [what, message, code] of [
    ['is malformed', new Uint8Array([9, 9]), 'ERR_FRAME_MALFORMED'],
    ['is above 16 KiB', new Uint8Array(16 * 1024 + 1), 'ERR_FRAME_MALFORMED'],
    [
      'announces a frame above the limit',
      new Uint8Array([1, 1, 255, 255, 255, 1, 1, 0]),
      'ERR_FRAME_TOO_LARGE',
    ],
    ['acknowledges what was never sent', new Uint8Array([3, 255, 255, 1]), 'ERR_FRAME_MALFORMED'],
  ] as const) {
    it(`end a link over a message that ${what}`, async () => {
      const { RTCPeerConnection } = await loadRtc()
      const greater = await mesh.join('b')
      const peer = new RTCPeerConnection()
      const channel = peer.createDataChannel('first', { negotiated: true, id: 0 })
      mesh.carry = (_from, _to, signal) => {
        void answerByHand(peer, greater, signal)
        return undefined
      }
      greater.links.dial('a')
      await until(() => greater.log.includes('up a') && channel.readyState === 'open', 'up')
      channel.send(message)
      await until(() => greater.log.includes('down a'), 'down')
      expect(greater.errors.map((error) => error.code)).to.deep.equal([code])
      peer.close()
    })
  }

  it('ignore a dial of oneself, frames without a link, and everything after close', async () => {
    const a = await mesh.join('a')
    a.links.dial('a')
    a.links.send('b', frameOf(8, 1), 1)
    a.links.disconnect('b')
    await a.links.close()
    a.links.dial('b')
    await a.links.close()
    expect([a.log, a.signals]).to.deep.equal([[], []])
  })
})

describe('eleven members over real WebRTC in one process', () => {
  it('open ten links at once with few handshakes in flight, and leave nothing behind', async () => {
    const mesh = new TestMesh()
    const hub = await mesh.join('m')
    const others: TestMember[] = []
    for (const id of 'abcdefwxyz') others.push(await mesh.join(id))
    others.forEach((member, i) => {
      if (i % 2) member.links.dial('m')
      else hub.links.dial(member.id)
    })
    for (const member of others) await linked(hub, member)
    others.forEach((member, i) => {
      hub.links.send(member.id, frameOf(1000, i), 1)
    })
    await until(() => others.every((member) => member.frames.length === 1), 'a frame at each')
    await mesh.close()
    expect(hub.log.filter((line) => line.startsWith('up'))).to.have.length(10)
  })
})

function withoutCandidates(signal: Signal): Signal | undefined {
  if (signal.type === 'candidate') return undefined
  return 'sdp' in signal ? { ...signal, sdp: signal.sdp.replace(/a=candidate.*\r\n/g, '') } : signal
}

/** Plays member `a` with nothing but the API of the standard. */
async function answerByHand(peer: RTCPeerConnection, member: TestMember, signal: Signal): Promise<void> {
  if (signal.type !== 'offer') return
  await peer.setRemoteDescription({ type: 'offer', sdp: signal.sdp })
  await peer.setLocalDescription(await peer.createAnswer())
  await until(() => peer.iceGatheringState === 'complete', 'all candidates')
  const sdp = peer.localDescription?.sdp ?? ''
  member.links.receiveSignal('a', { type: 'answer', session: signal.session, sdp })
}

async function someDescription(mesh: TestMesh): Promise<string> {
  const other = await mesh.join('z')
  other.links.dial('y')
  await until(() => other.signals.length > 0, 'an offer')
  const signal = other.signals[0]?.signal
  return signal?.type === 'offer' ? signal.sdp : ''
}

/** What could harm a live peer of simple-peer: each passes as a `Signal`, as if a parser had let it through. */
function hostileSignals(session: string, a: TestMember, b: TestMember): Signal[] {
  const foreign = [
    {},
    { renegotiate: true },
    { transceiverRequest: { kind: 'video' } },
    { type: 'transceiverRequest', transceiverRequest: {} },
    { type: 'renegotiate', renegotiate: true },
    { candidate: null },
    { candidate: {} },
    { sdp: 'x' },
    { type: 'rollback', sdp: '' },
    { type: 'pranswer', sdp: 'v=0' },
  ].map((content) => ({ session, ...content }) as unknown as Signal)
  const replayed = [...a.signals, ...b.signals]
    .map(({ signal }) => signal)
    .filter(({ type }) => type === 'offer' || type === 'answer')
  const place = { sdpMid: '0', sdpMLineIndex: 0 }
  return [
    ...foreign,
    ...replayed,
    { type: 'offer', session, sdp: 'v=0\r\n' },
    { type: 'answer', session, sdp: 'nonsense' },
    { type: 'offer', session: 'new', sdp: 'nonsense' },
    { type: 'busy', session },
    { type: 'request', session },
    { type: 'candidate', session, candidate: '', ...place },
    { type: 'candidate', session, candidate: 'candidate:1 1 udp 1 127.0.0.1 9 typ host', ...place },
    { type: 'candidate', session: 'new', candidate: 'x', ...place },
  ]
}
