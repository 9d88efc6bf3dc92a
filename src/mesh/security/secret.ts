/**
 * Secrets as text, as `gossip-kv keygen` prints them. A writer's is 32 random bytes, and for the keys after the first
 * one the id of the cluster, which stays over all rotations: `KEY` or `KEY.CLUSTER`. A reader's is what a writer's
 * secret gives away one way: `rBASE.WRITER.CLUSTER`, with the public half of the writers' key.
 */
import { shown, UsageError } from '../../base/errors.js'
import { signingKey } from './ed25519.js'
import { fromBase64Url, randomBytes, toBase64Url } from './encoding.js'

/** The length of a secret. */
const SECRET_BYTES = 32
const CLUSTER_ID_BYTES = 16
const WRITER = /^([\w-]{43})(?:\.([\w-]{22}))?$/
const READER = /^r([\w-]{43})\.([\w-]{43})\.([\w-]{22})$/

/** What one secret gives. */
export interface OpenedSecret {
  /** The same for every key of one cluster, whatever rotates. */
  clusterId: string
  /** What readers hold as well. */
  base: CryptoKey
  /** The key that makes writers, and its public half. The seed is undefined for a reader. */
  writer: { publicKey: Uint8Array; seed: Uint8Array | undefined }
}

/** A new secret; with `previous` one for the same cluster, to rotate to. @throws UsageError ERR_SECRET_INVALID */
export async function generateSecret(previous?: string): Promise<string> {
  const key = toBase64Url(randomBytes(SECRET_BYTES))
  return previous === undefined ? key : `${key}.${(await writerOf(previous)).clusterId}`
}

/** The secret that lets its holder read, and nothing else. @throws UsageError ERR_SECRET_INVALID */
export async function readerSecret(secret: string): Promise<string> {
  const { clusterId, readerBase, publicKey } = await writerOf(secret)
  return `r${toBase64Url(readerBase)}.${toBase64Url(publicKey)}.${clusterId}`
}

/** Opens a secret of either kind. @throws UsageError ERR_SECRET_INVALID */
export async function openSecret(secret: string): Promise<OpenedSecret> {
  const [, base, publicKey, clusterId] = READER.exec(secret) ?? []
  if (base === undefined || publicKey === undefined || clusterId === undefined) {
    const { readerBase, ...writer } = await writerOf(secret)
    return { clusterId: writer.clusterId, base: await hkdfKey(readerBase), writer }
  }
  return {
    clusterId,
    base: await hkdfKey(bytesOf(base, secret)),
    writer: { publicKey: bytesOf(publicKey, secret), seed: undefined },
  }
}

/** 32 bytes for one purpose (HKDF with SHA-256, RFC 5869). */
export async function derive(key: CryptoKey, purpose: string): Promise<Uint8Array<ArrayBuffer>> {
  const info = new TextEncoder().encode(`gossip-kv v1 ${purpose}`)
  const parameters = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info }
  return new Uint8Array(await globalThis.crypto.subtle.deriveBits(parameters, key, 8 * SECRET_BYTES))
}

async function writerOf(secret: string) {
  const [, key, given] = WRITER.exec(secret) ?? []
  if (key === undefined) throw secretInvalid(secret)
  const root = await hkdfKey(bytesOf(key, secret))
  const seed = await derive(root, 'writer')
  const own = toBase64Url((await derive(root, 'cluster')).subarray(0, CLUSTER_ID_BYTES))
  const { publicKey } = await signingKey(seed)
  return { clusterId: given ?? own, readerBase: await derive(root, 'reader'), publicKey, seed }
}

function hkdfKey(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return globalThis.crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveBits'])
}

function bytesOf(text: string, secret: string): Uint8Array<ArrayBuffer> {
  const bytes = fromBase64Url(text)
  // The last character carries bits that no byte takes: another spelling would be another key to the eye only.
  if (toBase64Url(bytes) !== text) throw secretInvalid(secret)
  return bytes
}

/** The text of a secret never stands in a message. */
function secretInvalid(secret: unknown): UsageError {
  const what = typeof secret === 'string' ? `a text of ${secret.length} characters` : shown(typeof secret)
  return new UsageError('ERR_SECRET_INVALID', `The secret is ${what}, which is none`)
}
