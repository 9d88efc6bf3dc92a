/**
 * The frames that two members exchange on a link, as plain data. `codec.ts` turns them into bytes:
 * `version u8, type u8, flags u8, body`. Type numbers are never reused or renumbered.
 */

/** Where a member runs. */
export type MemberKind = 'node' | 'browser'
/** Whether a member may write `usr`. */
export type MemberRole = 'writer' | 'reader'

/** What a member tells of itself; only its owner writes it. It is what `sys.members[id]` shows. */
export interface MemberRecord {
  /** The TCP port of its HTTP interface, null where there is none, as in a tab. */
  port: number | null
  protocol: 'v1'
  kind: MemberKind
  role: MemberRole
  /** Names its writes; new for every process and tab. */
  session: number
  /** Raised by its owner at every change of the record and to refute a rumor of its death. */
  incarnation: number
  /** When it joined, in milliseconds since 1970 by its own clock. */
  joined: number
  name?: string
  zone?: string
  meta?: Readonly<Record<string, string | number | boolean | null>>
}

/** The first byte of every frame; a different one ends the link. */
export const PROTOCOL_VERSION = 1

/** The second byte of every frame. */
export const FRAME_TAGS = {
  hello: 1,
  heartbeat: 3,
  gossip: 4,
  digest: 8,
  'sync-request': 9,
  'sync-part': 10,
  disconnect: 14,
  suspect: 18,
  leave: 21,
  member: 25,
  'sync-pull': 28,
  'sync-busy': 29,
} as const

/** Why a link was ended by its other side. */
export const DISCONNECT_REASONS = [
  'leave',
  'evict',
  'replaced',
  'overload',
  'error',
  'protocol',
  'full',
  'cluster',
] as const
export type DisconnectReason = (typeof DISCONNECT_REASONS)[number]

/** The first frame of each side. Nothing else is read before it. */
export interface HelloFrame {
  type: 'hello'
  /** Hash of the cluster's name: members of different clusters never merge. */
  topic: string
  id: string
  record: MemberRecord
  /** How many other links the sender has; a member without any may force its way in. */
  links: number
}

/** Sent when a link was silent for a heartbeat period, or when the sender's digest changed. */
export interface HeartbeatFrame {
  type: 'heartbeat'
  /** The replica digest of the sender, 16 bytes. */
  digest: Uint8Array
  /** The sender's monotonic time in milliseconds, to be echoed. */
  time: number
  /** The last `time` that came from the receiver, plus how long the sender held it; 0 when there was none. */
  echo: number
}

/** One update of one origin, flooded. */
export interface GossipFrame {
  type: 'gossip'
  origin: string
  /** Drawn at the origin's start: (origin, epoch, seq) never repeats, also after a restart. */
  epoch: number
  seq: number
  /** Links crossed so far. */
  round: number
  update: Uint8Array
}

/** Compares two members: the replica and the member table. */
export interface DigestFrame {
  type: 'digest'
  replica: Uint8Array
  members: number
  /** True asks the receiver for its own digest. */
  ask: boolean
}

/** Asks for everything that the sender lacks. */
export interface SyncRequestFrame {
  type: 'sync-request'
  /** Chosen by the asker; repeated in every frame of this exchange. */
  exchange: number
  summary: Uint8Array
}

/** One part of a difference. */
export interface SyncPartFrame {
  type: 'sync-part'
  exchange: number
  index: number
  /** Parts in all, at least 1. */
  count: number
  bytes: Uint8Array
}

/** The asker has taken all parts before `next` and wants more. */
export interface SyncPullFrame {
  type: 'sync-pull'
  exchange: number
  next: number
}

/** The asked member serves enough others already; ask again later or elsewhere. */
export interface SyncBusyFrame {
  type: 'sync-busy'
  exchange: number
}

/** The record of one member, flooded when it is news. */
export interface MemberFrame {
  type: 'member'
  id: string
  record: MemberRecord
  /** Raised by the owner now and then: a member whose lease stands still is gone. */
  lease: number
}

/** Somebody no longer hears from `id`. */
export interface SuspectFrame {
  type: 'suspect'
  id: string
  incarnation: number
  /** The watcher that says so. */
  by: string
}

/** `id` said goodbye. */
export interface LeaveFrame {
  type: 'leave'
  id: string
  incarnation: number
}

/** The last frame of a link that is closed on purpose. */
export interface DisconnectFrame {
  type: 'disconnect'
  reason: DisconnectReason
}

export type Frame =
  | HelloFrame
  | HeartbeatFrame
  | GossipFrame
  | DigestFrame
  | SyncRequestFrame
  | SyncPartFrame
  | SyncPullFrame
  | SyncBusyFrame
  | MemberFrame
  | SuspectFrame
  | LeaveFrame
  | DisconnectFrame
