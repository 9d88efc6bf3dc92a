/** The public types of labelled checkpoints. */
import type { GossipKvError } from '../../base/errors.js'
import type { CheckpointStorage, RawKeyValueStorage } from '../../data/persistence/checkpoint-storage.js'
import type { Value } from '../../data/replica/value.js'

/** When checkpoints are made by themselves, and where they are kept. */
export interface CheckpointOptions {
  /**
   * Where they are kept: a `CheckpointStorage`, or what `unstorage` makes. Default: beside the state, when
   * `persistence` has a place for them (as `filePersistence` has), else in memory.
   */
  storage?: CheckpointStorage | RawKeyValueStorage
  /** Makes one after so many milliseconds, when something has changed. At least 1,000. Default: never. */
  everyMillis?: number
  /** Makes one after so many changed keys, of this member and of others. Default: never. */
  everyUpdates?: number
  /** Checkpoints without a label that stay in the storage, the newest ones. 1 to 1,000; default 10. */
  keep?: number
}

/** What a list tells of a checkpoint. */
export interface CheckpointInfo {
  /** Sorts by time. */
  id: string
  /** Checkpoints with a label stay until they are removed. */
  label: string | undefined
  /** When it was made or imported, in milliseconds since 1970. */
  at: number
  /** The member that made it; undefined when its head cannot be read. */
  by: string | undefined
  /** Keys in it; 0 when its head cannot be read. */
  keys: number
  /** The size of its exported form. */
  bytes: number
  /** The epoch of the key that it is sealed with; undefined without a secret. */
  epoch: string | undefined
  /** Why it cannot be read: damaged, of a newer version, or sealed with a key that is not here. */
  problem: GossipKvError | undefined
}

/** One key in a checkpoint. */
export interface CheckpointEntry {
  key: string
  value: Value
  /** When it was written, in milliseconds since 1970. */
  at: number
}

/** A checkpoint with its content. */
export interface Checkpoint extends CheckpointInfo {
  /** In ascending order of key. */
  entries: readonly CheckpointEntry[]
}

/** What leads from one state to another, each list in ascending order of key. */
export interface CheckpointDifference {
  added: readonly { key: string; value: Value }[]
  changed: readonly { key: string; before: Value; after: Value }[]
  removed: readonly { key: string; value: Value }[]
}

/**
 * Labelled states to come back to. `id` is the id of a checkpoint, or a label: then the newest one with it.
 * Every method waits until the store is ready. @throws StorageError ERR_CHECKPOINT_MISSING, ERR_CHECKPOINT_INVALID,
 * ERR_CHECKPOINT_VERSION, ERR_CHECKPOINT_SEALED, ERR_DATA_UNWRITABLE; UsageError ERR_STORE_CLOSED
 */
export interface Checkpoints {
  /**
   * Keeps the state as it is at the call. With a label (1 to 64 characters) it stays until it is removed; without
   * one it is among the last `keep`. @throws UsageError ERR_OPTION_INVALID, ERR_FULL
   */
  create(options?: { label?: string }): Promise<CheckpointInfo>
  /** The newest first. Reads a small head of each, never the states. */
  list(): Promise<readonly CheckpointInfo[]>
  /** The content, or that of the keys that begin with `prefix`. */
  read(id: string, options?: { prefix?: string }): Promise<Checkpoint>
  /** What leads from checkpoint `from` to `to`, which is another one or (default) 'now', the present state. */
  diff(from: string, to?: string, options?: { prefix?: string }): Promise<CheckpointDifference>
  /**
   * Brings the keys (those that begin with `prefix`) back to what they were, by writing the difference anew: so it
   * wins on every member, deletes included, over everything that this member has seen. Resolves with what it wrote.
   * All or nothing here; others see it in pieces of 2,000 writes or 256 KiB unless `atomic` refuses more.
   * @throws UsageError ERR_TOO_LARGE, ERR_FULL
   */
  restore(id: string, options?: { prefix?: string; atomic?: boolean }): Promise<CheckpointDifference>
  /** The state as a bare Yjs update: applied to an empty `Y.Doc` it shows the same `usr`. */
  export(id: string): Promise<Uint8Array>
  /** Keeps what `export` gave as a new checkpoint; the store does not change. @throws UsageError ERR_TOO_LARGE */
  import(bytes: Uint8Array, options?: { label?: string }): Promise<CheckpointInfo>
  /** Removes one. */
  remove(id: string): Promise<void>
}
