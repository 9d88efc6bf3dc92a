/** The public types of members, of what they show and of what they tell each other. */
import type { Awareness } from 'y-protocols/awareness'
import type { Unsubscribe } from '../../base/emitter.js'
import type { MemberKind, MemberRole } from '../../base/member.js'
import type { Value } from '../../data/replica/value.js'

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
