/** The texts of what goes wrong with checkpoints. */
import { STORAGE_CATALOGUE } from '../../base/error-catalogue.storage.js'
import { messageOf, StorageError, shown, UsageError } from '../../base/errors.js'
import { MERGE_BYTES_MAX } from '../../data/data-limits.js'

const CHECKPOINT_LABEL_CHARACTERS_MAX = 64
/** Checkpoints in one storage: a list reads the head of each. */
export const CHECKPOINTS_MAX = 1_000

/** There is no such checkpoint. */
export function missing(id: string): StorageError {
  return new StorageError(
    'ERR_CHECKPOINT_MISSING',
    `There is no checkpoint ${shown(id)}`,
    STORAGE_CATALOGUE.StorageError.ERR_CHECKPOINT_MISSING,
  )
}

/** Its bytes are not what was written. */
export function invalid(what: string, reason: string): StorageError {
  return new StorageError(
    'ERR_CHECKPOINT_INVALID',
    `${what} cannot be used: ${reason}`,
    STORAGE_CATALOGUE.StorageError.ERR_CHECKPOINT_INVALID,
  )
}

/** A newer program wrote it. */
export function newerVersion(what: string, version: number): StorageError {
  return new StorageError(
    'ERR_CHECKPOINT_VERSION',
    `${what} has the format version ${version}, which this program does not know`,
    STORAGE_CATALOGUE.StorageError.ERR_CHECKPOINT_VERSION,
  )
}

/** It cannot be opened with the keys that are here, or is not sealed where it has to be. */
export function sealedOtherwise(what: string, reason: string, cause?: unknown): StorageError {
  return new StorageError('ERR_CHECKPOINT_SEALED', `${what} cannot be opened: ${reason}`, {
    ...STORAGE_CATALOGUE.StorageError.ERR_CHECKPOINT_SEALED,
    cause,
  })
}

/** The storage failed. */
export function storageFailed(cause: unknown): StorageError {
  return new StorageError(
    'ERR_DATA_UNWRITABLE',
    `The storage of the checkpoints failed (${messageOf(cause)})`,
    {
      why: 'The disk is full, read-only or gone, or the service behind it cannot be reached',
      fix: 'Mend it and try again; the store itself is not affected',
      cause,
    },
  )
}

/** The storage holds as many as it may. */
export function tooMany(): UsageError {
  return new UsageError('ERR_FULL', `There are ${CHECKPOINTS_MAX} checkpoints already`, {
    why: 'Checkpoints with a label stay until they are removed, and a list reads the head of each',
    fix: 'Remove some with checkpoints.remove()',
  })
}

/** More bytes than any store holds. */
export function tooLarge(bytes: number): UsageError {
  return new UsageError(
    'ERR_TOO_LARGE',
    `The checkpoint has ${bytes} bytes; the limit is ${MERGE_BYTES_MAX}`,
    { why: 'No store holds so much', fix: 'Import what checkpoints.export() gave; nothing was changed' },
  )
}

/** A label, a prefix or bytes that cannot be. */
export function notAllowed(name: string, value: unknown, expected: string): UsageError {
  return new UsageError('ERR_OPTION_INVALID', `The ${name} of a checkpoint is ${shown(value)}`, {
    why: `It has to be ${expected}`,
    fix: 'Correct it in the call',
  })
}

const LONE_SURROGATE = /\p{Surrogate}/u

/** @throws UsageError ERR_OPTION_INVALID */
export function checkOptions(options: unknown): void {
  if (typeof options !== 'object' || options === null)
    throw notAllowed('option object', options, 'an object, as { label } or { prefix }')
}

/** @throws UsageError ERR_OPTION_INVALID */
export function checkLabel(label: unknown): void {
  if (label === undefined) return
  const fits =
    typeof label === 'string' && label.length >= 1 && label.length <= CHECKPOINT_LABEL_CHARACTERS_MAX
  if (fits && label !== 'now' && !LONE_SURROGATE.test(label)) return
  const expected = `a text of 1 to ${CHECKPOINT_LABEL_CHARACTERS_MAX} characters other than 'now'`
  throw notAllowed('label', label, expected)
}
