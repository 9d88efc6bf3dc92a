/** Checkpoints in IndexedDB. */
import type { CheckpointStorage } from './checkpoint-storage.js'

/**
 * Keeps checkpoints in the IndexedDB database `gossip-kv-checkpoints:NAME` of this origin. The browser is only asked
 * for it, and what does it loaded, when a checkpoint is made or read.
 */
export function indexedDbCheckpoints(name: string): CheckpointStorage {
  const open = async () =>
    (await import('./indexed-db-bytes.js')).indexedDbBytes(`gossip-kv-checkpoints:${name}`)
  return {
    list: async () => (await open()).list(),
    read: async (key) => (await open()).read(key),
    write: async (key, bytes) => (await open()).write(key, bytes),
    remove: async (key) => (await open()).remove(key),
  }
}
