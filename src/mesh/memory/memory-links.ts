/** Links in memory: of one member, over the network in which the others are as well. */

import { concat } from '../../base/bytes.js'
import type { Clock } from '../../base/clock.js'
import { MESH_CATALOGUE } from '../../base/error-catalogue.mesh.js'
import { TransportError } from '../../base/errors.js'
import type { LinkEvents, Links, PendingLink } from '../transport.js'
import type { Priority } from '../wire/frame.js'
import type { Signal } from '../wire/signal.js'
import { SLOW_LINK_BYTES } from '../wire/wire-limits.js'

const NOTHING = new Uint8Array(0)

/** The network between the links of all members. */
export interface LinkPlace {
  readonly clock: Clock
  readonly conditions: { readonly dialMillis: number }
  readonly delivered: { frames: number; bytes: number }
  /** Is told of each frame that arrives. */
  readonly heard: (from: string, to: string, bytes: Uint8Array) => void
  /** Every member that is started, by id; a later one takes the place of an earlier one. */
  readonly endpoints: Map<string, MemoryLinks>
  /** Whether frames of `from` arrive at `to`. */
  reaches(from: string, to: string): boolean
  /** How long the next frame takes, in milliseconds. */
  delay(): number
  /** How long the line between two members is taken by a frame. */
  service(from: string, to: string, bytes: number): number
  /** How much later an overtaken frame comes; 0 for most. */
  detour(bytes: Uint8Array): number
  /** Whether a frame comes twice. */
  doubles(bytes: Uint8Array): boolean
  /** A text that no other member of the network has. */
  newFingerprint(): string
  /** Whether a dial fails for no reason. */
  dialFails(): boolean
}

/** The links of one member. */
export class MemoryLinks implements Links {
  readonly #place: LinkPlace
  readonly #links = new Map<string, LinkEnd>()
  readonly #pending = new Set<LinkEnd>()
  readonly #dialing = new Set<string>()
  /** Stands for that of a certificate; no other member of the network has it. */
  readonly fingerprint: string
  #id = ''
  #events: LinkEvents | undefined

  constructor(place: LinkPlace) {
    this.#place = place
    this.fingerprint = place.newFingerprint()
  }

  async start(self: string, events: LinkEvents): Promise<void> {
    this.#id = self
    this.#events = events
    this.#place.endpoints.set(self, this)
  }

  dial(peer: string): void {
    if (this.#links.has(peer) || this.#dialing.has(peer)) return
    this.#dialing.add(peer)
    this.#place.clock.after(this.#place.conditions.dialMillis, () => this.#finishDial(peer))
  }

  receiveSignal(_from: string, _signal: Signal): void {
    // Links in memory need no signals.
  }

  send(peer: string, bytes: Uint8Array, priority: Priority, rest?: Uint8Array): void {
    this.#links.get(peer)?.send(bytes, priority, rest)
  }

  slow(peer: string): boolean {
    return this.#links.get(peer)?.slow ?? false
  }

  disconnect(peer: string): void {
    this.#links.get(peer)?.finish()
  }

  async close(): Promise<void> {
    const ends = [...this.#links.values(), ...this.#pending]
    this.crash()
    for (const end of ends) end.tell()
  }

  /** Goes without a word. */
  crash(): void {
    this.#events = undefined
    for (const end of [...this.#links.values(), ...this.#pending]) end.over = true
    this.#links.clear()
    this.#pending.clear()
    if (this.#place.endpoints.get(this.#id) === this) this.#place.endpoints.delete(this.#id)
  }

  /** All that leads to `peer` breaks. */
  lose(peer: string): void {
    for (const end of [this.#links.get(peer), ...this.#pending]) if (end?.peer === peer) this.lost(end)
  }

  /** This end of a link is gone. */
  lost(end: LinkEnd): void {
    end.over = true
    if (this.#links.get(end.peer) === end) {
      this.#links.delete(end.peer)
      this.#events?.linkDown(end.peer, undefined)
    } else if (this.#pending.delete(end)) this.#events?.admission?.lost(end, undefined)
  }

  /** A frame came out of this end. */
  take(end: LinkEnd, bytes: Uint8Array): void {
    this.#place.delivered.frames += 1
    this.#place.delivered.bytes += bytes.length
    this.#place.heard(end.peer, this.#id, bytes)
    if (this.#links.get(end.peer) === end) this.#events?.frame(end.peer, bytes)
    else if (this.#pending.has(end)) this.#events?.admission?.frame(end, bytes)
  }

  /** What waited in this end has left. */
  drained(end: LinkEnd): void {
    if (this.#links.get(end.peer) === end) this.#events?.drained(end.peer)
  }

  /** This end, if it is pending, becomes the link to its peer. */
  admit(end: LinkEnd): void {
    if (this.#pending.delete(end)) this.#become(end)
  }

  /** Nothing more of this end is wanted. */
  forget(end: LinkEnd): void {
    this.#pending.delete(end)
  }

  #finishDial(peer: string): void {
    if (!this.#dialing.delete(peer) || this.#events === undefined || this.#links.has(peer)) return
    const other = this.#place.endpoints.get(peer)
    const isMutual = this.#place.reaches(this.#id, peer) && this.#place.reaches(peer, this.#id)
    if (other === undefined || !isMutual || this.#place.dialFails()) {
      return this.#events.dialFailed(peer, unreachableMember(peer))
    }
    const own = new LinkEnd(this.#place, this, this.#id, peer)
    const theirs = new LinkEnd(this.#place, other, peer, this.#id)
    own.twin = theirs
    theirs.twin = own
    other.#open(theirs)
    this.#open(own)
  }

  #open(end: LinkEnd): void {
    this.#dialing.delete(end.peer)
    const admission = this.#events?.admission
    if (admission === undefined) return this.#become(end)
    this.#pending.add(end)
    admission.opened(end)
  }

  #become(end: LinkEnd): void {
    const events = this.#events
    const old = this.#links.get(end.peer)
    // First the new one: a dial at the news of the old one's end finds a link.
    this.#links.set(end.peer, end)
    if (old) {
      old.over = true
      old.tell()
      events?.linkDown(end.peer, undefined)
    }
    events?.linkUp(end.peer)
  }
}

/** One end of a link, and what it sends: frames arrive in order, each after its delay. */
class LinkEnd implements PendingLink {
  readonly peer: string
  twin: LinkEnd | undefined
  over = false
  readonly #place: LinkPlace
  readonly #owner: MemoryLinks
  readonly #self: string
  #lastArrival = 0
  #queuedBytes = 0
  #wasSlow = false

  constructor(place: LinkPlace, owner: MemoryLinks, self: string, peer: string) {
    this.peer = peer
    this.#place = place
    this.#owner = owner
    this.#self = self
  }

  get fingerprints(): { own: string; theirs: string } | undefined {
    const { twin } = this
    return twin && { own: this.#owner.fingerprint, theirs: twin.#owner.fingerprint }
  }

  get slow(): boolean {
    return this.#queuedBytes > SLOW_LINK_BYTES
  }

  send(start: Uint8Array, _priority: Priority, rest?: Uint8Array): void {
    if (this.over) return
    const { clock } = this.#place
    // The receiver keeps what it gets: it must not share memory with the sender.
    const bytes = concat(start, rest ?? NOTHING)
    const earliest = Math.max(this.#lastArrival, clock.monotonic() + this.#place.delay())
    this.#lastArrival = earliest + this.#place.service(this.#self, this.peer, bytes.length)
    this.#queuedBytes += bytes.length
    if (this.slow) this.#wasSlow = true
    const wait = this.#lastArrival - clock.monotonic() + this.#place.detour(bytes)
    clock.after(wait, () => this.#arrive(bytes))
    if (this.#place.doubles(bytes))
      clock.after(wait + this.#place.delay(), () => this.#deliver(bytes.slice()))
  }

  admit(): void {
    this.#owner.admit(this)
  }

  end(): void {
    this.#owner.forget(this)
    this.finish()
  }

  /** Breaks once what was sent has arrived. */
  finish(): void {
    const { clock } = this.#place
    clock.after(Math.max(0, this.#lastArrival - clock.monotonic()), () => {
      if (this.over) return
      this.#owner.lost(this)
      this.tell()
    })
  }

  /** Tells the other end that this one is gone, if it can hear. */
  tell(): void {
    const { twin } = this
    if (twin && !twin.over && this.#place.reaches(this.#self, this.peer)) twin.#owner.lost(twin)
  }

  #arrive(bytes: Uint8Array): void {
    this.#queuedBytes -= bytes.length
    this.#deliver(bytes)
    if (!this.#wasSlow || this.#queuedBytes > 0) return
    this.#wasSlow = false
    this.#owner.drained(this)
  }

  #deliver(bytes: Uint8Array): void {
    const { twin } = this
    if (twin && !this.over && !twin.over && this.#place.reaches(this.#self, this.peer))
      twin.#owner.take(twin, bytes)
  }
}

function unreachableMember(peer: string): TransportError {
  return new TransportError('ERR_DIAL_TIMEOUT', `Member ${peer} cannot be reached in this network`, {
    ...MESH_CATALOGUE.TransportError.ERR_DIAL_TIMEOUT,
    why: 'It has gone, or a partition lies between',
  })
}
