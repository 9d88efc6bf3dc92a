/**
 * The identity of a member: an Ed25519 key of its own, whose hash is the member's id. Nobody can speak for an id without the
 * key, and nobody can find another key for the same id.
 */

import { KEY_BYTES, type SigningKey, signingKey } from './ed25519.js'
import { randomBytes, toBase64Url } from './encoding.js'

/** Half of a SHA-256: finding a second key for an id takes 2^128 tries. */
const ID_BYTES = 16

/** A member's key and id. */
export interface Identity extends SigningKey {
  /** 22 characters of base64url. */
  readonly id: string
}

/** The identity that `seed` stands for; a new one without. */
export async function identityOf(seed: Uint8Array = randomBytes(KEY_BYTES)): Promise<Identity> {
  const key = await signingKey(seed)
  return { ...key, id: await idOf(key.publicKey) }
}

/** The member id of a public key: base64url(SHA-256(key), first 16 bytes). */
export async function idOf(publicKey: Uint8Array): Promise<string> {
  const hash = await globalThis.crypto.subtle.digest('SHA-256', publicKey.slice())
  return toBase64Url(new Uint8Array(hash, 0, ID_BYTES))
}
