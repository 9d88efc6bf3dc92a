/**
 * Somebody who controls signaling stands between two members: he ends the encryption of each with a certificate of
 * his own and passes on every byte. Here he even reads and writes the signals, as if their seal were broken.
 */
import { expect } from 'chai'
import { seededRandom } from '../../src/base/random.js'
import { systemClock } from '../../src/base/system-clock.js'
import { createWebRtcLinks } from '../../src/mesh/links/webrtc-links.js'
import { identityOf } from '../../src/mesh/security/identity.js'
import { generateSecret } from '../../src/mesh/security/secret.js'
import type { LinkEvents, Links } from '../../src/mesh/transport.js'
import type { Signal } from '../../src/mesh/wire/signal.js'
import { until } from '../until.js'
import { type SecuredMember, secured } from './secured.js'

/** CI takes a few; the nightly script 50. */
const RUNS = Number(process.env['HOSTILE_RUNS'] ?? 5)

type Deliver = (to: string, signal: Signal) => void

describe('a man in the middle at signaling', function () {
  this.timeout(240_000 + RUNS * 5000)

  it(`gets refused by both sides and not one byte of the application, ${RUNS} of ${RUNS} times`, async () => {
    for (let run = 0; run < RUNS; run++) {
      const { a, b, passed, close } = await swapped()
      try {
        a.links.dial(b.id)
        b.links.dial(a.id)
        await until(() => a.log.length > 0 && b.log.length > 0, 'both sides ended it')
        expect([a.log, b.log]).to.deep.equal([[`failed ${b.id}`], [`failed ${a.id}`]])
        for (const { errors } of [a, b]) expect(errors[0]?.code).to.match(/^ERR_AUTH_(FAILED|REFUSED)$/)
        expect([...a.errors, ...b.errors].map(String).join(' ')).to.include('proof does not hold')
        expect([a.frames.length, b.frames.length]).to.deep.equal([0, 0])
        // He did pass on handshakes, and nothing else was said.
        expect(passed.length).to.be.within(2, 10)
        for (const frame of passed) expect(frame[1]).to.equal(2)
      } finally {
        await close()
      }
    }
  })

  it('is what keeps them apart: with their own certificates the same two link', async () => {
    const { a, b, close } = await direct()
    try {
      a.links.dial(b.id)
      await until(() => a.log.includes(`up ${b.id}`) && b.log.includes(`up ${a.id}`), 'linked')
      expect([...a.errors, ...b.errors]).to.deep.equal([])
    } finally {
      await close()
    }
  })
})

function realLinks(seed: number): Links {
  return createWebRtcLinks({ random: seededRandom(seed), clock: systemClock, allowAddresses: ['loopback'] })
}

/** The same links with their signals diverted: they reach whom `deliver` says, unsealed. */
function diverted(links: Links, deliver: Deliver): Links {
  const start = (self: string, events: LinkEvents) => links.start(self, { ...events, signal: deliver })
  return new Proxy(links, {
    get: (target, name) => {
      const value = name === 'start' ? start : Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

async function direct() {
  const secret = await generateSecret()
  const [left, right] = [realLinks(1), realLinks(2)]
  const [idA, idB] = [await identityOf(), await identityOf()]
  const later = (to: Links, from: string, signal: Signal) => setTimeout(() => to.receiveSignal(from, signal))
  const a = await secured(
    diverted(left, (_to, signal) => later(right, idA.id, signal)),
    secret,
    { identity: idA },
  )
  const b = await secured(
    diverted(right, (_to, signal) => later(left, idB.id, signal)),
    secret,
    { identity: idB },
  )
  return { a, b, close: () => closeAll([a, b], []) }
}

/** A and B, each linked to the attacker, who has a connection in the name of the other to each. */
async function swapped() {
  const secret = await generateSecret()
  const [idA, idB] = [await identityOf(), await identityOf()]
  const [left, right, asB, asA] = [realLinks(1), realLinks(2), realLinks(3), realLinks(4)]
  const passed: Uint8Array[] = []
  const isUp = new Set<string>()
  let chain: Promise<unknown> = Promise.resolve()
  const later = (to: Links, from: string, signal: Signal) => setTimeout(() => to.receiveSignal(from, signal))
  const relay = (self: string, toVictim: Links, onward: Links, far: string): [string, LinkEvents] => [
    self,
    {
      linkUp: () => isUp.add(self),
      linkDown: () => undefined,
      dialFailed: () => undefined,
      drained: () => undefined,
      signal: (_to, signal) => later(toVictim, self, signal),
      frame: (_from, bytes) => {
        passed.push(bytes)
        // In order, also what comes before his other connection is open.
        chain = chain
          .then(() => until(() => isUp.has(self === idA.id ? idB.id : idA.id), 'both his connections'))
          .then(() => onward.send(far, bytes, 1))
          .catch(() => undefined)
      },
    },
  ]
  await asB.start(...relay(idB.id, left, asA, idB.id))
  await asA.start(...relay(idA.id, right, asB, idA.id))
  const a = await secured(
    diverted(left, (_to, signal) => later(asB, idA.id, signal)),
    secret,
    { identity: idA },
  )
  const b = await secured(
    diverted(right, (_to, signal) => later(asA, idB.id, signal)),
    secret,
    { identity: idB },
  )
  return { a, b, passed, close: () => closeAll([a, b], [asA, asB]) }
}

async function closeAll(members: readonly SecuredMember[], others: readonly Links[]): Promise<void> {
  await Promise.all([...members.map(({ links }) => links.close()), ...others.map((links) => links.close())])
}
