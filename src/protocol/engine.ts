/**
 * One member's whole protocol as one state machine: `handle(input, now)` changes the state and returns what is
 * to be done; `deadline(now)` says when it wants to be called with a tick. It holds no timer, clock, promise or
 * socket. The driver's duties: one input at a time, outputs carried out in order, a tick at the deadline.
 */
import { bytesEqual } from '../base/bytes.js'
import { jittered, type Random, random53, sample } from '../base/random.js'
import type {
  DigestFrame,
  DisconnectReason,
  Frame,
  GossipFrame,
  HelloFrame,
  MemberRecord,
} from '../wire/frame.js'
import { Flood } from './broadcast/flood.js'
import { HoldBack } from './broadcast/hold-back.js'
import { DEFAULT_CONFIG, type ProtocolConfig } from './config.js'
import { Heartbeat } from './liveness/heartbeat.js'
import { MemberTable } from './liveness/member-table.js'
import { type Neighbor, PeerView } from './overlay/peer-view.js'
import { RandomMesh } from './overlay/random-mesh.js'
import type { ReceiveResult, ReplicaPort } from './replica-port.js'
import { type Input, Outbox, type Output } from './step.js'
import { Exchange } from './sync/exchange.js'

export interface EngineOptions {
  id: string
  /** Names the cluster; a link to a member with another topic is closed. */
  topic: string
  record: MemberRecord
  replica: ReplicaPort
  random: Random
  now: number
  config?: Partial<ProtocolConfig>
}

/** Counters since the start. */
export interface EngineCounters {
  duplicates: number
  offences: number
  refusals: number
  syncs: number
  held: number
}

export class Engine {
  readonly #id: string
  readonly #topic: string
  readonly #replica: ReplicaPort
  readonly #random: Random
  readonly #config: ProtocolConfig
  readonly #outbox = new Outbox()
  readonly #view = new PeerView()
  readonly #table: MemberTable
  readonly #mesh: RandomMesh
  readonly #heartbeat: Heartbeat
  readonly #flood: Flood
  readonly #holdBack: HoldBack
  readonly #exchange: Exchange
  readonly #counters: EngineCounters = { duplicates: 0, offences: 0, refusals: 0, syncs: 0, held: 0 }
  #tickedAt: number
  #antiEntropyAt: number
  /** The own digest, and since when it stands. */
  #digest: { bytes: Uint8Array; since: number }
  #left = false

  constructor(options: EngineOptions) {
    const { id, record, random, now } = options
    this.#id = id
    this.#topic = options.topic
    this.#replica = options.replica
    this.#random = random
    this.#config = { ...DEFAULT_CONFIG, ...options.config }
    this.#table = new MemberTable(
      { id, record },
      this.#config,
      (frame, except) => this.#broadcast(frame, except),
      () => this.#outbox.push({ type: 'members' }),
      now,
    )
    const members = {
      ids: () => Array.from(this.#table.entries(), (entry) => entry.id),
      has: (member: string) => this.#table.get(member) !== undefined,
      get size() {
        return table.size
      },
    }
    const table = this.#table
    this.#mesh = new RandomMesh(id, this.#config, random, this.#view, members, this.#outbox)
    this.#heartbeat = new Heartbeat(this.#config, random)
    this.#flood = new Flood(id, random53(random), this.#config)
    this.#holdBack = new HoldBack(this.#config)
    this.#exchange = new Exchange(this.#config, this.#outbox)
    this.#tickedAt = now
    this.#antiEntropyAt = now + this.#config.antiEntropyMillis
    this.#digest = { bytes: this.#replica.digest(), since: now }
  }

  /** The members, this one included. */
  get table(): MemberTable {
    return this.#table
  }

  /** The links, with and without HELLO. */
  get view(): PeerView {
    return this.#view
  }

  get counters(): Readonly<EngineCounters> {
    return { ...this.#counters, held: this.#holdBack.size }
  }

  /** Frames sent since the start, by type. */
  get sentFrames(): ReadonlyMap<string, number> {
    return this.#outbox.sent
  }

  /** Links that this member wants now. */
  get linksTarget(): number {
    return this.#mesh.target
  }

  /** Whether a dial is under way. */
  get dialing(): boolean {
    return this.#mesh.dialing
  }

  /** Whether `neighbor` held the same data when it last told its digest. */
  inSync(neighbor: Neighbor): boolean | undefined {
    return neighbor.digest && bytesEqual(neighbor.digest.bytes, this.#replica.digest())
  }

  /** Takes one input. */
  handle(input: Input, now: number): Output[] {
    if (!this.#left) this.#dispatch(input, now)
    return this.#outbox.take()
  }

  /** When to tick at the latest. */
  deadline(now: number): number {
    let deadline = Math.min(
      this.#table.deadline(),
      this.#mesh.deadline(now),
      this.#exchange.deadline(),
      this.#holdBack.deadline(),
    )
    if (this.#view.size > 0) deadline = Math.min(deadline, this.#antiEntropyAt)
    for (const neighbor of this.#view.all()) {
      const due = neighbor.record ? this.#heartbeat.deadline(neighbor) : neighbor.since + this.#config.helloMillis
      deadline = Math.min(deadline, due)
    }
    return deadline
  }

  #dispatch(input: Input, now: number): void {
    switch (input.type) {
      case 'contacts':
        return this.#mesh.offer(
          input.contacts.map((contact) => contact.id),
          now,
        )
      case 'link-up':
        return this.#linkUp(input.peer, now)
      case 'link-down':
        return this.#linkDown(input.peer, now)
      case 'dial-failed':
        return this.#mesh.refused(input.peer, now)
      case 'frame':
        return this.#frame(input.peer, input.frame, now)
      case 'malformed':
        return this.#offence(input.peer, now)
      case 'slow':
        return this.#slow(input.peer)
      case 'drained':
        return this.#drained(input.peer)
      case 'local-updates':
        return this.#localUpdates(input.updates, now)
      case 'self':
        return this.#table.changeSelf(input.change)
      case 'tick':
        return this.#tick(now)
      case 'leave':
        return this.#leave()
      default:
        return unreachable(input)
    }
  }

  #linkUp(peer: string, now: number): void {
    this.#mesh.linked(peer)
    this.#view.delete(peer)
    this.#exchange.drop(peer)
    const neighbor = this.#view.add(peer, now)
    neighbor.nextBeat = now + jittered(this.#random, this.#config.heartbeatMillis, 0.5)
    const links = this.#view.size - 1
    this.#send(neighbor, { type: 'hello', topic: this.#topic, id: this.#id, record: this.#table.selfRecord, links }, now)
  }

  #linkDown(peer: string, now: number): void {
    const neighbor = this.#view.get(peer)
    if (neighbor === undefined) return this.#mesh.refused(peer, now)
    this.#remove(neighbor, now)
    // A link that breaks without a word: its member may be gone, or only the path to it.
    if (neighbor.record) this.#table.suspect(peer, this.#incarnationOf(peer), this.#id, undefined, now)
    this.#mesh.dial(now)
  }

  #frame(peer: string, frame: Frame, now: number): void {
    const neighbor = this.#view.get(peer)
    if (neighbor === undefined) return
    neighbor.lastHeard = now
    if (frame.type === 'hello') return this.#hello(neighbor, frame, now)
    if (frame.type === 'disconnect') return this.#disconnected(neighbor, frame.reason, now)
    if (neighbor.record === undefined) return this.#offence(peer, now)
    this.#table.heard(peer)
    this.#established(neighbor, frame, now)
  }

  #established(neighbor: Neighbor, frame: Exclude<Frame, { type: 'hello' | 'disconnect' }>, now: number): void {
    const peer = neighbor.id
    switch (frame.type) {
      case 'heartbeat':
        this.#heartbeat.receive(neighbor, frame, now)
        return this.#compare(neighbor, frame.digest, now)
      case 'gossip':
        return this.#gossip(neighbor, frame, now)
      case 'digest':
        return this.#compareDigest(neighbor, frame, now)
      case 'sync-request':
        if (this.#exchange.serve(peer, frame.exchange, () => this.#replica.difference(frame.summary), now) === 'malformed')
          this.#offence(peer, now)
        return
      case 'sync-part':
        return this.#syncPart(neighbor, this.#exchange.receive(frame, peer, now), now)
      case 'sync-pull':
        return this.#exchange.pull(peer, frame.exchange, frame.next, now)
      case 'sync-busy':
        neighbor.syncNotBefore = now + jittered(this.#random, this.#config.syncRetryMillis, 0.5)
        return this.#exchange.busy(peer, frame.exchange)
      case 'member': {
        const answer = this.#table.merge(frame.id, frame.record, frame.lease, peer, now)
        if (answer) this.#send(neighbor, answer, now)
        return this.#mesh.dial(now)
      }
      case 'suspect':
        return this.#table.suspect(frame.id, frame.incarnation, frame.by, peer, now)
      case 'leave':
        this.#table.leave(frame.id, frame.incarnation, peer, now)
        return frame.id === this.#id ? undefined : this.#mesh.forget(frame.id)
      default:
        return unreachable(frame)
    }
  }

  #hello(neighbor: Neighbor, frame: HelloFrame, now: number): void {
    if (neighbor.record !== undefined || frame.id !== neighbor.id) return this.#offence(neighbor.id, now)
    if (frame.topic !== this.#topic) return this.#drop(neighbor, 'cluster', now)
    const stranger = this.#table.get(frame.id) === undefined
    if (this.#view.size > this.#config.linksMax) {
      // A member without links, or from the other side of a split, has to get in somewhere.
      if (frame.links > 0 && !stranger) return this.#drop(neighbor, 'full', now)
      this.#evictOther(neighbor, now)
    }
    neighbor.record = frame.record
    const answer = this.#table.merge(frame.id, frame.record, 0, frame.id, now)
    if (answer) this.#send(neighbor, answer, now)
    this.#table.heard(frame.id)
    this.#tellDigest(neighbor, true, now)
    this.#outbox.push({ type: 'members' })
  }

  #evictOther(kept: Neighbor, now: number): void {
    const others = [...this.#view.established()].filter((neighbor) => neighbor.id !== kept.id)
    for (const evicted of sample(this.#random, others, 1)) this.#drop(evicted, 'evict', now)
  }

  #disconnected(neighbor: Neighbor, reason: DisconnectReason, now: number): void {
    this.#remove(neighbor, now)
    this.#outbox.push({ type: 'disconnect', peer: neighbor.id })
    // Who says goodbye was announced by LEAVE; who turns a link down is asked again later.
    this.#mesh.refused(neighbor.id, now)
    if (reason !== 'leave') this.#mesh.dial(now)
  }

  #gossip(neighbor: Neighbor, frame: GossipFrame, now: number): void {
    if (this.#flood.isDuplicate(frame)) {
      this.#counters.duplicates += 1
      return
    }
    const result = this.#accept(frame, neighbor.id, now)
    if (result.type === 'offence') return this.#offence(neighbor.id, now)
    if (result.type === 'early') return this.#holdBack.add(frame, neighbor.id, now)
    if (result.type === 'applied') this.#replayHeld(now)
  }

  /** Merges before it forwards: whoever forwards has what it forwards. */
  #accept(frame: GossipFrame, from: string, now: number): ReceiveResult {
    const result = this.#replica.receive(frame.update)
    if (result.type === 'refused') this.#counters.refusals += 1
    if (result.type !== 'applied') return result
    this.#flood.markSeen(frame)
    this.#broadcastUpdate(this.#flood.relay(frame), from)
    this.#changed(now)
    return result
  }

  #replayHeld(now: number): void {
    this.#holdBack.replay((frame, from) => {
      if (this.#flood.isDuplicate(frame)) return true
      return this.#accept(frame, from, now).type !== 'early'
    })
  }

  #localUpdates(updates: readonly Uint8Array[], now: number): void {
    for (const update of updates) this.#broadcastUpdate(this.#flood.originate(update))
    if (updates.length > 0) this.#changed(now)
  }

  #compareDigest(neighbor: Neighbor, frame: DigestFrame, now: number): void {
    const first = neighbor.digest === undefined
    if (frame.members !== this.#table.digest) this.#tellMembers(neighbor, now)
    if (frame.ask) this.#tellDigest(neighbor, false, now)
    this.#compare(neighbor, frame.replica, now)
    // A new link, or the answer to an anti-entropy round: no need to see whether it passes by itself.
    if ((first || !frame.ask) && this.inSync(neighbor) === false) this.#askForSync(neighbor, now)
  }

  /** Two digests that differ while both stand still differ for good: the data is repaired by a sync. */
  #compare(neighbor: Neighbor, digest: Uint8Array, now: number): void {
    const known = neighbor.digest
    if (known === undefined || !bytesEqual(known.bytes, digest)) {
      neighbor.digest = { bytes: digest, since: now }
      this.#outbox.push({ type: 'members' })
    }
    if (this.inSync(neighbor) !== false) return
    const stoodFrom = Math.max(neighbor.digest?.since ?? now, this.#digest.since)
    if (now >= stoodFrom + this.#config.mismatchMillis) this.#askForSync(neighbor, now)
  }

  #askForSync(neighbor: Neighbor, now: number): void {
    if (now < neighbor.syncNotBefore || !this.#exchange.mayAsk || this.#exchange.isAsking(neighbor.id)) return
    neighbor.syncNotBefore = now + this.#config.syncRetryMillis
    this.#counters.syncs += 1
    this.#exchange.ask(neighbor.id, this.#replica.summary(), now)
  }

  #syncPart(neighbor: Neighbor, whole: Uint8Array | 'malformed' | undefined, now: number): void {
    if (whole === undefined) return
    if (whole === 'malformed') return this.#offence(neighbor.id, now)
    const result = this.#replica.receiveDifference(whole)
    if (result.type === 'offence') return this.#offence(neighbor.id, now)
    if (result.type === 'refused') this.#counters.refusals += 1
    if (result.type !== 'applied') return
    this.#replayHeld(now)
    this.#changed(now)
    this.#tellDigest(neighbor, true, now)
    if (!result.news) return
    // What came by sync is not flooded on: the other neighbors compare at once, so that it spreads.
    for (const other of this.#view.established()) if (other !== neighbor) this.#tellDigest(other, true, now)
  }

  #slow(peer: string): void {
    const neighbor = this.#view.get(peer)
    if (neighbor) neighbor.dirty = true
  }

  #drained(peer: string): void {
    const neighbor = this.#view.get(peer)
    if (neighbor === undefined || !neighbor.dirty) return
    neighbor.dirty = false
    if (neighbor.record) this.#tellDigest(neighbor, true, neighbor.lastSent)
  }

  #tick(now: number): void {
    this.#wake(now)
    this.#table.tick(now)
    this.#exchange.tick(now)
    for (const neighbor of [...this.#view.all()]) this.#tickNeighbor(neighbor, now)
    const overdue = this.#holdBack.overdue(now)
    const helper = overdue === undefined ? undefined : (this.#view.get(overdue) ?? this.#randomNeighbor())
    if (helper?.record) this.#askForSync(helper, now)
    if (now >= this.#antiEntropyAt) this.#antiEntropy(now)
    this.#mesh.tick(now)
  }

  /** After a sleep everyone else looks dead; the first to be doubted is this member itself. */
  #wake(now: number): void {
    const gap = now - this.#tickedAt
    this.#tickedAt = now
    if (gap < this.#config.sleepMillis) return
    // An idle engine may sleep for long by itself: only links oblige it to tick every second.
    if (this.#view.size === 0) return
    this.#table.forgive(gap)
    for (const neighbor of this.#view.all()) neighbor.lastHeard = Math.max(neighbor.lastHeard, now - this.#config.heartbeatMillis)
  }

  #tickNeighbor(neighbor: Neighbor, now: number): void {
    if (neighbor.record === undefined) {
      if (now >= neighbor.since + this.#config.helloMillis) this.#drop(neighbor, 'protocol', now)
      return
    }
    if (this.#heartbeat.isSilent(neighbor, now)) {
      this.#drop(neighbor, 'error', now)
      return this.#table.suspect(neighbor.id, this.#incarnationOf(neighbor.id), this.#id, undefined, now)
    }
    const beat = this.#heartbeat.beat(neighbor, this.#replica.digest(), now)
    if (beat) this.#send(neighbor, beat, now)
  }

  #antiEntropy(now: number): void {
    this.#antiEntropyAt = now + jittered(this.#random, this.#config.antiEntropyMillis, 0.2)
    const neighbor = this.#randomNeighbor()
    if (neighbor) this.#tellDigest(neighbor, true, now)
  }

  #leave(): void {
    this.#broadcast({ type: 'leave', id: this.#id, incarnation: this.#table.selfRecord.incarnation })
    for (const neighbor of this.#view.all()) this.#outbox.disconnect(neighbor.id, 'leave')
    this.#left = true
  }

  /** The bytes of `peer` break a rule: its link ends. */
  #offence(peer: string, now: number): void {
    this.#counters.offences += 1
    const neighbor = this.#view.get(peer)
    if (neighbor) this.#drop(neighbor, 'protocol', now)
  }

  /** Ends a link from this side. */
  #drop(neighbor: Neighbor, reason: DisconnectReason, now: number): void {
    this.#remove(neighbor, now)
    this.#outbox.disconnect(neighbor.id, reason)
    this.#mesh.refused(neighbor.id, now)
  }

  #remove(neighbor: Neighbor, now: number): void {
    this.#view.delete(neighbor.id)
    this.#exchange.drop(neighbor.id)
    if (this.#view.size === 0) this.#mesh.isolated(now)
    this.#outbox.push({ type: 'members' })
  }

  #changed(now: number): void {
    this.#digest = { bytes: this.#replica.digest(), since: now }
  }

  #tellDigest(neighbor: Neighbor, ask: boolean, now: number): void {
    const replica = this.#replica.digest()
    neighbor.toldDigest = replica
    this.#send(neighbor, { type: 'digest', replica, members: this.#table.digest, ask }, now)
  }

  #tellMembers(neighbor: Neighbor, now: number): void {
    for (const entry of this.#table.entries()) this.#send(neighbor, this.#table.frameOf(entry), now)
  }

  #broadcast(frame: Frame, except?: string): void {
    for (const neighbor of this.#view.established()) if (neighbor.id !== except) this.#outbox.send(neighbor.id, frame)
  }

  #broadcastUpdate(frame: GossipFrame, except?: string): void {
    for (const neighbor of this.#view.established()) {
      if (neighbor.id !== except && neighbor.id !== frame.origin && !neighbor.dirty) this.#outbox.send(neighbor.id, frame)
    }
  }

  #send(neighbor: Neighbor, frame: Frame, now: number): void {
    neighbor.lastSent = now
    this.#outbox.send(neighbor.id, frame)
  }

  #randomNeighbor(): Neighbor | undefined {
    return sample(this.#random, [...this.#view.established()], 1)[0]
  }

  #incarnationOf(id: string): number {
    return this.#table.get(id)?.record.incarnation ?? 0
  }
}

function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}
