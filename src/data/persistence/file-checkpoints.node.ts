/**
 * Checkpoints as files of one folder. A file is written under another name, made durable, and only then takes its
 * own: a reader finds all of it or nothing, also after a loss of power.
 */
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { StorageError } from '../../base/errors.js'
import { CHECKPOINT_BYTES_MAX } from '../data-limits.js'
import type { CheckpointStorage } from './checkpoint-storage.js'

const ENDING = '.gkvc'
const TEMPORARY = '.tmp'

/** Keeps checkpoints in `directory`, which is made when it is missing. */
export function fileCheckpoints(directory: string): CheckpointStorage {
  const folder = resolve(directory)
  const pathOf = (name: string) => join(folder, name + ENDING)
  return {
    async list() {
      const names = await unlessMissing(() => readdir(folder), [])
      return names.filter((name) => name.endsWith(ENDING)).map((name) => name.slice(0, -ENDING.length))
    },
    async read(name) {
      const bytes = await unlessMissing(() => readBounded(pathOf(name)), undefined)
      return bytes && new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    },
    async write(name, bytes) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const temporary = pathOf(name) + TEMPORARY
      try {
        await writeDurable(temporary, bytes)
        await rename(temporary, pathOf(name))
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => undefined)
        throw error
      }
      await syncFolder(folder)
    },
    async remove(name) {
      await rm(pathOf(name), { force: true })
    },
  }
}

async function readBounded(path: string): Promise<Buffer> {
  const { size } = await stat(path)
  if (size <= CHECKPOINT_BYTES_MAX) return readFile(path)
  throw new StorageError(
    'ERR_CHECKPOINT_INVALID',
    `${path} has ${size} bytes; the limit is ${CHECKPOINT_BYTES_MAX}`,
    {
      why: 'No store holds so much: something else wrote the file',
      fix: 'Move the file away; nothing was changed',
    },
  )
}

async function writeDurable(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function syncFolder(path: string): Promise<void> {
  // Windows opens no folders; there, a rename is as durable as the file system makes it.
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function unlessMissing<T, U>(read: () => Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return otherwise
    throw error
  }
}
