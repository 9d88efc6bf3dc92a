/**
 * One member's whole protocol as one state machine: `handle(input, now)` changes the state and returns what is
 * to be done; `deadline(now)` says when it wants to be called with a tick. It holds no timer, clock, promise or
 * socket. The driver's duties: one input at a time, outputs carried out in order, a tick at the deadline.
 */

import type { MemberRecord } from '../../base/member.js'
import { type Random, sample } from '../../base/random.js'
import { unreachable } from '../../base/unreachable.js'
import type { ReceiveResult, ReplicaPort } from '../../data/replica-port.js'
import { RateLimiter } from '../rate-limit/rate-limiter.js'
import { Score } from '../rate-limit/score.js'
import type { Claim, MemberFrame } from '../wire/claim.js'
import type { Frame, GossipFrame } from '../wire/frame.js'
import { FRAMES } from '../wire/frames.js'
import { Acknowledgements } from './broadcast/acknowledgements.js'
import { ClaimQueue } from './broadcast/claim-queue.js'
import { Plumtree } from './broadcast/plumtree.js'
import { DEFAULT_CONFIG, type ProtocolConfig } from './config.js'
import { type EngineContext, type EngineMetrics, type Outcome, sendTo } from './context.js'
import { Health } from './liveness/health.js'
import { Heartbeat } from './liveness/heartbeat.js'
import { MemberTable } from './liveness/member-table.js'
import { PresenceTable } from './liveness/presence-table.js'
import { MessageRelay } from './overlay/message-relay.js'
import { Neighborhood } from './overlay/neighborhood.js'
import { Overlay } from './overlay/overlay.js'
import { isReader, type Neighbor, PeerView } from './overlay/peer-view.js'
import { Routes } from './overlay/routes.js'
import { type Input, Outbox, type Output } from './step.js'
import { AntiEntropy } from './sync/anti-entropy.js'
import { TableComparison } from './sync/table-comparison.js'

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

/** Claims are no data: there is nothing that could be early or refused. */
const APPLIED: ReceiveResult = { type: 'applied', news: true }

export class Engine {
  readonly #context: EngineContext
  readonly #table: MemberTable
  readonly #claims = new ClaimQueue()
  readonly #presence: PresenceTable
  readonly #messages: MessageRelay
  readonly #overlay: Overlay
  readonly #routes: Routes
  readonly #heartbeat: Heartbeat
  readonly #neighborhood: Neighborhood
  readonly #broadcast: Plumtree
  readonly #sync: AntiEntropy
  readonly #comparison: TableComparison
  readonly #acks: Acknowledgements
  /** The time of the step under way, for what is called back within it. */
  #now: number
  /** When to give the shared tree a new shape, should this member be the one who does. */
  #beaconAt: number
  #left = false

  constructor(options: EngineOptions) {
    const { id, record, random, replica, now } = options
    const config = { ...DEFAULT_CONFIG, ...options.config }
    const counters = {
      duplicates: 0,
      grafts: 0,
      offences: 0,
      linksRefused: 0,
      overloads: 0,
      refusals: 0,
      syncs: 0,
      dials: 0,
    }
    const health = new Health(config)
    const context = {
      id,
      config,
      random,
      replica,
      view: new PeerView(),
      outbox: new Outbox(),
      counters,
      score: new Score(),
      limiter: new RateLimiter(),
      health,
    }
    this.#context = context
    this.#now = now
    this.#broadcast = new Plumtree(context, (frame, from) => this.#accept(frame, from))
    const events = {
      // A reader speaks of itself alone: of others nobody takes anything from it.
      tell: (claim: Claim) => {
        if (!this.#isReader || claim.id === id) this.#claims.add(claim, this.#now)
      },
      tellUnlessHeard: (claim: MemberFrame) => {
        if (!this.#isReader) this.#claims.addUnlessHeard(claim, this.#now)
      },
      renewed: (member: string, tag: number, lease: number, from: string | undefined) => {
        if (from !== undefined) this.#routes.learn(member, from)
        this.#passLease(tag, lease, from)
      },
      fetched: () => this.#sync.spread(this.#now),
      removed: (member: string, how: 'left' | 'dead') => {
        this.#presence.forget(member)
        if (how === 'dead') this.#neighborhood.died(member, this.#now)
        else this.#overlay.left(member)
        context.outbox.push({ type: 'gone', id: member, how })
      },
      unwatched: (member: string) => this.#neighborhood.unwatched(member, this.#now),
      displaced: () => this.#stop(this.#now),
      changed: () => context.outbox.push({ type: 'members' }),
    }
    this.#table = new MemberTable({ id, record }, context, events, now)
    this.#overlay = new Overlay(context, this.#table)
    this.#presence = new PresenceTable(context, this.#table)
    this.#routes = new Routes(context)
    this.#messages = new MessageRelay(context, this.#routes, this.#table, (body, at) =>
      this.#broadcast.originate(body, at),
    )
    this.#heartbeat = new Heartbeat(config, random, health)
    this.#comparison = new TableComparison(context, this.#table, this.#presence)
    this.#sync = new AntiEntropy(context, () => this.#comparison.digest, now)
    const parts = {
      table: this.#table,
      overlay: this.#overlay,
      heartbeat: this.#heartbeat,
      broadcast: this.#broadcast,
      sync: this.#sync,
      presence: this.#presence,
    }
    this.#acks = new Acknowledgements(context, {
      table: this.#table,
      routes: this.#routes,
      inSync: (neighbor) => this.#sync.inSync(neighbor),
      flood: (request) => this.#broadcast.originate({ type: 'ack-request', ...request }, this.#now),
    })
    this.#beaconAt = now + config.beaconMillis
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

  /** What the members show of themselves. */
  get presence(): PresenceTable {
    return this.#presence
  }

  /** Whether nothing of `id` is let in: it broke rules again and again. */
  refuses(id: string, now: number): boolean {
    return this.#context.score.isRefused(id, now)
  }

  get counters(): Readonly<EngineMetrics> {
    const { counters, score, limiter } = this.#context
    return {
      ...counters,
      ...limiter.refused,
      held: this.#broadcast.held,
      membersExpelled: score.refused,
      membersRefused: this.#table.refused,
    }
  }

  /** Frames sent since the start, by type. */
  get sentFrames(): ReadonlyMap<string, number> {
    return this.#context.outbox.sent
  }

  /** How badly this member hears, by local health; 0 when it hears well. */
  get health(): number {
    return this.#context.health.score(this.#now)
  }

  /** Links that this member wants now. */
  get linksTarget(): number {
    return this.#overlay.target
  }

  /** Whether a dial is under way. */
  get dialing(): boolean {
    return this.#overlay.dialing
  }

  /** Whether `neighbor` held the same data when it last told its digest; undefined of a reader. */
  inSync(neighbor: Neighbor): boolean | undefined {
    return this.#sync.inSync(neighbor)
  }

  /** Whether parts of a sync of `peer` are on their way. */
  isAsking(peer: string): boolean {
    return this.#sync.isAsking(peer)
  }

  /** Takes one input. */
  handle(input: Input, now: number): Output[] {
    this.#now = now
    // First, since it notices that this member slept, which excuses everyone in the table.
    if (!this.#left) this.#neighborhood.wake(now)
    if (!this.#left) this.#dispatch(input, now)
    if (!this.#left) this.#tellClaims(now)
    return this.#context.outbox.take()
  }

  /** When to tick at the latest. */
  deadline(now: number): number {
    if (this.#left) return Number.POSITIVE_INFINITY
    return Math.min(
      this.#claims.deadline(),
      this.#presence.deadline(),
      this.#table.deadline(now),
      this.#overlay.deadline(),
      this.#neighborhood.deadline(now),
      this.#broadcast.deadline(),
      this.#sync.deadline(),
      this.#comparison.deadline(),
      this.#acks.deadline(),
      this.view.size > 0 ? this.#beaconAt : Number.POSITIVE_INFINITY,
    )
  }

  #dispatch(input: Input, now: number): void {
    switch (input.type) {
      case 'contacts':
        // No other writer is there: what this member holds is all there is.
        if (input.contacts.length === 0 && this.view.sources().length === 0) this.#table.makeReady(now)
        return this.#overlay.offer(
          input.contacts.map((contact) => contact.id),
          now,
        )
      case 'link-up':
        this.#routes.linked(input.peer)
        return this.#neighborhood.linkUp(input.peer, now)
      case 'link-down':
        return this.#neighborhood.linkDown(input.peer, now)
      case 'dial-failed':
        this.#routes.dialFailed(input.peer)
        return this.#neighborhood.dialFailed(input.peer, now)
      case 'frame':
        return this.#frame(input.peer, input.frame, now)
      case 'malformed':
        return this.#neighborhood.offence(input.peer, now, input.kind)
      case 'overload':
        return this.#neighborhood.overloaded(input.peer, now)
      case 'slow':
        return this.#slow(input.peer)
      case 'drained':
        return this.#drained(input.peer, now)
      case 'local-updates':
        return this.#localUpdates(input.updates, now)
      case 'signal':
        return this.#routes.send(input.peer, input.signal, now)
      case 'signaling':
        this.#routes.serverUp = input.connected
        return
      case 'signal-received':
        return this.#routes.cameByServer(input.peer)
      case 'absent':
        return this.#neighborhood.absent(input.peer, now)
      case 'visibility':
        this.#presence.show({ frozen: input.visibility === 'frozen' }, now)
        return this.#neighborhood.show(input.visibility, now)
      case 'presence':
        return this.#presence.show({ state: input.state }, now)
      case 'message':
        return this.#messages.send(input.to, input.bytes, now)
      case 'self':
        return this.#table.changeSelf(input.change)
      case 'await-acks':
        return this.#acks.wait(input.call, input.acks, now)
      case 'end-acks':
        return this.#acks.end(input.call)
      case 'tick':
        return this.#tick(now)
      case 'leave':
        return this.#leave(now)
      default:
        return unreachable(input)
    }
  }

  #frame(peer: string, frame: Frame, now: number): void {
    const neighbor = this.view.get(peer)
    if (neighbor === undefined) return
    this.#heartbeat.heard(neighbor, now)
    if (frame.type === 'hello') return this.#neighborhood.hello(neighbor, frame, now)
    if (frame.type === 'disconnect') return this.#neighborhood.disconnected(neighbor, frame, now)
    if (neighbor.record === undefined) return this.#neighborhood.offence(peer, now)
    const suspicion = this.#table.heard(peer, now)
    if (suspicion) sendTo(this.#context, neighbor, suspicion, now)
    this.#established(neighbor, frame, now)
    if (!this.#table.ready && this.#sync.inSync(neighbor)) this.#table.makeReady(now)
  }

  #established(neighbor: Neighbor, frame: EstablishedFrame, now: number): void {
    const peer = neighbor.id
    const { cost } = FRAMES[frame.type]
    if (cost && !this.#context.limiter.take(cost, peer, now)) return this.#unpaid(peer, frame)
    switch (frame.type) {
      case 'heartbeat':
        this.#heartbeat.receive(neighbor, frame, now)
        this.#broadcast.announced(frame.announced, neighbor, now)
        this.#table.renew(frame.leases, { id: peer, isReader: isReader(neighbor) }, now)
        return this.#sync.compare(neighbor, frame.digest, now)
      case 'gossip':
        return this.#merged(peer, this.#broadcast.receive(frame, neighbor, now), now)
      case 'graft':
        return this.#broadcast.grafted(frame, neighbor, now)
      case 'prune':
        return this.#broadcast.pruned(frame, neighbor, now)
      case 'interleave':
        return this.#neighborhood.interleaved(neighbor, frame, now)
      case 'signal':
        if (this.refuses(frame.from, now)) return
        return this.#routes.receive(frame, peer, now)
      case 'digest':
        this.#comparison.compare(neighbor, frame.members, now)
        return this.#sync.receiveDigest(neighbor, frame, now)
      case 'members':
        return this.#comparison.answer(neighbor, frame, now)
      case 'sync-request':
        if (this.#sync.serve(peer, frame, now) === 'malformed') this.#neighborhood.offence(peer, now)
        return
      case 'sync-part':
        return this.#merged(peer, this.#sync.receivePart(neighbor, frame, now), now)
      case 'sync-pull':
        return this.#sync.pull(peer, frame.exchange, frame.next, now)
      case 'sync-busy':
        return this.#sync.busy(neighbor, frame.exchange, now)
      case 'ack-request':
        return this.#acks.asked(peer, frame, now)
      case 'ack':
        return this.#acks.receive(frame, peer, now)
      case 'member':
      case 'suspect':
      case 'leave': {
        const answer = neighbor.isBootstrap ? this.#table.fetch(frame, now) : this.#table.learn(frame, now)
        if (answer) sendTo(this.#context, neighbor, answer, now)
        return
      }
      case 'presence':
        // A repair: the other neighbors are to compare as well, since nobody floods it.
        if (this.#presence.hear(frame, now)) this.#sync.spread(now, peer)
        return
      case 'message':
        return this.#messages.receive(frame, peer, now)
      default:
        return unreachable(frame)
    }
  }

  get #isReader(): boolean {
    return this.#table.selfRecord.role === 'reader'
  }

  /** `peer` has had as much of this as it may; only a question for a sync is owed a word. */
  #unpaid(peer: string, frame: EstablishedFrame): void {
    if (frame.type === 'sync-request') this.#sync.decline(peer, frame.exchange)
  }

  /** Takes what a new envelope carries. */
  #accept(frame: GossipFrame, from: string): ReceiveResult {
    const { body } = frame
    this.#routes.learn(frame.origin, from)
    switch (body.type) {
      case 'update':
        return this.#context.replica.receive(body.update)
      case 'claims':
        for (const claim of body.claims) {
          if (claim.type === 'member') {
            this.#routes.hint(claim.id, from)
            this.#claims.heard(claim)
          }
          this.#hear(claim, frame.origin)
        }
        return APPLIED
      case 'message':
        this.#messages.hear(body, frame.origin, from)
        return APPLIED
      case 'beacon':
        return APPLIED
      case 'ack-request':
        this.#acks.asked(frame.origin, body, this.#now)
        return APPLIED
      default:
        return unreachable(body)
    }
  }

  #hear(claim: Claim, origin: string): void {
    // Nobody else speaks of what a member shows.
    if (claim.type === 'presence') return void (claim.id === origin && this.#presence.hear(claim, this.#now))
    // Its watcher does not know yet that it is being stopped.
    if (claim.type === 'suspect' && this.#presence.isFrozen(claim.id, this.#now)) return
    this.#table.hear(claim, this.#now)
  }

  #tellClaims(now: number): void {
    for (const claim of this.#presence.due(this.#table.selfRecord.incarnation, now))
      this.#claims.add(claim, now)
    for (const body of this.#claims.due(now)) this.#broadcast.originate(body, now)
  }

  /** Bytes for the replica have been taken, or refused. */
  #merged(peer: string, outcome: Outcome, now: number): void {
    if (outcome === 'offence') return this.#neighborhood.offence(peer, now)
    if (outcome === 'unchanged') return
    this.#broadcast.replay(now)
    this.#sync.changed(now)
    this.#acks.changed(now)
  }

  #localUpdates(updates: readonly Uint8Array[], now: number): void {
    for (const update of updates) this.#broadcast.originate({ type: 'update', update }, now)
    this.#sync.changed(now)
  }

  #slow(peer: string): void {
    const neighbor = this.view.get(peer)
    if (neighbor === undefined) return
    neighbor.dirty = true
    neighbor.announcements.clear()
  }

  #drained(peer: string, now: number): void {
    const neighbor = this.view.get(peer)
    if (!neighbor?.dirty) return
    neighbor.dirty = false
    if (neighbor.record) this.#sync.tell(neighbor, true, now)
  }

  #tick(now: number): void {
    this.#neighborhood.tick(now)
    this.#table.tick(now)
    this.#broadcast.tick(now)
    this.#helpHeldBack(now)
    this.#sync.tick(now)
    this.#comparison.tick(now)
    this.#acks.tick(now)
    this.#overlay.tick(now)
    if (now >= this.#beaconAt) this.#beacon(now)
  }

  /** The writer with the least id shapes the shared tree; everyone knows who that is. */
  #beacon(now: number): void {
    this.#beaconAt = now + this.#context.config.beaconMillis
    if (this.#isReader) return
    for (const { id, record } of this.#table.entries())
      if (record.role === 'writer' && id < this.#context.id) return
    this.#broadcast.originate({ type: 'beacon' }, now)
  }

  /** What waits for a write that does not come is helped by a sync. */
  #helpHeldBack(now: number): void {
    const from = this.#broadcast.overdue(now)
    if (from === undefined) return
    const helper = this.view.get(from) ?? sample(this.#context.random, this.view.sources(), 1)[0]
    if (helper?.record) this.#sync.ask(helper, now)
  }

  #leave(now: number): void {
    const { id, outbox } = this.#context
    const goodbye = { type: 'leave', id, incarnation: this.#table.selfRecord.incarnation } as const
    this.#broadcast.farewell({ type: 'claims', claims: [goodbye] }, now)
    for (const neighbor of this.view.all()) outbox.disconnect(neighbor.id, 'leave')
    this.#left = true
  }

  /** A later run of this member goes on elsewhere: this one ends without a goodbye, which would be that one's. */
  #stop(now: number): void {
    if (this.#left) return
    for (const neighbor of [...this.view.all()]) this.#neighborhood.drop(neighbor, 'error', now)
    this.#context.outbox.push({ type: 'displaced' })
    this.#left = true
  }

  /**
   * Leases are in no hurry: they ride on the next heartbeat of each link, but of the one that they came by. Whose HELLO
   * has not come yet was told an older lease by the own one.
   */
  #passLease(tag: number, lease: number, from: string | undefined): void {
    const risen = { tag, lease }
    for (const neighbor of this.view.all()) if (neighbor.id !== from) neighbor.leases.add(risen)
  }
}
