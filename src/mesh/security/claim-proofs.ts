/**
 * Claims about members carry their author's signature: of the owner for records and goodbyes, of the watcher for
 * suspicions. So do messages of the application. A proof is the author's public key, whose hash is its id, and the signature over the claim and the id
 * of the cluster. So every member can check a claim, whatever neighbor brings it, and it holds in one cluster alone.
 */

import { BoundedMap } from '../../base/bounded-map.js'
import { concat } from '../../base/bytes.js'
import type { MemberRole } from '../../base/member.js'
import { MEMBERS_MAX } from '../../base/member-limits.js'
import { RateLimiter } from '../rate-limit/rate-limiter.js'
import { peekEnvelope } from '../wire/codec.js'
import type { AckFrame, Frame } from '../wire/frame.js'
import { PROOF_BYTES } from '../wire/frame-layouts.js'
import { claimsOf, FRAMES, type Signed, typeOfTag } from '../wire/frames.js'
import { recordText } from '../wire/record-codec.js'
import { KEY_BYTES, verify } from './ed25519.js'
import { toBase64Url } from './encoding.js'
import { type Identity, idOf } from './identity.js'

/** Proofs that are remembered as good: repair brings the same ones again and again. */
const PROOFS_KNOWN_MAX = 4096
/** Messages of this member whose proofs are remembered. */
const MESSAGES_KNOWN = 16
/** Whether a frame carries claims, without reading the rest of it. False also for what cannot be read. */
export function carriesClaims(bytes: Uint8Array): boolean {
  try {
    const body = peekEnvelope(bytes)?.body
    return body === 'claims' || body === 'message' || (body === undefined && isSigned(typeOfTag(bytes[1])))
  } catch {
    return false
  }
}

/** Whether a frame is an envelope of another origin than `self`. */
export function isPassedOn(bytes: Uint8Array, self: string): boolean {
  const envelope = peekEnvelope(bytes)
  return envelope !== undefined && envelope.origin !== self
}

function isSigned(type: Frame['type'] | undefined): boolean {
  return type !== undefined && FRAMES[type].claims !== undefined
}

/** Signs the claims of one member and checks those of all others. */
export class ClaimProofs {
  readonly #identity: Identity
  readonly #clusterId: string
  /** What this member last signed, by what it is about. */
  readonly #own = new BoundedMap<string, { text: string; proof: Uint8Array }>(PROOFS_KNOWN_MAX)
  /** Signature -> what it was good for. */
  readonly #good = new BoundedMap<string, string>(PROOFS_KNOWN_MAX)
  /** The greatest number that held of each author and subject. */
  readonly #latest = new BoundedMap<string, number>(2 * MEMBERS_MAX)
  readonly #limiter = new RateLimiter()

  constructor(identity: Identity, clusterId: string) {
    this.#identity = identity
    this.#clusterId = clusterId
  }

  /**
   * The frame with this member's own claims signed, at once where they were signed before, and without those of others
   * that came without a proof; undefined when nothing is left.
   */
  sign(frame: Frame): Frame | undefined | Promise<Frame | undefined> {
    const claims = claimsOf(frame)
    const known = claims.map((claim) => claim.proof ?? this.#signed(claim))
    if (claims.every((claim, index) => known[index] || !this.#isOwn(claim))) return withProofs(frame, known)
    const proofs = claims.map(
      (claim, index) => known[index] ?? (this.#isOwn(claim) ? this.#sign(claim) : undefined),
    )
    return Promise.all(proofs).then((all) => withProofs(frame, all))
  }

  /** An answer of this member with its proof. */
  async signAck(ack: AckFrame): Promise<AckFrame> {
    const { publicKey } = this.#identity
    return { ...ack, proof: concat(publicKey, await this.#identity.sign(encoded(this.#ackText(ack)))) }
  }

  /** Whether it is the answer of whom it says. */
  async isAckTrue(ack: AckFrame): Promise<boolean> {
    return isProof(ack.proof, ack.from, this.#ackText(ack))
  }

  /**
   * Whether every claim in a frame of `peer` holds; who is lied about where one does not. `unread` when somebody has had as
   * many checked as it may (what is known, and what is no proof by its length, is not among them), or when a broadcast
   * tells nothing but what its authors have overtaken: nobody would act on it.
   */
  async check(
    frame: Frame,
    peer: { id: string; role: MemberRole },
    now: number,
  ): Promise<'good' | 'unread' | { forged: string }> {
    const claims = claimsOf(frame)
    const isOver = claims.length > 0 && claims.every((claim) => this.#isOvertaken(claim))
    if (frame.type === 'gossip' && isOver) return 'unread'
    for (const claim of claims) {
      const text = this.#text(claim)
      if (this.#isKnown(claim, text)) continue
      const hasProof = claim.proof?.length === PROOF_BYTES
      if (hasProof && !this.#pays(claim, peer, now)) return 'unread'
      if (!(await isProof(claim.proof, authorOf(claim), text)))
        return { forged: claim.type === 'message' ? claim.from : claim.id }
      this.#learn(claim, text)
    }
    return 'good'
  }

  /** The text names the author, and its id the key. */
  #isKnown({ proof }: Signed, text: string): boolean {
    return proof !== undefined && this.#good.get(toBase64Url(proof.subarray(KEY_BYTES))) === text
  }

  #isOvertaken(claim: Signed): boolean {
    return claim.type !== 'message' && numberOf(claim) < (this.#latest.get(lineOf(claim)) ?? 0)
  }

  /** What an author said before is on the link that brings it again: others must not use up what it may say. */
  #pays(claim: Signed, { id, role }: { id: string; role: MemberRole }, now: number): boolean {
    if (!this.#limiter.take(`${role}Proofs`, id, now)) return false
    const isNews = numberOf(claim) > (this.#latest.get(lineOf(claim)) ?? -1)
    return !isNews || this.#limiter.take('authorProofs', authorOf(claim), now)
  }

  #learn(claim: Signed, text: string): void {
    const line = lineOf(claim)
    this.#latest.set(line, Math.max(numberOf(claim), this.#latest.get(line) ?? -1))
    // Nobody repeats a message, and it may be long.
    if (claim.type === 'message' || claim.proof === undefined) return
    this.#good.set(toBase64Url(claim.proof.subarray(KEY_BYTES)), text)
  }

  async #sign(claim: Signed): Promise<Uint8Array> {
    const text = this.#text(claim)
    const { publicKey } = this.#identity
    const proof = concat(publicKey, await this.#identity.sign(encoded(text)))
    this.#own.set(subjectOf(claim), { text, proof })
    return proof
  }

  #signed(claim: Signed): Uint8Array | undefined {
    if (!this.#isOwn(claim)) return undefined
    const known = this.#own.get(subjectOf(claim))
    return known?.text === this.#text(claim) ? known.proof : undefined
  }

  #isOwn(claim: Signed): boolean {
    return authorOf(claim) === this.#identity.id
  }

  /** What is signed. A lease is not: it rises all the time, and stands for nothing but a heartbeat. */
  #text(claim: Signed): string {
    const about = claim.type === 'message' ? claim.from : claim.id
    const head = ['gossip-kv claim v1', this.#clusterId, claim.type, about]
    switch (claim.type) {
      case 'member':
        return JSON.stringify([...head, recordText(claim.record)])
      case 'suspect':
        return JSON.stringify([...head, claim.incarnation, claim.by])
      case 'leave':
        return JSON.stringify([...head, claim.incarnation])
      case 'presence':
        return JSON.stringify([...head, claim.version, claim.frozen, toBase64Url(claim.state)])
      case 'message':
        return JSON.stringify([...head, claim.to, claim.number, toBase64Url(claim.bytes)])
      default:
        return claim satisfies never
    }
  }

  /** It says what is held, not what was asked: anybody can ask in another one's name. */
  #ackText({ from, to, marks }: AckFrame): string {
    const held = marks.map(({ session, n }) => [session, n])
    return JSON.stringify(['gossip-kv ack v1', this.#clusterId, from, to, held])
  }
}

/** The frame with the proofs of its claims, in their order. */
function withProofs(frame: Frame, proofs: readonly (Uint8Array | undefined)[]): Frame | undefined {
  const [proof] = proofs
  if (frame.type !== 'gossip') return proof && ({ ...frame, proof } as Frame)
  const { body } = frame
  if (body.type === 'message') return proof && { ...frame, body: { ...body, proof } }
  const claims = (body.type === 'claims' ? body.claims : []).flatMap((claim, index) => {
    const own = proofs[index]
    return own ? [{ ...claim, proof: own }] : []
  })
  return { ...frame, body: { type: 'claims', claims } }
}

/** Whether `author` signed `text`. */
async function isProof(proof: Uint8Array | undefined, author: string, text: string): Promise<boolean> {
  if (proof?.length !== PROOF_BYTES) return false
  const publicKey = proof.subarray(0, KEY_BYTES)
  return (await idOf(publicKey)) === author && verify(publicKey, proof.subarray(KEY_BYTES), encoded(text))
}

function authorOf(claim: Signed): string {
  return claim.type === 'message' ? claim.from : claim.type === 'suspect' ? claim.by : claim.id
}

/** What rises from one claim of an author to its next one about the same. */
function numberOf(claim: Signed): number {
  if (claim.type === 'member') return claim.record.incarnation
  if (claim.type === 'presence') return claim.version
  return claim.type === 'message' ? claim.number : claim.incarnation
}

function lineOf(claim: Signed): string {
  return `${authorOf(claim)} ${claim.type} ${claim.type === 'suspect' ? claim.id : ''}`
}

/** Of messages the last ones are enough, each on its way along several links. */
function subjectOf(claim: Signed): string {
  return claim.type === 'message' ? `message:${claim.number % MESSAGES_KNOWN}` : `${claim.type}:${claim.id}`
}

function encoded(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}
