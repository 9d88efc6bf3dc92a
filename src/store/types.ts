/** The public types: what an application sees of a store. */
import type { Awareness } from 'y-protocols/awareness'
import type { Doc } from 'yjs'
import type { Unsubscribe } from '../base/emitter.js'
import type { GossipKvError } from '../base/errors.js'
import type { MemberRole } from '../base/member.js'
import type { Persistence } from '../data/persistence/persistence.js'
import type { ChangeEvent, NearlyFull } from '../data/replica/events.js'
import type { Keys } from '../mesh/security/security.js'
import type { Transport } from '../mesh/transport.js'
import type { CheckpointOptions, Checkpoints } from './checkpoints/checkpoint-types.js'
import type { ConflictEvent, KV, ReadKV } from './kv/kv-types.js'
import type { Member, Members, Message, Presence } from './members/member-types.js'
import type { Replicated, ReplicatedOptions, Status } from './status/status-types.js'

export type { ChangeEvent, KeyChange, NearlyFull } from '../data/replica/events.js'
export type { Value } from '../data/replica/value.js'
export type { KeyInfo } from '../mesh/security/keyring.js'
export type { Keys } from '../mesh/security/security.js'
export type * from './checkpoints/checkpoint-types.js'
export type * from './kv/kv-types.js'
export type * from './members/member-types.js'
export type * from './status/status-types.js'

/** How to meet and link; every field but `cluster` has a default. */
export interface StoreOptions {
  /** The name of the cluster: 1 to 64 characters. Members with different names never meet. */
  cluster: string
  /** WebSocket URLs of signaling servers, tried in turn. None: the store works alone (or over `transport`). */
  signaling?: string | readonly string[]
  /**
   * The secret of the cluster, from `gossip-kv keygen`: only its holders get in, and signaling cannot read what they
   * say. While it is rotated, the key to seal under and those that are accepted besides. The secret of readers makes
   * a reader. Default none: see `security`.
   */
  secret?: string | { primary: string; accepted?: readonly string[] }
  /** Lets everybody who knows the cluster's name read and write it. Needed without a secret off this machine. */
  security?: 'open'
  /** What this member is to be: a reader never writes. Default: what its secret makes it, else a writer. */
  role?: MemberRole
  /** A name for people to read, at most 64 characters. */
  name?: string
  /** The TCP port of this member's HTTP interface, shown in `sys.members`. Default null. */
  port?: number | null
  /** Where it runs, for people to read. */
  zone?: string
  /** A few more fields of the member record; record and all at most 512 bytes. */
  meta?: Readonly<Record<string, string | number | boolean | null>>
  /**
   * A join token for signaling servers that ask for one, or a function that is asked for a fresh one at each connection
   * (a token is good once). It is sent as the first message, never in a URL.
   */
  token?: string | (() => Promise<string>)
  /**
   * STUN and TURN servers; `'signaling'` takes those that the signaling server hands out, with credentials that expire.
   * Default none: host candidates only.
   */
  iceServers?: readonly RTCIceServer[] | (() => Promise<readonly RTCIceServer[]>) | 'signaling'
  /**
   * ICE candidates of these addresses are let in and offered, too. Default: `['loopback']` when every signaling URL
   * names this machine, else none. Addresses of metadata services, groups and reserved ones never are.
   */
  allowAddresses?: readonly ('loopback' | 'link-local')[]
  /** Where the state is kept between runs. Default false: in memory only. */
  persistence?: Persistence | false
  /** Labelled checkpoints made by themselves, and where all of them are kept. Default: none by themselves. */
  checkpoints?: CheckpointOptions | false
  /** `awareness` of `gossip-kv/awareness`: makes `store.presence.awareness`, for editor bindings. Default none. */
  awareness?: (store: Store) => Awareness
  /** Links and signaling of another kind than WebRTC and WebSocket, as the in-memory ones of tests. */
  transport?: Transport
  /** A WebRTC implementation to use instead of the browser's or @roamhq/wrtc. */
  webrtc?: { RTCPeerConnection: unknown; RTCSessionDescription: unknown; RTCIceCandidate: unknown }
  /** Default true: starts by itself. False waits for `start()`. */
  autoStart?: boolean
  /** Closes the store when it aborts. */
  signal?: AbortSignal
}

/** What a store tells. */
export interface StoreEvents {
  status: Status
  change: ChangeEvent
  members: readonly Member[]
  /** A member was removed: what was last known of it, with the `state` 'left' (it said goodbye) or 'dead'. */
  gone: Member
  /** Another member sent this with `send()`. */
  message: Message
  /** A concurrent write lost against another one. */
  conflict: ConflictEvent
  /** A limit is near: of live keys, of their bytes, or of sessions that ever wrote. */
  'nearly-full': NearlyFull
  /** Something failed that no call could throw: a listener, the network, the disk. */
  error: GossipKvError
}

/** A member of a gossip cluster. */
export interface Store {
  readonly id: string
  readonly cluster: string
  /** The Yjs document, for reading: `doc.getMap('usr')`, `doc.getMap('sys')`. */
  readonly doc: Doc
  readonly status: Status
  readonly usr: KV
  readonly sys: ReadKV
  readonly members: Members
  readonly presence: Presence
  /** Labelled states to come back to. */
  readonly checkpoints: Checkpoints
  /** The keys of the cluster's secret, for their rotation; empty without one. */
  readonly keys: Keys
  /** Resolves when it has loaded and began to meet others; it works from then on, alone or not. @throws TransportError, StorageError */
  ready(): Promise<void>
  /**
   * Resolves when the data equalled that of `peers` (default 1) neighbors that write, or when no other writer is there.
   * @throws TransportError ERR_SYNC_TIMEOUT, ERR_ABORTED
   */
  synced(options?: {
    peers?: number
    timeout?: number
    signal?: AbortSignal
  }): Promise<{ peers: number; alone: boolean }>
  /**
   * Resolves when every write so far is durable here: it survives kill -9 and power loss. At once without
   * persistence. @throws StorageError ERR_DATA_FULL, ERR_DATA_UNWRITABLE, ERR_DATA_LOCKED; the store goes on trying
   */
  flush(): Promise<void>
  /**
   * Sends at most 16 KiB to one member, or to all others with '*'; they hear the event `message`. It goes through the
   * mesh, also to a member without a link. Best effort: in no order, at most once, and lost without a word when nobody
   * is linked, a link breaks on the way or is full. What must arrive belongs into `usr`.
   * @throws UsageError ERR_MEMBER_UNKNOWN, ERR_TOO_LARGE, ERR_VALUE_INVALID, ERR_RATE_LIMITED (50 in a second),
   * ERR_NOT_STARTED, ERR_STORE_CLOSED
   */
  send(to: string, bytes: Uint8Array): void
  /**
   * Resolves when `acks` other writers (default 1) have merged every write that this store has made so far. They say
   * so themselves: it is proven by what they know, not by what was sent. `'all'`: every other writer, and at least one.
   * Readers count for nothing, as nobody could have a write back from them.
   * Held in memory there; what is on a disk, `flush()` tells of this member alone.
   * @throws ReplicationError ERR_REPLICATION_TIMEOUT with `acked` and `missing`; TransportError ERR_ABORTED;
   * UsageError ERR_OPTION_INVALID, ERR_STORE_CLOSED
   */
  replicated(options?: ReplicatedOptions): Promise<Replicated>
  on<K extends keyof StoreEvents>(
    type: K,
    listener: (event: StoreEvents[K]) => void,
    options?: { signal?: AbortSignal },
  ): Unsubscribe
  /** Counters and gauges by name. */
  metrics(): Readonly<Record<string, number>>
  start(): void
  /**
   * Says goodbye, closes every link, saves. Idempotent; resolves when nothing is left alive. By itself when a page goes for
   * good (`pagehide`), and in Node before SIGTERM or SIGINT ends the process, unless something else in it listens to that signal.
   */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
