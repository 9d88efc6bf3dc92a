/** What a replica tells its store. */
import type { GossipKvError } from '../../base/errors.js'
import type { Value } from './value.js'

/** One key that a transaction changed. `undefined` stands for "not there". */
export interface KeyChange {
  key: string
  value: Value | undefined
  previous: Value | undefined
}

/** All that one transaction changed. */
export interface ChangeEvent {
  /** True when this store wrote it, false when it came from another member or from disk. */
  local: boolean
  changes: readonly KeyChange[]
}

/** Two writes of one key that did not know of each other; the loser is gone. */
export interface ReplicaConflict {
  key: string
  winner: { value: Value; session: number }
  loser: { value: Value; session: number }
}

/** A local limit is near; told once each time that the share is passed. */
export interface NearlyFull {
  of: 'keys' | 'bytes' | 'sessions'
  used: number
  limit: number
}

/** The events of a replica, by name. */
export interface ReplicaEvents {
  /** After each transaction that changed something. */
  change: ChangeEvent
  /** There is something to drain. */
  local: undefined
  conflict: ReplicaConflict
  /** Something failed that no call could throw. */
  error: GossipKvError
  'nearly-full': NearlyFull
  /** Another process wrote under this session: local writes go on under the new one. */
  'session-forked': { before: number; session: number }
}
