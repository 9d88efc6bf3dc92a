/** Where a store keeps its state between runs. An adapter stores bytes; it does not know what they mean. */

import type { CheckpointStorage } from './checkpoint-storage.js'

/** What a persistence gives back when it opens. */
export interface Loaded {
  /** The member id of the earlier run, when there was one. */
  id?: string
  /** The newest state that is whole. */
  checkpoint?: Uint8Array
  /** Trouble that was survived, as a damaged newest checkpoint whose predecessor was taken. */
  warning?: Error
}

/** A place that survives the process. */
export interface Persistence {
  /** Where labelled checkpoints are kept beside the state; used while it is open. */
  readonly checkpoints?: CheckpointStorage
  /** Takes the place for this process and reads what is there. @throws StorageError ERR_DATA_LOCKED, ERR_DATA_CORRUPT, ERR_DATA_UNWRITABLE */
  open(): Promise<Loaded>
  /** Keeps the member id for the next run. */
  saveId(id: string): Promise<void>
  /** Replaces the checkpoint as a whole; when it resolves, the new one survives kill -9 and power loss. @throws StorageError */
  save(checkpoint: Uint8Array): Promise<void>
  /** Gives the place back. Idempotent. */
  close(): Promise<void>
}
