/** Checkpoints in whatever `unstorage` has a driver for. */
import { StorageError } from '../../base/errors.js'
import type { CheckpointStorage, RawKeyValueStorage } from './checkpoint-storage.js'

/** Keys of other things may lie beside ours; unstorage separates the parts of a key by colons. */
const BASE = 'checkpoints:'

/** Adapts a storage of the `unstorage` kind. */
export function rawCheckpoints(storage: RawKeyValueStorage): CheckpointStorage {
  return {
    async list() {
      const keys = await storage.getKeys(BASE)
      return keys.filter((key) => key.startsWith(BASE)).map((key) => key.slice(BASE.length))
    },
    async read(name) {
      const found = await storage.getItemRaw(BASE + name)
      return found === null || found === undefined ? undefined : bytesOf(found, name)
    },
    write: (name, bytes) => storage.setItemRaw(BASE + name, bytes),
    remove: (name) => storage.removeItem(BASE + name),
  }
}

/** Whether `value` has the methods of such a storage. */
export function isRawStorage(value: object): value is RawKeyValueStorage {
  return 'getItemRaw' in value && 'setItemRaw' in value && 'getKeys' in value && 'removeItem' in value
}

/** Drivers give back bytes as Uint8Array, Buffer or ArrayBuffer. */
function bytesOf(found: unknown, name: string): Uint8Array {
  if (found instanceof ArrayBuffer) return new Uint8Array(found)
  if (ArrayBuffer.isView(found))
    return new Uint8Array(found.buffer, found.byteOffset, found.byteLength).slice()
  throw new StorageError(
    'ERR_CHECKPOINT_INVALID',
    `The storage gave back a ${typeof found} for ${name}, and no bytes`,
    {
      why: 'Its driver does not keep raw bytes, or something else wrote there',
      fix: 'Use a driver that keeps what setItemRaw() is given',
    },
  )
}
