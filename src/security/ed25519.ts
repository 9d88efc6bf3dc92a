/** Ed25519 signatures (RFC 8032): by WebCrypto, or by @noble/curves where a browser's WebCrypto has none. */
import { concat, fromBase64Url } from './encoding.js'

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
  return (await signatures()).verify(publicKey, signature, message)
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
  return {
    signingKey: async (seed) => ({
      publicKey: ed25519.getPublicKey(seed),
      sign: async (message) => ed25519.sign(message, seed),
    }),
    async verify(publicKey, signature, message) {
      try {
        return ed25519.verify(signature, message, publicKey)
      } catch {
        return false
      }
    },
  }
}
