/** What can be wrong with a data folder, in words. */

import { NODE_CATALOGUE } from '../../base/error-catalogue.node.js'
import { STORAGE_CATALOGUE } from '../../base/error-catalogue.storage.js'
import { messageOf, StorageError } from '../../base/errors.js'

/** A file, or a part of one, that is not what was written. */
export interface Damage {
  name: string
  reason: string
}

/** The `code` of a system error. */
export function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined
}

export function locked(folder: string, pid: number): StorageError {
  return new StorageError('ERR_DATA_LOCKED', `The data folder ${folder} is in use by the process ${pid}`, {
    ...STORAGE_CATALOGUE.StorageError.ERR_DATA_LOCKED,
    fix: `Stop the process ${pid}, or give this one another folder`,
  })
}

export function corrupt(folder: string, damages: readonly Damage[]): StorageError {
  return new StorageError('ERR_DATA_CORRUPT', `No snapshot in ${folder} is whole (${listed(damages)})`, {
    ...STORAGE_CATALOGUE.StorageError.ERR_DATA_CORRUPT,
    fix: 'Put a copy of the folder back, or move the folder away: the member then starts empty and takes the state from the others. Nothing was deleted',
  })
}

export function tooNew(path: string, version: number): StorageError {
  return new StorageError(
    'ERR_DATA_CORRUPT',
    `${path} has the format version ${version}, which this program does not know`,
    {
      why: 'A newer version of gossip-kv wrote it',
      fix: 'Start that version again, or move the folder away. Nothing was deleted',
    },
  )
}

export function survived(folder: string, damages: readonly Damage[]): StorageError {
  return new StorageError(
    'ERR_DATA_CORRUPT',
    `The state in ${folder} was read around damage (${listed(damages)})`,
    {
      ...STORAGE_CATALOGUE.StorageError.ERR_DATA_CORRUPT,
      fix: 'Check the disk. What is missing comes back from the other members; a damaged snapshot is kept with the ending .damaged',
    },
  )
}

export function torn(folder: string, name: string, bytes: number): StorageError {
  return new StorageError(
    'ERR_DATA_TORN',
    `The last ${bytes} bytes of ${name} in ${folder} are no whole record and were left out`,
    NODE_CATALOGUE.StorageError.ERR_DATA_TORN,
  )
}

export function unreadableIdentity(path: string, reason: string): StorageError {
  return new StorageError('ERR_DATA_CORRUPT', `${path} holds no identity (${reason})`, {
    ...STORAGE_CATALOGUE.StorageError.ERR_DATA_CORRUPT,
    fix: 'Nothing needs to be done: the member takes a new identity and replaces the file',
  })
}

export function notOpen(folder: string): StorageError {
  return new StorageError('ERR_DATA_UNWRITABLE', `The data folder ${folder} is not open`, {
    why: 'It was closed, or never opened',
    fix: 'Call open() first',
  })
}

export function needsSnapshot(folder: string): StorageError {
  return new StorageError('ERR_DATA_UNWRITABLE', `The log in ${folder} takes no more records`, {
    why: 'An earlier write to it failed, and what a disk holds after that is not known',
    fix: 'Call snapshot(), which begins new files',
  })
}

/** Translates a system error. */
export function failedDisk(folder: string, cause: unknown): StorageError {
  const isFull = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(codeOf(cause) ?? '')
  const what = `The data folder ${folder} cannot be read or written (${messageOf(cause)})`
  if (isFull)
    return new StorageError('ERR_DATA_FULL', what, { ...STORAGE_CATALOGUE.StorageError.ERR_DATA_FULL, cause })
  return new StorageError('ERR_DATA_UNWRITABLE', what, {
    ...STORAGE_CATALOGUE.StorageError.ERR_DATA_UNWRITABLE,
    why: 'It belongs to another user, the disk is read-only, broken or gone, or a file stands where the folder should be',
    cause,
  })
}

function listed(damages: readonly Damage[]): string {
  return damages.map(({ name, reason }) => `${name}: ${reason}`).join('; ')
}
