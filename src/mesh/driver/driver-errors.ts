/** Why the mesh does not take this member in. */
import { AuthError, TransportError } from '../../base/errors.js'
import { MEMBERS_MAX } from '../../base/member-limits.js'
import { READERS_PER_NODE_MAX, READERS_PER_TAB_MAX } from '../protocol/protocol-limits.js'

export function clusterFull(peer: string): TransportError {
  return new TransportError('ERR_CLUSTER_FULL', {
    what: `Member ${peer} did not take this one in: its cluster has ${MEMBERS_MAX} members`,
    why: 'A cluster has so many, or somebody made members up',
    fix: 'Use several clusters; where members cannot be trusted, give the cluster a secret',
  })
}

export function identityTaken(id: string): AuthError {
  return new AuthError('ERR_IDENTITY_TAKEN', {
    what: `Another process or tab runs as this member, ${id}, and was started later; this one has left the cluster`,
    why: 'Its data folder or stored identity was copied, so that both have one key and one id',
    fix: 'Stop one of the two, give it a data folder of its own without the copied identity, and start it anew',
  })
}

export function memberFull(peer: string): TransportError {
  return new TransportError('ERR_MEMBER_FULL', {
    what: `Member ${peer} has no room for one more link, and knows of no other that has`,
    why: `A tab takes ${READERS_PER_TAB_MAX} readers and a Node member ${READERS_PER_NODE_MAX}: there are more readers than slots`,
    fix: 'It gets in by itself when a slot is free; start a Node member that writes, or one more tab',
  })
}
