/** The public types of a store's state. */
import type { GossipKvError } from '../../base/errors.js'
import type { SignalingState } from '../../mesh/transport.js'

export type StatusName =
  /** Made with `autoStart: false`, not yet started. */
  | 'idle'
  /** Reading the persistence and the WebRTC implementation. */
  | 'starting'
  /** No other writer is there, as far as signaling knows (or there is no signaling); readers may be. */
  | 'alone'
  /** Other writers are there; no link to one has synced yet. */
  | 'joining'
  /** Linked, and synced with at least one writer. */
  | 'live'
  /** Linked, but something promised does not hold: see `lastError`. */
  | 'degraded'
  /** No link, and signaling cannot be reached. */
  | 'offline'
  | 'closed'

/** The state of the store; a frozen snapshot, the same object until something changes. */
export interface Status {
  name: StatusName
  signaling: SignalingState
  /** Open links. */
  links: number
  /** Links that it wants. */
  target: number
  /** True once the data equalled that of a writer. */
  synced: boolean
  /** True while the data equals that of every neighbor that writes, by their last digests; true when alone. */
  converged: boolean
  /** When it last became converged with at least one of them, in milliseconds since 1970. */
  convergedAt: number | undefined
  /** Local writes that have not left yet. */
  pendingUpdates: number
  /** True when everything is on disk, false for an instant after a write and while the disk is in trouble; undefined without persistence. */
  persisted: boolean | undefined
  /** Why `persisted` stays false: a full disk, a folder that another process has. Undefined once it is over. */
  storageError: GossipKvError | undefined
  /** The digest of the data in hexadecimal: equal on two members exactly when they hold the same. */
  digest: string
  lastError: GossipKvError | undefined
  /** When `name` last changed, in milliseconds since 1970. */
  since: number
}

/** How many members have to hold what was written, and how long to wait for them. */
export interface ReplicatedOptions {
  /** Other members: 0 to 10,000, or 'all' that are known. Default 1. */
  acks?: number | 'all'
  /** In milliseconds. Default 30,000. */
  timeout?: number
  signal?: AbortSignal
}

/** Ids of the other members by whether they are known to hold every write of this store, in ascending order. */
export interface Replicated {
  acked: readonly string[]
  missing: readonly string[]
}
