import { expect } from 'chai'
import { UsageError } from '../../../src/base/errors.js'
import { nobleSignatures, signingKey, verify } from '../../../src/mesh/security/ed25519.js'
import { identityOf, idOf } from '../../../src/mesh/security/identity.js'
import { Keyring } from '../../../src/mesh/security/keyring.js'
import { generateSecret, readerSecret } from '../../../src/mesh/security/secret.js'
import { SECRETS_MAX } from '../../../src/mesh/security/security-limits.js'

const codeOf = (error: unknown) => (error instanceof UsageError ? error.code : String(error))

describe('secrets', () => {
  it('are 43 characters, new each time, and open to the same keys wherever they are opened', async () => {
    const secret = await generateSecret()
    expect(secret).to.match(/^[\w-]{43}$/)
    expect(await generateSecret()).to.not.equal(secret)
    const [one, two] = await Promise.all([Keyring.open(secret, 'shop'), Keyring.open(secret, 'shop')])
    expect(one.primary.topic).to.match(/^[\w-]{22}$/)
    expect([one.primary.id, one.primary.topic, one.clusterId]).to.deep.equal([
      two.primary.id,
      two.primary.topic,
      two.clusterId,
    ])
  })

  it('give another topic for another cluster, and none that tells the name', async () => {
    const secret = await generateSecret()
    const [shop, shed] = await Promise.all([Keyring.open(secret, 'shop'), Keyring.open(secret, 'shed')])
    const foreign = await Keyring.open(await generateSecret(), 'shop')
    expect(new Set([shop.primary.topic, shed.primary.topic, foreign.primary.topic]).size).to.equal(3)
  })

  it('give readers everything but the right to write, one way', async () => {
    const secret = await generateSecret()
    const [writer, reader] = [
      await Keyring.open(secret, 'shop'),
      await Keyring.open(await readerSecret(secret), 'shop'),
    ]
    expect([reader.primary.id, reader.primary.topic, reader.clusterId]).to.deep.equal([
      writer.primary.id,
      writer.primary.topic,
      writer.clusterId,
    ])
    expect(reader.primary.writer.publicKey).to.deep.equal(writer.primary.writer.publicKey)
    expect([writer.canWrite, reader.canWrite]).to.deep.equal([true, false])
  })

  it('rotate within one cluster id, which the next secret carries', async () => {
    const first = await generateSecret()
    const next = await generateSecret(first)
    const afterNext = await generateSecret(next)
    expect(next).to.match(/^[\w-]{43}\.[\w-]{22}$/)
    const rings = await Promise.all([first, next, afterNext].map((secret) => Keyring.open(secret, 'shop')))
    expect(new Set(rings.map(({ clusterId }) => clusterId)).size).to.equal(1)
    expect(new Set(rings.map(({ primary }) => primary.topic)).size).to.equal(3)
  })

  for (const [what, wrong] of [
    ['a password', 'correct horse battery staple'],
    ['nothing', ''],
    ['one character less', 'A'.repeat(42)],
    ['a line end behind it', `${'A'.repeat(43)}\n`],
    ['a space before it', ` ${'A'.repeat(43)}`],
    ['padding', `${'A'.repeat(43)}=`],
    ['another spelling of the same bytes', `${'A'.repeat(42)}B`],
    ['a cluster id that is none', `${'A'.repeat(43)}.short`],
  ] as const)
    it(`refuse ${what}, without showing it`, async () => {
      const error = await Keyring.open(wrong, 'shop').catch((cause: unknown) => cause)
      expect(codeOf(error)).to.equal('ERR_SECRET_INVALID')
      if (wrong !== '') expect(String(error)).to.not.include(wrong)
    })
})

describe('a keyring', () => {
  it('installs, uses and removes, each again without effect', async () => {
    const [old, next] = await twoKeys()
    const ring = await Keyring.open(old, 'shop')
    const before = ring.primary.id
    const changes: (string | undefined)[] = []
    ring.onChange((removed) => changes.push(removed))
    const { id } = await ring.install(next)
    await ring.install(next)
    expect(ring.list()).to.deep.equal([
      { id: before, primary: true },
      { id, primary: false },
    ])
    await ring.use(next)
    await ring.use(id)
    await ring.remove(old)
    await ring.remove(before)
    expect(ring.list()).to.deep.equal([{ id, primary: true }])
    expect(changes).to.deep.equal([undefined, undefined, before])
  })

  it('neither removes its primary key nor uses one that it lacks', async () => {
    const [old, next] = await twoKeys()
    const ring = await Keyring.open(old, 'shop')
    expect(codeOf(await ring.remove(old).catch((error: unknown) => error))).to.equal('ERR_KEY_UNKNOWN')
    expect(codeOf(await ring.use(next).catch((error: unknown) => error))).to.equal('ERR_KEY_UNKNOWN')
    expect(codeOf(await ring.use('8letters').catch((error: unknown) => error))).to.equal('ERR_KEY_UNKNOWN')
    await ring.remove('8letters')
  })

  it('never has a primary key that was removed, in whichever order steps run', async () => {
    const [old, next] = await twoKeys()
    for (const steps of ['use remove', 'remove use'])
      for (const [first, second] of [[next, next] as const, [next, old] as const]) {
        const ring = await Keyring.open(old, 'shop')
        await ring.install(next)
        const [one, other] = steps.split(' ') as ['use' | 'remove', 'use' | 'remove']
        await Promise.allSettled([ring[one](first), ring[other](second)])
        expect(ring.get(ring.primary.id), steps).to.equal(ring.primary)
      }
  })

  it('takes nothing but texts for keys', async () => {
    const ring = await Keyring.open(await generateSecret(), 'shop')
    for (const wrong of [undefined, null, 7, {}, [], new Uint8Array(32)] as unknown as string[]) {
      expect(codeOf(await ring.install(wrong).catch((error: unknown) => error))).to.equal(
        'ERR_SECRET_INVALID',
      )
      expect(codeOf(await ring.use(wrong).catch((error: unknown) => error))).to.equal('ERR_KEY_UNKNOWN')
      await ring.remove(wrong)
    }
    expect(ring.list()).to.have.length(1)
  })

  it('takes no key of another cluster, and none of a reader beside a writer', async () => {
    const [old, next] = await twoKeys()
    const ring = await Keyring.open(old, 'shop')
    for (const wrong of [await generateSecret(), await readerSecret(next)])
      expect(codeOf(await ring.install(wrong).catch((error: unknown) => error))).to.equal(
        'ERR_SECRET_INVALID',
      )
    expect(ring.list()).to.have.length(1)
  })

  it(`holds ${SECRETS_MAX} keys, and not one more`, async () => {
    const first = await generateSecret()
    const ring = await Keyring.open(first, 'shop')
    for (let count = 1; count < SECRETS_MAX; count++) await ring.install(await generateSecret(first))
    const error = await ring.install(await generateSecret(first)).catch((cause: unknown) => cause)
    expect(codeOf(error)).to.equal('ERR_FULL')
    expect(ring.list()).to.have.length(SECRETS_MAX)
  })

  async function twoKeys(): Promise<[string, string]> {
    const first = await generateSecret()
    return [first, await generateSecret(first)]
  }
})

describe('an identity', () => {
  it('is the hash of its key, and the same again from its seed', async () => {
    const seed = new Uint8Array(32).fill(9)
    const identity = await identityOf(seed)
    expect(identity.id).to.match(/^[\w-]{22}$/)
    expect(await idOf(identity.publicKey)).to.equal(identity.id)
    expect((await identityOf(seed)).id).to.equal(identity.id)
    expect((await identityOf()).id).to.not.equal(identity.id)
  })

  it('signs the same with WebCrypto and without: RFC 8032, section 7.1, test 2', async () => {
    const hex = (text: string) =>
      Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
    const seed = hex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb')
    const publicKey = hex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c')
    const message = hex('72')
    const signature = hex(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    )
    for (const { signingKey: keyOf, verify: holds } of [{ signingKey, verify }, await nobleSignatures()]) {
      const key = await keyOf(seed)
      expect(key.publicKey).to.deep.equal(publicKey)
      expect(await key.sign(message)).to.deep.equal(signature)
      expect(await holds(publicKey, signature, message)).to.equal(true)
      expect(await holds(publicKey, signature, hex('73'))).to.equal(false)
      expect(await holds(new Uint8Array(31), signature, message)).to.equal(false)
      expect(await holds(publicKey, new Uint8Array(64), message)).to.equal(false)
    }
  })
})
