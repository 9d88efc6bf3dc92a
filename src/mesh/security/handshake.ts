/**
 * The handshake of one link: both sides prove that they hold the cluster's key, that their id is theirs, and that
 * they see the same connection. What is proven is a transcript that names both ids, keys and nonces, and both DTLS
 * fingerprints as the connection has them; so a proof that somebody in the middle relays, reflects or kept from
 * another link holds for nothing. HELLO, PROOF, THROUGH from each side, in AUTH frames; REFUSED ends it.
 */

import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { concat } from '../../base/bytes.js'
import type { Clock, Timer } from '../../base/clock.js'
import { type AuthError, GossipKvError, ProtocolError } from '../../base/errors.js'
import type { MemberRole } from '../../base/member.js'
import { readChoice, readCount, readFixed, readWord } from '../wire/fields.js'
import { PROTOCOL_VERSION } from '../wire/frame.js'
import { AUTH_BYTES_MAX } from '../wire/wire-limits.js'
import { keyMissing, REFUSALS, type Refusal, refused, refusedBy } from './auth-errors.js'
import { KEY_BYTES, SIGNATURE_BYTES, verify } from './ed25519.js'
import { randomBytes, statement, toBase64Url } from './encoding.js'
import { type Identity, idOf } from './identity.js'
import { type ClusterKey, type Keyring, mac } from './keyring.js'
import { AUTH_MILLIS_MAX, SECRETS_MAX } from './security-limits.js'

/** The tag of AUTH frames, which the frames of the protocol leave free. */
export const AUTH_TAG = 2
const MESSAGES = ['hello', 'proof', 'through', 'refused'] as const
const ROLES: readonly MemberRole[] = ['writer', 'reader']
const NONCE_BYTES = 32
const MAC_BYTES = 32

/** The member that shakes hands. */
export interface HandshakeSelf {
  identity: Identity
  keyring: Keyring
  role: MemberRole
  /** The cluster's name. */
  cluster: string
  clock: Clock
}

/** The connection under the link. */
export interface HandshakeLink {
  peer: string
  /** The sha-256 fingerprints of both certificates; undefined when a side does not have exactly one. */
  fingerprints: { own: string; theirs: string } | undefined
  send(bytes: Uint8Array): void
}

/** A peer that is known. */
export interface Authenticated {
  role: MemberRole
  /** The key that both proved to hold. */
  keyId: string
}

/** What a side says of itself. */
interface Introduction {
  id: string
  publicKey: Uint8Array
  nonce: Uint8Array
  role: MemberRole
  /** A hash of the cluster's id and name. */
  cluster: Uint8Array
  keyIds: readonly string[]
}

/** Ends a handshake from this side. */
class RefusalError extends Error {
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal)
    this.refusal = refusal
  }
}

/** One handshake, on a new link or, after a rotation, within an old one. */
export class Handshake {
  /** Settles with who is there. @throws AuthError */
  readonly done: Promise<Authenticated>
  readonly #self: HandshakeSelf
  readonly #link: HandshakeLink
  readonly #arrived: Uint8Array[] = []
  readonly #timer: Timer
  #wake: (() => void) | undefined
  #bytes = 0
  #ended: Error | undefined
  #theirs: Introduction | undefined

  constructor(self: HandshakeSelf, link: HandshakeLink) {
    this.#self = self
    this.#link = link
    this.#timer = self.clock.after(AUTH_MILLIS_MAX, () => this.end(new RefusalError('timeout')))
    this.done = this.#run()
  }

  /** What came behind the last message of it. */
  get rest(): readonly Uint8Array[] {
    return this.#arrived
  }

  /** Takes a frame of the peer. */
  receive(frame: Uint8Array): void {
    this.#bytes += frame.length
    if (this.#bytes > AUTH_BYTES_MAX) return this.end(new RefusalError('malformed'))
    this.#arrived.push(frame)
    this.#wake?.()
  }

  /** Gives up. */
  end(error: Error): void {
    this.#ended ??= error
    this.#wake?.()
  }

  async #run(): Promise<Authenticated> {
    try {
      return await this.#shake()
    } catch (cause) {
      // The peer refused, or the link is over.
      if (cause instanceof GossipKvError && !(cause instanceof ProtocolError)) throw cause
      const refusal = cause instanceof RefusalError ? cause.refusal : 'malformed'
      this.#link.send(refusalFrame(refusal))
      throw this.#told(refusal)
    } finally {
      this.#timer.cancel()
    }
  }

  async #shake(): Promise<Authenticated> {
    const { peer, send } = this.#link
    const own = await this.#introduction()
    send(writeIntroduction(own))
    const theirs = readIntroduction(await this.#next('hello'))
    this.#theirs = theirs
    const key = await this.#check(own, theirs)
    const transcript = this.#transcript(own, theirs, key.id)
    send(await this.#proof(key, transcript, own.id > peer))
    await this.#checkProof(await this.#next('proof'), key, transcript, theirs)
    send(message('through', () => {}))
    await this.#next('through')
    return { role: theirs.role, keyId: key.id }
  }

  async #introduction(): Promise<Introduction> {
    const { identity, keyring, role, cluster } = this.#self
    return {
      id: identity.id,
      publicKey: identity.publicKey,
      nonce: randomBytes(NONCE_BYTES),
      role,
      cluster: await clusterTag(keyring.clusterId, cluster),
      keyIds: keyring.keys.map(({ id }) => id),
    }
  }

  /** Whether the peer may be who it says; the greatest key that both hold. */
  async #check(own: Introduction, theirs: Introduction): Promise<ClusterKey> {
    if (theirs.id === own.id || sameText(theirs.nonce, own.nonce)) throw new RefusalError('self')
    if (theirs.id !== this.#link.peer || theirs.id !== (await idOf(theirs.publicKey)))
      throw new RefusalError('id')
    if (!sameText(theirs.cluster, own.cluster)) throw new RefusalError('cluster')
    if (this.#link.fingerprints === undefined) throw new RefusalError('fingerprint')
    const common = theirs.keyIds.filter((id) => this.#self.keyring.get(id) !== undefined).sort()
    const key = this.#self.keyring.get(common.at(-1) ?? '')
    if (key === undefined) throw new RefusalError('epoch')
    return key
  }

  /** Everything that both sides must agree on, the greater id first. */
  #transcript(own: Introduction, theirs: Introduction, key: string): string {
    const { own: ownPrint = '', theirs: theirPrint = '' } = this.#link.fingerprints ?? {}
    const sides = [side(own, ownPrint), side(theirs, theirPrint)]
    if (own.id < theirs.id) sides.reverse()
    const { keyring, cluster } = this.#self
    return JSON.stringify([PROTOCOL_VERSION, keyring.clusterId, cluster, key, ...sides])
  }

  async #proof(key: ClusterKey, transcript: string, isGreater: boolean): Promise<Uint8Array> {
    const { identity, role } = this.#self
    const writer = role === 'writer' ? key.writer.key : undefined
    const signed = statement('gossip-kv link v1', isGreater ? 'greater' : 'lesser', transcript)
    const parts = [await mac(key.auth, signed), await identity.sign(signed)]
    if (writer) parts.push(await writer.sign(signed))
    return message('proof', (encoder) => encoding.writeUint8Array(encoder, concat(...parts)))
  }

  async #checkProof(
    decoder: decoding.Decoder,
    key: ClusterKey,
    transcript: string,
    theirs: Introduction,
  ): Promise<void> {
    const place = theirs.id > this.#self.identity.id ? 'greater' : 'lesser'
    const signed = statement('gossip-kv link v1', place, transcript)
    const code = readFixed(decoder, MAC_BYTES)
    const signature = readFixed(decoder, SIGNATURE_BYTES)
    const isKeyHeld = await globalThis.crypto.subtle.verify('HMAC', key.auth, code.slice(), signed)
    if (!isKeyHeld || !(await verify(theirs.publicKey, signature, signed))) throw new RefusalError('proof')
    if (theirs.role === 'reader') return
    if (decoder.arr.length - decoder.pos !== SIGNATURE_BYTES) throw new RefusalError('role')
    const grant = readFixed(decoder, SIGNATURE_BYTES)
    if (!(await verify(key.writer.publicKey, grant, signed))) throw new RefusalError('role')
  }

  /** The next message, which has to be of this kind. */
  async #next(kind: (typeof MESSAGES)[number]): Promise<decoding.Decoder> {
    while (this.#arrived.length === 0 && this.#ended === undefined)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    const frame = this.#arrived.shift()
    // What has arrived before the end of the link may say why.
    if (frame === undefined) throw this.#ended ?? new RefusalError('malformed')
    if (frame[0] !== PROTOCOL_VERSION || frame[1] !== AUTH_TAG) throw new RefusalError('malformed')
    const decoder = decoding.createDecoder(frame)
    decoder.pos = 3
    const found = readChoice(decoder, MESSAGES)
    if (found === 'refused') throw refusedBy(this.#link.peer, readChoice(decoder, REFUSALS))
    if (found !== kind) throw new RefusalError('malformed')
    return decoder
  }

  #told(refusal: Refusal): AuthError {
    const { peer } = this.#link
    if (refusal !== 'epoch') return refused(peer, refusal)
    const own = this.#self.keyring.keys.map(({ id }) => id)
    return keyMissing(peer, own, this.#theirs?.keyIds)
  }
}

/** A frame that says why no handshake is begun. */
export function refusalFrame(refusal: Refusal): Uint8Array {
  return message('refused', (encoder) => encoding.writeUint8(encoder, REFUSALS.indexOf(refusal)))
}

/** Whether a frame is of a handshake, and of one that begins. */
export function authKind(frame: Uint8Array): 'hello' | 'other' | undefined {
  if (frame[1] !== AUTH_TAG) return undefined
  return MESSAGES[frame[3] ?? -1] === 'hello' ? 'hello' : 'other'
}

/** Names a cluster to those that are in it already. */
async function clusterTag(clusterId: string, cluster: string): Promise<Uint8Array> {
  const hash = await globalThis.crypto.subtle.digest(
    'SHA-256',
    statement('gossip-kv cluster', clusterId, cluster),
  )
  return new Uint8Array(hash)
}

function side({ id, publicKey, nonce, role, keyIds }: Introduction, fingerprint: string) {
  return [id, toBase64Url(publicKey), toBase64Url(nonce), role, [...keyIds], fingerprint]
}

function sameText(a: Uint8Array, b: Uint8Array): boolean {
  return toBase64Url(a) === toBase64Url(b)
}

function message(kind: (typeof MESSAGES)[number], write: (encoder: encoding.Encoder) => void): Uint8Array {
  const encoder = encoding.createEncoder()
  for (const byte of [PROTOCOL_VERSION, AUTH_TAG, 0, MESSAGES.indexOf(kind)])
    encoding.writeUint8(encoder, byte)
  write(encoder)
  return encoding.toUint8Array(encoder)
}

function writeIntroduction(own: Introduction): Uint8Array {
  return message('hello', (encoder) => {
    encoding.writeVarString(encoder, own.id)
    encoding.writeUint8Array(encoder, concat(own.publicKey, own.nonce, own.cluster))
    encoding.writeUint8(encoder, ROLES.indexOf(own.role))
    encoding.writeVarUint(encoder, own.keyIds.length)
    for (const id of own.keyIds) encoding.writeVarString(encoder, id)
  })
}

function readIntroduction(decoder: decoding.Decoder): Introduction {
  const id = readWord(decoder)
  const publicKey = readFixed(decoder, KEY_BYTES)
  const nonce = readFixed(decoder, NONCE_BYTES)
  const cluster = readFixed(decoder, 32)
  const role = readChoice(decoder, ROLES)
  const count = readCount(decoder)
  if (count > SECRETS_MAX) throw new RefusalError('malformed')
  const keyIds = Array.from({ length: count }, () => readWord(decoder))
  return { id, publicKey, nonce, role, cluster, keyIds }
}
