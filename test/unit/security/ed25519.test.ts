/**
 * A hostile member signs so that some implementations take it and others do not. Whoever takes it passes it on, and is
 * refused as a forger by those that do not: so all have to find the same (cases after Chalkias et al. 2020, table 5).
 */
import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js'
import { expect } from 'chai'
import { concat } from '../../../src/base/bytes.js'
import { nobleSignatures, verify } from '../../../src/mesh/security/ed25519.js'

const { Point } = ed25519
const { BASE, Fn } = Point
const MESSAGE = new TextEncoder().encode('a claim')
const SEED = new Uint8Array(32).fill(9)
const R_SCALAR = 1_234_567_890_123n

type Vector = [publicKey: Uint8Array, signature: Uint8Array]

describe('signatures that implementations may differ about', () => {
  const torsion = ED25519_TORSION_SUBGROUP.map((hex) => Point.fromHex(hex, true))

  it('hold when they are honest, with and without WebCrypto', async () => {
    expect(await answers([ed25519.getPublicKey(SEED), ed25519.sign(MESSAGE, SEED)])).to.deep.equal([
      true,
      true,
    ])
  })

  it('do not hold when their R or their key has a part of small order', async () => {
    const { scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(SEED)
    for (const part of torsion.slice(1)) {
      const r = BASE.multiply(R_SCALAR).add(part).toBytes()
      expect(await answers([pointBytes, await finish(r, pointBytes, scalar)])).to.deep.equal([false, false])
      const mixed = BASE.multiply(scalar).add(part).toBytes()
      const plain = BASE.multiply(R_SCALAR).toBytes()
      const [web, noble] = await answers([mixed, await finish(plain, mixed, scalar)])
      // Where the challenge is a multiple of 8 it holds for both.
      expect(noble).to.equal(web)
    }
  })

  it('do not hold for keys of small order, in whatever spelling', async () => {
    const p = 2n ** 255n - 19n
    const noble = await nobleSignatures()
    const keys = [...torsion.map((point) => point.toBytes()), ...[p - 1n, p, p + 1n].map(bytesOf)]
    for (const key of keys)
      for (const sign of [0, 0x80]) {
        const spelled = Uint8Array.from(key)
        spelled[31] = ((spelled[31] ?? 0) & 0x7f) | sign
        // Every eighth challenge takes the key out of the equation: without a look at the key, that one holds.
        let holds: Uint8Array | undefined
        for (let scalar = R_SCALAR; holds === undefined && scalar < R_SCALAR + 60n; scalar++) {
          const signature = concat(BASE.multiply(scalar).toBytes(), bytesOf(scalar))
          if (await noble.verify(spelled, signature, MESSAGE)) holds = signature
        }
        if (holds === undefined) throw new Error('one of 60 holds')
        expect(await verify(spelled, holds, MESSAGE)).to.equal(false)
      }
  })

  it('do not hold with an S beyond the order, or an R that is spelled otherwise', async () => {
    const publicKey = ed25519.getPublicKey(SEED)
    const honest = ed25519.sign(MESSAGE, SEED)
    const s = numberIn(honest.subarray(32))
    const beyond = concat(honest.subarray(0, 32), bytesOf(s + Fn.ORDER))
    expect(await answers([publicKey, beyond])).to.deep.equal([false, false])
    // R is the neutral point, whose y of 1 is spelled p + 1.
    const { scalar } = ed25519.utils.getExtendedPublicKey(SEED)
    const r = bytesOf(2n ** 255n - 18n)
    const spelled = concat(r, bytesOf(Fn.create((await challengeOf(r, publicKey)) * scalar)))
    expect(await answers([publicKey, spelled])).to.deep.equal([false, false])
  })
})

/** Whether it holds for the members of this runtime, and for those without Ed25519 in their WebCrypto. */
async function answers([publicKey, signature]: Vector): Promise<boolean[]> {
  const noble = await nobleSignatures()
  return [await verify(publicKey, signature, MESSAGE), await noble.verify(publicKey, signature, MESSAGE)]
}

/** The signature with this R, as the holder of the scalar makes it. */
async function finish(r: Uint8Array, publicKey: Uint8Array, scalar: bigint): Promise<Uint8Array> {
  return concat(r, bytesOf(Fn.create(R_SCALAR + (await challengeOf(r, publicKey)) * scalar)))
}

async function challengeOf(r: Uint8Array, publicKey: Uint8Array): Promise<bigint> {
  const hash = await globalThis.crypto.subtle.digest('SHA-512', concat(r, publicKey, MESSAGE))
  return Fn.create(numberIn(new Uint8Array(hash)))
}

function numberIn(bytes: Uint8Array): bigint {
  return bytes.reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n)
}

function bytesOf(number: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((number >> BigInt(8 * index)) & 255n))
}
