/**
 * A member, or who has its key and not the secret of a handshake, opens a second connection in its own name beside a
 * link that stands. Over real WebRTC: the link goes on until the new connection is known, and for good when it is not.
 */
import { expect } from 'chai'
import { pack } from '../../bench/packing.js'
import { seededRandom } from '../../src/base/random.js'
import { systemClock } from '../../src/base/system-clock.js'
import { createWebRtcLinks, type WebRtcLinksOptions } from '../../src/mesh/links/webrtc-links.js'
import { generateSecret } from '../../src/mesh/security/secret.js'
import { AUTH_MILLIS_MAX, AUTH_PEERS_MAX } from '../../src/mesh/security/security-limits.js'
import type { LinkEvents, Links } from '../../src/mesh/transport.js'
import { encodeFrame } from '../../src/mesh/wire/codec.js'
import { BEGIN, WHOLE } from '../../src/mesh/wire/fragment.js'
import { AUTH_BYTES_MAX } from '../../src/mesh/wire/wire-limits.js'
import { until } from '../until.js'
import { rawRtc } from './attacker.js'
import { type SecuredMember, secured } from './secured.js'

const PROOF = 1

/** What becomes of the frames of a handshake on their way out. */
type Speech = (bytes: Uint8Array) => Uint8Array | undefined

const honest: Speech = (bytes) => bytes
const mute: Speech = () => undefined
/** Says all that is to be said, with one bit of its proof wrong. */
const lying: Speech = (bytes) =>
  bytes[3] === PROOF ? bytes.map((byte, at) => (at === 20 ? byte ^ 1 : byte)) : bytes

describe('a second connection of a linked peer over WebRTC', () => {
  let secret: string
  /** By id, who hears the signals for it: whoever started last. */
  const here = new Map<string, SecuredMember>()
  const all: SecuredMember[] = []
  let seed = 1

  beforeEach(async () => {
    secret = await generateSecret()
  })
  afterEach(async () => {
    here.clear()
    await Promise.all(all.splice(0).map(({ links }) => links.close()))
  })

  async function member(
    speech: Speech = honest,
    like?: SecuredMember,
    webrtc?: WebRtcLinksOptions['webrtc'],
  ): Promise<SecuredMember> {
    const inner = createWebRtcLinks({
      ...{ random: seededRandom(seed++), clock: systemClock, allowAddresses: ['loopback'] },
      ...(webrtc && { webrtc }),
    })
    const made: SecuredMember = await secured(speaking(inner, speech), secret, {
      ...(like && { identity: like.identity }),
      signal: (to, signal) => setTimeout(() => here.get(to)?.links.receiveSignal(made.id, signal)),
    })
    here.set(made.id, made)
    all.push(made)
    return made
  }

  async function linked(): Promise<[SecuredMember, SecuredMember]> {
    const [a, b] = [await member(), await member()]
    a.links.dial(b.id)
    await until(() => a.log.includes(`up ${b.id}`) && b.log.includes(`up ${a.id}`), 'linked')
    return [a, b]
  }

  /** Frames both ways every 20 ms, until it holds; returns how many arrived of how many. */
  async function talk(a: SecuredMember, b: SecuredMember, holds: () => boolean): Promise<number[]> {
    const frame = encodeFrame({ type: 'sync-busy', exchange: 1 })
    const before = a.frames.length + b.frames.length
    let sent = 0
    const end = performance.now() + AUTH_MILLIS_MAX + 5000
    while (!holds() && performance.now() < end) {
      a.links.send(b.id, frame, 1)
      b.links.send(a.id, frame, 1)
      sent += 2
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(holds(), 'it came to that').to.equal(true)
    const arrived = () => a.frames.length + b.frames.length - before
    await until(() => arrived() === sent, 'all frames')
    return [arrived(), sent]
  }

  for (const [name, speech] of Object.entries({ 'says nothing': mute, 'lies about its proof': lying }))
    it(`that ${name} costs the link not one frame`, async () => {
      const [a, b] = await linked()
      const second = await member(speech, a)
      second.links.dial(b.id)
      const [arrived, sent] = await talk(a, b, () => b.links.counters().authRefused > 0)
      expect(sent).to.be.above(0)
      expect(arrived).to.equal(sent)
      expect([a.log, b.log]).to.deep.equal([[`up ${b.id}`], [`up ${a.id}`]])
      await until(() => second.log.length > 0, 'it is told')
      expect(second.log).to.deep.equal([`failed ${b.id}`])
    })

  for (const [name, messages] of Object.entries({
    'announces more than 4 KiB': [pack(BEGIN, 1, AUTH_BYTES_MAX + 1, 1, Uint8Array.of(1))],
    'says more than 4 KiB': Array.from({ length: 5 }, () => new Uint8Array([WHOLE, 0x80, 8, ...Array(1024)])),
  }))
    it(`that ${name} before it is known ends at once, and the link does not`, async () => {
      const [a, b] = await linked()
      const { webrtc, channels } = rawRtc()
      const second = await member(mute, a, webrtc)
      second.links.dial(b.id)
      await until(() => channels.at(-1)?.readyState === 'open', 'a channel')
      for (const message of messages) channels.at(-1)?.send(message as Uint8Array<ArrayBuffer>)
      await talk(a, b, () => b.links.counters().authRefused > 0)
      expect(b.errors.map(String).join()).to.include('could not be read')
      expect([a.log, b.log]).to.deep.equal([[`up ${b.id}`], [`up ${a.id}`]])
    })

  it(`of each of ${AUTH_PEERS_MAX} others that say nothing keeps neither a newcomer nor a dial of the member itself out`, async () => {
    const [writer, newcomer, other] = [await member(), await member(), await member()]
    const silent = await Promise.all(Array.from({ length: AUTH_PEERS_MAX }, () => member(mute)))
    const redial = () => {
      for (const { links } of silent) links.dial(writer.id)
    }
    redial()
    const timer = setInterval(redial, 500)
    // They have opened, and are waited for.
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    newcomer.links.dial(writer.id)
    writer.links.dial(other.id)
    await until(() => writer.log.length === 2, 'both are linked')
    clearInterval(timer)
    expect(writer.log.sort()).to.deep.equal([`up ${newcomer.id}`, `up ${other.id}`].sort())
  })

  it('that is known takes the place of the link, and of one alone', async () => {
    const [a, b] = await linked()
    const c = await member()
    c.links.dial(b.id)
    await until(() => b.log.length === 2, 'a third one')
    const again = await member(honest, a)
    again.links.dial(b.id)
    await until(() => again.log.length > 0 && b.log.length === 4, 'replaced')
    expect(again.log).to.deep.equal([`up ${b.id}`])
    expect(b.log).to.deep.equal([`up ${a.id}`, `up ${c.id}`, `down ${a.id}`, `up ${a.id}`])
    const [arrived, sent] = await talk(again, b, () => again.frames.length > 4)
    expect(arrived).to.equal(sent)
    // The old connection is closed, not forgotten.
    await until(() => a.log.includes(`down ${b.id}`), 'its other end hears of it')
  })
})

/** The same links, whose handshakes speak so. */
function speaking(links: Links, speech: Speech): Links {
  const start = (self: string, events: LinkEvents) =>
    links.start(self, {
      ...events,
      ...(events.admission && {
        admission: {
          ...events.admission,
          opened: (pending) => {
            const { send } = pending
            pending.send = (bytes, ...more) => {
              const said = speech(bytes)
              if (said) send(said, ...more)
            }
            events.admission?.opened(pending)
          },
        },
      }),
    })
  return new Proxy(links, {
    get: (target, name) => {
      const value = name === 'start' ? start : Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
