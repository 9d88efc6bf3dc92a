/** Checkpoints in memory: they go with the object that holds them. */
import type { CheckpointStorage } from './checkpoint-storage.js'

/** An empty place for checkpoints in this process. */
export function memoryCheckpoints(): CheckpointStorage {
  const kept = new Map<string, Uint8Array>()
  return {
    list: async () => [...kept.keys()],
    read: async (name) => kept.get(name)?.slice(),
    write: async (name, bytes) => void kept.set(name, bytes.slice()),
    remove: async (name) => void kept.delete(name),
  }
}
