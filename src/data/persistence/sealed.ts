/** A persistence whose snapshot and records nobody can read without a key. The identity stays as it is. */
import { STORAGE_CATALOGUE } from '../../base/error-catalogue.storage.js'
import { messageOf, StorageError } from '../../base/errors.js'
import type { Loaded, Persistence } from './persistence.js'

/** Encrypts and decrypts what is stored. `open` rejects for bytes that another key sealed, or that were changed. */
export interface Sealer {
  seal(plain: Uint8Array): Promise<Uint8Array>
  open(sealed: Uint8Array): Promise<Uint8Array>
}

/** The sealer of the member that an identity names, where one has been kept; without a sealer all stays readable. */
export type SealerFor = (identity: Uint8Array | undefined) => Promise<Sealer | undefined>

/**
 * Wraps `inner`, except for its checkpoints, which are sealed by themselves; what does not open fails `open()` with
 * ERR_DATA_SEALED, and stays untouched.
 */
export function sealedPersistence(inner: Persistence, sealerFor: SealerFor): Persistence {
  let sealer: Sealer | undefined
  const seal = async (plain: Uint8Array) => sealer?.seal(plain) ?? plain
  return {
    ...(inner.optional === undefined ? {} : { optional: inner.optional }),
    ...(inner.checkpoints && { checkpoints: inner.checkpoints }),
    async open() {
      const loaded = await inner.open()
      try {
        sealer = await sealerFor(loaded.identity)
        return sealer ? await opened(loaded, sealer) : loaded
      } catch (error) {
        await inner.close()
        throw error
      }
    },
    saveIdentity: (identity) => inner.saveIdentity(identity),
    append: async (records) => inner.append(await Promise.all(records.map(seal))),
    snapshot: async (content) => inner.snapshot(await seal(content)),
    close: () => inner.close(),
  }
}

async function opened({ snapshot, records, ...rest }: Loaded, sealer: Sealer): Promise<Loaded> {
  try {
    const open = (sealed: Uint8Array) => sealer.open(sealed)
    return {
      ...rest,
      ...(snapshot === undefined ? {} : { snapshot: await open(snapshot) }),
      records: await Promise.all(records.map(open)),
    }
  } catch (cause) {
    throw wrongKey(cause)
  }
}

function wrongKey(cause: unknown): StorageError {
  return new StorageError(
    'ERR_DATA_SEALED',
    `What is stored does not open with the secret of this store (${messageOf(cause)})`,
    { ...STORAGE_CATALOGUE.StorageError.ERR_DATA_SEALED, cause },
  )
}
