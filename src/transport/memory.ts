/**
 * A network in memory: links and signaling between the stores of one process, with delay, loss of dials and
 * partitions. It carries the same bytes as WebRTC would and is driven by a clock, real or virtual.
 */
import type { Clock } from '../base/clock.js'
import { TransportError } from '../base/errors.js'
import { type Random, seededRandom } from '../base/random.js'
import { FRAME_TAGS } from '../wire/frame.js'
import { SLOW_LINK_BYTES } from '../wire/limits.js'
import type { Signal } from '../wire/signal.js'
import { type MeetingPlace, MemorySignaling } from './memory-signaling.js'
import { systemClock } from './system-clock.js'
import type { LinkEvents, Links, Transport } from './transport.js'

export interface MemoryNetworkOptions extends MemoryConditions {
  /** Default: the real clock. */
  clock?: Clock
  /** Default: a fixed seed. */
  random?: Random
  /** Told of each frame that arrives. */
  heard?: (from: string, to: string, bytes: Uint8Array) => void
}

/** How the network behaves; may change while it is used. */
export interface MemoryConditions {
  /** One-way delay of a frame, evenly spread between the two, in milliseconds. Default 0 to 2. */
  delayMillis?: readonly [number, number]
  /** How long a dial takes. Default 5. */
  dialMillis?: number
  /** The share of frames that have to be sent again; each holds up what is behind it on its link. Default 0. */
  loss?: number
  /** The share of dials that fail although the member is there. Default 0. */
  dialFailure?: number
  /** The share of broadcasts that come twice over a link. Default 0. */
  duplication?: number
  /** The share of broadcasts that are overtaken by what is sent on their link within the next 100 ms. Default 0. */
  reordering?: number
}

/** A broadcast that is overtaken is this much later at most. */
const DETOUR_MILLIS = 100
/** A frame is sent again after this: `rto_min` of WebRTC's SCTP. */
const RETRANSMIT_MILLIS = 400

/** Where the members of one test meet. */
export interface MemoryNetwork {
  /** Links and signaling for one more member, as `createStore({ transport })` takes them. */
  transport(): Transport
  /** Frames between members of different groups vanish, and links between them are not noticed to be dead. Members in no group reach nobody. */
  partition(...groups: readonly (readonly string[])[]): void
  /** Frames of a member of `from` to one of `to` vanish; what comes back still arrives. */
  deafen(from: readonly string[], to: readonly string[]): void
  /** Ends the partition, in both directions. */
  heal(): void
  /** From now on the network behaves so; what is not named stays as it is. */
  change(conditions: MemoryConditions): void
  /** A frame of `from` to `to` takes its length by this longer, in bytes per second; undefined: no longer. */
  narrow(from: string, to: string, bytesPerSecond: number | undefined): void
  /** Takes signaling away, or gives it back. */
  signaling(up: boolean): void
  /** Ends the member's process as kill -9 does: its links stay open and silent. */
  crash(id: string): void
  /** Breaks the link of two members, as a reset would; both sides notice. */
  cut(a: string, b: string): void
  /** Frames and bytes delivered since the start. */
  readonly delivered: { frames: number; bytes: number }
}

/** Makes a network. */
export function memoryNetwork(options: MemoryNetworkOptions = {}): MemoryNetwork {
  return new Network(options)
}

class Network implements MemoryNetwork, MeetingPlace {
  readonly clock: Clock
  readonly random: Random
  readonly delivered = { frames: 0, bytes: 0 }
  readonly endpoints = new Map<string, Endpoint>()
  readonly conditions: Required<MemoryConditions> = {
    delayMillis: [0, 2],
    dialMillis: 5,
    loss: 0,
    dialFailure: 0,
    duplication: 0,
    reordering: 0,
  }
  readonly heard: (from: string, to: string, bytes: Uint8Array) => void
  readonly #narrow = new Map<string, number>()
  readonly #meetings = new Map<string, Map<string, MemorySignaling>>()
  /** Every signaling client that is started, joined or not. */
  readonly clients = new Set<MemorySignaling>()
  #groups: readonly (readonly string[])[] | undefined
  #deaf: readonly { from: readonly string[]; to: readonly string[] }[] = []
  #signalingUp = true
  #certificates = 0

  constructor(options: MemoryNetworkOptions) {
    this.clock = options.clock ?? systemClock
    this.random = options.random ?? seededRandom(1)
    this.heard = options.heard ?? (() => undefined)
    this.change(options)
  }

  transport(): Transport {
    return { links: new Endpoint(this), signaling: new MemorySignaling(this) }
  }

  newFingerprint(): string {
    this.#certificates += 1
    return `certificate ${this.#certificates}`
  }

  partition(...groups: readonly (readonly string[])[]): void {
    this.#groups = groups
  }

  deafen(from: readonly string[], to: readonly string[]): void {
    this.#deaf = [...this.#deaf, { from, to }]
  }

  heal(): void {
    this.#groups = undefined
    this.#deaf = []
  }

  change(conditions: MemoryConditions): void {
    const { delayMillis, dialMillis, loss, dialFailure, duplication, reordering } = {
      ...this.conditions,
      ...conditions,
    }
    Object.assign(this.conditions, { delayMillis, dialMillis, loss, dialFailure, duplication, reordering })
  }

  narrow(from: string, to: string, bytesPerSecond: number | undefined): void {
    if (bytesPerSecond === undefined) this.#narrow.delete(`${from} ${to}`)
    else this.#narrow.set(`${from} ${to}`, bytesPerSecond)
  }

  signaling(up: boolean): void {
    this.#signalingUp = up
    for (const client of this.clients) client.connect()
  }

  crash(id: string): void {
    this.endpoints.get(id)?.crash()
    for (const room of this.#meetings.values()) {
      const client = room.get(id)
      if (client) this.clients.delete(client)
      room.delete(id)
    }
  }

  cut(a: string, b: string): void {
    this.endpoints.get(a)?.lose(b)
    this.endpoints.get(b)?.lose(a)
  }

  get signalingUp(): boolean {
    return this.#signalingUp
  }

  reaches(from: string, to: string): boolean {
    if (this.#deaf.some((deaf) => deaf.from.includes(from) && deaf.to.includes(to))) return false
    return (
      this.#groups === undefined || this.#groups.some((group) => group.includes(from) && group.includes(to))
    )
  }

  delay(): number {
    const { delayMillis, loss } = this.conditions
    const [least, most] = delayMillis
    const stall = loss > 0 && this.random() < loss ? RETRANSMIT_MILLIS : 0
    return least + (most - least) * this.random() + stall
  }

  /** How long the line between two members is taken by a frame. */
  service(from: string, to: string, bytes: number): number {
    return this.#narrow.size === 0 ? 0 : (1000 * bytes) / (this.#narrow.get(`${from} ${to}`) ?? Infinity)
  }

  /** How much later an overtaken frame comes; 0 for most. */
  detour(bytes: Uint8Array): number {
    return isBroadcast(bytes) && this.#happens('reordering') ? DETOUR_MILLIS * this.random() : 0
  }

  /** Whether a frame comes twice. */
  doubles(bytes: Uint8Array): boolean {
    return isBroadcast(bytes) && this.#happens('duplication')
  }

  /** Whether a dial fails for no reason. */
  dialFails(): boolean {
    return this.#happens('dialFailure')
  }

  #happens(what: 'dialFailure' | 'duplication' | 'reordering'): boolean {
    const share = this.conditions[what]
    return share > 0 && this.random() < share
  }

  room(topic: string): Map<string, MemorySignaling> {
    const room = this.#meetings.get(topic) ?? new Map<string, MemorySignaling>()
    this.#meetings.set(topic, room)
    return room
  }
}

/** One direction of a link: frames arrive in order, each after its delay. */
interface Pipe {
  lastArrival: number
  queuedBytes: number
  wasSlow: boolean
}

class Endpoint implements Links {
  readonly #network: Network
  readonly #pipes = new Map<string, Pipe>()
  readonly #dialing = new Set<string>()
  /** Stands for that of a certificate; no other member of the network has it. */
  readonly #fingerprint: string
  #id = ''
  #events: LinkEvents | undefined

  constructor(network: Network) {
    this.#network = network
    this.#fingerprint = network.newFingerprint()
  }

  async start(self: string, events: LinkEvents): Promise<void> {
    this.#id = self
    this.#events = events
    this.#network.endpoints.set(self, this)
  }

  dial(peer: string): void {
    if (this.#pipes.has(peer) || this.#dialing.has(peer)) return
    this.#dialing.add(peer)
    this.#network.clock.after(this.#network.conditions.dialMillis, () => this.#finishDial(peer))
  }

  receiveSignal(_from: string, _signal: Signal): void {
    // Links in memory need no signals.
  }

  send(peer: string, bytes: Uint8Array): void {
    const pipe = this.#pipes.get(peer)
    if (pipe === undefined) return
    const { clock } = this.#network
    const earliest = Math.max(pipe.lastArrival, clock.monotonic() + this.#network.delay())
    pipe.lastArrival = earliest + this.#network.service(this.#id, peer, bytes.length)
    pipe.queuedBytes += bytes.length
    if (pipe.queuedBytes > SLOW_LINK_BYTES) pipe.wasSlow = true
    // The receiver keeps what it gets: it must not share memory with the sender.
    const copy = bytes.slice()
    const wait = pipe.lastArrival - clock.monotonic() + this.#network.detour(copy)
    clock.after(wait, () => this.#arrive(peer, pipe, copy))
    if (this.#network.doubles(copy))
      clock.after(wait + this.#network.delay(), () => this.#deliver(peer, pipe, copy.slice()))
  }

  fingerprints(peer: string): { own: string; theirs: string } | undefined {
    const other = this.#network.endpoints.get(peer)
    return other && { own: this.#fingerprint, theirs: other.#fingerprint }
  }

  slow(peer: string): boolean {
    return (this.#pipes.get(peer)?.queuedBytes ?? 0) > SLOW_LINK_BYTES
  }

  disconnect(peer: string): void {
    const pipe = this.#pipes.get(peer)
    if (pipe === undefined) return
    const { clock } = this.#network
    clock.after(Math.max(0, pipe.lastArrival - clock.monotonic()), () => {
      if (this.#pipes.get(peer) !== pipe) return
      this.lose(peer)
      if (this.#network.reaches(this.#id, peer)) this.#network.endpoints.get(peer)?.lose(this.#id)
    })
  }

  async close(): Promise<void> {
    for (const peer of [...this.#pipes.keys()]) {
      this.#pipes.delete(peer)
      if (this.#network.reaches(this.#id, peer)) this.#network.endpoints.get(peer)?.lose(this.#id)
    }
    this.crash()
  }

  /** Goes without a word. */
  crash(): void {
    this.#events = undefined
    this.#pipes.clear()
    if (this.#network.endpoints.get(this.#id) === this) this.#network.endpoints.delete(this.#id)
  }

  /** The link to `peer` breaks. */
  lose(peer: string): void {
    if (this.#pipes.delete(peer)) this.#events?.linkDown(peer, undefined)
  }

  /** A frame of `from` is here. */
  take(from: string, bytes: Uint8Array): void {
    if (!this.#pipes.has(from)) return
    this.#network.delivered.frames += 1
    this.#network.delivered.bytes += bytes.length
    this.#network.heard(from, this.#id, bytes)
    this.#events?.frame(from, bytes)
  }

  #finishDial(peer: string): void {
    if (!this.#dialing.delete(peer) || this.#events === undefined || this.#pipes.has(peer)) return
    const other = this.#network.endpoints.get(peer)
    const isMutual = this.#network.reaches(this.#id, peer) && this.#network.reaches(peer, this.#id)
    if (other === undefined || !isMutual || this.#network.dialFails()) {
      return this.#events.dialFailed(peer, unreachableMember(peer))
    }
    other.#open(this.#id)
    this.#open(peer)
  }

  #open(peer: string): void {
    this.#dialing.delete(peer)
    const events = this.#events
    if (this.#pipes.delete(peer)) events?.linkDown(peer, undefined)
    this.#pipes.set(peer, { lastArrival: 0, queuedBytes: 0, wasSlow: false })
    events?.linkUp(peer)
  }

  #arrive(peer: string, pipe: Pipe, bytes: Uint8Array): void {
    pipe.queuedBytes -= bytes.length
    this.#deliver(peer, pipe, bytes)
    if (pipe.wasSlow && pipe.queuedBytes === 0) {
      pipe.wasSlow = false
      this.#events?.drained(peer)
    }
  }

  #deliver(peer: string, pipe: Pipe, bytes: Uint8Array): void {
    const isOpen = this.#pipes.get(peer) === pipe && this.#network.reaches(this.#id, peer)
    if (isOpen) this.#network.endpoints.get(peer)?.take(this.#id, bytes)
  }
}

/** What is broadcast comes over several links, so it may come twice or out of order; a link itself keeps to both. */
function isBroadcast(bytes: Uint8Array): boolean {
  return bytes[1] === FRAME_TAGS.gossip
}

function unreachableMember(peer: string): TransportError {
  return new TransportError('ERR_DIAL_TIMEOUT', {
    what: `Member ${peer} cannot be reached in this network`,
    why: 'It has gone, or a partition lies between',
    fix: 'Nothing: it is dialed again later',
  })
}
