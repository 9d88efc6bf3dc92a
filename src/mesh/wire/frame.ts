/**
 * The frames that two members exchange on a link, as plain data. `codec.ts` turns them into bytes:
 * `version u8, type u8, flags u8, body`. Type numbers are never reused or renumbered.
 */

import type { MemberRecord } from '../../base/member.js'
import type { Claim, LeaveFrame, MemberFrame, MessageFrame, PresenceFrame, SuspectFrame } from './claim.js'

/** The first byte of every frame; a different one ends the link. */
export const PROTOCOL_VERSION = 1

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
  'members',
] as const
export type DisconnectReason = (typeof DISCONNECT_REASONS)[number]

/**
 * Why a member opens a link; decides whether a full one makes room. `accept`: the other side opened it.
 */
export const LINK_INTENTS = ['accept', 'join', 'repair', 'interleave', 'stranger'] as const
export type LinkIntent = (typeof LINK_INTENTS)[number]

/** The first frame of each side. Nothing else is read before it. */
export interface HelloFrame {
  type: 'hello'
  /** Hash of the cluster's name: members of different clusters never merge. */
  topic: string
  id: string
  record: MemberRecord
  lease: number
  /** See `MemberFrame`. */
  proof?: Uint8Array
  /** How many other links the sender has; a member without any may force its way in. */
  links: number
  intent: LinkIntent
}

/** How far the sender's page is from being run: its watchers wait longer for it. */
export const VISIBILITIES = ['visible', 'hidden', 'frozen'] as const
export type Visibility = (typeof VISIBILITIES)[number]

/** Sent when a link was silent for a heartbeat period, or when the sender's digest changed. */
export interface HeartbeatFrame {
  type: 'heartbeat'
  /** The replica digest of the sender, 16 bytes. */
  digest: Uint8Array
  /** The sender's monotonic time in milliseconds, to be echoed. */
  time: number
  /** The last `time` that came from the receiver, plus how long the sender held it; 0 when there was none. */
  echo: number
  visibility: Visibility
  /** Whether the sender has room for one more reader. */
  hasSlot: boolean
  /** Envelopes that the sender holds: lazy links hear of them only so. */
  announced: readonly Announced[]
  /** Leases that have risen. */
  leases: readonly RisenLease[]
}

/** Names envelopes without their bodies. `tag` stands for (origin, epoch): a hash of both. */
export interface Announced {
  tag: number
  /** The lowest and the highest sequence number of an unbroken run. */
  from: number
  to: number
}

/** The lease of the member whose id and incarnation hash to `tag`. */
export interface RisenLease {
  tag: number
  lease: number
}

/** What an envelope carries. */
export type EnvelopeBody =
  /** An update for the replica. */
  | { type: 'update'; update: Uint8Array }
  /** Claims about members: records, suspicions, goodbyes. */
  | { type: 'claims'; claims: readonly Claim[] }
  /** Nothing: sent now and then to give the shared tree a new shape. */
  | { type: 'beacon' }
  /** A message of the application for everyone, or for one member to whom nobody knew the way. */
  | MessageFrame
  /** Asks every member that holds what the origin has written to say so. */
  | ({ type: 'ack-request' } & AckRequest)

/** Asks whether the receiver has merged so many writes of each of the asker's sessions. */
export interface AckRequest {
  /** At least one and at most ACK_MARKS_MAX; the present session last. */
  marks: readonly { session: number; n: number }[]
}

/** The same for a neighbor alone. */
export interface AckRequestFrame extends AckRequest {
  type: 'ack-request'
}

/** `from` has merged so many writes of each session, as somebody asked in the name of `to`; on its way through the mesh. */
export interface AckFrame extends AckRequest {
  type: 'ack'
  from: string
  to: string
  /** Links that it may still cross. */
  hops: number
  /** See `MemberFrame`; where others carry it to `to`, who checks it. */
  proof?: Uint8Array
}

/** A broadcast of one origin, on its way along a tree. */
export interface GossipFrame {
  type: 'gossip'
  origin: string
  /** Drawn at the origin's start: (origin, epoch, seq) never repeats, also after a restart. */
  epoch: number
  seq: number
  /** Links crossed so far. */
  round: number
  /** True along the origin's own tree, false along the one that all share. */
  ownTree: boolean
  /** It goes along every link and gives the tree a new shape: the neighbor that brings it first is the parent. */
  shapes: boolean
  body: EnvelopeBody
}

/** Send these, and from now on everything of these trees. */
export interface GraftFrame {
  type: 'graft'
  /** 0 is the shared tree. */
  tree: number
  wanted: readonly Announced[]
}

/** What comes along this tree is here already: announce it only. 0 is the shared tree. */
export interface PruneFrame {
  type: 'prune'
  tree: number
}

/** The steps of an interleave: a full member hands over one of its links instead of growing by one. */
export interface InterleaveFrame {
  type: 'interleave'
  /** offer: dial `member`. done, failed: what came of it. */
  step: 'offer' | 'done' | 'failed'
  member: string
}

/** A signal on its way through the mesh to a member that is not a neighbor. */
export interface SignalFrame {
  type: 'signal'
  from: string
  to: string
  /** Links that it may still cross. */
  hops: number
  /** A Signal in JSON. */
  payload: string
}

/** The digests of the member table by bucket, to find out which records differ. */
export interface MembersFrame {
  type: 'members'
  buckets: readonly number[]
  /** True asks for the same of the receiver. */
  ask: boolean
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
  /** Whether no part follows. */
  last: boolean
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

/** The last frame of a link that is closed on purpose. */
export interface DisconnectFrame {
  type: 'disconnect'
  reason: DisconnectReason
  /** With `full`: others that had room lately; at most SLOTS_NAMED_MAX. */
  others?: readonly string[]
}

export type Frame =
  | HelloFrame
  | HeartbeatFrame
  | GossipFrame
  | GraftFrame
  | PruneFrame
  | InterleaveFrame
  | SignalFrame
  | MembersFrame
  | DigestFrame
  | SyncRequestFrame
  | SyncPartFrame
  | SyncPullFrame
  | SyncBusyFrame
  | MemberFrame
  | SuspectFrame
  | LeaveFrame
  | PresenceFrame
  | MessageFrame
  | DisconnectFrame
  | AckRequestFrame
  | AckFrame

/** In which order waiting frames leave a link: 0 first. */
export type Priority = 0 | 1 | 2 | 3
