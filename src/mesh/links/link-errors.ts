/** The texts of what goes wrong while a link is opened or used. */
import { MESH_CATALOGUE } from '../../base/error-catalogue.mesh.js'
import { type GossipKvError, ProtocolError, TransportError } from '../../base/errors.js'
import { AUTH_BYTES_MAX } from '../wire/wire-limits.js'
import type { CandidateKind } from './signal-filter.js'

/** The kinds of candidates that both sides of an attempt have offered. */
export interface SeenCandidates {
  own: ReadonlySet<CandidateKind>
  theirs: ReadonlySet<CandidateKind>
}

/** No pair of candidates connects. */
export function iceFailed(peer: string, seen: SeenCandidates, cause?: unknown): TransportError {
  const what = `No network path to member ${peer} was found (own candidates: ${list(seen.own)}; theirs: ${list(seen.theirs)})`
  return new TransportError('ERR_ICE_FAILED', what, {
    ...MESH_CATALOGUE.TransportError.ERR_ICE_FAILED,
    fix: nextStep(seen),
    cause,
  })
}

function list(kinds: ReadonlySet<CandidateKind>): string {
  return [...kinds].sort().join(', ') || 'none'
}

function nextStep({ own, theirs }: SeenCandidates): string {
  if (theirs.size === 1 && theirs.has('refused'))
    return 'Give the peer an address in a network, or see the option `allowAddresses`: it offered only loopback, link-local or reserved ones'
  if (theirs.size === 0) return 'See whether signals reach both members: not one candidate of the peer came'
  if (own.has('relay') || theirs.has('relay'))
    return 'See whether the TURN server may reach both members: its candidates are there and carry nothing'
  if (own.has('srflx') && theirs.has('srflx'))
    return 'Add a TURN server to `iceServers`: STUN alone does not cross these address translations'
  return 'Add a STUN or TURN server to `iceServers`, unless both members are in one network that should connect them'
}

/** `iceServers` was a function, and it failed. */
export function iceServersFailed(peer: string, cause: unknown): TransportError {
  const what = `The function given as \`iceServers\` failed while member ${peer} was dialed`
  return new TransportError('ERR_ICE_FAILED', what, {
    why: 'The service that hands out TURN credentials did not answer',
    fix: 'Look at the cause of this error; the member is dialed again later',
    cause,
  })
}

/** The peer never answered. */
export function dialTimeout(peer: string, millis: number): TransportError {
  return new TransportError(
    'ERR_DIAL_TIMEOUT',
    `Member ${peer} did not answer a dial within ${millis} ms`,
    MESH_CATALOGUE.TransportError.ERR_DIAL_TIMEOUT,
  )
}

/** The peer, or this process, is in too many handshakes. */
export function peerBusy(peer: string, who: 'peer' | 'self'): TransportError {
  return new TransportError(
    'ERR_PEER_BUSY',
    who === 'peer' ? `Member ${peer} is too busy for a link` : `Too many dials wait; ${peer} was not dialed`,
    MESH_CATALOGUE.TransportError.ERR_PEER_BUSY,
  )
}

/** The attempt was given up on this side. */
export function dialAborted(peer: string): TransportError {
  return new TransportError('ERR_ABORTED', `The dial of member ${peer} was given up`, {
    why: 'The link was no longer wanted',
  })
}

/** An open link broke. */
export function linkClosed(peer: string, cause?: unknown): TransportError {
  return new TransportError('ERR_LINK_CLOSED', `The link to member ${peer} broke`, {
    ...MESH_CATALOGUE.TransportError.ERR_LINK_CLOSED,
    cause,
  })
}

/** The same peer came with a new connection. */
export function linkReplaced(peer: string): TransportError {
  return new TransportError('ERR_LINK_CLOSED', `The link to member ${peer} was replaced by a new one`, {
    ...MESH_CATALOGUE.TransportError.ERR_LINK_CLOSED,
    why: 'Its tab was reloaded, or the old link was dead on one side',
  })
}

/** The peer sent more than somebody may who is not known. */
export function tooMuchUnadmitted(peer: string): ProtocolError {
  return new ProtocolError(
    'ERR_FRAME_MALFORMED',
    `Member ${peer} sent more than ${AUTH_BYTES_MAX} bytes before it was known`,
    {
      why: 'The peer has no secret, or runs a broken or foreign implementation',
      fix: 'Give every member of the cluster the secret, and the same version',
    },
  )
}

/** More waits for the peer than the queue holds. */
export function linkOverloaded(peer: string, bytes: number, frames: number): TransportError {
  return new TransportError(
    'ERR_LINK_OVERLOADED',
    `The link to member ${peer} was closed with ${bytes} bytes in ${frames} frames waiting`,
    MESH_CATALOGUE.TransportError.ERR_LINK_OVERLOADED,
  )
}

/** A signal that passed the filter and that the WebRTC implementation refused, or that never fitted. */
export function signalRefused(peer: string, cause?: unknown): GossipKvError {
  return new ProtocolError('ERR_SIGNAL_MALFORMED', `A signal of member ${peer} was refused`, {
    ...MESH_CATALOGUE.ProtocolError.ERR_SIGNAL_MALFORMED,
    cause,
  })
}

/** The peer acknowledged what was never sent. */
export function acknowledgementRefused(peer: string): ProtocolError {
  return new ProtocolError(
    'ERR_FRAME_MALFORMED',
    `Member ${peer} acknowledged more than it was sent`,
    MESH_CATALOGUE.ProtocolError.ERR_FRAME_MALFORMED,
  )
}
