/** Members of a cluster with a secret, without a store: their links, what came over them, and a hand on what lies below. */
import type { GossipKvError } from '../../src/base/errors.js'
import type { MemberRecord } from '../../src/base/member.js'
import { systemClock } from '../../src/base/system-clock.js'
import { ClaimProofs } from '../../src/mesh/security/claim-proofs.js'
import { type Identity, identityOf } from '../../src/mesh/security/identity.js'
import { Keyring, type Secret } from '../../src/mesh/security/keyring.js'
import { SecureLinks } from '../../src/mesh/security/secure-links.js'
import type { LinkEvents, Links } from '../../src/mesh/transport.js'
import { encodeFrame } from '../../src/mesh/wire/codec.js'
import type { Frame, HelloFrame } from '../../src/mesh/wire/frame.js'
import type { Signal } from '../../src/mesh/wire/signal.js'

export interface SecuredMember {
  id: string
  identity: Identity
  clusterId: string
  links: SecureLinks
  log: string[]
  frames: { from: string; bytes: Uint8Array }[]
  errors: GossipKvError[]
  /** Sends a frame as it is, past everything that an honest member does to it. */
  inject(peer: string, frame: Frame | Uint8Array): void
  /** Sends a frame with its own claims signed, as nothing but its code would. */
  say(peer: string, frame: Frame): Promise<void>
}

/** Starts a member over `inner`. */
export async function secured(
  inner: Links,
  secret: Secret,
  given: {
    cluster?: string
    identity?: Identity
    role?: 'reader' | 'writer'
    /** Carries its signals. */
    signal?: (peer: string, signal: Signal) => void
  } = {},
): Promise<SecuredMember> {
  const { cluster = 'test', identity = await identityOf() } = given
  const keyring = await Keyring.open(secret, cluster)
  const errors: GossipKvError[] = []
  const role = given.role ?? (keyring.canWrite ? 'writer' : 'reader')
  const links = new SecureLinks({
    ...{ links: inner, identity, keyring, role, cluster, clock: systemClock },
    report: (error) => errors.push(error),
  })
  const proofs = new ClaimProofs(identity, keyring.clusterId)
  const member: SecuredMember = {
    ...{ id: identity.id, identity, clusterId: keyring.clusterId, links, log: [], frames: [], errors },
    inject: (peer, frame) => inner.send(peer, frame instanceof Uint8Array ? frame : encodeFrame(frame), 1),
    say: async (peer, frame) => {
      const signed = await proofs.sign(frame)
      if (signed) member.inject(peer, signed)
    },
  }
  await links.start(identity.id, { ...eventsOf(member), ...(given.signal && { signal: given.signal }) })
  return member
}

function eventsOf(member: SecuredMember): LinkEvents {
  const { log, errors, frames } = member
  return {
    linkUp: (peer) => log.push(`up ${peer}`),
    linkDown: (peer) => log.push(`down ${peer}`),
    dialFailed: (peer, error) => {
      log.push(`failed ${peer}`)
      errors.push(error)
    },
    frame: (from, bytes) => frames.push({ from, bytes }),
    drained: () => undefined,
    signal: () => undefined,
  }
}

/** A record as a member would tell it of itself. */
export function recordOf(change: Partial<MemberRecord> = {}): MemberRecord {
  return {
    ...{ port: null, protocol: 'v1', kind: 'node', role: 'writer', session: 12_345 },
    ...{ incarnation: Date.now(), joined: Date.now(), ...change },
  }
}

/** The first frame of a member to its neighbor. */
export function helloOf(id: string, topic: string, record: MemberRecord): HelloFrame {
  return { type: 'hello', topic, id, record, lease: 1, links: 0, intent: 'join' }
}
