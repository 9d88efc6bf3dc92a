/** A persistence that survives the store but not the process: for tests, and for a page that opens a store again. */
import { StorageError } from '../../base/errors.js'
import { memoryCheckpoints } from './memory-checkpoints.js'
import type { Loaded, Persistence } from './persistence.js'

/** Keeps the state in this object: a later store that is given the same object finds it. */
export function memoryPersistence(): Persistence {
  return new MemoryPersistence()
}

class MemoryPersistence implements Persistence {
  readonly checkpoints = memoryCheckpoints()
  #identity: Uint8Array | undefined
  #snapshot: Uint8Array | undefined
  #records: Uint8Array[] = []
  #open = false

  async open(): Promise<Loaded> {
    if (this.#open) throw inUse()
    this.#open = true
    return {
      ...(this.#identity && { identity: this.#identity.slice() }),
      ...(this.#snapshot && { snapshot: this.#snapshot.slice() }),
      records: this.#records.map((record) => record.slice()),
    }
  }

  async saveIdentity(identity: Uint8Array): Promise<void> {
    this.#assertOpen()
    this.#identity = identity.slice()
  }

  async append(records: readonly Uint8Array[]): Promise<void> {
    this.#assertOpen()
    for (const record of records) this.#records.push(record.slice())
  }

  async snapshot(content: Uint8Array): Promise<void> {
    this.#assertOpen()
    this.#snapshot = content.slice()
    this.#records = []
  }

  async close(): Promise<void> {
    this.#open = false
  }

  #assertOpen(): void {
    if (!this.#open) throw notOpen()
  }
}

function inUse(): StorageError {
  return new StorageError('ERR_DATA_LOCKED', 'This memory persistence is in use by another store', {
    why: 'Two stores with one state would have one identity',
    fix: 'Close the other store first, or give each its own memoryPersistence()',
  })
}

function notOpen(): StorageError {
  return new StorageError('ERR_DATA_UNWRITABLE', 'This memory persistence is not open', {
    why: 'It was closed, or never opened',
    fix: 'Call open() first',
  })
}
