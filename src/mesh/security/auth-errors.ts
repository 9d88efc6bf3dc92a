/** The texts of refusals: by whom, and why. */
import { MESH_CATALOGUE } from '../../base/error-catalogue.mesh.js'
import { AuthError, type GossipKvError, shown, TransportError } from '../../base/errors.js'

/** Why a handshake ends. Its place in this list goes over the wire: names are appended, never moved. */
export const REFUSALS = [
  'malformed',
  'cluster',
  'epoch',
  'id',
  'self',
  'fingerprint',
  'proof',
  'role',
  'full',
  'timeout',
] as const
export type Refusal = (typeof REFUSALS)[number]

const TEXTS: Readonly<Record<Refusal, { what: string; why: string; fix: string }>> = {
  malformed: {
    what: 'its handshake could not be read',
    why: 'It has no secret, or runs a foreign or broken implementation',
    fix: 'Give every member of the cluster the secret, and the same version',
  },
  cluster: {
    what: 'it belongs to another cluster',
    why: 'The members have different cluster names, or secrets that were made apart',
    fix: 'Give all of them the same `cluster` and `secret`',
  },
  epoch: {
    what: 'no key is held by both',
    why: 'One of the two missed a rotation',
    fix: 'Install the present key there',
  },
  id: {
    what: 'its id is not the hash of its key',
    why: 'It claims to be another member',
    fix: 'Find out who runs it',
  },
  self: {
    what: 'it answers with the id or the words of this member',
    why: 'Somebody reflects what this member says, or two processes share one data folder',
    fix: 'Give each process a data folder of its own',
  },
  fingerprint: {
    what: 'the connection does not have exactly one sha-256 fingerprint on each side',
    why: 'Somebody changed the descriptions on their way',
    fix: 'Distrust the signaling server that was used',
  },
  proof: {
    what: 'its proof does not hold for this connection',
    why: 'Somebody stands between the two, or the peer does not hold the secret',
    fix: 'Distrust the signaling server that was used',
  },
  role: {
    what: 'its role does not allow it',
    why: 'It claims to write without the secret of writers',
    fix: 'Pass the secret of writers to those that write',
  },
  full: {
    what: 'too many others stand in line',
    why: 'Many members join at once',
    fix: 'Nothing: it is dialed again soon, and others meanwhile',
  },
  timeout: {
    what: 'its handshake did not come through in time',
    why: 'It has no secret, or the connection stalls',
    fix: 'Give every member of the cluster the secret',
  },
}

/** This member refused `peer`. */
export function refused(peer: string, refusal: Exclude<Refusal, 'epoch'>): AuthError {
  const { what, why, fix } = TEXTS[refusal]
  return new AuthError('ERR_AUTH_FAILED', `Member ${peer} was refused: ${what}`, { why, fix })
}

/** `peer` refused this member. Its word alone: it is not known who said so. */
export function refusedBy(peer: string, refusal: Refusal): GossipKvError {
  const { what, why, fix } = TEXTS[refusal]
  if (refusal === 'full')
    return new TransportError('ERR_PEER_BUSY', `Member ${peer} is busy: ${what}`, { why, fix })
  return new AuthError('ERR_AUTH_REFUSED', `Member ${peer} refused this member, which it sees so: ${what}`, {
    ...MESH_CATALOGUE.AuthError.ERR_AUTH_REFUSED,
    why,
  })
}

/** `peer` and this member hold no key in common. */
export function keyMissing(
  peer: string,
  own: readonly string[],
  theirs: readonly string[] | undefined,
): AuthError {
  const held = theirs === undefined ? 'another key' : `key ${theirs.map((id) => shown(id)).join(', ')}`
  return new AuthError(
    'ERR_AUTH_EPOCH',
    `Member ${peer} holds ${held}; this one holds key ${own.map((id) => shown(id)).join(', ')}`,
    MESH_CATALOGUE.AuthError.ERR_AUTH_EPOCH,
  )
}

/** `peer` passed on what nobody signed. */
export function forged(peer: string, id: string): AuthError {
  return new AuthError(
    'ERR_SIGNATURE_INVALID',
    `Member ${peer} passed on a claim about ${id} whose signature does not hold`,
    MESH_CATALOGUE.AuthError.ERR_SIGNATURE_INVALID,
  )
}

/** The connection went while it was not known whose it is. */
export function linkOver(peer: string): TransportError {
  return new TransportError('ERR_LINK_CLOSED', `The link to member ${peer} ended during its handshake`, {
    why: 'The member stopped, or gave the link up',
    fix: 'Nothing: it is dialed again later',
  })
}

/** More waits to be checked than may. */
export function tooMuchUnverified(peer: string): AuthError {
  return new AuthError('ERR_AUTH_FAILED', `Member ${peer} sent faster than its signatures can be checked`, {
    why: 'It floods, or this machine is overloaded',
    fix: 'Nothing: its link is closed and made anew later',
  })
}
