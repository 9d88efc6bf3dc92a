/**
 * Ed25519 signatures (RFC 8032): by WebCrypto, or by @noble/curves where a browser's WebCrypto has none. All members have
 * to find the same: a member that passes on a signature that its neighbor does not take is refused there as a forger. Where
 * implementations differ (Chalkias et al., "Taming the many EdDSAs", 2020) the strict answer counts.
 */
import { concat } from '../../base/bytes.js'
import { fromBase64Url, toBase64Url } from './encoding.js'

/** A private key that signs, and its public half. */
export interface SigningKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** 64 bytes. */
  sign(message: Uint8Array): Promise<Uint8Array>
}

/** The length of a seed and of a public key. */
export const KEY_BYTES = 32
/** The length of a signature. */
export const SIGNATURE_BYTES = 64

const ALGORITHM = 'Ed25519'
/** What stands before the seed in a PKCS #8 private key (RFC 8410, section 7). */
const PKCS8_HEAD = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20)

/** The y coordinates of these keys: 0, 1, p - 1, p, p + 1, and the two of order 8. */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  `${'A'.repeat(42)}A`,
  `AQ${'A'.repeat(41)}`,
  `7P${'_'.repeat(39)}38`,
  `7f${'_'.repeat(39)}38`,
  `7v${'_'.repeat(39)}38`,
  'JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU',
  'xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o',
])

/** What the runtime offers. */
interface Signatures {
  signingKey(seed: Uint8Array): Promise<SigningKey>
  verify(publicKey: Uint8Array, signature: Uint8Array, message: Uint8Array): Promise<boolean>
}

let chosen: Promise<Signatures> | undefined

/** The key that a seed of 32 bytes stands for. */
export async function signingKey(seed: Uint8Array): Promise<SigningKey> {
  return (await signatures()).signingKey(seed)
}

/** Whether the owner of `publicKey` signed `message`. False for what is no key or no signature. */
export async function verify(
  publicKey: Uint8Array,
  signature: Uint8Array,
  message: Uint8Array,
): Promise<boolean> {
  return !isSmallOrder(publicKey) && (await signatures()).verify(publicKey, signature, message)
}

/** Keys for which everybody can sign, and which some implementations refuse: those of the small subgroup, in every spelling. */
function isSmallOrder(publicKey: Uint8Array): boolean {
  const [last = 0] = publicKey.subarray(-1)
  const y = toBase64Url(concat(publicKey.subarray(0, -1), Uint8Array.of(last & 0x7f)))
  return SMALL_ORDER.has(y)
}

function signatures(): Promise<Signatures> {
  chosen ??= webSignatures.signingKey(new Uint8Array(KEY_BYTES)).then(
    () => webSignatures,
    () => nobleSignatures(),
  )
  return chosen
}

const webSignatures: Signatures = {
  async signingKey(seed) {
    const { subtle } = globalThis.crypto
    const key = await subtle.importKey('pkcs8', concat(PKCS8_HEAD, seed), ALGORITHM, true, ['sign'])
    const { x = '' } = await subtle.exportKey('jwk', key)
    return {
      publicKey: fromBase64Url(x),
      sign: async (message) => new Uint8Array(await subtle.sign(ALGORITHM, key, message.slice())),
    }
  },
  async verify(publicKey, signature, message) {
    const { subtle } = globalThis.crypto
    try {
      const key = await subtle.importKey('raw', publicKey.slice(), ALGORITHM, false, ['verify'])
      return await subtle.verify(ALGORITHM, key, signature.slice(), message.slice())
    } catch {
      // Bytes that are no point of the curve.
      return false
    }
  },
}

/** The same without WebCrypto; exported so that both are held against each other. */
export async function nobleSignatures(): Promise<Signatures> {
  const { ed25519 } = await import('@noble/curves/ed25519.js')
  const { Point } = ed25519
  return {
    signingKey: async (seed) => ({
      publicKey: ed25519.getPublicKey(seed),
      sign: async (message) => ed25519.sign(message, seed),
    }),
    async verify(publicKey, signature, message) {
      try {
        if (publicKey.length !== KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false
        const [r, s] = [signature.slice(0, KEY_BYTES), numberIn(signature.subarray(KEY_BYTES))]
        const hash = await globalThis.crypto.subtle.digest('SHA-512', concat(r, publicKey, message))
        if (s >= Point.Fn.ORDER) return false
        // As WebCrypto: the equation without the cofactor, and R as it is spelled. noble's own `verify` takes more.
        const challenge = Point.Fn.create(numberIn(new Uint8Array(hash)))
        const key = Point.fromBytes(publicKey, true)
        const found = Point.BASE.multiplyUnsafe(s).subtract(key.multiplyUnsafe(challenge))
        return toBase64Url(found.toBytes()) === toBase64Url(r)
      } catch {
        return false
      }
    },
  }
}

/** A number as RFC 8032 writes it: the least byte first. */
function numberIn(bytes: Uint8Array): bigint {
  return bytes.reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n)
}
