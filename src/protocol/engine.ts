/**
 * One member's whole protocol as one state machine: `handle(input, now)` changes the state and returns what is
 * to be done; `deadline(now)` says when it wants to be called with a tick. It holds no timer, clock, promise or
 * socket. The driver's duties: one input at a time, outputs carried out in order, a tick at the deadline.
 */
import { type Random, sample } from '../base/random.js'
import type { Frame, MemberRecord } from '../wire/frame.js'
import { Flood } from './broadcast/flood.js'
import { DEFAULT_CONFIG, type ProtocolConfig } from './config.js'
import { type EngineContext, type EngineCounters, sendTo, sendToAll } from './context.js'
import { Heartbeat } from './liveness/heartbeat.js'
import { MemberTable } from './liveness/member-table.js'
import { Neighborhood } from './overlay/neighborhood.js'
import { type Neighbor, PeerView } from './overlay/peer-view.js'
import { RandomMesh } from './overlay/random-mesh.js'
import type { ReplicaPort } from './replica-port.js'
import { type Input, Outbox, type Output } from './step.js'
import { AntiEntropy } from './sync/anti-entropy.js'

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

/** What comes after HELLO. */
type EstablishedFrame = Exclude<Frame, { type: 'hello' | 'disconnect' }>

export class Engine {
  readonly #context: EngineContext
  readonly #table: MemberTable
  readonly #mesh: RandomMesh
  readonly #heartbeat: Heartbeat
  readonly #neighborhood: Neighborhood
  readonly #flood: Flood
  readonly #sync: AntiEntropy
  #left = false

  constructor(options: EngineOptions) {
    const { id, record, random, replica, now } = options
    const config = { ...DEFAULT_CONFIG, ...options.config }
    const counters = { duplicates: 0, offences: 0, refusals: 0, syncs: 0 }
    const context = { id, config, random, replica, view: new PeerView(), outbox: new Outbox(), counters }
    this.#context = context
    this.#table = new MemberTable(
      { id, record },
      config,
      (frame, except) => sendToAll(context, frame, except),
      () => context.outbox.push({ type: 'members' }),
      now,
    )
    this.#mesh = new RandomMesh(context, this.#table)
    this.#heartbeat = new Heartbeat(config, random)
    this.#flood = new Flood(context)
    this.#sync = new AntiEntropy(context, () => this.#table.digest, now)
    const parts = { table: this.#table, mesh: this.#mesh, heartbeat: this.#heartbeat, sync: this.#sync }
    this.#neighborhood = new Neighborhood(context, options.topic, parts, now)
  }

  /** The members, this one included. */
  get table(): MemberTable {
    return this.#table
  }

  /** The links, with and without HELLO. */
  get view(): PeerView {
    return this.#context.view
  }

  get counters(): Readonly<EngineCounters & { held: number }> {
    return { ...this.#context.counters, held: this.#flood.held }
  }

  /** Frames sent since the start, by type. */
  get sentFrames(): ReadonlyMap<string, number> {
    return this.#context.outbox.sent
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
    return this.#sync.inSync(neighbor)
  }

  /** Takes one input. */
  handle(input: Input, now: number): Output[] {
    if (!this.#left) this.#dispatch(input, now)
    return this.#context.outbox.take()
  }

  /** When to tick at the latest. */
  deadline(now: number): number {
    return Math.min(
      this.#table.deadline(),
      this.#mesh.deadline(now),
      this.#neighborhood.deadline(),
      this.#sync.deadline(),
      this.#flood.deadline(),
    )
  }

  #dispatch(input: Input, now: number): void {
    switch (input.type) {
      case 'contacts':
        return this.#mesh.offer(
          input.contacts.map((contact) => contact.id),
          now,
        )
      case 'link-up':
        return this.#neighborhood.linkUp(input.peer, now)
      case 'link-down':
        return this.#neighborhood.linkDown(input.peer, now)
      case 'dial-failed':
        return this.#mesh.refused(input.peer, now)
      case 'frame':
        return this.#frame(input.peer, input.frame, now)
      case 'malformed':
        return this.#neighborhood.offence(input.peer, now)
      case 'slow':
        return this.#slow(input.peer)
      case 'drained':
        return this.#drained(input.peer, now)
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

  #frame(peer: string, frame: Frame, now: number): void {
    const neighbor = this.view.get(peer)
    if (neighbor === undefined) return
    neighbor.lastHeard = now
    if (frame.type === 'hello') return this.#neighborhood.hello(neighbor, frame, now)
    if (frame.type === 'disconnect') return this.#neighborhood.disconnected(neighbor, frame.reason, now)
    if (neighbor.record === undefined) return this.#neighborhood.offence(peer, now)
    this.#table.heard(peer)
    this.#established(neighbor, frame, now)
  }

  #established(neighbor: Neighbor, frame: EstablishedFrame, now: number): void {
    const peer = neighbor.id
    switch (frame.type) {
      case 'heartbeat':
        this.#heartbeat.receive(neighbor, frame, now)
        return this.#sync.compare(neighbor, frame.digest, now)
      case 'gossip':
        return this.#merged(peer, this.#flood.receive(frame, peer, now), now)
      case 'digest':
        if (frame.members !== this.#table.digest) this.#tellMembers(neighbor, now)
        return this.#sync.receiveDigest(neighbor, frame, now)
      case 'sync-request':
        if (this.#sync.serve(peer, frame, now) === 'malformed') this.#neighborhood.offence(peer, now)
        return
      case 'sync-part':
        return this.#merged(peer, this.#sync.receivePart(neighbor, frame, now), now)
      case 'sync-pull':
        return this.#sync.pull(peer, frame.exchange, frame.next, now)
      case 'sync-busy':
        return this.#sync.busy(neighbor, frame.exchange, now)
      case 'member':
        this.#answer(neighbor, this.#table.merge(frame.id, frame.record, frame.lease, peer, now), now)
        return this.#mesh.dial(now)
      case 'suspect':
        return this.#table.suspect(frame.id, frame.incarnation, frame.by, peer, now)
      case 'leave':
        return this.#table.leave(frame.id, frame.incarnation, peer, now)
      default:
        return unreachable(frame)
    }
  }

  /** Bytes for the replica have been taken, or refused. */
  #merged(peer: string, outcome: 'offence' | 'changed' | 'unchanged', now: number): void {
    if (outcome === 'offence') return this.#neighborhood.offence(peer, now)
    if (outcome === 'unchanged') return
    this.#flood.replay()
    this.#sync.changed(now)
  }

  #localUpdates(updates: readonly Uint8Array[], now: number): void {
    this.#flood.originate(updates)
    this.#sync.changed(now)
  }

  #slow(peer: string): void {
    const neighbor = this.view.get(peer)
    if (neighbor) neighbor.dirty = true
  }

  #drained(peer: string, now: number): void {
    const neighbor = this.view.get(peer)
    if (!neighbor?.dirty) return
    neighbor.dirty = false
    if (neighbor.record) this.#sync.tell(neighbor, true, now)
  }

  #tick(now: number): void {
    // First, since it notices that this member slept, which excuses everyone in the table.
    this.#neighborhood.tick(now)
    this.#table.tick(now)
    this.#helpHeldBack(now)
    this.#sync.tick(now)
    this.#mesh.tick(now)
  }

  /** What waits for a write that does not come is helped by a sync. */
  #helpHeldBack(now: number): void {
    const from = this.#flood.overdue(now)
    if (from === undefined) return
    const helper = this.view.get(from) ?? sample(this.#context.random, [...this.view.established()], 1)[0]
    if (helper?.record) this.#sync.ask(helper, now)
  }

  #leave(): void {
    const { id, outbox } = this.#context
    sendToAll(this.#context, { type: 'leave', id, incarnation: this.#table.selfRecord.incarnation })
    for (const neighbor of this.view.all()) outbox.disconnect(neighbor.id, 'leave')
    this.#left = true
  }

  #tellMembers(neighbor: Neighbor, now: number): void {
    for (const entry of this.#table.entries())
      sendTo(this.#context, neighbor, this.#table.frameOf(entry), now)
  }

  #answer(neighbor: Neighbor, frame: Frame | undefined, now: number): void {
    if (frame) sendTo(this.#context, neighbor, frame, now)
  }
}

function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}
