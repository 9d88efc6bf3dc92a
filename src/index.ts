/**
 * gossip-kv: a key-value store that lives in every participant. Everything exported here is public; nothing
 * else is.
 */
export {
  AuthError,
  type ErrorCode,
  GossipKvError,
  InternalError,
  ProtocolError,
  ReplicationError,
  StorageError,
  TransportError,
  UsageError,
} from './base/errors.js'
export type { CheckpointStorage, RawKeyValueStorage } from './persistence/checkpoint-storage.js'
export { indexedDbPersistence } from './persistence/indexed-db.js'
export { indexedDbCheckpoints } from './persistence/indexed-db-checkpoints.js'
export { memoryPersistence } from './persistence/memory.js'
export type { Loaded, Persistence } from './persistence/persistence.js'
export { createStore } from './store/store.js'
export type * from './store/types.js'
export type { SignalingState, Transport } from './transport/transport.js'
export type { MemberKind, MemberRecord, MemberRole } from './wire/frame.js'
