/** What can be wrong with a data folder, in words. */
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
  return new StorageError('ERR_DATA_LOCKED', {
    what: `The data folder ${folder} is in use by the process ${pid}`,
    why: 'Each member needs a data folder of its own: two with one folder would have one identity',
    fix: `Stop the process ${pid}, or give this one another folder`,
  })
}

export function corrupt(folder: string, damages: readonly Damage[]): StorageError {
  return new StorageError('ERR_DATA_CORRUPT', {
    what: `No snapshot in ${folder} is whole (${listed(damages)})`,
    why: 'The disk damaged the files, or something else wrote to them',
    fix: 'Put a copy of the folder back, or move the folder away: the member then starts empty and takes the state from the others. Nothing was deleted',
  })
}

export function tooNew(path: string, version: number): StorageError {
  return new StorageError('ERR_DATA_CORRUPT', {
    what: `${path} has the format version ${version}, which this program does not know`,
    why: 'A newer version of gossip-kv wrote it',
    fix: 'Start that version again, or move the folder away. Nothing was deleted',
  })
}

export function survived(folder: string, damages: readonly Damage[]): StorageError {
  return new StorageError('ERR_DATA_CORRUPT', {
    what: `The state in ${folder} was read around damage (${listed(damages)})`,
    why: 'The disk damaged the files, or something else wrote to them',
    fix: 'Check the disk. What is missing comes back from the other members; a damaged snapshot is kept with the ending .damaged',
  })
}

export function torn(folder: string, name: string, bytes: number): StorageError {
  return new StorageError('ERR_DATA_TORN', {
    what: `The last ${bytes} bytes of ${name} in ${folder} are no whole record and were left out`,
    why: 'The process or the machine stopped in the middle of a write',
    fix: 'Nothing needs to be done: no write was lost that flush() had waited for, and others come back from the other members',
  })
}

export function unreadableIdentity(path: string, reason: string): StorageError {
  return new StorageError('ERR_DATA_CORRUPT', {
    what: `${path} holds no identity (${reason})`,
    why: 'The disk damaged the file, or something else wrote to it',
    fix: 'Nothing needs to be done: the member takes a new identity and replaces the file',
  })
}

export function notOpen(folder: string): StorageError {
  return new StorageError('ERR_DATA_UNWRITABLE', {
    what: `The data folder ${folder} is not open`,
    why: 'It was closed, or never opened',
    fix: 'Call open() first',
  })
}

export function needsSnapshot(folder: string): StorageError {
  return new StorageError('ERR_DATA_UNWRITABLE', {
    what: `The log in ${folder} takes no more records`,
    why: 'An earlier write to it failed, and what a disk holds after that is not known',
    fix: 'Call snapshot(), which begins new files',
  })
}

/** Translates a system error. */
export function failedDisk(folder: string, cause: unknown): StorageError {
  const isFull = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(codeOf(cause) ?? '')
  const what = `The data folder ${folder} cannot be read or written (${messageOf(cause)})`
  const text = isFull
    ? { what, why: 'The disk is full, or this user has used up its share', fix: 'Make room' }
    : {
        what,
        why: 'It belongs to another user, the disk is read-only, broken or gone, or a file stands where the folder should be',
        fix: 'Make the folder writable for this user, mend the disk, or give another folder',
      }
  text.fix += '. The state in memory is not affected, and is saved again as soon as that works'
  return new StorageError(isFull ? 'ERR_DATA_FULL' : 'ERR_DATA_UNWRITABLE', text, { cause })
}

function listed(damages: readonly Damage[]): string {
  return damages.map(({ name, reason }) => `${name}: ${reason}`).join('; ')
}
