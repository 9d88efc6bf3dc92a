/** Eight ways to be somebody else on a link, over channels of our own; test/hostile does it over real WebRTC. */
import { expect } from 'chai'
import { AuthError } from '../../../src/base/errors.js'
import { systemClock } from '../../../src/base/system-clock.js'
import { AUTH_TAG, Handshake, type HandshakeSelf } from '../../../src/mesh/security/handshake.js'
import { identityOf } from '../../../src/mesh/security/identity.js'
import { Keyring, type Secret } from '../../../src/mesh/security/keyring.js'
import { generateSecret, readerSecret } from '../../../src/mesh/security/secret.js'
import { AUTH_BYTES_MAX } from '../../../src/mesh/wire/wire-limits.js'

const PRINTS = { own: 'AA', theirs: 'BB' }
const MIRRORED = { own: 'BB', theirs: 'AA' }

let secret: string
before(async () => {
  secret = await generateSecret()
})

async function member(
  given: { secret?: Secret; cluster?: string; role?: 'reader' } = {},
): Promise<HandshakeSelf> {
  const { cluster = 'shop', role } = given
  const keyring = await Keyring.open(given.secret ?? secret, cluster)
  const own = role ?? (keyring.canWrite ? 'writer' : 'reader')
  return { identity: await identityOf(), keyring, cluster, role: own, clock: systemClock }
}

type Prints = { own: string; theirs: string } | undefined

/** Lets two shake hands; `carry` decides what becomes of each frame on its way. */
function meet(
  a: HandshakeSelf,
  b: HandshakeSelf,
  how: {
    prints?: [Prints, Prints]
    carry?: (frame: Uint8Array) => Uint8Array
    peers?: [string, string]
  } = {},
) {
  const { prints = [PRINTS, MIRRORED], carry = (frame) => frame } = how
  const [peerOfA, peerOfB] = how.peers ?? [b.identity.id, a.identity.id]
  const sides: Handshake[] = []
  const to = (side: number) => (bytes: Uint8Array) => queueMicrotask(() => sides[side]?.receive(carry(bytes)))
  sides.push(new Handshake(a, { peer: peerOfA, fingerprints: prints[0], send: to(1) }))
  sides.push(new Handshake(b, { peer: peerOfB, fingerprints: prints[1], send: to(0) }))
  return Promise.all(sides.map(({ done }) => done.catch((error: unknown) => error)))
}

function codes(ends: readonly unknown[]): string[] {
  return ends.map((end) => (end instanceof AuthError ? end.code : JSON.stringify(end)))
}

describe('the handshake of a link', () => {
  it('tells two members with one secret who the other is', async () => {
    const [a, b] = [await member(), await member()]
    const keyId = a.keyring.primary.id
    expect(await meet(a, b)).to.deep.equal([
      { role: 'writer', keyId },
      { role: 'writer', keyId },
    ])
  })

  it('tells a writer and a reader apart', async () => {
    const [a, b] = [await member(), await member({ secret: await readerSecret(secret) })]
    const [atWriter, atReader] = await meet(a, b)
    expect([atWriter, atReader]).to.deep.include.members([
      { role: 'reader', keyId: a.keyring.primary.id },
      { role: 'writer', keyId: a.keyring.primary.id },
    ])
  })

  it('takes a key that both hold during a rotation', async () => {
    const next = await generateSecret(secret)
    const [a, b] = [await member({ secret: { primary: next, accepted: [secret] } }), await member()]
    const ends = await meet(a, b)
    expect(ends).to.deep.equal(ends.map(() => ({ role: 'writer', keyId: b.keyring.primary.id })))
  })

  const MATRIX: Record<string, () => Promise<[unknown[], RegExp]>> = {
    'a relay: each side sees the certificate of the one in the middle': async () => [
      await meet(await member(), await member(), {
        prints: [
          { own: 'AA', theirs: 'MM' },
          { own: 'BB', theirs: 'MM' },
        ],
      }),
      /proof/,
    ],
    'a reflection: the own words come back': async () => {
      const a = await member()
      let handshake: Handshake | undefined
      const send = (bytes: Uint8Array) => queueMicrotask(() => handshake?.receive(bytes))
      handshake = new Handshake(a, { peer: (await identityOf()).id, fingerprints: PRINTS, send })
      return [
        [await handshake.done.catch((error: unknown) => error)],
        /reflects|own words|words of this member/,
      ]
    },
    'an unknown key share: the words of one member as those of another': async () => {
      const [a, b, c] = [await member(), await member(), await identityOf()]
      return [await meet(a, b, { peers: [c.id, a.identity.id] }), /claims to be another|hash of its key/]
    },
    'a second line of fingerprints': async () => [
      await meet(await member(), await member(), { prints: [undefined, MIRRORED] }),
      /fingerprint/,
    ],
    'another cluster under the same secret': async () => [
      await meet(await member(), await member({ cluster: 'shed' })),
      /another cluster/,
    ],
    'a key that was removed': async () => {
      const next = await generateSecret(secret)
      return [await meet(await member({ secret: next }), await member()), /holds key/]
    },
    'another secret': async () => [
      await meet(await member(), await member({ secret: await generateSecret() })),
      /another cluster/,
    ],
    "a writer with the readers' secret": async () => {
      const reader = await member({ secret: await readerSecret(secret) })
      return [await meet(await member(), { ...reader, role: 'writer' }), /role/]
    },
  }

  for (const [attack, run] of Object.entries(MATRIX))
    it(`refuses ${attack}`, async () => {
      const [ends, why] = await run()
      for (const code of codes(ends)) expect(code).to.match(/^ERR_AUTH_(FAILED|REFUSED|EPOCH)$/)
      expect(ends.map(String).join(' ')).to.match(why)
    })

  it('names the keys of both where none is common', async () => {
    const next = await generateSecret(secret)
    const [a, b] = [await member({ secret: next }), await member()]
    for (const error of await meet(a, b)) {
      expect(error).to.have.property('code', 'ERR_AUTH_EPOCH')
      expect(String(error)).to.include(a.keyring.primary.id).and.include(b.keyring.primary.id)
    }
  })

  it('refuses a proof in which a single bit is another, wherever it is', async () => {
    const [a, b] = [await member(), await member()]
    for (let at = 4; at < 4 + 32 + 64 + 64; at += 16) {
      const flip = (frame: Uint8Array) => {
        const isProof = frame[3] === 1
        return isProof ? frame.map((byte, index) => (index === at ? byte ^ 1 : byte)) : frame
      }
      for (const code of codes(await meet(a, b, { carry: flip })))
        expect(code, `byte ${at}`).to.match(/^ERR_AUTH_(FAILED|REFUSED)$/)
    }
  })

  it(`reads ${AUTH_BYTES_MAX} bytes of a peer, and not one more`, async () => {
    const a = await member()
    const handshake = new Handshake(a, { peer: 'x', fingerprints: PRINTS, send: () => undefined })
    for (let sent = 0; sent <= AUTH_BYTES_MAX; sent += 1024)
      handshake.receive(new Uint8Array(1024).fill(AUTH_TAG))
    expect(codes([await handshake.done.catch((error: unknown) => error)])).to.deep.equal(['ERR_AUTH_FAILED'])
  })
})
