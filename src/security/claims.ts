/**
 * Claims about members carry their author's signature: of the owner for records and goodbyes, of the watcher for
 * suspicions. A proof is the author's public key, whose hash is its id, and the signature over the claim and the id
 * of the cluster. So a claim can be checked by whoever gets it, from whomever, and holds in one cluster alone.
 */
import { PROOF_BYTES, peekEnvelope } from '../wire/codec.js'
import { type Claim, FRAME_TAGS, type Frame } from '../wire/frame.js'
import { recordText } from '../wire/record-codec.js'
import { KEY_BYTES, verify } from './ed25519.js'
import { concat, toBase64Url } from './encoding.js'
import { type Identity, idOf } from './identity.js'

/** Proofs that are remembered as good: repair brings the same ones again and again. */
const PROOFS_KNOWN_MAX = 4096
const CLAIM_TAGS: ReadonlySet<number | undefined> = new Set([
  FRAME_TAGS.hello,
  FRAME_TAGS.member,
  FRAME_TAGS.suspect,
  FRAME_TAGS.leave,
  FRAME_TAGS.presence,
])

/** Whether a frame carries claims, without reading the rest of it. False also for what cannot be read. */
export function carriesClaims(bytes: Uint8Array): boolean {
  try {
    return peekEnvelope(bytes)?.body === 'claims' || CLAIM_TAGS.has(bytes[1])
  } catch {
    return false
  }
}

/** Whether a frame is an envelope of another origin than `self`. */
export function isPassedOn(bytes: Uint8Array, self: string): boolean {
  const envelope = peekEnvelope(bytes)
  return envelope !== undefined && envelope.origin !== self
}

/** The claims in a frame. HELLO is its sender's record. */
export function claimsOf(frame: Frame): readonly Claim[] {
  switch (frame.type) {
    case 'hello': {
      const { id, record, lease, proof } = frame
      return [{ type: 'member', id, record, lease, ...(proof && { proof }) }]
    }
    case 'member':
    case 'suspect':
    case 'leave':
    case 'presence':
      return [frame]
    case 'gossip':
      return frame.body.type === 'claims' ? frame.body.claims : []
    default:
      return []
  }
}

/** Signs the claims of one member and checks those of all others. */
export class ClaimProofs {
  readonly #identity: Identity
  readonly #clusterId: string
  /** What this member last signed, by what it is about. */
  readonly #own = new Map<string, { text: string; proof: Uint8Array }>()
  /** Signature -> what it was good for, oldest first. */
  readonly #good = new Map<string, string>()

  constructor(identity: Identity, clusterId: string) {
    this.#identity = identity
    this.#clusterId = clusterId
  }

  /**
   * The frame with this member's own claims signed, at once where they were signed before, and without those of others
   * that came without a proof; undefined when nothing is left.
   */
  sign(frame: Frame): Frame | undefined | Promise<Frame | undefined> {
    const missing = claimsOf(frame).filter((claim) => !claim.proof && this.#isOwn(claim))
    if (missing.every((claim) => this.#signed(claim))) return this.#withProofs(frame)
    return Promise.all(missing.map((claim) => this.#sign(claim))).then(() => this.#withProofs(frame))
  }

  /** The member that a frame makes a false claim about, or undefined when every claim in it holds. */
  async forgedIn(frame: Frame): Promise<string | undefined> {
    for (const claim of claimsOf(frame)) if (!(await this.#holds(claim))) return claim.id
    return undefined
  }

  async #holds(claim: Claim): Promise<boolean> {
    const { proof } = claim
    if (proof?.length !== PROOF_BYTES) return false
    const publicKey = proof.subarray(0, KEY_BYTES)
    const signature = proof.subarray(KEY_BYTES)
    const name = toBase64Url(signature)
    const text = this.#text(claim)
    // The text names the author, and its id the key.
    if (this.#good.get(name) === text) return true
    if ((await idOf(publicKey)) !== authorOf(claim)) return false
    if (!(await verify(publicKey, signature, encoded(text)))) return false
    this.#good.set(name, text)
    for (const oldest of this.#good.keys()) {
      if (this.#good.size <= PROOFS_KNOWN_MAX) break
      this.#good.delete(oldest)
    }
    return true
  }

  async #sign(claim: Claim): Promise<void> {
    const text = this.#text(claim)
    const { publicKey } = this.#identity
    const proof = concat(publicKey, await this.#identity.sign(encoded(text)))
    this.#own.set(subjectOf(claim), { text, proof })
    for (const oldest of this.#own.keys()) {
      if (this.#own.size <= PROOFS_KNOWN_MAX) break
      this.#own.delete(oldest)
    }
  }

  #signed(claim: Claim): Uint8Array | undefined {
    const known = this.#own.get(subjectOf(claim))
    return known?.text === this.#text(claim) ? known.proof : undefined
  }

  #withProofs(frame: Frame): Frame | undefined {
    if (frame.type !== 'gossip') {
      const [claim] = claimsOf(frame)
      const proof = claim && this.#proofOf(claim)
      return proof && ({ ...frame, proof } as Frame)
    }
    const claims = claimsOf(frame).flatMap((claim) => {
      const proof = this.#proofOf(claim)
      return proof ? [{ ...claim, proof }] : []
    })
    return { ...frame, body: { type: 'claims', claims } }
  }

  #proofOf(claim: Claim): Uint8Array | undefined {
    return claim.proof ?? (this.#isOwn(claim) ? this.#signed(claim) : undefined)
  }

  #isOwn(claim: Claim): boolean {
    return authorOf(claim) === this.#identity.id
  }

  /** What is signed. A lease is not: it rises all the time, and stands for nothing but a heartbeat. */
  #text(claim: Claim): string {
    const head = ['gossip-kv claim v1', this.#clusterId, claim.type, claim.id]
    switch (claim.type) {
      case 'member':
        return JSON.stringify([...head, recordText(claim.record)])
      case 'suspect':
        return JSON.stringify([...head, claim.incarnation, claim.by])
      case 'leave':
        return JSON.stringify([...head, claim.incarnation])
      case 'presence':
        return JSON.stringify([...head, claim.version, claim.frozen, toBase64Url(claim.state)])
      default:
        return claim satisfies never
    }
  }
}

function authorOf(claim: Claim): string {
  return claim.type === 'suspect' ? claim.by : claim.id
}

function subjectOf(claim: Claim): string {
  return `${claim.type}:${claim.id}`
}

function encoded(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text)
}
