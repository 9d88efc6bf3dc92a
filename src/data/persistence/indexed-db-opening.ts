/** Opens the database of one member, and tells when the browser has lost what was in it. */
import type { GossipKvError } from '../../base/errors.js'
import { inOtherTab, tooNew, unsupported } from './indexed-db-errors.js'

const VERSION = 1

export interface Opened {
  database: IDBDatabase
  /** There was a database before, and it is gone. */
  isLost: boolean
}

/** Opens `name` and makes its object `stores` when it is new. Only for the holder of its lock. */
export async function openDatabase(name: string, stores: readonly string[]): Promise<Opened> {
  if (!globalThis.indexedDB) throw unsupported(name, 'IndexedDB')
  const wasDropped = await beginLogFile(name)
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name, VERSION)
    let isRefused = false
    let isNew = false
    opening.onupgradeneeded = () => {
      isNew = true
      for (const store of stores) opening.result.createObjectStore(store)
    }
    const refuse = (error: GossipKvError | DOMException | null) => {
      isRefused = true
      reject(error)
    }
    opening.onblocked = () => refuse(inOtherTab(name))
    opening.onerror = () => refuse(opening.error?.name === 'VersionError' ? tooNew(name) : opening.error)
    opening.onsuccess = () => {
      const database = opening.result
      if (isRefused) database.close()
      else resolve({ database, isLost: isNew && (wasDropped || isMarked(name)) })
    }
  })
}

/** Notes outside of the database that there is something in it. */
export function mark(name: string): void {
  try {
    localStorage.setItem(name, 'saved')
  } catch {
    // Workers have no localStorage, and some windows do not let a page use it.
  }
}

function isMarked(name: string): boolean {
  try {
    return localStorage.getItem(name) !== null
  } catch {
    return false
  }
}

/**
 * Makes Chromium go on in a new file of its LevelDB log; true if it had found the databases corrupt and dropped them.
 * After a kill in the middle of a write that log ends in part of a record. Chromium would append to it, find the
 * part in its middle at the start after, take it for corruption and drop all databases of the origin
 * (google/leveldb issue 1287). Deleting a database, an empty one too, compacts what is in memory, and with it the
 * old file goes.
 */
function beginLogFile(name: string): Promise<boolean> {
  // Only Chromium has this property.
  if (!('dataLoss' in IDBVersionChangeEvent.prototype)) return Promise.resolve(false)
  const scratch = `gossip-kv-scratch:${name}`
  return new Promise((resolve) => {
    let wasDropped = false
    const end = () => resolve(wasDropped)
    const opening = indexedDB.open(scratch)
    opening.onupgradeneeded = (event) => {
      wasDropped = 'dataLoss' in event && event.dataLoss === 'total'
    }
    opening.onerror = end
    opening.onblocked = end
    opening.onsuccess = () => {
      opening.result.close()
      const deletion = indexedDB.deleteDatabase(scratch)
      deletion.onsuccess = end
      deletion.onerror = end
      deletion.onblocked = end
    }
  })
}
