/**
 * Opens what a cluster with a secret is made of: the keyring, the identity, and a transport that shows only what is
 * authenticated. Loaded only where there is a secret.
 */

import type { Clock } from '../../base/clock.js'
import { MESH_CATALOGUE } from '../../base/error-catalogue.mesh.js'
import { AuthError, type GossipKvError, UsageError } from '../../base/errors.js'
import type { MemberRole } from '../../base/member.js'
import type { Registration, Signaling, SignalingEvents, Transport } from '../transport.js'
import type { Signal } from '../wire/signal.js'
import { statement, toBase64Url } from './encoding.js'
import { identityOf } from './identity.js'
import { type KeyInfo, Keyring, type Secret } from './keyring.js'
import { openFile, sealFile } from './seal.js'
import { SecureLinks } from './secure-links.js'

export interface SecurityOptions {
  secret: Secret
  cluster: string
  /** What the member wants to be. Default: what its secret makes it. */
  role: MemberRole | undefined
  clock: Clock
  /** What the member's key comes from; kept, it gives the same id again. */
  seed: Uint8Array
  /** What is refused, of others and by others. */
  report(error: GossipKvError): void
}

/** The keys of a running member; `store.keys`. Every step may be repeated. */
export interface Keys {
  /** The keys that are held, the primary one first: their ids, never the keys. */
  list(): readonly KeyInfo[]
  /** Accepts one more key. @throws UsageError ERR_SECRET_INVALID, ERR_FULL */
  install(secret: string): Promise<KeyInfo>
  /** Seals under an installed key, named by itself or by its id. @throws UsageError ERR_KEY_UNKNOWN */
  use(key: string): Promise<void>
  /** Accepts a key no longer; links under it shake hands anew within 60 s, or end. @throws UsageError ERR_KEY_UNKNOWN for the primary one */
  remove(key: string): Promise<void>
}

/** A member's part in a cluster with a secret. */
export interface Security {
  /** The hash of its public key. */
  readonly id: string
  readonly role: MemberRole
  /** Names the cluster among members; it stays when keys rotate. */
  readonly topic: string
  readonly keys: Keys
  /** The transport that shows only what is authenticated. */
  over(transport: Transport): Transport
  /** The id of the key that seals now. */
  readonly keyId: string
  /** Seals stored bytes under the primary key. */
  seal(bytes: Uint8Array): Promise<Uint8Array>
  /** Opens them. @throws AuthError ERR_AUTH_EPOCH; StorageError ERR_DATA_CORRUPT */
  open(bytes: Uint8Array): Promise<Uint8Array>
}

/** @throws UsageError ERR_SECRET_INVALID, ERR_READ_ONLY; AuthError ERR_CRYPTO_UNAVAILABLE */
export async function openSecurity(options: SecurityOptions): Promise<Security> {
  const { cluster, clock, report } = options
  if (globalThis.crypto?.subtle === undefined) throw noCrypto()
  const keyring = await Keyring.open(options.secret, cluster)
  const identity = await identityOf(options.seed)
  const role = options.role ?? (keyring.canWrite ? 'writer' : 'reader')
  if (role === 'writer' && !keyring.canWrite) throw readersSecret()
  const name = statement('gossip-kv members v1', keyring.clusterId, cluster)
  const topic = new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', name), 0, 16)
  return {
    id: identity.id,
    role,
    topic: toBase64Url(topic),
    over: ({ links, signaling }) => ({
      links: new SecureLinks({ links, identity, keyring, role, cluster, clock, report }),
      signaling: new HiddenSignaling(signaling, keyring),
    }),
    keys: {
      list: () => keyring.list(),
      install: (secret) => keyring.install(secret),
      use: (key) => keyring.use(key),
      remove: (key) => keyring.remove(key),
    },
    get keyId() {
      return keyring.primary.id
    },
    seal: (bytes) => sealFile(keyring, bytes),
    open: (bytes) => openFile(keyring, bytes),
  }
}

/** Meets under the topics of all keys that are held; without a key nobody can name the cluster. */
class HiddenSignaling implements Signaling {
  readonly #inner: Signaling
  readonly #keyring: Keyring

  constructor(inner: Signaling, keyring: Keyring) {
    this.#inner = inner
    this.#keyring = keyring
    keyring.onChange(() => this.#register())
  }

  start(self: Registration, _topic: string, events: SignalingEvents): void {
    this.#inner.start(self, this.#keyring.primary.topic, events)
    this.#register()
  }

  register(_topics: readonly string[]): void {
    this.#register()
  }

  introduce(count: number): void {
    this.#inner.introduce(count)
  }

  send(to: string, signal: Signal): void {
    this.#inner.send(to, signal)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  counters(): Readonly<Record<string, number>> {
    return this.#inner.counters?.() ?? {}
  }

  #register(): void {
    this.#inner.register?.(this.#keyring.keys.map(({ topic }) => topic))
  }
}

function noCrypto(): AuthError {
  return new AuthError(
    'ERR_CRYPTO_UNAVAILABLE',
    'There is no WebCrypto here, which a cluster with a secret needs',
    MESH_CATALOGUE.AuthError.ERR_CRYPTO_UNAVAILABLE,
  )
}

function readersSecret(): UsageError {
  return new UsageError('ERR_READ_ONLY', 'A member with the secret of readers cannot be a writer', {
    why: 'The secret that it was given proves the right to read, and no other',
    fix: "Pass the writers' secret, or leave `role` out",
  })
}
