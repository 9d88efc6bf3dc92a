/** A persistence that survives the store but not the process: for tests, and for a page that opens a store again. */
import { StorageError } from '../base/errors.js'
import { memoryCheckpoints } from './memory-checkpoints.js'
import type { Loaded, Persistence } from './persistence.js'

/** Keeps the state in this object: a later store that is given the same object finds it. */
export function memoryPersistence(): Persistence {
  return new MemoryPersistence()
}

class MemoryPersistence implements Persistence {
  readonly checkpoints = memoryCheckpoints()
  #id: string | undefined
  #checkpoint: Uint8Array | undefined
  #open = false

  async open(): Promise<Loaded> {
    if (this.#open) throw inUse()
    this.#open = true
    return {
      ...(this.#id === undefined ? {} : { id: this.#id }),
      ...(this.#checkpoint === undefined ? {} : { checkpoint: this.#checkpoint.slice() }),
    }
  }

  async saveId(id: string): Promise<void> {
    this.#id = id
  }

  async save(checkpoint: Uint8Array): Promise<void> {
    this.#checkpoint = checkpoint.slice()
  }

  async close(): Promise<void> {
    this.#open = false
  }
}

function inUse(): StorageError {
  return new StorageError('ERR_DATA_LOCKED', {
    what: 'This memory persistence is in use by another store',
    why: 'Two stores with one state would have one identity',
    fix: 'Close the other store first, or give each its own memoryPersistence()',
  })
}
