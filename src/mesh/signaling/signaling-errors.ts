/** Why signaling is not there. */
import { MESH_CATALOGUE } from '../../base/error-catalogue.mesh.js'
import { TransportError } from '../../base/errors.js'

/** Credentials and queries may be secrets; they stay out of messages. */
export function publicPart(url: string): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}

/** No server answered; `permission`: what the browser's user said instead of granting one. */
export function unreachable(failures: readonly string[], permission: string | undefined): TransportError {
  if (permission !== undefined) return blocked(failures, permission)
  return new TransportError(
    'ERR_SIGNALING_UNREACHABLE',
    `No signaling server could be reached (${failures.join('; ')})`,
    MESH_CATALOGUE.TransportError.ERR_SIGNALING_UNREACHABLE,
  )
}

function blocked(failures: readonly string[], permission: string): TransportError {
  return new TransportError(
    'ERR_LOCAL_NETWORK_BLOCKED',
    `No signaling server could be reached (${failures.join('; ')}), and the permission of this page for the local network is "${permission}"`,
    MESH_CATALOGUE.TransportError.ERR_LOCAL_NETWORK_BLOCKED,
  )
}

/** The server said no. */
export function refusal(detail: string): TransportError {
  return new TransportError(
    'ERR_SIGNALING_REFUSED',
    `The signaling server refused this member (${detail})`,
    MESH_CATALOGUE.TransportError.ERR_SIGNALING_REFUSED,
  )
}
