/** Claims about members: what their author signs, and what every member that passes them on checks. */
import type { MemberRecord } from '../../base/member.js'

/** One claim about one member. */
export type Claim = MembershipClaim | PresenceFrame
/** A claim about who belongs to the cluster. */
export type MembershipClaim = MemberFrame | SuspectFrame | LeaveFrame

/** The record of one member, flooded when it is news. */
export interface MemberFrame {
  type: 'member'
  id: string
  record: MemberRecord
  /** Raised by the owner now and then: a member whose lease stands still is gone. */
  lease: number
  /** In a cluster with a secret: the author's public key and its signature over the claim, PROOF_BYTES long. */
  proof?: Uint8Array
}

/** Somebody no longer hears from `id`. */
export interface SuspectFrame {
  type: 'suspect'
  id: string
  incarnation: number
  /** The watcher that says so, and proves it as in `MemberFrame`. */
  by: string
  proof?: Uint8Array
}

/** `id` said goodbye. */
export interface LeaveFrame {
  type: 'leave'
  id: string
  incarnation: number
  /** See `MemberFrame`. */
  proof?: Uint8Array
}

/** What `id` shows of itself for as long as it is here; it never enters the document. */
export interface PresenceFrame {
  type: 'presence'
  id: string
  /** Starts above the `joined` of its owner's record and rises with each change: the greatest one stands. */
  version: number
  /** Its page is about to be stopped: it will be silent, and lives. */
  frozen: boolean
  /** Opaque here; at most PRESENCE_BYTES_MAX. */
  state: Uint8Array
  /** See `MemberFrame`. */
  proof?: Uint8Array
}

/** A message of the application, on its way through the mesh. */
export interface MessageFrame {
  type: 'message'
  from: string
  /** Empty: everyone. */
  to: string
  /** Links that it may still cross by itself; along the shared tree it means nothing. */
  hops: number
  /** Starts at `joined` of its author's record and rises with each message: so none is taken twice. */
  number: number
  /** At most APPLICATION_BYTES_MAX. */
  bytes: Uint8Array
  /** See `MemberFrame`. */
  proof?: Uint8Array
}
