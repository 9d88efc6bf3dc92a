/** The bounds of links that are not known yet, and of those whose key was removed, over links of our own. */
import { expect } from 'chai'
import { identityOf } from '../../../src/security/identity.js'
import { Keyring } from '../../../src/security/keyring.js'
import { generateSecret } from '../../../src/security/secret.js'
import { SecureLinks } from '../../../src/security/secure-links.js'
import { VirtualClock } from '../../../src/sim/virtual-clock.js'
import type { LinkEvents, Links } from '../../../src/transport/transport.js'
import { AUTH_MILLIS_MAX, AUTH_PEERS_MAX, REKEY_MILLIS_MAX } from '../../../src/wire/limits.js'

const REFUSED = 3

interface Side {
  id: string
  links: SecureLinks
  keyring: Keyring
  inner: { events: LinkEvents | undefined; sent: { peer: string; bytes: Uint8Array }[]; ended: string[] }
  log: string[]
  errors: string[]
}

async function side(secret: string, clock: VirtualClock): Promise<Side> {
  const inner: Side['inner'] = { events: undefined, sent: [], ended: [] }
  const links: Links = {
    start: async (_self, events) => {
      inner.events = events
    },
    send: (peer, bytes) => inner.sent.push({ peer, bytes }),
    disconnect: (peer) => inner.ended.push(peer),
    fingerprints: (peer) => (peer < id ? { own: 'AA', theirs: 'BB' } : { own: 'BB', theirs: 'AA' }),
    ...{
      dial: () => undefined,
      receiveSignal: () => undefined,
      slow: () => false,
      close: async () => undefined,
    },
  }
  const [identity, keyring] = [await identityOf(), await Keyring.open(secret, 'shop')]
  const { id } = identity
  const [log, errors]: [string[], string[]] = [[], []]
  const secure = new SecureLinks({
    ...{ links, identity, keyring, role: 'writer', cluster: 'shop', clock, readersMax: 2 },
    report: ({ code }) => errors.push(code),
  })
  await secure.start(id, {
    linkUp: (peer) => log.push(`up ${peer}`),
    linkDown: (peer) => log.push(`down ${peer}`),
    ...{
      dialFailed: () => undefined,
      frame: () => undefined,
      drained: () => undefined,
      signal: () => undefined,
    },
  })
  return { id, links: secure, keyring, inner, log, errors }
}

/** Lets what the two say arrive, until both are silent for a while. */
async function carry(a: Side, b: Side): Promise<void> {
  for (let silent = 0; silent < 10; silent++) {
    await new Promise((resolve) => setTimeout(resolve, 2))
    for (const [from, to] of [[a, b] as const, [b, a] as const])
      for (const { bytes } of from.inner.sent.splice(0)) {
        silent = 0
        to.inner.events?.frame(from.id, bytes)
      }
  }
}

describe('links under a secret', () => {
  it(`shake hands with ${AUTH_PEERS_MAX} peers at once, for ${AUTH_MILLIS_MAX} ms, and turn the next one away`, async () => {
    const clock = new VirtualClock()
    const a = await side(await generateSecret(), clock)
    for (let peer = 0; peer < AUTH_PEERS_MAX; peer++) a.inner.events?.linkUp(`peer-${peer}`)
    expect(a.inner.ended).to.deep.equal([])
    a.inner.events?.linkUp('one-more')
    expect(a.inner.ended).to.deep.equal(['one-more'])
    expect(a.inner.sent.filter(({ peer }) => peer === 'one-more').map(({ bytes }) => bytes[3])).to.deep.equal(
      [REFUSED],
    )
    await new Promise((resolve) => setTimeout(resolve, 20))
    clock.run(AUTH_MILLIS_MAX)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(a.inner.ended).to.have.length(AUTH_PEERS_MAX + 1)
    expect([a.log, a.links.counters().authRefused]).to.deep.equal([[], AUTH_PEERS_MAX + 1])
  })

  it(`end ${REKEY_MILLIS_MAX} ms after their key was removed, unless the peer gets the new one`, async () => {
    const clock = new VirtualClock()
    const secret = await generateSecret()
    const [a, b] = [await side(secret, clock), await side(secret, clock)]
    for (const [one, other] of [[a, b] as const, [b, a] as const]) one.inner.events?.linkUp(other.id)
    await carry(a, b)
    expect([a.log, b.log]).to.deep.equal([[`up ${b.id}`], [`up ${a.id}`]])
    const next = await generateSecret(secret)
    await a.keyring.install(next)
    await a.keyring.use(next)
    await a.keyring.remove(secret)
    for (let passed = 0; passed < REKEY_MILLIS_MAX; passed += 5000) {
      clock.run(passed === 0 ? 1 : 5000)
      await carry(a, b)
    }
    expect(a.log).to.deep.equal([`up ${b.id}`])
    clock.run(5000)
    await carry(a, b)
    expect(a.log).to.deep.equal([`up ${b.id}`, `down ${b.id}`])
    expect(new Set([...a.errors, ...b.errors])).to.deep.equal(new Set(['ERR_AUTH_EPOCH']))
  })
})
