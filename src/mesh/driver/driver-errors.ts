/** Why the mesh does not take this member in. */
import { MESH_CATALOGUE } from '../../base/error-catalogue.mesh.js'
import { AuthError, TransportError } from '../../base/errors.js'
import { MEMBERS_MAX } from '../../base/member-limits.js'
import { READERS_PER_NODE_MAX, READERS_PER_TAB_MAX } from '../protocol/protocol-limits.js'

export function clusterFull(peer: string): TransportError {
  return new TransportError(
    'ERR_CLUSTER_FULL',
    `Member ${peer} did not take this one in: its cluster has ${MEMBERS_MAX} members`,
    MESH_CATALOGUE.TransportError.ERR_CLUSTER_FULL,
  )
}

export function identityTaken(id: string): AuthError {
  return new AuthError(
    'ERR_IDENTITY_TAKEN',
    `Another process or tab runs as this member, ${id}, and was started later; this one has left the cluster`,
    MESH_CATALOGUE.AuthError.ERR_IDENTITY_TAKEN,
  )
}

export function memberFull(peer: string): TransportError {
  return new TransportError(
    'ERR_MEMBER_FULL',
    `Member ${peer} has no room for one more link, and knows of no other that has`,
    {
      ...MESH_CATALOGUE.TransportError.ERR_MEMBER_FULL,
      why: `A tab takes ${READERS_PER_TAB_MAX} readers and a Node member ${READERS_PER_NODE_MAX}: there are more readers than slots`,
    },
  )
}
