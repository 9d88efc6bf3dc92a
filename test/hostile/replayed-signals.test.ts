/** Who carries sealed signals keeps them, and says them again when everybody has long forgotten them. */
import wrtc from '@roamhq/wrtc'
import { expect } from 'chai'
import { seededRandom } from '../../src/base/random.js'
import { systemClock } from '../../src/base/system-clock.js'
import { createWebRtcLinks } from '../../src/mesh/links/webrtc-links.js'
import { type Identity, identityOf } from '../../src/mesh/security/identity.js'
import { Keyring } from '../../src/mesh/security/keyring.js'
import { SignalSeal } from '../../src/mesh/security/seal.js'
import { generateSecret } from '../../src/mesh/security/secret.js'
import { REPLAYS_MAX } from '../../src/mesh/security/security-limits.js'
import type { Signal } from '../../src/mesh/wire/signal.js'
import { until } from '../until.js'
import { secured } from './secured.js'

/** Sessions that a dialer remembers as used. */
const USED_SESSIONS_MAX = 1024

describe('sealed signals that are said again', () => {
  it(`after more than ${REPLAYS_MAX} newer ones are not acted on, of any kind`, async () => {
    const secret = await generateSecret()
    const [lesser, greater] = await twoIdentities()
    const made: unknown[] = []
    class CountedConnection extends wrtc.RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration)
        made.push(this)
      }
    }
    const links = (seed: number, webrtc = wrtc) =>
      createWebRtcLinks({
        ...{ random: seededRandom(seed), clock: systemClock, webrtc },
        allowAddresses: ['loopback'],
      })
    const said: Signal[] = []
    const kept: Signal[] = []
    let [chats, answers] = [0, 0]
    const victim = await secured(
      links(1, { ...wrtc, RTCPeerConnection: CountedConnection } as typeof wrtc),
      secret,
      {
        identity: lesser,
        signal: (to, signal) => {
          said.push(signal)
          if (to === greater.id) setTimeout(() => peer.links.receiveSignal(lesser.id, signal))
          if (to !== chatter.id) return
          answers += 1
          setTimeout(() => chatter.hear(signal))
        },
      },
    )
    const peer = await secured(links(2), secret, {
      identity: greater,
      signal: (_to, signal) => {
        kept.push(signal)
        setTimeout(() => victim.links.receiveSignal(greater.id, signal))
      },
    })
    const chatter = new Chatter(
      await identityOf(),
      await Keyring.open(secret, 'test'),
      lesser.id,
      (signal) => {
        chats += 1
        victim.links.receiveSignal(chatter.id, signal)
      },
    )
    try {
      // Both begin once, so that requests are among what is kept, and offers, answers and candidates.
      for (const dialer of [peer, victim]) {
        const ups = victim.log.length
        dialer.links.dial(dialer === peer ? lesser.id : greater.id)
        await until(() => victim.log.length > ups && peer.log.length > ups, 'linked')
        victim.links.disconnect(greater.id)
        await until(() => victim.log.length > ups + 1 && peer.log.length > ups + 1, 'ended')
      }
      expect(kept.length).to.be.above(4)
      // Whatever the dialer remembers of sessions is pushed out ...
      for (let count = 0; count <= USED_SESSIONS_MAX; count++) {
        const before = said.length
        victim.links.dial(`zzz${count}`)
        victim.links.disconnect(`zzz${count}`)
        if (count % 100 === 0) await until(() => said.length > before, 'a knock')
      }
      // ... and whatever was remembered of boxes.
      const start = refusedOf(victim.links)
      while (chats < REPLAYS_MAX + 1000) {
        await Promise.all(Array.from({ length: 50 }, () => chatter.say()))
        // The answer to a knock takes a turn.
        await new Promise((resolve) => setTimeout(resolve, 0))
        await until(() => refusedOf(victim.links) - start + answers >= chats, 'all are read')
      }
      const before = {
        made: made.length,
        said: said.length,
        log: [...victim.log],
        refused: refusedOf(victim.links),
      }
      expect(before.made).to.equal(2)
      for (const signal of kept) victim.links.receiveSignal(greater.id, signal)
      await until(
        () => refusedOf(victim.links) + said.length - before.refused - before.said >= kept.length,
        'all are read',
      )
      await new Promise((resolve) => setTimeout(resolve, 300))

      expect(made.length).to.equal(before.made)
      expect(victim.log).to.deep.equal(before.log)
      // At most a nonce is told for each; the peer, which is not dialing, does nothing with that either.
      expect(said.length - before.said).to.be.at.most(kept.length)
      expect(peer.log.at(-1)).to.equal(`down ${lesser.id}`)
      // The peer itself is still heard.
      peer.links.dial(lesser.id)
      await until(() => victim.log.length > before.log.length, 'a new link')
    } finally {
      await Promise.all([victim.links.close(), peer.links.close()])
    }
  })
})

function refusedOf(links: { counters(): { signalsRefused: number } }): number {
  return links.counters().signalsRefused
}

/** Two keys, that of the lesser id first. */
async function twoIdentities(): Promise<[Identity, Identity]> {
  const [one, other] = [await identityOf(), await identityOf()]
  return one.id < other.id ? [one, other] : [other, one]
}

/** A member that only says signals to `to`, each of another box. */
class Chatter {
  readonly id: string
  #seal: SignalSeal
  readonly #to: string

  constructor(identity: Identity, keyring: Keyring, to: string, carry: (signal: Signal) => void) {
    this.id = identity.id
    this.#to = to
    const ignored = () => undefined
    this.#seal = new SignalSeal(identity, keyring, {
      send: (_to, signal) => carry(signal),
      receive: ignored,
      error: ignored,
    })
  }

  hear(signal: Signal): void {
    if (signal.type === 'sealed') void this.#seal.open(this.#to, signal)
  }

  say(): Promise<void> {
    return this.#seal.send(this.#to, { type: 'busy', session: 'chatter' })
  }
}
