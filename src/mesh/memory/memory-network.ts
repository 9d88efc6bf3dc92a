/**
 * A network in memory: links and signaling between the stores of one process, with delay, loss of dials and
 * partitions. It carries the same bytes as WebRTC would and is driven by a clock, real or virtual.
 */
import type { Clock } from '../../base/clock.js'
import { type Random, seededRandom } from '../../base/random.js'
import { systemClock } from '../../base/system-clock.js'
import type { Transport } from '../transport.js'
import { typeOfTag } from '../wire/frames.js'
import { type LinkPlace, MemoryLinks } from './memory-links.js'
import { type MeetingPlace, MemorySignaling } from './memory-signaling.js'

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

class Network implements MemoryNetwork, MeetingPlace, LinkPlace {
  readonly clock: Clock
  readonly random: Random
  readonly delivered = { frames: 0, bytes: 0 }
  readonly endpoints = new Map<string, MemoryLinks>()
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
    return { links: new MemoryLinks(this), signaling: new MemorySignaling(this) }
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

  service(from: string, to: string, bytes: number): number {
    return this.#narrow.size === 0 ? 0 : (1000 * bytes) / (this.#narrow.get(`${from} ${to}`) ?? Infinity)
  }

  detour(bytes: Uint8Array): number {
    return isBroadcast(bytes) && this.#happens('reordering') ? DETOUR_MILLIS * this.random() : 0
  }

  doubles(bytes: Uint8Array): boolean {
    return isBroadcast(bytes) && this.#happens('duplication')
  }

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

/** What is broadcast comes over several links, so it may come twice or out of order; a link itself keeps to both. */
function isBroadcast(bytes: Uint8Array): boolean {
  return typeOfTag(bytes[1]) === 'gossip'
}
