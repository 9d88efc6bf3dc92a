/** The few calls by which a data folder is kept; tests put a failing or a recording disk in their place. */

import { mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises'
import { holdsLock, type LockResult, releaseLock, takeLock } from './file-lock.node.js'

/** A file that is written from its start to its end. */
export interface NewFile {
  /** Appends all of `bytes`. */
  write(bytes: Uint8Array): Promise<void>
  /** Resolves when all that was written would survive a loss of power. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** What a data folder needs of a disk. Failures are system errors with a `code`. */
export interface FileSystem {
  /** Makes a folder, and those above it, for its owner alone. */
  makeFolder(path: string): Promise<void>
  list(path: string): Promise<string[]>
  read(path: string): Promise<Uint8Array>
  /** Makes a file for its owner alone; fails when it exists. */
  create(path: string): Promise<NewFile>
  rename(from: string, to: string): Promise<void>
  remove(path: string): Promise<void>
  /** Makes the names in a folder survive a loss of power. */
  syncFolder(path: string): Promise<void>
  /** Takes the lock of a folder unless a living process has it. */
  takeLock(path: string): Promise<LockResult>
  holdsLock(path: string, number: number): Promise<boolean>
  releaseLock(path: string, number: number): Promise<void>
}

/** The disk of this machine. */
export const diskFileSystem: FileSystem = {
  makeFolder: async (path) => void (await mkdir(path, { recursive: true, mode: 0o700 })),
  list: (path) => readdir(path),
  read: (path) => readFile(path),
  create,
  rename,
  remove: unlink,
  syncFolder,
  takeLock,
  holdsLock,
  releaseLock,
}

async function create(path: string): Promise<NewFile> {
  const file = await open(path, 'wx', 0o600)
  return {
    write: (bytes) => file.appendFile(bytes),
    sync: () => file.datasync(),
    close: () => file.close(),
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
