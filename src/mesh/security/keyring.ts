/**
 * The keys of a cluster: one primary, under which this member seals, and all that it accepts. Each key has an id
 * and subkeys of its own. A rotation is `install` on every member, then `use` on every member, then `remove` on every
 * member; each step may be repeated, and no step breaks a link (memberlist rotates its keyring the same way).
 */
import { UsageError } from '../../base/errors.js'
import { type SigningKey, signingKey } from './ed25519.js'
import { statement, toBase64Url } from './encoding.js'
import { derive, openSecret } from './secret.js'
import { SECRETS_MAX } from './security-limits.js'

const TOPIC_CHARACTERS = 22
const EPOCH_BYTES = 6
const KEY_ID_CHARACTERS = (EPOCH_BYTES * 4) / 3

/** What `store.keys.list()` tells of a key: never the key. */
export interface KeyInfo {
  /** Names the key: 8 characters that tell nothing about it. */
  id: string
  /** Whether this member seals under it. */
  primary: boolean
}

/** One key of the cluster with all that is derived from it. */
export interface ClusterKey {
  readonly id: string
  readonly clusterId: string
  /** Where its holders meet at the signaling server: 22 characters that do not tell the cluster's name. */
  readonly topic: string
  /** AES-256-GCM, for signals. */
  readonly signal: CryptoKey
  /** HMAC-SHA-256, which proves that a member holds the key. */
  readonly auth: CryptoKey
  /** AES-256-GCM, for what is stored. */
  readonly checkpoint: CryptoKey
  /** What proves that a member may write; readers hold the public half alone. */
  readonly writer: { publicKey: Uint8Array; key: SigningKey | undefined }
}

/** What `secret` may be. */
export type Secret = string | { primary: string; accepted?: readonly string[] }

/** The keys that one member holds. */
export class Keyring {
  readonly #cluster: string
  readonly #keys = new Map<string, ClusterKey>()
  readonly #changed: ((removed: string | undefined) => void)[] = []
  #primary: ClusterKey

  private constructor(cluster: string, primary: ClusterKey) {
    this.#cluster = cluster
    this.#primary = primary
    this.#keys.set(primary.id, primary)
  }

  /** @throws UsageError ERR_SECRET_INVALID */
  static async open(secret: Secret, cluster: string): Promise<Keyring> {
    const { primary, accepted = [] } = typeof secret === 'string' ? { primary: secret } : secret
    const keyring = new Keyring(cluster, await openKey(primary, cluster))
    for (const other of accepted) await keyring.install(other)
    return keyring
  }

  get primary(): ClusterKey {
    return this.#primary
  }

  /** Fixed when the first key was made. */
  get clusterId(): string {
    return this.#primary.clusterId
  }

  /** All that is accepted, the primary first. */
  get keys(): readonly ClusterKey[] {
    return [this.#primary, ...[...this.#keys.values()].filter((entry) => entry !== this.#primary)]
  }

  /** Whether this member holds what writers hold. */
  get canWrite(): boolean {
    return this.#primary.writer.key !== undefined
  }

  get(id: string): ClusterKey | undefined {
    return this.#keys.get(id)
  }

  list(): readonly KeyInfo[] {
    return this.keys.map(({ id }) => ({ id, primary: id === this.#primary.id }))
  }

  /** Accepts one more key. @throws UsageError ERR_SECRET_INVALID, ERR_FULL */
  async install(secret: string): Promise<KeyInfo> {
    const entry = await openKey(secret, this.#cluster)
    if (entry.clusterId !== this.clusterId) throw foreignKey()
    if ((entry.writer.key !== undefined) !== this.canWrite) throw otherRole()
    if (!this.#keys.has(entry.id)) {
      if (this.#keys.size >= SECRETS_MAX) throw tooMany()
      this.#keys.set(entry.id, entry)
      this.#tell(undefined)
    }
    return { id: entry.id, primary: entry.id === this.#primary.id }
  }

  /** Seals under this key from now on. @throws UsageError ERR_KEY_UNKNOWN */
  async use(key: string): Promise<void> {
    const entry = await this.#find(key)
    // It may have been removed since it was found.
    if (entry === undefined || !this.#keys.has(entry.id)) throw unknownKey('used')
    if (entry === this.#primary) return
    this.#primary = entry
    this.#tell(undefined)
  }

  /** Accepts this key no longer. @throws UsageError ERR_KEY_UNKNOWN when it is the primary one */
  async remove(key: string): Promise<void> {
    const entry = await this.#find(key)
    if (entry === this.#primary) throw unknownKey('removed')
    if (entry === undefined || !this.#keys.delete(entry.id)) return
    this.#tell(entry.id)
  }

  /** Calls back after every change, with the id of a key that was removed. */
  onChange(listener: (removed: string | undefined) => void): void {
    this.#changed.push(listener)
  }

  /** A key may be named by its id or by itself. */
  async #find(key: string): Promise<ClusterKey | undefined> {
    if (typeof key !== 'string' || key.length <= KEY_ID_CHARACTERS) return this.#keys.get(key)
    return this.#keys.get((await openKey(key, this.#cluster)).id)
  }

  #tell(removed: string | undefined): void {
    for (const listener of this.#changed) listener(removed)
  }
}

async function openKey(secret: string, cluster: string): Promise<ClusterKey> {
  const { clusterId, base, writer } = await openSecret(secret)
  const [id, topic, signal, auth, checkpoint] = await Promise.all(
    ['epoch', 'topic', 'signal', 'auth', 'checkpoint'].map((purpose) => derive(base, purpose)),
  )
  if (!id || !topic || !signal || !auth || !checkpoint) throw new Error('five purposes give five keys')
  const name = await mac(await macKey(topic), statement('gossip-kv topic v1', cluster))
  return {
    id: toBase64Url(id.subarray(0, EPOCH_BYTES)),
    clusterId,
    topic: toBase64Url(name).slice(0, TOPIC_CHARACTERS),
    signal: await cipherKey(signal),
    auth: await macKey(auth),
    checkpoint: await cipherKey(checkpoint),
    writer: { publicKey: writer.publicKey, key: writer.seed && (await signingKey(writer.seed)) },
  }
}

/** HMAC-SHA-256 (RFC 2104). */
export async function mac(key: CryptoKey, message: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await globalThis.crypto.subtle.sign('HMAC', key, message))
}

function macKey(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  return globalThis.crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign', 'verify'])
}

function cipherKey(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return globalThis.crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt'])
}

function foreignKey(): UsageError {
  return new UsageError(
    'ERR_SECRET_INVALID',
    'The key belongs to another cluster than the keys that are held',
    { why: 'A key to rotate to carries the id of its cluster, which is fixed when the first one is made' },
  )
}

function otherRole(): UsageError {
  return new UsageError(
    'ERR_SECRET_INVALID',
    'Secrets of readers and of writers cannot stand in one keyring',
    { why: 'A member is one of both', fix: 'Pass only secrets of the kind that this member is to be' },
  )
}

function tooMany(): UsageError {
  return new UsageError('ERR_FULL', `A keyring holds at most ${SECRETS_MAX} keys`, {
    why: 'A rotation was begun again and again and never finished',
    fix: 'Remove the keys that are no longer used',
  })
}

function unknownKey(wish: 'used' | 'removed'): UsageError {
  return new UsageError(
    'ERR_KEY_UNKNOWN',
    wish === 'used' ? 'The key to be used is not installed' : 'The primary key cannot be removed',
    { fix: wish === 'used' ? 'Install it first, on every member' : 'Use another key first, on every member' },
  )
}
