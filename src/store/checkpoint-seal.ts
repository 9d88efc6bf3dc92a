/** How checkpoints are sealed where the cluster has a secret; the keyring of the cluster offers it. */

/** Seals under the newest key, opens under all that are known. */
export interface CheckpointSeal {
  /** Names the key that seals now. */
  readonly epoch: string
  seal(bytes: Uint8Array): Promise<Uint8Array>
  /** Rejects what was sealed under an unknown key, or was changed. */
  open(bytes: Uint8Array): Promise<Uint8Array>
}
