/** What somebody who carries signals can do with them: nothing but lose them. */
import { expect } from 'chai'
import type { AuthError } from '../../../src/base/errors.js'
import { type Identity, identityOf } from '../../../src/mesh/security/identity.js'
import { Keyring } from '../../../src/mesh/security/keyring.js'
import { openFile, SignalSeal, sealFile } from '../../../src/mesh/security/seal.js'
import { generateSecret } from '../../../src/mesh/security/secret.js'
import { REPLAYS_MAX } from '../../../src/mesh/security/security-limits.js'
import { parseSignal, type SealedSignal, type Signal } from '../../../src/mesh/wire/signal.js'

const OFFER: Signal = { type: 'offer', session: 's1', sdp: 'v=0 secret-sdp' }

interface End {
  identity: Identity
  seal: SignalSeal
  sent: { to: string; signal: SealedSignal }[]
  got: { from: string; signal: Signal }[]
  errors: AuthError[]
}

async function end(keyring: Keyring, identity?: Identity): Promise<End> {
  const own = identity ?? (await identityOf())
  const made: Omit<End, 'seal'> = { identity: own, sent: [], got: [], errors: [] }
  const seal = new SignalSeal(own, keyring, {
    send: (to, signal) => made.sent.push({ to, signal }),
    receive: (from, signal) => made.got.push({ from, signal }),
    error: (error) => made.errors.push(error),
  })
  return { ...made, seal }
}

/** Carries all that waits between the two until nothing more comes; returns every box that was carried. */
async function carry(a: End, b: End): Promise<{ from: string; to: string; signal: SealedSignal }[]> {
  const carried: { from: string; to: string; signal: SealedSignal }[] = []
  while (a.sent.length + b.sent.length > 0)
    for (const [from, to] of [[a, b] as const, [b, a] as const])
      for (const { signal } of from.sent.splice(0)) {
        carried.push({ from: from.identity.id, to: to.identity.id, signal })
        await to.seal.open(from.identity.id, signal)
      }
  return carried
}

describe('sealed signals', () => {
  let ring: Keyring
  before(async () => {
    ring = await Keyring.open(await generateSecret(), 'shop')
  })

  it('arrive, with a nonce asked for once, and tell their carrier nothing', async () => {
    const [a, b] = [await end(ring), await end(ring)]
    await a.seal.send(b.identity.id, OFFER)
    await a.seal.send(b.identity.id, { type: 'busy', session: 's1' })
    const carried = await carry(a, b)
    expect(b.got.map(({ signal }) => signal)).to.deep.equal([OFFER, { type: 'busy', session: 's1' }])
    expect(carried).to.have.length(4)
    expect(JSON.stringify(carried)).to.not.include('secret-sdp')
    for (const { signal } of carried) expect(parseSignal(JSON.stringify(signal))).to.deep.equal(signal)
    await b.seal.send(a.identity.id, OFFER)
    expect(await carry(a, b)).to.have.length(1)
  })

  it('are acted on once, however often they come', async () => {
    const [a, b] = [await end(ring), await end(ring)]
    await a.seal.send(b.identity.id, OFFER)
    const boxes = (await carry(a, b)).filter(({ from }) => from === a.identity.id)
    for (let again = 0; again < 20; again++)
      for (const { signal } of boxes) await b.seal.open(a.identity.id, signal)
    expect(b.got).to.have.length(1)
    expect(b.sent).to.have.length(0)
  })

  describe(`of a member that has taken more than ${REPLAYS_MAX} since`, () => {
    let [a, b, idle]: End[] = []
    let old: SealedSignal[]
    before(async () => {
      ;[a, b, idle] = [await end(ring), await end(ring), await end(ring)]
      old = []
      const boxesOf = async (from: End, signal: Signal) => {
        await from.seal.send(b?.identity.id ?? '', signal)
        return (await carry(from, b as End)).flatMap((box) => (box.to === b?.identity.id ? [box.signal] : []))
      }
      await boxesOf(idle, OFFER)
      for (let count = 0; count <= REPLAYS_MAX + 100; count++) {
        // Of a session that stands: nothing here is told apart by it.
        const boxes = await boxesOf(a, { type: 'busy', session: 's1' })
        if (count < 100) old.push(...boxes)
        // A member that links now and then hears the other side's nonce, as neighbors do.
        if (count % 500 === 0) {
          await b.seal.send(a.identity.id, { type: 'busy', session: 's1' })
          await carry(a, b)
        }
      }
    })

    it('are acted on once: of the old ones not one is, and all that they get is a nonce', async () => {
      const [to, from] = [b as End, a as End]
      const got = to.got.length
      expect(got).to.equal(REPLAYS_MAX + 102)
      for (let again = 0; again < 3; again++) for (const box of old) await to.seal.open(from.identity.id, box)
      expect(to.got.length).to.equal(got)
      const answers = to.sent.splice(0)
      expect(answers.length).to.be.at.most(old.length)
      for (const { signal } of answers) await from.seal.open(to.identity.id, signal)
      expect(from.got.filter(({ signal }) => signal.type !== 'busy')).to.deep.equal([])
    })

    it('arrive from one that has heard nothing in all that time when it says them again', async () => {
      const [to, from] = [b as End, idle as End]
      const got = to.got.length
      await from.seal.send(to.identity.id, OFFER)
      await carry(from, to)
      expect(to.got.length).to.equal(got)
      await from.seal.send(to.identity.id, OFFER)
      await carry(from, to)
      expect(to.got.slice(got)).to.deep.equal([{ from: from.identity.id, signal: OFFER }])
    })
  })

  it('that ask for a nonce are answered again once 1,024 others were, and do nothing else', async () => {
    const [a, b, c] = [await end(ring), await end(ring), await end(ring)]
    const knock = async (from: End, session: string): Promise<SealedSignal> => {
      from.seal.forget(b.identity.id)
      await from.seal.send(b.identity.id, { type: 'request', session })
      const [sent] = from.sent.splice(0)
      if (sent === undefined) throw new Error('it knocks')
      return sent.signal
    }
    const first = await knock(a, 's0')
    await b.seal.open(a.identity.id, first)
    await b.seal.open(a.identity.id, first)
    expect([b.sent.splice(0).length, b.seal.counters.sealsRefused]).to.deep.equal([1, 1])
    for (let count = 0; count < 1024; count++) await b.seal.open(c.identity.id, await knock(c, `s${count}`))
    b.sent.length = 0
    await b.seal.open(a.identity.id, first)
    expect([b.sent.length, b.got.length]).to.deep.equal([1, 0])
  })

  it('are not acted on by a member that was started again since', async () => {
    const [a, b] = [await end(ring), await end(ring)]
    await a.seal.send(b.identity.id, OFFER)
    const boxes = (await carry(a, b)).filter(({ from }) => from === a.identity.id)
    const later = await end(ring, b.identity)
    for (const { signal } of boxes) await later.seal.open(a.identity.id, signal)
    expect(later.got).to.have.length(0)
  })

  it('hold for one sender, one receiver, one session and one nonce', async () => {
    const [a, b, c] = [await end(ring), await end(ring), await end(ring)]
    await a.seal.send(b.identity.id, OFFER)
    const last = (await carry(a, b)).at(-1)?.signal
    if (last === undefined) throw new Error('nothing was carried')
    const fresh = await end(ring, b.identity)
    await fresh.seal.open(c.identity.id, last)
    await c.seal.open(a.identity.id, last)
    for (const change of [
      { session: 's2' },
      { nonce: '' },
      { box: `${last.box}AA` },
      { box: '' },
      { box: '*' },
    ])
      await b.seal.open(a.identity.id, { ...last, ...change })
    expect([b.got.length, c.got.length, fresh.got.length]).to.deep.equal([1, 0, 0])
    expect(b.seal.counters.sealsRefused).to.equal(5)
  })

  it('cannot be made in the name of another by one who holds the secret', async () => {
    const [a, b, insider] = [await end(ring), await end(ring), await end(ring)]
    const posing = await end(ring, { ...insider.identity, id: a.identity.id })
    await posing.seal.send(b.identity.id, OFFER)
    for (const { signal } of posing.sent) await b.seal.open(a.identity.id, signal)
    expect([b.got.length, b.sent.length, b.seal.counters.sealsRefused]).to.deep.equal([0, 0, 1])
  })

  it('under a key that is not held are told of by its id', async () => {
    const other = await Keyring.open(await generateSecret(), 'shop')
    const [a, b] = [await end(other), await end(ring)]
    await a.seal.send(b.identity.id, OFFER)
    await carry(a, b)
    expect(b.errors.map(({ code }) => code)).to.deep.equal(['ERR_AUTH_EPOCH'])
    expect(String(b.errors[0])).to.include(other.primary.id)
  })
})

describe('sealed files', () => {
  it('open under each key that is held, and name the one that is not', async () => {
    const first = await generateSecret()
    const next = await generateSecret(first)
    const [old, both, young] = await Promise.all([
      Keyring.open(first, 'shop'),
      Keyring.open({ primary: next, accepted: [first] }, 'shop'),
      Keyring.open(next, 'shop'),
    ])
    const bytes = new TextEncoder().encode('canary')
    const sealed = await sealFile(old, bytes)
    expect(new TextDecoder().decode(sealed)).to.not.include('canary')
    expect(await openFile(both, sealed)).to.deep.equal(bytes)
    const error = await openFile(young, sealed).catch((cause: unknown) => cause)
    expect(error).to.have.property('code', 'ERR_AUTH_EPOCH')
    expect(String(error)).to.include(old.primary.id)
  })

  it('do not open with any byte changed, nor without their seal', async () => {
    const ring = await Keyring.open(await generateSecret(), 'shop')
    const sealed = await sealFile(ring, Uint8Array.of(1, 2, 3))
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.map((byte, index) => (index === at ? byte ^ 0x10 : byte))
      const error = await openFile(ring, changed).catch((cause: unknown) => cause)
      expect(error, `byte ${at}`)
        .to.have.property('code')
        .that.matches(/^ERR_(DATA_CORRUPT|AUTH_EPOCH)$/)
    }
    for (const bare of [new Uint8Array(0), Uint8Array.of(1, 2, 3)])
      expect(await openFile(ring, bare).catch((cause: unknown) => cause)).to.have.property(
        'code',
        'ERR_DATA_CORRUPT',
      )
  })
})
