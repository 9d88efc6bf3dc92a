/** How checkpoints are sealed where the cluster has a secret; the keyring of the cluster offers it. */

import type { Sealer } from '../../data/persistence/sealed.js'
import type { Security } from '../../mesh/security/security.js'

/** Seals under the primary key, opens under all that are held. */
export interface CheckpointSeal extends Sealer {
  /** Names the key that seals now. */
  readonly epoch: string
}

/** The seal of a member that has a secret. */
export function checkpointSeal(security: Security | undefined): CheckpointSeal | undefined {
  const epoch = security?.keys.list()[0]?.id
  return security && epoch !== undefined
    ? { epoch, seal: (plain) => security.seal(plain), open: (sealed) => security.open(sealed) }
    : undefined
}
