/** simple-peer destroys itself over one bad signal: whoever can send signals could cut every link. */
import { expect } from 'chai'
import { parseSignal, type Signal } from '../../src/mesh/wire/signal.js'
import { linked, type TestMember, TestMesh } from '../unit/transport/linked-pair.js'
import { until } from '../until.js'
import { candidateLine, realOffer } from './attacker.js'

const LINKS = 20

/** What an attacker sends once the two are linked; `session` and `answer` are those of the living link. */
function payloads(session: string, answer: string, offer: string): string[] {
  const messages: unknown[] = [
    {},
    [],
    null,
    { type: 'offer' },
    { session },
    { renegotiate: true },
    { type: 'renegotiate', renegotiate: true, session },
    { transceiverRequest: { kind: 'video' } },
    { type: 'transceiverRequest', transceiverRequest: { kind: 'audio', init: {} }, session },
    { type: 'answer', session, sdp: answer },
    { type: 'offer', session, sdp: offer },
    { type: 'offer', session, sdp: 'v=0\r\nbroken' },
    { type: 'answer', session, sdp: '' },
    { type: 'offer', session: 'other', sdp: 'v=0' },
    { type: 'answer', session: 'other', sdp: answer },
    { type: 'candidate', session, candidate: 'candidate:broken', sdpMid: '0', sdpMLineIndex: 0 },
    { type: 'candidate', session, candidate: candidateLine('192.0.2.77', 9), sdpMid: '9', sdpMLineIndex: 77 },
    { type: 'candidate', session, candidate: '', sdpMid: null, sdpMLineIndex: null },
    { type: 'busy', session },
    { type: 'request', session },
    // A new attempt beside the link, that never comes to anything.
    { type: 'offer', session: 'beside', sdp: offer },
    { type: 'request', session: 'beside' },
  ]
  return ['', '{', 'nonsense', ...messages.map((message) => JSON.stringify(message))]
}

describe('signals after a link is open', () => {
  it('leave 20 of 20 links alive on both sides', async () => {
    const mesh = new TestMesh()
    try {
      const hub = await mesh.join('m')
      const others: TestMember[] = []
      for (let i = 0; i < LINKS; i++) {
        // Half of them make the offer, half answer.
        const other = await mesh.join(`${i % 2 === 0 ? 'a' : 'z'}${i}`)
        other.links.dial('m')
        await linked(hub, other)
        others.push(other)
      }
      const offer = await realOffer()
      for (const other of others) {
        attack(hub, other, offer)
        attack(other, hub, offer)
      }
      await new Promise((resolve) => setTimeout(resolve, 1000))
      for (const [i, other] of others.entries()) {
        hub.links.send(other.id, Uint8Array.of(1, i), 1)
        other.links.send('m', Uint8Array.of(2, i), 1)
      }
      await until(
        () => hub.frames.length === LINKS && others.every(({ frames }) => frames.length === 1),
        'a frame each way on every link',
      )
      const lost = [hub, ...others].flatMap(({ log }) => log.filter((line) => line.startsWith('down')))
      expect(lost).to.deep.equal([])
      expect(hub.links.counters?.().signalsRefused).to.be.at.least(LINKS * 10)
    } finally {
      await mesh.close()
    }
  })
})

/** Sends to `victim` what claims to come from `peer`. */
function attack(victim: TestMember, peer: TestMember, offer: string): void {
  const sent = [...victim.signals, ...peer.signals].filter(({ to }) => to === victim.id || to === peer.id)
  const answer = sent.findLast(
    (entry) => entry.signal.type === 'answer' && concerns(entry.signal, victim, peer),
  )
  const session = answer?.signal.session ?? ''
  const sdp = answer?.signal.type === 'answer' ? answer.signal.sdp : ''
  expect(session, 'the session of the link').to.not.equal('')
  for (const payload of payloads(session, sdp, offer)) {
    const signal = parseSignal(payload)
    if (signal !== undefined) victim.links.receiveSignal(peer.id, signal)
  }
}

function concerns(signal: Signal, ...pair: TestMember[]): boolean {
  return pair.every((member) =>
    pair.some(
      (other) =>
        other !== member &&
        member.signals.some((sent) => sent.to === other.id && sent.signal.session === signal.session),
    ),
  )
}
