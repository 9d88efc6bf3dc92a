/**
 * Where a store keeps its state between runs: a snapshot of the whole, and a log of what was merged since. An
 * adapter stores bytes; it does not know what they mean. `persistenceContract` of gossip-kv/testing tests one.
 */

import type { CheckpointStorage } from './checkpoint-storage.js'

/** What a persistence gives back when it opens. All of its bytes belong to the caller. */
export interface Loaded {
  /** What `saveIdentity` kept in an earlier run: the member's id or key. */
  identity?: Uint8Array
  /** The newest snapshot that is whole. */
  snapshot?: Uint8Array
  /** The records that were appended after that snapshot, oldest first. Earlier ones among them do no harm. */
  records: readonly Uint8Array[]
  /** Trouble that was survived, as a log that ends in the middle of a record. */
  warning?: Error
  /**
   * The place can be read but not written, for this reason, and is not taken. Only of an optional persistence: the
   * store goes on with what was read, in memory, and calls `open()` again, which rejects as long as that stays so.
   */
  readOnly?: Error
}

/** A place that survives the process. The store calls one method at a time, and waits for it. */
export interface Persistence {
  /**
   * True: a store that cannot open it starts all the same, keeps its state in memory, shows `status.persisted`
   * false, and tries again. Default false: then `ready()` rejects, so that nobody runs unknowingly without a disk.
   */
  readonly optional?: boolean
  /** Where labelled checkpoints are kept beside the state; used while it is open. */
  readonly checkpoints?: CheckpointStorage
  /**
   * Takes the place for this process and reads what is there.
   * @throws StorageError ERR_DATA_LOCKED, ERR_DATA_CORRUPT, ERR_DATA_UNWRITABLE, ERR_DATA_FULL
   */
  open(): Promise<Loaded>
  /** Keeps what names this member for the next run. @throws StorageError */
  saveIdentity(identity: Uint8Array): Promise<void>
  /**
   * Adds records, none of them empty, to the log; when it resolves they survive kill -9 and power loss. After a
   * failure of `append` or `snapshot` it may reject until a `snapshot` succeeded: the store takes one then.
   * @throws StorageError
   */
  append(records: readonly Uint8Array[]): Promise<void>
  /**
   * Replaces snapshot and log as a whole: what was appended before is part of `content`. When it resolves, the new
   * one survives; when it rejects, what was there before still does. @throws StorageError
   */
  snapshot(content: Uint8Array): Promise<void>
  /** Gives the place back. Idempotent. */
  close(): Promise<void>
}
