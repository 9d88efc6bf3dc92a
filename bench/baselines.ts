/**
 * Other ways to broadcast, in the same simulator: flooding over a random graph of 6 links a member, and the push of
 * memberlist (HashiCorp): every 200 ms to 3 random members, each message 4 x ceil(log10(N + 1)) times, over UDP and
 * with everyone known. Both carry updates in sync-part frames, which have the fields that they need.
 */

import { Cluster } from '../sim/cluster.js'
import type { SimMember } from '../sim/member.js'
import type { Seat, SimEngine, SimReplica } from '../sim/seat.js'
import { jittered, type Random, sample } from '../src/base/random.js'
import type { Input, Output } from '../src/mesh/protocol/step.js'
import type { Frame, SyncPartFrame } from '../src/mesh/wire/frame.js'

const LINKS = 6
const PUSH_MILLIS = 200
const PUSH_TARGETS = 3
const RETRANSMIT_MULTIPLIER = 4

/** How many links a frame of a baseline has crossed. */
export function baselineRound(frame: Frame): number | undefined {
  return frame.type === 'sync-part' ? frame.index - 1 : undefined
}

/** Merges updates once each. Every member writes once at most, so nothing comes before what it follows. */
class Inbox {
  readonly #replica: SimReplica
  readonly #seen = new Set<Uint8Array>()

  constructor(replica: SimReplica) {
    this.#replica = replica
  }

  /** Whether `update` is here for the first time. */
  take(update: Uint8Array): boolean {
    if (this.#seen.has(update)) return false
    this.#seen.add(update)
    this.#replica.receive(update)
    return true
  }
}

class FloodEngine implements SimEngine {
  readonly #links = new Set<string>()
  readonly #inbox: Inbox

  constructor({ replica }: Seat) {
    this.#inbox = new Inbox(replica)
  }

  handle(input: Input): Output[] {
    if (input.type === 'link-up') this.#links.add(input.peer)
    if (input.type === 'local-updates') return input.updates.flatMap((update) => this.#push(update, 1))
    if (input.type !== 'frame' || input.frame.type !== 'sync-part') return []
    const { bytes, index } = input.frame
    return this.#inbox.take(bytes) ? this.#push(bytes, index + 1, input.peer) : []
  }

  deadline(): number {
    return Number.POSITIVE_INFINITY
  }

  #push(update: Uint8Array, round: number, except?: string): Output[] {
    this.#inbox.take(update)
    const frame = frameOf(update, round)
    return [...this.#links].flatMap((peer) => (peer === except ? [] : sending(peer, frame)))
  }
}

interface Rumor {
  frame: Frame
  sent: number
}

class PushEngine implements SimEngine {
  readonly #id: string
  readonly #random: Random
  readonly #inbox: Inbox
  readonly #members: () => readonly SimMember[]
  #rumors: Rumor[] = []
  #nextPush: number

  constructor({ id, random, replica, now }: Seat, members: () => readonly SimMember[]) {
    this.#id = id
    this.#random = random
    this.#inbox = new Inbox(replica)
    this.#members = members
    this.#nextPush = now + PUSH_MILLIS * random()
  }

  handle(input: Input, now: number): Output[] {
    if (input.type === 'local-updates') for (const update of input.updates) this.#spread(update, 1)
    if (input.type === 'frame' && input.frame.type === 'sync-part') {
      const { bytes, index } = input.frame
      if (this.#inbox.take(bytes)) this.#spread(bytes, index + 1)
    }
    return input.type === 'tick' && now >= this.#nextPush ? this.#push(now) : []
  }

  deadline(): number {
    return this.#nextPush
  }

  #spread(update: Uint8Array, round: number): void {
    this.#inbox.take(update)
    this.#rumors.push({ frame: frameOf(update, round), sent: 0 })
  }

  #push(now: number): Output[] {
    this.#nextPush = now + jittered(this.#random, PUSH_MILLIS, 0.01)
    if (this.#rumors.length === 0) return []
    const members = this.#members()
    const limit = RETRANSMIT_MULTIPLIER * Math.ceil(Math.log10(members.length + 1))
    const outputs: Output[] = []
    for (const { id } of sample(this.#random, members, PUSH_TARGETS + 1)
      .filter((member) => member.id !== this.#id)
      .slice(0, PUSH_TARGETS)) {
      for (const rumor of this.#rumors) {
        rumor.sent += 1
        outputs.push(...sending(id, rumor.frame))
      }
      this.#rumors = this.#rumors.filter((rumor) => rumor.sent < limit)
    }
    return outputs
  }
}

/** `size` members that flood, linked to a random graph in which everyone has 6 links, or to all when there are few. */
export function floodCluster(seed: number, size: number): Cluster<SimEngine> {
  const cluster = new Cluster<SimEngine>({ seed, makeEngine: (seat) => new FloodEngine(seat) })
  cluster.grow(size, 1)
  const { network, members, random } = cluster
  for (let round = 0; round < LINKS / 2; round++) {
    // Each random ring gives everyone two links.
    const ring = sample(random, members, size)
    for (const [place, member] of ring.entries()) {
      const next = ring[(place + 1) % size]
      if (next && next !== member && !member.links.has(next.id)) network.link(member, next)
    }
  }
  cluster.run(1_000)
  return cluster
}

/** `size` members that push as memberlist does. */
export function pushCluster(seed: number, size: number): Cluster<SimEngine> {
  const makeEngine = (seat: Seat): SimEngine => new PushEngine(seat, () => cluster.members)
  const cluster: Cluster<SimEngine> = new Cluster<SimEngine>({ seed, makeEngine })
  cluster.network.datagrams = true
  cluster.grow(size, 1)
  cluster.run(1_000)
  return cluster
}

function frameOf(bytes: Uint8Array, round: number): SyncPartFrame {
  return { type: 'sync-part', exchange: 0, index: round, last: true, bytes }
}

function sending(peer: string, frame: Frame): Output[] {
  return [{ type: 'send', peer, frame, priority: 1 }]
}
