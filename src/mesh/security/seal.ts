/**
 * Seals what others carry. Signals cross a server that nobody trusts, and members that only pass them on: each is
 * encrypted under the cluster's key, bound to sender, receiver and session, signed by its sender, and bound to a nonce
 * that the receiver drew; so none can be read, changed, or sent to somebody else. None is taken twice either: a member
 * remembers every box that it took under a nonce for as long as it takes boxes under that nonce, and draws another one
 * before that gets too much. A sender that knows no nonce of the receiver asks for one first (`knock`); one whose nonce is
 * outdated is told the present one. Stored bytes are sealed as well.
 */

import { BoundedMap } from '../../base/bounded-map.js'
import { concat } from '../../base/bytes.js'
import { AuthError, StorageError } from '../../base/errors.js'
import { isWord } from '../../base/random.js'
import { parseSignal, type SealedSignal, type Signal } from '../wire/signal.js'
import { keyMissing } from './auth-errors.js'
import { KEY_BYTES, SIGNATURE_BYTES, verify } from './ed25519.js'
import { fromBase64Url, randomBytes, statement, toBase64Url } from './encoding.js'
import { type Identity, idOf } from './identity.js'
import type { ClusterKey, Keyring } from './keyring.js'
import { REPLAYS_MAX } from './security-limits.js'

const IV_BYTES = 12
const NONCE_BYTES = 12
/** A nonce is out when so many boxes were taken under it: the present one and the one before it are remembered. */
const BOXES_PER_NONCE_MAX = REPLAYS_MAX / 2
/** Knocks that are answered once; one that is forgotten is answered again, which tells its sender a nonce and no more. */
const KNOCKS_MAX = 1024
/** Peers whose nonces are known, and peers that are waited for. */
const PEERS_MAX = 1024
/** Signals that wait for the nonce of one peer: an offer with all its candidates. */
const WAITING_MAX = 40
/** What a sealed file begins with. */
const FILE_MAGIC = Uint8Array.of(0x47, 0x4b, 0x56, 0x53)
const KEY_ID_CHARACTERS = 8

/** What a seal reports. */
export interface SealEvents {
  /** To be carried to `peer`. */
  send(peer: string, signal: SealedSignal): void
  /** A signal that `peer` itself sent, to this member, in this run. */
  receive(peer: string, signal: Signal): void
  error(error: AuthError): void
}

/** What has been dropped. */
export interface SealCounters {
  /** Boxes that do not open, come twice, or are for somebody else. */
  sealsRefused: number
}

/** What is in a box: a signal, or one of the two words that bring nonces. The sender's nonce comes along. */
interface Content {
  nonce: string
  signal?: string
}

/** A nonce of this member, and all that was taken under it. */
class OwnNonce {
  readonly text = toBase64Url(randomBytes(NONCE_BYTES))
  readonly boxes = new Set<string>()
}

/** Seals and opens the signals of one member. */
export class SignalSeal {
  readonly counters: SealCounters = { sealsRefused: 0 }
  readonly #identity: Identity
  readonly #keyring: Keyring
  readonly #events: SealEvents
  #present = new OwnNonce()
  /** Peers may not have heard of the present one yet. */
  #previous: OwnNonce | undefined
  /** The nonces of peers, as boxes that only they could make now have told. */
  readonly #nonces = new BoundedMap<string, string>(PEERS_MAX)
  readonly #waiting = new BoundedMap<string, Signal[]>(PEERS_MAX)
  readonly #knocks = new BoundedMap<string, true>(KNOCKS_MAX)

  constructor(identity: Identity, keyring: Keyring, events: SealEvents) {
    this.#identity = identity
    this.#keyring = keyring
    this.#events = events
  }

  /** Sends a signal to `peer`, once its nonce is known. */
  async send(peer: string, signal: Signal): Promise<void> {
    const nonce = this.#nonces.get(peer)
    if (nonce !== undefined) return this.#seal(peer, signal.session, nonce, JSON.stringify(signal))
    const waiting = this.#waiting.get(peer)
    if (waiting) {
      if (waiting.length < WAITING_MAX) waiting.push(signal)
      return
    }
    this.#waiting.set(peer, [signal])
    await this.#seal(peer, signal.session, '', undefined)
  }

  /** Opens what came from `peer`, as the carrier says. */
  async open(peer: string, sealed: SealedSignal): Promise<void> {
    const key = this.#keyring.get(sealed.epoch)
    if (key === undefined) {
      const own = this.#keyring.keys.map(({ id }) => id)
      this.counters.sealsRefused += 1
      return this.#events.error(keyMissing(peer, own, [sealed.epoch]))
    }
    const content = await this.#content(peer, sealed, key)
    const own = [this.#present, this.#previous].find((nonce) => nonce?.text === sealed.nonce)
    if (content === undefined || !(own ? this.#take(own, sealed.box) : this.#isFirstKnock(sealed.box))) {
      this.counters.sealsRefused += 1
      return
    }
    // Under no nonce, or one that is out, a box may be of any age: it is answered, and believed in nothing.
    if (own === undefined) return this.#seal(peer, sealed.session, content.nonce, undefined)
    await this.#knows(peer, content.nonce)
    const signal = content.signal === undefined ? undefined : parseSignal(content.signal)
    if (signal && signal.type !== 'sealed' && signal.session === sealed.session)
      this.#events.receive(peer, signal)
  }

  /** A dial of `peer` failed: perhaps it has started anew, under another nonce. */
  forget(peer: string): void {
    this.#nonces.delete(peer)
    this.#waiting.delete(peer)
  }

  async #knows(peer: string, nonce: string): Promise<void> {
    this.#nonces.set(peer, nonce)
    const waiting = this.#waiting.get(peer) ?? []
    this.#waiting.delete(peer)
    for (const signal of waiting) await this.#seal(peer, signal.session, nonce, JSON.stringify(signal))
  }

  async #seal(to: string, session: string, nonce: string, signal: string | undefined): Promise<void> {
    const { id, publicKey } = this.#identity
    const key = this.#keyring.primary
    const about = addressOf(key, id, to, session, nonce)
    const text = JSON.stringify({ nonce: this.#present.text, ...(signal !== undefined && { signal }) })
    const content = new TextEncoder().encode(text)
    const signature = await this.#identity.sign(concat(about, content))
    const box = await encrypt(key.signal, about, concat(publicKey, signature, content))
    this.#events.send(to, { type: 'sealed', session, epoch: key.id, nonce, box: toBase64Url(box) })
  }

  /** What is in a box, when it was sealed for this member by `from`. */
  async #content(from: string, sealed: SealedSignal, key: ClusterKey): Promise<Content | undefined> {
    const about = addressOf(key, from, this.#identity.id, sealed.session, sealed.nonce)
    const plain = await decrypt(key.signal, about, bytesOf(sealed.box))
    if (plain === undefined || plain.length < KEY_BYTES + SIGNATURE_BYTES) return undefined
    const publicKey = plain.subarray(0, KEY_BYTES)
    const signature = plain.subarray(KEY_BYTES, KEY_BYTES + SIGNATURE_BYTES)
    const content = plain.subarray(KEY_BYTES + SIGNATURE_BYTES)
    if ((await idOf(publicKey)) !== from) return undefined
    if (!(await verify(publicKey, signature, concat(about, content)))) return undefined
    return contentOf(new TextDecoder().decode(content))
  }

  /** Whether a box comes for the first time. */
  #take(own: OwnNonce, box: string): boolean {
    if (own.boxes.has(box)) return false
    own.boxes.add(box)
    if (own === this.#present && own.boxes.size >= BOXES_PER_NONCE_MAX / 2) {
      // Early enough for peers to hear of the next one while this one still holds.
      this.#previous = own
      this.#present = new OwnNonce()
    } else if (own.boxes.size >= BOXES_PER_NONCE_MAX) this.#previous = undefined
    return true
  }

  #isFirstKnock(box: string): boolean {
    if (this.#knocks.has(box)) return false
    this.#knocks.set(box, true)
    return true
  }
}

/** Seals stored bytes under the primary key: magic, key id, IV, ciphertext. */
export async function sealFile(keyring: Keyring, bytes: Uint8Array): Promise<Uint8Array> {
  const { id, checkpoint } = keyring.primary
  const head = concat(FILE_MAGIC, new TextEncoder().encode(id))
  return concat(head, await encrypt(checkpoint, head, bytes))
}

/** Opens them. @throws AuthError ERR_AUTH_EPOCH; StorageError ERR_DATA_CORRUPT */
export async function openFile(keyring: Keyring, bytes: Uint8Array): Promise<Uint8Array> {
  const head = bytes.slice(0, FILE_MAGIC.length + KEY_ID_CHARACTERS)
  const isSealed = FILE_MAGIC.every((byte, index) => head[index] === byte)
  const keyId = new TextDecoder().decode(head.subarray(FILE_MAGIC.length))
  const key = isSealed ? keyring.get(keyId) : undefined
  if (isSealed && key === undefined) throw keyOfFile(keyId, keyring)
  const plain = key && (await decrypt(key.checkpoint, head, bytes.subarray(head.length)))
  if (plain === undefined) throw fileUnreadable(isSealed)
  return plain
}

async function encrypt(key: CryptoKey, about: Uint8Array<ArrayBuffer>, plain: Uint8Array) {
  const iv = randomBytes(IV_BYTES)
  const parameters = { name: 'AES-GCM', iv, additionalData: about }
  return concat(iv, new Uint8Array(await globalThis.crypto.subtle.encrypt(parameters, key, plain.slice())))
}

async function decrypt(key: CryptoKey, about: Uint8Array<ArrayBuffer>, box: Uint8Array) {
  const parameters = { name: 'AES-GCM', iv: box.slice(0, IV_BYTES), additionalData: about }
  try {
    return new Uint8Array(await globalThis.crypto.subtle.decrypt(parameters, key, box.slice(IV_BYTES)))
  } catch {
    return undefined
  }
}

/** What a box is bound to. */
function addressOf(key: ClusterKey, from: string, to: string, session: string, nonce: string) {
  return statement('gossip-kv signal v1', key.topic, key.id, from, to, session, nonce)
}

function bytesOf(text: string): Uint8Array {
  try {
    return fromBase64Url(text)
  } catch {
    return new Uint8Array(0)
  }
}

function contentOf(text: string): Content | undefined {
  try {
    const { nonce, signal } = JSON.parse(text) as Record<string, unknown>
    if (!isWord(nonce)) return undefined
    return typeof signal === 'string' ? { nonce, signal } : { nonce }
  } catch {
    return undefined
  }
}

function keyOfFile(key: string, keyring: Keyring): AuthError {
  const held = keyring.keys.map(({ id }) => id).join(', ')
  return new AuthError(
    'ERR_AUTH_EPOCH',
    `Stored data is sealed under key ${key}; this member holds key ${held}`,
    {
      why: 'The key was removed before the data was written anew',
      fix: 'Pass that key among the accepted ones',
    },
  )
}

function fileUnreadable(isSealed: boolean): StorageError {
  return new StorageError(
    'ERR_DATA_CORRUPT',
    isSealed ? 'Stored data does not open under its key' : 'Stored data is not sealed',
    {
      why: isSealed ? 'It was changed or damaged' : 'It was written by a member without a secret',
      fix: 'Take another data folder, or restore the data from a copy',
    },
  )
}
