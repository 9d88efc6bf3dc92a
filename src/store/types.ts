/** The public types: what an application sees of a store. */
import type { Awareness } from 'y-protocols/awareness'
import type { Doc } from 'yjs'
import type { Unsubscribe } from '../base/emitter.js'
import type { GossipKvError } from '../base/errors.js'
import type { MemberKind, MemberRecord, MemberRole } from '../base/member.js'
import type { Persistence } from '../data/persistence/persistence.js'
import type { ChangeEvent, KeyChange, NearlyFull } from '../data/replica/events.js'
import type { Value } from '../data/replica/value.js'
import type { Keys } from '../mesh/security/security.js'
import type { SignalingState, Transport } from '../mesh/transport.js'
import type { CheckpointOptions, Checkpoints } from './checkpoints/checkpoint-types.js'

export type { ChangeEvent, KeyChange, NearlyFull } from '../data/replica/events.js'
export type { Value } from '../data/replica/value.js'
export type * from './checkpoints/checkpoint-types.js'

/**
 * What an application declares once, so that its state is typed everywhere:
 * `declare module 'gossip-kv' { interface Register { presence: { cursor: number | null } } }`.
 */
// biome-ignore lint/suspicious/noEmptyInterface: applications fill it in
export interface Register {}

/** What a member shows of itself: JSON and bytes, at most 4 KiB. Any field may be missing. Frozen. */
export type PresenceState = Readonly<
  Register extends { presence: infer P } ? Partial<P> : Record<string, Value | undefined>
>
export type { KeyInfo } from '../mesh/security/keyring.js'
export type { Keys } from '../mesh/security/security.js'

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

/** What is known of one key besides its value. */
export interface Entry {
  key: string
  value: Value
  /** When it was written, in milliseconds since 1970: by the clock of its writer, and after all that it had seen. */
  at: number
  /** The name of the write: the writer's session and the number of the write in it. */
  dot: { session: number; n: number }
  /** The member that wrote it; undefined once that session's member is gone. */
  by: string | undefined
}

/** The user's keys. Reads and writes are synchronous and local. */
export interface KV {
  /** The value, the same object until the key changes; undefined when absent. @throws UsageError ERR_KEY_INVALID */
  get<T extends Value = Value>(key: string): T | undefined
  has(key: string): boolean
  /** The value with who wrote it and when. */
  entry(key: string): Entry | undefined
  /** Live keys. */
  readonly size: number
  /** Keys in ascending order of their UTF-16 units, the same on every member. */
  keys(options?: { prefix?: string }): string[]
  values(options?: { prefix?: string }): Value[]
  entries(options?: { prefix?: string }): [string, Value][]
  forEach(fn: (value: Value, key: string) => void): void
  [Symbol.iterator](): IterableIterator<[string, Value]>
  /** A frozen plain object of everything; the same object until something changes. */
  snapshot(): Readonly<Record<string, Value>>
  /** Writes. @throws UsageError ERR_KEY_INVALID, ERR_VALUE_INVALID, ERR_TOO_LARGE, ERR_FULL, ERR_READ_ONLY, ERR_STORE_CLOSED */
  set(key: string, value: Value): void
  /** Removes; true when the key was there. */
  delete(key: string): boolean
  setMany(entries: Readonly<Record<string, Value>> | Iterable<readonly [string, Value]>): void
  /** Removes several; returns how many were there. */
  deleteMany(keys: Iterable<string>): number
  /** Writes `fn(current)`; undefined deletes. Not atomic across members. */
  update(key: string, fn: (current: Value | undefined) => Value | undefined): void
  /**
   * Runs `fn` and applies all its writes as one transaction; when `fn` throws, none. Reads inside see the
   * writes. @throws UsageError ERR_TOO_LARGE with `atomic` when it does not fit one update, ERR_OPTION_INVALID when `fn` is
   * asynchronous
   */
  batch<R>(fn: () => R, options?: { atomic?: boolean }): R
  /** Calls back once per transaction that changed something. A throwing listener is reported, not propagated. */
  subscribe(fn: (event: ChangeEvent) => void): Unsubscribe
  /** The same for one key. */
  subscribe(key: string, fn: (value: Value | undefined, change: KeyChange) => void): Unsubscribe
  /** The same for all keys with a prefix. */
  subscribe(filter: { prefix: string }, fn: (event: ChangeEvent) => void): Unsubscribe
  /**
   * Changes as an endless iteration; ends by `signal`, `return` or the close of the store. A slow reader gets
   * the latest value of each key, never misses the last one.
   */
  watch(options?: {
    prefix?: string
    initial?: boolean
    signal?: AbortSignal
  }): AsyncIterableIterator<KeyChange>
  /** Resolves with the first value of `key` for which `predicate` holds, now or later. */
  once(
    key: string,
    predicate?: (value: Value | undefined) => boolean,
    options?: { timeout?: number; signal?: AbortSignal },
  ): Promise<Value | undefined>
  /** The same interface over the keys that begin with `prefix`, which it leaves out. */
  namespace(prefix: string): KV
}

/** The system's section. Every attempt to write throws UsageError ERR_SYS_READONLY. */
export interface ReadKV {
  /** `get('members')` is the plain object member id -> record. */
  get(key: 'members'): Readonly<Record<string, MemberRecord>>
  /** The same, as a property. */
  readonly members: Readonly<Record<string, MemberRecord>>
  snapshot(): { readonly members: Readonly<Record<string, MemberRecord>> }
  subscribe(fn: () => void): Unsubscribe
  set(key: string, value: unknown): never
  delete(key: string): never
}

/** How a member stands, as this member sees it. */
export type MemberState =
  /** It is heard of. */
  | 'alive'
  /** Somebody does not hear of it any more; it has some seconds to object. */
  | 'suspect'
  /** Its page said that the browser stops it. It is missed after 90 s. */
  | 'frozen'
  /** It did not object. Only in the event `gone`. */
  | 'dead'
  /** It said goodbye. Only in the event `gone`. */
  | 'left'

/** A member: its record joined with what this member knows of its liveness. Frozen. */
export interface Member {
  id: string
  name: string | undefined
  kind: MemberKind
  role: MemberRole
  state: MemberState
  /**
   * Whether its data has been complete since it started: it equalled that of a writer, or no other writer was there.
   * A member is alive before it is ready.
   */
  ready: boolean
  /** True when there is a link to it. */
  direct: boolean
  /** Smoothed round trip of the link in milliseconds; undefined without a link, and for its first seconds. */
  rttMillis: number | undefined
  /** Whether its data equals this member's, by its last digest; undefined when it is not direct, or a reader. */
  inSync: boolean | undefined
  /** When it joined, in milliseconds since 1970. */
  joined: number
  port: number | null
  protocol: 'v1'
  zone: string | undefined
  meta: Readonly<Record<string, string | number | boolean | null>>
  /** What it shows of itself; an empty object when it shows nothing. */
  presence: PresenceState
  self: boolean
}

/** The members of the cluster, this one included. */
export interface Members {
  /** In ascending order of id; the same array until something changes. */
  list(): readonly Member[]
  get(id: string): Member | undefined
  readonly self: Member
  readonly size: number
  subscribe(fn: (members: readonly Member[]) => void): Unsubscribe
}

/** What one member shows. Frozen; the same object until it changes. */
export interface Shown {
  id: string
  self: boolean
  state: PresenceState
}

/**
 * What the members show of themselves while they are here, as cursors and selections: ephemeral, never in the
 * document, gone with its member. A newcomer sees what the others showed before.
 */
export interface Presence {
  /**
   * Changes fields of this member's state; undefined takes a field away. It shows here at once; the others are told at most
   * 5 times a second, of the last state. Before `start()` and while alone it is kept for members that come later.
   * @throws UsageError ERR_VALUE_INVALID, ERR_TOO_LARGE beyond 4 KiB in all, ERR_STORE_CLOSED
   */
  set(patch: Partial<PresenceState>): void
  /** The state of a member, by default this one; undefined when there is no such member. */
  get(id?: string): PresenceState | undefined
  /** Everyone who shows something, this member included, in ascending order of id; the same list until it changes. */
  list(): readonly Shown[]
  /** Calls back when something in `list()` has changed. */
  subscribe(fn: (shown: readonly Shown[]) => void): Unsubscribe
  /**
   * The same as an Awareness of y-protocols on `store.doc`, for editor bindings; made at its first use. Needs the option
   * `awareness`. @throws UsageError ERR_AWARENESS_MISSING, ERR_STORE_CLOSED
   */
  readonly awareness: Awareness
}

/** A message of the application that another member sent. */
export interface Message {
  /** The id of its sender. Without a cluster secret nothing proves it. */
  from: string
  bytes: Uint8Array
}

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

/** Two members wrote the same key without knowing of each other; `winner` stays, on every member. */
export interface ConflictEvent {
  key: string
  winner: { value: Value | undefined; by: string | undefined }
  loser: { value: Value | undefined; by: string | undefined }
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
