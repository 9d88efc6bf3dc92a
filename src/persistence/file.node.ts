/**
 * A data folder of one Node member: its id and its state, safe against kill -9 and power loss. A checkpoint is
 * written beside the others, made durable, and only then takes its name; the last two are kept.
 */
import { chmod, mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { GossipKvError, messageOf, StorageError } from '../base/errors.js'
import { isWord } from '../wire/signal.js'
import { frameCheckpoint, unframeCheckpoint } from './checkpoint-frame.node.js'
import type { CheckpointStorage } from './checkpoint-storage.js'
import { fileCheckpoints } from './file-checkpoints.node.js'
import { codeOf, releaseLock, takeLock } from './file-lock.node.js'
import type { Loaded, Persistence } from './persistence.js'

/** Checkpoints that stay: the newest, and the one to fall back to. */
export const CHECKPOINTS_KEPT = 2

const MEMBER_FILE = 'member.json'
const CHECKPOINT_NAME = /^checkpoint-(\d{1,15})\.gkv$/

/** Keeps the state of one member in `directory`, which is made when it is missing. One process at a time. */
export function filePersistence(directory: string): Persistence {
  return new FilePersistence(resolve(directory))
}

interface CheckpointFile {
  name: string
  generation: number
}

interface Damaged {
  name: string
  reason: string
}

class FilePersistence implements Persistence {
  readonly checkpoints: CheckpointStorage
  readonly #folder: string
  /** The number of the lock; undefined while the folder is not open. */
  #lockNumber: number | undefined
  #generation = 0
  /** The work so far: saves follow each other, never overlap. */
  #work: Promise<unknown> = Promise.resolve()

  constructor(folder: string) {
    this.#folder = folder
    this.checkpoints = fileCheckpoints(join(folder, 'checkpoints'))
  }

  open(): Promise<Loaded> {
    return this.#guarded(async () => {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 })
      const lock = await this.#lock()
      try {
        const loaded = await this.#load()
        this.#lockNumber = lock
        return loaded
      } catch (error) {
        await releaseLock(this.#folder, lock)
        throw error
      }
    })
  }

  saveId(id: string): Promise<void> {
    return this.#whileOpen(() => this.#replace(MEMBER_FILE, Buffer.from(`${JSON.stringify({ id })}\n`)))
  }

  save(checkpoint: Uint8Array): Promise<void> {
    // Copied at once: the caller may go on with its buffer while an earlier save is being written.
    const framed = frameCheckpoint(checkpoint)
    return this.#whileOpen(async () => {
      await this.#replace(nameOf(this.#generation + 1), framed)
      this.#generation++
      for (const { name } of (await this.#checkpoints()).slice(CHECKPOINTS_KEPT)) await this.#remove(name)
    })
  }

  close(): Promise<void> {
    return this.#guarded(async () => {
      const lock = this.#lockNumber
      if (lock === undefined) return
      this.#lockNumber = undefined
      await releaseLock(this.#folder, lock)
    })
  }

  async #lock(): Promise<number> {
    const result = await takeLock(this.#folder)
    if (result.type === 'held') throw locked(this.#folder, result.holder.pid)
    return result.number
  }

  async #load(): Promise<Loaded> {
    for (const name of await readdir(this.#folder)) {
      if (/^(checkpoint|member).*\.tmp$/.test(name)) await this.#remove(name)
    }
    const files = await this.#checkpoints()
    this.#generation = files[0]?.generation ?? 0
    const damaged: Damaged[] = []
    for (const { name } of files) {
      const unframed = unframeCheckpoint(await readFile(join(this.#folder, name)))
      if (unframed.type === 'unknown-version') throw tooNew(join(this.#folder, name), unframed.version)
      if (unframed.type === 'whole') return this.#loaded(unframed.content, name, damaged)
      damaged.push({ name, reason: unframed.reason })
    }
    if (damaged.length > 0) throw corrupt(this.#folder, damaged)
    return { ...(await this.#member()) }
  }

  async #loaded(checkpoint: Uint8Array, taken: string, damaged: readonly Damaged[]): Promise<Loaded> {
    // Out of the way, but kept: else the next save would count a damaged file as the one to fall back to.
    for (const { name } of damaged)
      await rename(join(this.#folder, name), join(this.#folder, `${name}.damaged`))
    const warning = damaged.length > 0 ? { warning: fellBack(this.#folder, taken, damaged) } : {}
    return { ...(await this.#member()), checkpoint, ...warning }
  }

  async #member(): Promise<{ id?: string; warning?: Error }> {
    let text: string
    try {
      text = await readFile(join(this.#folder, MEMBER_FILE), 'utf8')
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return {}
      throw error
    }
    const id = parseId(text)
    return id === undefined ? { warning: noId(join(this.#folder, MEMBER_FILE)) } : { id }
  }

  /** The newest first. */
  async #checkpoints(): Promise<CheckpointFile[]> {
    return (await readdir(this.#folder))
      .flatMap((name) => {
        const generation = CHECKPOINT_NAME.exec(name)?.[1]
        return generation === undefined ? [] : [{ name, generation: Number(generation) }]
      })
      .sort((a, b) => b.generation - a.generation)
  }

  /** Puts a file in place as a whole: content, then name, then folder are made durable in this order. */
  async #replace(name: string, bytes: Uint8Array): Promise<void> {
    const temporary = join(this.#folder, `${name}.tmp`)
    const file = await open(temporary, 'w', 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await chmod(temporary, 0o600)
    await rename(temporary, join(this.#folder, name))
    await this.#syncFolder()
  }

  async #syncFolder(): Promise<void> {
    // Windows opens no folders; there, a rename is as durable as the file system makes it.
    if (process.platform === 'win32') return
    const folder = await open(this.#folder, 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  }

  async #remove(name: string): Promise<void> {
    await unlink(join(this.#folder, name))
  }

  #whileOpen(action: () => Promise<void>): Promise<void> {
    return this.#guarded(() => {
      if (this.#lockNumber === undefined) throw notOpen(this.#folder)
      return action()
    })
  }

  /** One after the other, with system errors translated. A failure does not stop what follows. */
  #guarded<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#work.then(action).catch((error: unknown) => {
      throw error instanceof GossipKvError ? error : unwritable(this.#folder, error)
    })
    this.#work = result.catch(() => undefined)
    return result
  }
}

function nameOf(generation: number): string {
  return `checkpoint-${String(generation).padStart(9, '0')}.gkv`
}

function parseId(text: string): string | undefined {
  try {
    const { id } = JSON.parse(text) as { id?: unknown }
    return isWord(id) ? id : undefined
  } catch {
    return undefined
  }
}

function locked(folder: string, pid: number): StorageError {
  return new StorageError('ERR_DATA_LOCKED', {
    what: `The data folder ${folder} is in use by the process ${pid}`,
    why: 'Each member needs a data folder of its own: two with one folder would have one identity',
    fix: `Stop the process ${pid}, or give this one another folder`,
  })
}

function listed(damaged: readonly Damaged[]): string {
  return damaged.map(({ name, reason }) => `${name}: ${reason}`).join('; ')
}

function corrupt(folder: string, damaged: readonly Damaged[]): StorageError {
  return new StorageError('ERR_DATA_CORRUPT', {
    what: `No checkpoint in ${folder} is whole (${listed(damaged)})`,
    why: 'The disk damaged the files, or something else wrote to them',
    fix: 'Put a copy of the folder back, or move the folder away: the member then starts empty and takes the state from the others. Nothing was deleted',
  })
}

function tooNew(path: string, version: number): StorageError {
  return new StorageError('ERR_DATA_CORRUPT', {
    what: `${path} has the format version ${version}, which this program does not know`,
    why: 'A newer version of gossip-kv wrote it',
    fix: 'Start that version again, or move the folder away. Nothing was deleted',
  })
}

function fellBack(folder: string, taken: string, damaged: readonly Damaged[]): StorageError {
  return new StorageError('ERR_DATA_CORRUPT', {
    what: `The state in ${folder} was read from ${taken}, since a newer checkpoint is damaged (${listed(damaged)})`,
    why: 'The disk damaged the file, or something else wrote to it',
    fix: 'Check the disk; what is missing comes back from the other members. The damaged file is kept with the ending .damaged',
  })
}

function noId(path: string): StorageError {
  return new StorageError('ERR_DATA_CORRUPT', {
    what: `${path} holds no member id`,
    why: 'The disk damaged the file, or something else wrote to it',
    fix: 'Nothing needs to be done: the member takes a new id and replaces the file',
  })
}

function notOpen(folder: string): StorageError {
  return new StorageError('ERR_DATA_UNWRITABLE', {
    what: `The data folder ${folder} is not open`,
    why: 'It was closed, or never opened',
    fix: 'Call open() before save()',
  })
}

function unwritable(folder: string, cause: unknown): StorageError {
  return new StorageError(
    'ERR_DATA_UNWRITABLE',
    {
      what: `The data folder ${folder} cannot be read or written (${messageOf(cause)})`,
      why: 'It belongs to another user, the disk is full or read-only, or a file stands where the folder should be',
      fix: 'Make the folder writable for this user, free some space, or give another folder. The state in memory is not affected',
    },
    { cause },
  )
}
