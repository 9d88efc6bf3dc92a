/** What goes into the engine and what comes out of it: plain data, so that a run can be recorded and replayed. */

import type { MemberKind, MemberRecord } from '../../base/member.js'
import type { OffenceKind } from '../rate-limit/score.js'
import type { DisconnectReason, Frame, Priority, Visibility } from '../wire/frame.js'
import { priorityOf } from '../wire/frames.js'
import type { Signal } from '../wire/signal.js'

/** One thing that happened to a member. The engine takes one at a time and is never re-entered. */
export type Input =
  /** Signaling offers members. */
  | { type: 'contacts'; contacts: readonly { id: string; kind: MemberKind }[] }
  /** The signaling server was reached, or lost. */
  | { type: 'signaling'; connected: boolean }
  | { type: 'link-up'; peer: string }
  | { type: 'link-down'; peer: string }
  | { type: 'dial-failed'; peer: string }
  | { type: 'frame'; peer: string; frame: Frame }
  /** Bytes came in that are no frame, or whose signature does not verify (`kind`; default malformed). */
  | { type: 'malformed'; peer: string; kind?: OffenceKind }
  /** More waits for a link than it should hold. */
  | { type: 'slow'; peer: string }
  /** A slow link is empty again. */
  | { type: 'drained'; peer: string }
  /** A link carries more than it may, or less than it is given: it ends, without blame. */
  | { type: 'overload'; peer: string }
  /** Local writes, as the replica drained them. */
  | { type: 'local-updates'; updates: readonly Uint8Array[] }
  /** The transport wants this signal carried to `peer`. */
  | { type: 'signal'; peer: string; signal: Signal }
  /** A signal of `peer` came through the signaling server. */
  | { type: 'signal-received'; peer: string }
  /** A signal to `peer` found nobody at the signaling server. */
  | { type: 'absent'; peer: string }
  /** The page went to the background, came back, or is about to be frozen. */
  | { type: 'visibility'; visibility: Visibility }
  /** The application shows something else of itself. */
  | { type: 'presence'; state: Uint8Array }
  /** The application sends a message to one member, or to everyone when `to` is empty. */
  | { type: 'message'; to: string; bytes: Uint8Array }
  /** A field of this member's record changed. */
  | { type: 'self'; change: Partial<MemberRecord> }
  /** A call waits until so many others hold all that was written here; Infinity: all of them. */
  | { type: 'await-acks'; call: number; acks: number }
  /** It waits no longer. */
  | { type: 'end-acks'; call: number }
  /** The deadline has come. */
  | { type: 'tick' }
  /** This member goes; it says goodbye to its neighbors. */
  | { type: 'leave' }

/** One thing that the driver does for the engine, in order. */
export type Output =
  | { type: 'send'; peer: string; frame: Frame; priority: Priority }
  | { type: 'dial'; peer: string }
  /** Close the link after what is queued has left. */
  | { type: 'disconnect'; peer: string }
  /** Ask signaling for members. */
  | { type: 'introduce'; count: number }
  /** Carry this signal through the signaling server: the mesh knows no way. */
  | { type: 'signal-server'; peer: string; signal: Signal }
  /** A signal of `peer` arrived through the mesh, for the transport. */
  | { type: 'signal'; peer: string; signal: Signal }
  /** The cluster of `peer` has as many members as one may have, or `peer` itself as many links, and no other is there. */
  | { type: 'refused'; peer: string; reason: 'members' | 'full' }
  /** A later run of this very member is alive elsewhere: this one has ended all links, and opens no more. */
  | { type: 'displaced' }
  /** The member table or a member's liveness changed. */
  | { type: 'members' }
  /** A member was removed. */
  | { type: 'gone'; id: string; how: 'left' | 'dead' }
  /** What a member shows of itself changed. */
  | { type: 'presence' }
  /** A message for the application. */
  | { type: 'message'; from: string; bytes: Uint8Array }
  /** What a call has waited for has come, or it waits no longer. */
  | { type: 'acknowledged'; call: number; acked: readonly string[]; missing: readonly string[] }

/** Collects the outputs of one step, in order; the parts of the engine share it. */
export class Outbox {
  #outputs: Output[] = []
  readonly #sent = new Map<string, { frames: number }>()

  /** Frames by type, since the start; for metrics. */
  get sent(): ReadonlyMap<string, number> {
    return new Map(Array.from(this.#sent, ([type, { frames }]) => [type, frames]))
  }

  send(peer: string, frame: Frame): void {
    const sent = this.#sent.get(frame.type)
    if (sent) sent.frames += 1
    else this.#sent.set(frame.type, { frames: 1 })
    this.#outputs.push({ type: 'send', peer, frame, priority: priorityOf(frame) })
  }

  /** Says why, then closes. */
  disconnect(peer: string, reason: DisconnectReason, others?: readonly string[]): void {
    this.send(peer, { type: 'disconnect', reason, ...(others && { others }) })
    this.push({ type: 'disconnect', peer })
  }

  push(output: Output): void {
    this.#outputs.push(output)
  }

  take(): Output[] {
    const outputs = this.#outputs
    this.#outputs = []
    return outputs
  }
}
