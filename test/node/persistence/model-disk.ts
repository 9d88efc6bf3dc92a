/**
 * A disk in memory that remembers every operation, fails where it is told to, and tells what it might hold after a
 * loss of power. The model is POSIX at its least: what was not synced may be there in part, in any order; names are
 * durable by the sync of their folder alone. (Pillai et al. 2014, "All file systems are not created equal".)
 */
import { basename } from 'node:path'
import type { FileSystem, NewFile } from '../../../src/data/persistence/file-system.node.js'

/** One operation that changes the disk, or makes a change durable. Files are named by number, as inodes are. */
export type DiskOperation =
  | { type: 'create'; name: string; file: number }
  | { type: 'write'; file: number; bytes: Uint8Array }
  | { type: 'sync'; file: number }
  | { type: 'rename'; from: string; to: string; file: number }
  | { type: 'remove'; name: string }
  | { type: 'sync-folder' }

/** Files by name. */
export type DiskState = ReadonlyMap<string, Uint8Array>

/** What an operation meets: return a code to make it fail, as ENOSPC. A failed write leaves half of its bytes. */
export type Trouble = (operation: DiskOperation, index: number) => string | undefined

/** The disk of one folder. */
export class ModelDisk implements FileSystem {
  readonly operations: DiskOperation[] = []
  trouble: Trouble = () => undefined
  readonly #names = new Map<string, number>()
  readonly #contents: Uint8Array[] = []
  /** A code that taking the lock fails with. */
  lockTrouble: string | undefined
  #isLocked = false
  /** Operations that were tried, failed ones included. */
  tried = 0

  constructor(state: DiskState = new Map()) {
    for (const [name, bytes] of state) this.#names.set(name, this.#contents.push(bytes) - 1)
  }

  async makeFolder(): Promise<void> {}

  async list(): Promise<string[]> {
    return [...this.#names.keys()]
  }

  async read(path: string): Promise<Uint8Array> {
    return this.#contents[this.#fileOf(path)]?.slice() ?? new Uint8Array()
  }

  async create(path: string): Promise<NewFile> {
    const name = basename(path)
    if (this.#names.has(name)) throw systemError('EEXIST', name)
    const file = this.#contents.length
    this.#do({ type: 'create', name, file })
    return {
      write: async (bytes) => this.#do({ type: 'write', file, bytes: bytes.slice() }),
      sync: async () => this.#do({ type: 'sync', file }),
      close: async () => {},
    }
  }

  async rename(from: string, to: string): Promise<void> {
    this.#do({ type: 'rename', from: basename(from), to: basename(to), file: this.#fileOf(from) })
  }

  async remove(path: string): Promise<void> {
    this.#fileOf(path)
    this.#do({ type: 'remove', name: basename(path) })
  }

  async syncFolder(): Promise<void> {
    this.#do({ type: 'sync-folder' })
  }

  async takeLock() {
    if (this.lockTrouble) throw systemError(this.lockTrouble, 'lock')
    if (this.#isLocked) return { type: 'held' as const, holder: { pid: 1, start: '' } }
    this.#isLocked = true
    return { type: 'taken' as const, number: 1 }
  }

  async holdsLock(): Promise<boolean> {
    return true
  }

  async releaseLock(): Promise<void> {
    this.#isLocked = false
  }

  /** What it holds now. */
  state(): DiskState {
    return stateOf(this.#names, this.#contents)
  }

  #do(operation: DiskOperation): void {
    const code = this.trouble(operation, this.tried++)
    if (code === undefined) {
      apply(operation, this.#names, this.#contents)
      this.operations.push(operation)
      return
    }
    if (operation.type === 'write') {
      const half = { ...operation, bytes: operation.bytes.subarray(0, operation.bytes.length >> 1) }
      apply(half, this.#names, this.#contents)
      this.operations.push(half)
    }
    throw systemError(code, operation.type)
  }

  #fileOf(path: string): number {
    const file = this.#names.get(basename(path))
    if (file === undefined) throw systemError('ENOENT', path)
    return file
  }
}

/** Every state that a disk may be in when the power goes after `operations`, each once. */
export function* statesAfter(operations: readonly DiskOperation[]): Generator<DiskState> {
  const seen = new Set<string>()
  const names = pendingNames(operations)
  const contents = contentsAfter(operations)
  for (let subset = 0; subset < 2 ** names.pending.length; subset++) {
    const chosen = new Map(names.durable)
    names.pending.forEach((operation, index) => {
      if (subset & (1 << index)) applyName(operation, chosen)
    })
    for (const choice of products(
      [...chosen.values()].map((file) => contents.get(file) ?? [new Uint8Array()]),
    )) {
      const state = new Map(
        [...chosen.keys()].map((name, index) => [name, choice[index] ?? new Uint8Array()]),
      )
      const key = [...state]
        .map(([name, bytes]) => `${name}:${Buffer.from(bytes).toString('latin1')}`)
        .join('|')
      if (seen.has(key)) continue
      seen.add(key)
      yield state
    }
  }
}

type NameOperation = Extract<DiskOperation, { type: 'create' | 'rename' | 'remove' }>

/** The names that are durable, and what was done to names since. */
function pendingNames(operations: readonly DiskOperation[]) {
  const durable = new Map<string, number>()
  let pending: NameOperation[] = []
  for (const operation of operations) {
    if (operation.type === 'sync-folder') {
      for (const each of pending) applyName(each, durable)
      pending = []
    } else if (operation.type !== 'write' && operation.type !== 'sync') pending.push(operation)
  }
  return { durable, pending }
}

/** What each file may hold: what was synced, then any part of what was written since. */
function contentsAfter(operations: readonly DiskOperation[]): Map<number, Uint8Array[]> {
  const synced = new Map<number, Uint8Array>()
  const since = new Map<number, Uint8Array[]>()
  for (const operation of operations) {
    if (operation.type === 'create') {
      synced.set(operation.file, new Uint8Array())
      since.set(operation.file, [])
    } else if (operation.type === 'write') since.get(operation.file)?.push(operation.bytes)
    else if (operation.type === 'sync') {
      const parts = [synced.get(operation.file) ?? new Uint8Array(), ...(since.get(operation.file) ?? [])]
      synced.set(operation.file, concat(parts))
      since.set(operation.file, [])
    }
  }
  return new Map([...synced].map(([file, bytes]) => [file, versionsOf(bytes, since.get(file) ?? [])]))
}

/** Prefixes that end at and within each write, the length without the bytes, and later bytes without earlier ones. */
function versionsOf(synced: Uint8Array, since: readonly Uint8Array[]): Uint8Array[] {
  const versions: Uint8Array[] = [synced]
  const all = concat(since)
  let end = 0
  for (const bytes of since) {
    for (const length of [end + 1, end + (bytes.length >> 1), end + bytes.length - 1, end + bytes.length]) {
      versions.push(concat([synced, all.subarray(0, length)]))
      versions.push(concat([synced, new Uint8Array(length)]))
    }
    versions.push(concat([synced, new Uint8Array(end), all.subarray(end)]))
    end += bytes.length
  }
  return versions
}

function apply(operation: DiskOperation, names: Map<string, number>, contents: Uint8Array[]): void {
  if (operation.type === 'write') {
    const before = contents[operation.file] ?? new Uint8Array()
    contents[operation.file] = concat([before, operation.bytes])
  } else if (operation.type !== 'sync' && operation.type !== 'sync-folder') {
    if (operation.type === 'create') contents[operation.file] = new Uint8Array()
    applyName(operation, names)
  }
}

function applyName(operation: NameOperation, names: Map<string, number>): void {
  if (operation.type === 'create') names.set(operation.name, operation.file)
  else if (operation.type === 'remove') names.delete(operation.name)
  else {
    names.delete(operation.from)
    names.set(operation.to, operation.file)
  }
}

function stateOf(names: ReadonlyMap<string, number>, contents: readonly Uint8Array[]): DiskState {
  return new Map([...names].map(([name, file]) => [name, contents[file] ?? new Uint8Array()]))
}

function products<T>(choices: readonly (readonly T[])[]): T[][] {
  return choices.reduce<T[][]>(
    (all, choice) => all.flatMap((one) => choice.map((each) => [...one, each])),
    [[]],
  )
}

/** Not a Buffer, whose `slice` shares its memory. */
function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

function systemError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code })
}
