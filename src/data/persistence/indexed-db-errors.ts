/** What can be wrong with IndexedDB, in words. */
import { STORAGE_CATALOGUE } from '../../base/error-catalogue.storage.js'
import { messageOf, StorageError } from '../../base/errors.js'

export function inOtherTab(name: string): StorageError {
  return new StorageError(
    'ERR_DATA_LOCKED',
    `The database ${name} is in use by another tab, or by another store of this page`,
    {
      ...STORAGE_CATALOGUE.StorageError.ERR_DATA_LOCKED,
      fix: 'Nothing needs to be done in a tab: it serves from memory, and takes over when the other one ends. Within a page, give each store a name of its own',
    },
  )
}

export function unsupported(name: string, missing: string): StorageError {
  return new StorageError(
    'ERR_DATA_UNWRITABLE',
    `The database ${name} cannot be opened: ${missing} is not there`,
    {
      why: 'The page came by plain http, or the browser has storage switched off, as in some private windows',
      fix: 'Serve the page by https or from localhost. The store serves from memory',
    },
  )
}

export function notOpen(name: string): StorageError {
  return new StorageError('ERR_DATA_UNWRITABLE', `The database ${name} is not open`, {
    why: 'It was closed, or never opened',
    fix: 'Call open() first',
  })
}

export function evicted(name: string): StorageError {
  return new StorageError('ERR_DATA_UNWRITABLE', `The database ${name} was taken away`, {
    why: 'The data of the site was cleared, or the browser needed the room',
    fix: 'Nothing needs to be done: everything is saved again from memory. navigator.storage.persist() asks the browser to keep it',
  })
}

export function lost(name: string): StorageError {
  return new StorageError(
    'ERR_DATA_LOST',
    `The database ${name} had something in it, and is new and empty now`,
    STORAGE_CATALOGUE.StorageError.ERR_DATA_LOST,
  )
}

export function tooNew(name: string): StorageError {
  return new StorageError(
    'ERR_DATA_CORRUPT',
    `The database ${name} has a version that this program does not know`,
    {
      why: 'A newer version of gossip-kv wrote it',
      fix: 'Load that version again. Nothing was deleted; the store serves from memory',
    },
  )
}

export function corrupt(name: string, damaged: readonly string[]): StorageError {
  return new StorageError(
    'ERR_DATA_CORRUPT',
    `No snapshot in the database ${name} is whole (${damaged.join('; ')})`,
    {
      ...STORAGE_CATALOGUE.StorageError.ERR_DATA_CORRUPT,
      fix: 'Delete the database: the store then takes the state from the others. Until then it serves from memory, and nothing is deleted',
    },
  )
}

export function damagedParts(name: string, damaged: readonly string[]): StorageError {
  return new StorageError(
    'ERR_DATA_CORRUPT',
    `The database ${name} was read around damage (${damaged.join('; ')})`,
    STORAGE_CATALOGUE.StorageError.ERR_DATA_CORRUPT,
  )
}

/** Translates what IndexedDB fails with. */
export function translated(name: string, cause: unknown): StorageError {
  const kind = cause instanceof DOMException ? cause.name : ''
  const what = `The database ${name} cannot be read or written (${kind || messageOf(cause)})`
  if (kind === 'QuotaExceededError') {
    const why = 'The quota of this site, or the disk, is full'
    const fix = 'Free some room; the store serves from memory, and saves everything as soon as that works'
    return new StorageError('ERR_DATA_FULL', what, { why, fix, cause })
  }
  const why = 'The browser has storage switched off, as in some private windows, or its disk fails'
  const fix = 'The store serves from memory, and tries again'
  return new StorageError('ERR_DATA_UNWRITABLE', what, { why, fix, cause })
}
