/** The persistence of a browser tab. What does the work is loaded when it opens: other pages do not carry it. */
import { indexedDbCheckpoints } from './indexed-db-checkpoints.js'
import type { IndexedDbFolder } from './indexed-db-folder.js'
import type { Persistence } from './persistence.js'

/**
 * Keeps the state of one member in the IndexedDB database `gossip-kv:NAME` of this origin, one tab at a time: a
 * second tab serves from memory, says so in `status.storageError`, and takes over when the first one ends. It is
 * `optional`: private windows and a full quota are no reason for a page not to start. Needs a secure context
 * (https, or localhost). `navigator.storage.persist()` keeps browsers from evicting it.
 */
export function indexedDbPersistence(name: string): Persistence {
  let loading: Promise<IndexedDbFolder> | undefined
  const folder = () => {
    loading ??= import('./indexed-db-folder.js').then(
      (module) => new module.IndexedDbFolder(name),
      (error: unknown) => {
        loading = undefined
        throw error
      },
    )
    return loading
  }
  return {
    optional: true,
    checkpoints: indexedDbCheckpoints(name),
    open: async () => (await folder()).open(),
    // Copied at once: the caller may go on with its buffers while the rest is loaded.
    async saveIdentity(identity) {
      const copy = identity.slice()
      await (await folder()).saveIdentity(copy)
    },
    async append(records) {
      const copies = records.map((record) => record.slice())
      await (await folder()).append(copies)
    },
    async snapshot(content) {
      const copy = content.slice()
      await (await folder()).snapshot(copy)
    },
    close: async () => (await loading)?.close(),
  }
}
