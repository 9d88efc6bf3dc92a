/** The bounds of links that are not known yet, and of those whose key was removed, over links of our own. */
import { expect } from 'chai'
import { identityOf } from '../../../src/mesh/security/identity.js'
import { Keyring } from '../../../src/mesh/security/keyring.js'
import { generateSecret } from '../../../src/mesh/security/secret.js'
import { SecureLinks } from '../../../src/mesh/security/secure-links.js'
import {
  AUTH_MILLIS_MAX,
  AUTH_PEERS_MAX,
  REKEY_MILLIS_MAX,
  UNVERIFIED_BYTES_MAX,
} from '../../../src/mesh/security/security-limits.js'
import type { LinkEvents, Links, PendingLink } from '../../../src/mesh/transport.js'
import { encodeFrame } from '../../../src/mesh/wire/codec.js'
import { VirtualClock } from '../../../src/testing/virtual-clock.js'
import { until } from '../../until.js'

const THROUGH = 2
const REFUSED = 3

interface Side {
  id: string
  links: Links
  keyring: Keyring
  inner: {
    events: LinkEvents | undefined
    sent: { peer: string; bytes: Uint8Array }[]
    ended: string[]
    /** A connection opens. */
    open(peer: string): void
    /** A frame arrives by the connection that opened last. */
    frame(peer: string, bytes: Uint8Array): void
    /** That connection goes before it is a link. */
    lose(peer: string): void
  }
  log: string[]
  errors: string[]
  /** What came through. */
  frames: Uint8Array[]
}

/** A member. */
async function side(secret: string, clock: VirtualClock): Promise<Side> {
  const pending = new Map<string, PendingLink>()
  const inner: Side['inner'] = {
    ...{ events: undefined, sent: [], ended: [] },
    open(peer) {
      const connection: PendingLink = {
        peer,
        fingerprints: peer < id ? { own: 'AA', theirs: 'BB' } : { own: 'BB', theirs: 'AA' },
        send: (bytes) => inner.sent.push({ peer, bytes }),
        admit: () => {
          pending.delete(peer)
          inner.events?.linkUp(peer)
        },
        end: () => inner.ended.push(peer),
      }
      pending.set(peer, connection)
      inner.events?.admission?.opened(connection)
    },
    frame(peer, bytes) {
      const connection = pending.get(peer)
      if (connection) inner.events?.admission?.frame(connection, bytes)
      else inner.events?.frame(peer, bytes)
    },
    lose(peer) {
      const connection = pending.get(peer)
      if (connection) inner.events?.admission?.lost(connection, undefined)
    },
  }
  const links: Links = {
    start: async (_self, events) => {
      inner.events = events
    },
    disconnect: (peer) => inner.ended.push(peer),
    ...{
      dial: () => undefined,
      receiveSignal: () => undefined,
      send: () => undefined,
      slow: () => false,
      close: async () => undefined,
    },
  }
  const [identity, keyring] = [
    await identityOf(new Uint8Array(32).fill(++made)),
    await Keyring.open(secret, 'shop'),
  ]
  const { id } = identity
  const [log, errors, frames]: [string[], string[], Uint8Array[]] = [[], [], []]
  const report = ({ code }: { code: string }) => errors.push(code)
  const role = keyring.canWrite ? 'writer' : 'reader'
  const secure = new SecureLinks({ links, identity, keyring, role, cluster: 'shop', clock, report })
  await secure.start(id, {
    linkUp: (peer) => log.push(`up ${peer}`),
    linkDown: (peer) => log.push(`down ${peer}`),
    frame: (_peer, bytes) => frames.push(bytes),
    dialFailed: (peer, { code }) => log.push(`failed ${peer}: ${code}`),
    ...{ drained: () => undefined, signal: () => undefined },
  })
  return { id, links: secure, keyring, inner, log, errors, frames }
}

let made = 0

/** Lets what the two say arrive, until it has come to this, or else until both are silent for a while. */
async function carry(a: Side, b: Side, isDone = () => false): Promise<void> {
  for (let silent = 0; silent < 25 && !isDone(); silent++) {
    await new Promise((resolve) => setTimeout(resolve, 2))
    for (const [from, to] of [[a, b] as const, [b, a] as const])
      for (const { bytes } of from.inner.sent.splice(0)) {
        silent = 0
        to.inner.frame(from.id, bytes)
      }
  }
}

/** Lets the two meet, however long their cryptography takes, until both were let in or one was not. */
async function meet(a: Side, b: Side): Promise<void> {
  for (const [one, other] of [[a, b] as const, [b, a] as const]) one.inner.open(other.id)
  const isIn = (one: Side, other: Side) => one.log.includes(`up ${other.id}`)
  const isOver = () => a.inner.ended.includes(b.id) || (isIn(a, b) && isIn(b, a))
  for (let round = 0; round < 200 && !isOver(); round++) await carry(a, b, isOver)
  a.inner.sent.length = 0
}

describe('links under a secret', () => {
  it(`shake hands with ${AUTH_PEERS_MAX} peers at once, for ${AUTH_MILLIS_MAX} ms, and turn the oldest away for the next one, but none for a dial of their own`, async () => {
    const clock = new VirtualClock()
    const a = await side(await generateSecret(), clock)
    for (let peer = 0; peer < AUTH_PEERS_MAX; peer++) a.inner.open(`peer-${peer}`)
    expect(a.inner.ended).to.deep.equal([])
    a.links.dial('dialed')
    a.inner.open('dialed')
    expect(a.inner.ended).to.deep.equal([])
    a.inner.open('one-more')
    expect(a.inner.ended).to.deep.equal(['peer-0'])
    expect(a.inner.sent.filter(({ peer }) => peer === 'peer-0').map(({ bytes }) => bytes[3])).to.deep.equal([
      REFUSED,
    ])
    await new Promise((resolve) => setTimeout(resolve, 20))
    clock.run(AUTH_MILLIS_MAX - 1)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(a.inner.ended).to.deep.equal(['peer-0'])
    clock.run(1)
    await until(() => a.inner.ended.length === AUTH_PEERS_MAX + 2, 'all have ended')
    expect(a.log).to.deep.equal(['failed dialed: ERR_AUTH_FAILED'])
    expect(a.links.counters?.()).to.have.property('authRefused', AUTH_PEERS_MAX + 2)
  })

  it('say nothing where one was turned away for the next one, and that the peer is busy to who dialed it', async () => {
    const clock = new VirtualClock()
    const secret = await generateSecret()
    const [crowded, dialer] = [await side(secret, clock), await side(secret, clock)]
    dialer.links.dial(crowded.id)
    for (const [one, other] of [[crowded, dialer] as const, [dialer, crowded] as const])
      one.inner.open(other.id)
    for (let peer = 0; peer < AUTH_PEERS_MAX; peer++) crowded.inner.open(`peer-${peer}`)
    const [refusal] = crowded.inner.sent.filter(
      ({ peer, bytes }) => peer === dialer.id && bytes[3] === REFUSED,
    )
    if (refusal) dialer.inner.frame(crowded.id, refusal.bytes)
    await until(() => dialer.log.length > 0, 'it hears of it')
    expect(dialer.log).to.deep.equal([`failed ${crowded.id}: ERR_PEER_BUSY`])
    expect(crowded.errors).to.deep.equal([])
  })

  /** Two in a handshake of which `a` is through, and the last word to `b` is still on its way. */
  async function almost(): Promise<[Side, Side, Uint8Array]> {
    const clock = new VirtualClock()
    const secret = await generateSecret()
    const [a, b] = [await side(secret, clock), await side(secret, clock)]
    for (const [one, other] of [[a, b] as const, [b, a] as const]) one.inner.open(other.id)
    let last: Uint8Array | undefined
    for (let round = 0; round < 500 && !(last && a.log.length > 0); round++) {
      await new Promise((resolve) => setTimeout(resolve, 2))
      for (const { bytes } of b.inner.sent.splice(0)) a.inner.frame(b.id, bytes)
      for (const { bytes } of a.inner.sent.splice(0))
        if (bytes[3] === THROUGH) last = bytes
        else b.inner.frame(a.id, bytes)
    }
    if (last === undefined) throw new Error('it did not come through')
    return [a, b, last]
  }

  it('lose nothing of what a peer says at once behind its handshake', async () => {
    const [a, b, last] = await almost()
    const said = encodeFrame({ type: 'sync-busy', exchange: 7 })
    b.inner.frame(a.id, last)
    b.inner.frame(a.id, said)
    await carry(a, b)
    expect([b.log, b.frames]).to.deep.equal([[`up ${a.id}`], [said]])
  })

  it('are not shown when they ended with the last word of their handshake', async () => {
    const [a, b, last] = await almost()
    b.inner.frame(a.id, last)
    b.inner.lose(a.id)
    await carry(a, b)
    expect([b.log, b.inner.ended]).to.deep.equal([[], [a.id]])
  })

  it('are not believed when the transport shows one that nobody here let in', async () => {
    const clock = new VirtualClock()
    const secret = await generateSecret()
    const [a, b] = [await side(secret, clock), await side(secret, clock)]
    await meet(a, b)
    b.inner.events?.linkUp(a.id)
    b.inner.events?.frame(a.id, encodeFrame({ type: 'sync-busy', exchange: 7 }))
    b.inner.events?.linkUp('somebody')
    expect(b.log).to.deep.equal([`up ${a.id}`, `down ${a.id}`])
    expect([b.frames, b.inner.ended]).to.deep.equal([[], [a.id, 'somebody']])
  })

  it(`end ${REKEY_MILLIS_MAX} ms after their key was removed, unless the peer gets the new one`, async () => {
    const clock = new VirtualClock()
    const secret = await generateSecret()
    const [a, b] = [await side(secret, clock), await side(secret, clock)]
    await meet(a, b)
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

  it(`let ${UNVERIFIED_BYTES_MAX} bytes wait for a signature to be checked, and not one more`, async () => {
    for (const excess of [0, 1]) {
      const clock = new VirtualClock()
      const secret = await generateSecret()
      const [a, b] = [await side(secret, clock), await side(secret, clock)]
      await meet(a, b)
      const claim = { type: 'leave', id: a.id, incarnation: 1 } as const
      a.links.send(b.id, encodeFrame(claim), 0)
      while (a.inner.sent.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
      b.inner.frame(a.id, a.inner.sent[0]?.bytes ?? new Uint8Array(0))
      // All of it comes while that one is checked.
      for (let left = UNVERIFIED_BYTES_MAX + excess; left > 0; left -= 64 * 1024) {
        const bytes = new Uint8Array(Math.min(left, 64 * 1024))
        b.inner.frame(a.id, bytes)
      }
      const isOver = () => b.log.includes(`down ${a.id}`)
      expect(isOver()).to.equal(excess > 0)
      const count = 1 + UNVERIFIED_BYTES_MAX / (64 * 1024)
      for (let waited = 0; waited < 500 && !isOver() && b.frames.length < count; waited++)
        await new Promise((resolve) => setTimeout(resolve, 2))
      expect(b.frames.length).to.equal(excess > 0 ? 0 : count)
    }
  })

  it('let so few small frames wait that they stay small in memory', async () => {
    const [a, b] = await linked()
    a.links.send(b.id, encodeFrame({ type: 'leave', id: a.id, incarnation: 1 }), 0)
    while (a.inner.sent.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    b.inner.events?.frame(a.id, a.inner.sent[0]?.bytes ?? new Uint8Array(0))
    const frame = new Uint8Array(1)
    let waiting = 0
    while (!b.log.includes(`down ${a.id}`) && waiting < UNVERIFIED_BYTES_MAX) {
      b.inner.events?.frame(a.id, frame)
      waiting += 1
    }
    expect(waiting).to.be.within(10_000, 20_000)
  })

  it('shake hands again for a peer that wants to, but not as often as it wants', async () => {
    const [a, b] = await linked()
    let begun = 0
    while (begun < 1000 && !b.log.includes(`down ${a.id}`)) {
      // The words of a handshake that no key was removed for: they are answered, and lead nowhere.
      b.inner.events?.frame(a.id, Uint8Array.of(1, 2, 0, 0, 9))
      begun += 1
      for (let waited = 0; waited < 50 && !b.inner.sent.some(({ bytes }) => bytes[3] === REFUSED); waited++)
        await new Promise((resolve) => setTimeout(resolve, 1))
      b.inner.sent.length = 0
    }
    expect(begun).to.be.within(10, 20)
    expect(b.errors.length).to.be.at.most(begun)
  })
})

describe('signals that somebody made up', () => {
  it('are all counted, and told to people a few times', async () => {
    const clock = new VirtualClock()
    const a = await side(await generateSecret(), clock)
    const nonsense = (epoch: string) =>
      ({ type: 'sealed', session: 's', epoch, nonce: '', box: 'AAAA' }) as const
    for (let count = 0; count < 1000; count++)
      a.links.receiveSignal(`ghost-${count}`, nonsense(`key-${count}`))
    const refused = () => a.links.counters?.().signalsRefused
    for (let waited = 0; waited < 500 && refused() !== 1000; waited++)
      await new Promise((resolve) => setTimeout(resolve, 2))
    expect([refused(), a.errors.length]).to.deep.equal([1000, 20])
    clock.run(60_000)
    a.links.receiveSignal('ghost', nonsense('another'))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(a.errors.length).to.equal(21)
  })
})

/** Two that have met. */
async function linked(): Promise<[Side, Side]> {
  const clock = new VirtualClock()
  const secret = await generateSecret()
  const [a, b] = [await side(secret, clock), await side(secret, clock)]
  await meet(a, b)
  return [a, b]
}
