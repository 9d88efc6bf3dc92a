/**
 * A data folder of one Node member: its identity, snapshots and logs, safe against kill -9 and power loss. Each
 * snapshot begins a generation; the log of that number holds what came after it. The last two snapshots and every
 * log since the older one are kept, so that a damaged snapshot costs nothing but a warning. Files are written once,
 * from start to end, and never again after a failure: what a disk holds after a failed fsync is not known
 * (Rebello et al. 2020, "Can applications recover from fsync failures?").
 */
import { join, resolve } from 'node:path'
import { GossipKvError } from '../../base/errors.js'
import type { CheckpointStorage } from './checkpoint-storage.js'
import { fileCheckpoints } from './file-checkpoints.node.js'
import {
  codeOf,
  failedDisk,
  locked,
  needsSnapshot,
  notOpen,
  tooNew,
  unreadableIdentity,
} from './file-errors.node.js'
import { generationsIn, logName, type ReadOptions, readFolder, snapshotName } from './file-folder.node.js'
import { frame, unframe } from './file-frame.node.js'
import { encodeRecords, logHead } from './file-log.node.js'
import { diskFileSystem, type FileSystem, type NewFile } from './file-system.node.js'
import type { Loaded, Persistence } from './persistence.js'

/** Snapshots that stay: the newest, and the one to fall back to. */
export const SNAPSHOTS_KEPT = 2

const IDENTITY_NAME = 'identity.gkv'

export interface FilePersistenceOptions {
  /**
   * True: a store starts in memory when the folder cannot be opened, and tries again; what can be read without being
   * written is read, as on a read-only or full disk. Default false: it refuses.
   */
  optional?: boolean
}

/** Keeps the state of one member in `directory`, which is made when it is missing. One process at a time. */
export function filePersistence(directory: string, options: FilePersistenceOptions = {}): Persistence {
  return filePersistenceOn(diskFileSystem, directory, options)
}

/** The same on a disk of the caller's. */
export function filePersistenceOn(
  files: FileSystem,
  directory: string,
  { optional = false }: FilePersistenceOptions = {},
): Persistence {
  return new FilePersistence(files, resolve(directory), optional)
}

/** The log that takes records now. */
interface OpenLog {
  file: NewFile
  generation: number
  /** The number of the next record. */
  next: number
}

class FilePersistence implements Persistence {
  readonly checkpoints: CheckpointStorage
  readonly optional: boolean
  readonly #files: FileSystem
  readonly #folder: string
  /** The number of the lock; undefined while the folder is not open. */
  #lockNumber: number | undefined
  /** It was read, and could not be taken. */
  #wasRead = false
  /** The greatest generation that a file was begun for. */
  #generation = 0
  /** Whether the log of that generation exists: an earlier process began it. */
  #hasLog = false
  #log: OpenLog | undefined
  /** A write failed: no file of this generation is touched again. */
  #hasFailed = false
  /** The bytes of its file. */
  #identity: Uint8Array | undefined
  /** The work so far: calls follow each other, never overlap. */
  #work: Promise<unknown> = Promise.resolve()

  constructor(files: FileSystem, folder: string, optional: boolean) {
    this.#files = files
    this.#folder = folder
    this.checkpoints = fileCheckpoints(join(folder, 'checkpoints'))
    this.optional = optional
  }

  open(): Promise<Loaded> {
    return this.#guarded(async () => {
      await this.#files.makeFolder(this.#folder)
      let lock: number
      try {
        lock = await this.#lock()
      } catch (cause) {
        return await this.#readWithout(cause)
      }
      try {
        const loaded = await this.#load()
        this.#lockNumber = lock
        this.#wasRead = false
        return loaded
      } catch (error) {
        await this.#files.releaseLock(this.#folder, lock)
        throw error
      }
    })
  }

  saveIdentity(identity: Uint8Array): Promise<void> {
    const framed = frame(identity)
    return this.#whileOpen(async () => {
      this.#identity = framed
      await this.#replace(IDENTITY_NAME, framed)
    })
  }

  append(records: readonly Uint8Array[]): Promise<void> {
    // Copied at once: the caller may go on with its buffers while an earlier call is under way.
    const copies = records.map((record) => record.slice())
    return this.#whileOpen(async () => {
      if (this.#hasFailed) throw needsSnapshot(this.#folder)
      await this.#orFail(() => this.#append(copies))
    })
  }

  snapshot(content: Uint8Array): Promise<void> {
    const framed = frame(content)
    return this.#whileOpen(async () => {
      if (this.#hasFailed) await this.#regain()
      await this.#closeLog()
      // Also after a failure: a name is never used twice.
      this.#generation++
      this.#hasLog = false
      await this.#orFail(() => this.#replace(snapshotName(this.#generation), framed))
      this.#hasFailed = false
      await this.#prune().catch(() => undefined)
    })
  }

  close(): Promise<void> {
    return this.#guarded(async () => {
      this.#wasRead = false
      const lock = this.#lockNumber
      if (lock === undefined) return
      this.#lockNumber = undefined
      await this.#closeLog()
      await this.#files.releaseLock(this.#folder, lock)
    })
  }

  async #lock(): Promise<number> {
    const result = await this.#files.takeLock(this.#folder)
    if (result.type === 'held') throw locked(this.#folder, result.holder.pid)
    return result.number
  }

  /** Reads a folder that no lock can be written to, once: on a disk that is read-only or full. */
  async #readWithout(cause: unknown): Promise<Loaded> {
    if (!this.optional || this.#wasRead || cause instanceof GossipKvError) throw cause
    const loaded = await this.#load({ isReadOnly: true })
    this.#wasRead = true
    return { ...loaded, readOnly: failedDisk(this.#folder, cause) }
  }

  async #load(options?: ReadOptions): Promise<Loaded> {
    const { loaded, generation, hasLog } = await readFolder(this.#files, this.#folder, options)
    this.#generation = generation
    this.#hasLog = hasLog
    this.#hasFailed = false
    return { ...(await this.#readIdentity()), ...loaded }
  }

  async #readIdentity(): Promise<{ identity?: Uint8Array; warning?: Error }> {
    const path = join(this.#folder, IDENTITY_NAME)
    const bytes = await this.#files.read(path).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    })
    if (bytes === undefined) return {}
    const unframed = unframe(bytes)
    if (unframed.type === 'unknown-version') throw tooNew(path, unframed.version)
    if (unframed.type === 'damaged') return { warning: unreadableIdentity(path, unframed.reason) }
    this.#identity = bytes
    return { identity: unframed.content }
  }

  async #append(records: readonly Uint8Array[]): Promise<void> {
    const isNew = this.#log === undefined
    const log = this.#log ?? (await this.#newLog())
    await log.file.write(encodeRecords(log.generation, log.next, records))
    await log.file.sync()
    if (isNew) await this.#files.syncFolder(this.#folder)
    log.next += records.length
  }

  async #newLog(): Promise<OpenLog> {
    if (this.#hasLog) this.#generation++
    this.#hasLog = true
    const generation = this.#generation
    const file = await this.#files.create(join(this.#folder, logName(generation)))
    this.#log = { file, generation, next: 0 }
    await file.write(logHead(generation))
    return this.#log
  }

  /** Whatever a failed write left behind is not written to again. */
  async #orFail(act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      this.#hasFailed = true
      await this.#closeLog()
      throw error
    }
  }

  async #closeLog(): Promise<void> {
    const log = this.#log
    this.#log = undefined
    // All that matters is durable already.
    await log?.file.close().catch(() => undefined)
  }

  /** After trouble the folder may be another one, or may have been taken by another process meanwhile. */
  async #regain(): Promise<void> {
    await this.#files.makeFolder(this.#folder)
    if (this.#lockNumber === undefined || (await this.#files.holdsLock(this.#folder, this.#lockNumber)))
      return
    this.#lockNumber = await this.#lock()
    const { snapshots, logs } = await generationsIn(this.#files, this.#folder)
    this.#generation = Math.max(this.#generation, ...snapshots, ...logs)
    if (this.#identity) await this.#replace(IDENTITY_NAME, this.#identity)
  }

  /** Puts a file in place as a whole: content, then name, then folder are made durable in this order. */
  async #replace(name: string, bytes: Uint8Array): Promise<void> {
    const path = join(this.#folder, name)
    const temporary = `${path}.tmp`
    await this.#files.remove(temporary).catch(() => undefined)
    try {
      const file = await this.#files.create(temporary)
      try {
        await file.write(bytes)
        await file.sync()
      } finally {
        await file.close()
      }
      await this.#files.rename(temporary, path)
    } catch (error) {
      await this.#files.remove(temporary).catch(() => undefined)
      throw error
    }
    await this.#files.syncFolder(this.#folder)
  }

  /** Removes what no damage of a single file can make necessary. */
  async #prune(): Promise<void> {
    const { snapshots, logs } = await generationsIn(this.#files, this.#folder)
    const oldest = snapshots[SNAPSHOTS_KEPT - 1]
    if (oldest === undefined) return
    for (const generation of logs)
      if (generation < oldest) await this.#files.remove(join(this.#folder, logName(generation)))
    for (const generation of snapshots.slice(SNAPSHOTS_KEPT))
      await this.#files.remove(join(this.#folder, snapshotName(generation)))
  }

  #whileOpen(act: () => Promise<void>): Promise<void> {
    return this.#guarded(() => {
      if (this.#lockNumber === undefined) throw notOpen(this.#folder)
      return act()
    })
  }

  /** One after the other, with system errors translated. A failure does not stop what follows. */
  #guarded<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#work.then(act).catch((error: unknown) => {
      throw error instanceof GossipKvError ? error : failedDisk(this.#folder, error)
    })
    this.#work = result.catch(() => undefined)
    return result
  }
}
