/**
 * The ports between the driver and the world: links that carry bytes between two members, and signaling that
 * introduces members to each other. The driver owns both and moves every signal between them.
 */
import type { GossipKvError } from '../base/errors.js'
import type { MemberKind, MemberRole } from '../base/member.js'
import type { Priority } from './wire/frame.js'
import type { Signal } from './wire/signal.js'

/** A member that signaling offers to dial. */
export interface Contact {
  id: string
  kind: MemberKind
}

/** A member as it says that it is when it registers; readers are named to nobody. */
export interface Registration extends Contact {
  role?: MemberRole
}

/** What links report. Calls may come at any time after `start`, also from within a call into the links. */
export interface LinkEvents {
  /** A link is open in both directions; frames sent from now on arrive in order. */
  linkUp(peer: string): void
  /** A link that was up is gone. No `frame` of it follows. */
  linkDown(peer: string, error: GossipKvError | undefined): void
  /** A dial ended without a link. */
  dialFailed(peer: string, error: GossipKvError): void
  /** One whole frame arrived. The bytes are the receiver's to keep. */
  frame(peer: string, bytes: Uint8Array): void
  /** A slow link (see `Links.slow`) has drained. */
  drained(peer: string): void
  /** A signal for `peer`, to be carried there by whatever path exists. */
  signal(peer: string, signal: Signal): void
  /** Decides which connections become links. Without it each one does as soon as it is open. */
  admission?: Admission
}

/** A connection that is open and is not a link yet; an older link to the same peer goes on beside it. */
export interface PendingLink {
  readonly peer: string
  /** The sha-256 fingerprints of both certificates, as the connection has them; undefined when a side does not have exactly one. */
  readonly fingerprints: { own: string; theirs: string } | undefined
  /** Queues one frame for this very connection, also once it is the link; dropped when it is over. */
  send(bytes: Uint8Array, priority: Priority, rest?: Uint8Array): void
  /** Makes it the link to its peer. `linkDown` of an older one and `linkUp` follow within the call, unless it is over. */
  admit(): void
  /** Closes it after what is queued has left (at most 500 ms). Nothing more is reported of it. */
  end(): void
}

/** What happens to pending links. Over WebRTC one ends of which more than AUTH_BYTES_MAX bytes come before it is admitted. */
export interface Admission {
  opened(pending: PendingLink): void
  /** One whole frame arrived over it. */
  frame(pending: PendingLink, bytes: Uint8Array): void
  /** It is gone. */
  lost(pending: PendingLink, error: GossipKvError | undefined): void
}

/** What came in and was refused, since the start. */
export interface TransportCounters {
  /** ICE candidates beyond CANDIDATES_MAX, or of an address that is not allowed. */
  candidatesRefused: number
  /** Signals that fit no attempt, or that nothing but a broken or hostile member sends. */
  signalsRefused: number
  /** Attempts of others beyond PEERS_IN_HANDSHAKE_MAX. */
  handshakesRefused: number
}

/** Opens and holds links to other members, at most one to each. A cluster with a secret needs `LinkEvents.admission` of them. */
export interface Links {
  /** Begins to work. @throws TransportError ERR_WEBRTC_UNAVAILABLE (as a rejection) */
  start(self: string, events: LinkEvents): Promise<void>
  /** Wants a link to `peer`; answered by `linkUp` or `dialFailed`. Does nothing when there is a link or a dial. */
  dial(peer: string): void
  /** Hands in a signal that came from `from`, by whatever path. */
  receiveSignal(from: string, signal: Signal): void
  /**
   * Queues one frame of at most FRAME_BYTES_MAX, in one piece or in two. A frame for a peer without a link is dropped.
   * Of those that wait, priority 0 leaves first. `bytes` and `rest` stay as they are until they have arrived.
   */
  send(peer: string, bytes: Uint8Array, priority: Priority, rest?: Uint8Array): void
  /** True while more waits for `peer` than a link should hold; `drained` tells the end of it. */
  slow(peer: string): boolean
  /** Closes the link to `peer` after what is queued has left (at most 500 ms); `linkDown` follows. */
  disconnect(peer: string): void
  /** Closes everything and waits until nothing of it is alive. Idempotent. */
  close(): Promise<void>
  /** For metrics; absent where nothing is counted. */
  counters?(): Readonly<TransportCounters>
}

/** How the signaling client stands with its server. */
export type SignalingState = 'none' | 'connecting' | 'connected' | 'disconnected'

/** What signaling reports. */
export interface SignalingEvents {
  state(state: SignalingState, error: GossipKvError | undefined): void
  /** Random writers of the cluster to dial: after each (re)connect and after each `introduce`. */
  contacts(contacts: Contact[]): void
  signal(from: string, signal: Signal): void
  /** Nobody of this id is at the server: a signal to it went nowhere. A server need not say so. */
  absent(id: string): void
}

/** Meets other members through a server. Reconnects for ever by itself. */
export interface Signaling {
  start(self: Registration, topic: string, events: SignalingEvents): void
  /** Is to be met under all of these from now on; the first is where it asks and sends. Needed to rotate secrets. */
  register?(topics: readonly string[]): void
  /** Asks for up to `count` (at most CONTACTS_MAX) random writers. Answered by `contacts`; dropped when not connected. */
  introduce(count: number): void
  /** Carries a signal to `to` through the server; dropped when not connected. */
  send(to: string, signal: Signal): void
  /** Leaves and closes. Idempotent. */
  close(): Promise<void>
  /** For metrics; absent where nothing is counted. */
  counters?(): Readonly<Record<string, number>>
}

/** Both ports of one member, as `createStore({ transport })` takes them. */
export interface Transport {
  links: Links
  signaling: Signaling
}
