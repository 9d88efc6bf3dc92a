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
export type { MemberKind, MemberRecord, MemberRole } from './base/member.js'
export type { CheckpointStorage, RawKeyValueStorage } from './data/persistence/checkpoint-storage.js'
export { indexedDbPersistence } from './data/persistence/indexed-db.js'
export { indexedDbCheckpoints } from './data/persistence/indexed-db-checkpoints.js'
export { memoryPersistence } from './data/persistence/memory.js'
export type { Loaded, Persistence } from './data/persistence/persistence.js'
export type { SignalingState, Transport } from './mesh/transport.js'
export { createStore } from './store/store.js'
export type * from './store/types.js'
