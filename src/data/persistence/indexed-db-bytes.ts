/** Bytes by name in IndexedDB: one object store, each write one transaction that is on disk when it ends. */
import type { CheckpointStorage } from './checkpoint-storage.js'

const STORE = 'checkpoints'

/** Keeps bytes by name in a database of this origin. */
export function indexedDbBytes(database: string): CheckpointStorage {
  const inStore = <T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> =>
    withDatabase(database, (opened) => transact(opened, mode, act))
  return {
    list: async () => (await inStore('readonly', (store) => store.getAllKeys())).map(String),
    read: (key) => inStore<Uint8Array | undefined>('readonly', (store) => store.get(key)),
    write: async (key, bytes) => void (await inStore('readwrite', (store) => store.put(bytes, key))),
    remove: (key) => inStore('readwrite', (store) => store.delete(key)),
  }
}

/** Opened for each use: an open connection would block the deletion of the database by the page or by other tabs. */
async function withDatabase<T>(name: string, act: (database: IDBDatabase) => Promise<T>): Promise<T> {
  const opening = indexedDB.open(name, 1)
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE)
  const database = await resultOf(opening)
  try {
    return await act(database)
  } finally {
    database.close()
  }
}

function transact<T>(
  database: IDBDatabase,
  mode: IDBTransactionMode,
  act: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, mode, { durability: 'strict' })
    const request = act(transaction.objectStore(STORE))
    transaction.oncomplete = () => resolve(request.result)
    // A full quota shows at the commit, where no request of ours fails.
    transaction.onabort = () => reject(transaction.error ?? request.error)
  })
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
