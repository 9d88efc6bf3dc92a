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
import type { Claim } from '../wire/claim.js'
import type { Frame, GossipFrame } from '../wire/frame.js'
import { FRAMES } from '../wire/frames.js'
import { Acknowledgements } from './broadcast/acknowledgements.js'
import { Beacon } from './broadcast/beacon.js'
import { ClaimQueue } from './broadcast/claim-queue.js'
import { Plumtree } from './broadcast/plumtree.js'
import { DEFAULT_CONFIG, type ProtocolConfig } from './config.js'
import { type EngineContext, type EngineMetrics, type Outcome, type Part, sendTo } from './context.js'
import { type FrameHandlers, frameHandlers } from './frame-handlers.js'
import { Health } from './liveness/health.js'
import { Heartbeat } from './liveness/heartbeat.js'
import { MemberTable, type TableEvents } from './liveness/member-table.js'
import { PresenceTable } from './liveness/presence-table.js'
import { Watch } from './liveness/watch.js'
import { Interleave } from './overlay/interleave.js'
import { MessageRelay } from './overlay/message-relay.js'
import { Neighborhood } from './overlay/neighborhood.js'
import { Overlay } from './overlay/overlay.js'
import { type Neighbor, PeerView } from './overlay/peer-view.js'
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
  readonly #watch: Watch
  readonly #neighborhood: Neighborhood
  readonly #broadcast: Plumtree
  readonly #sync: AntiEntropy
  readonly #acks: Acknowledgements
  /** In the order in which they tick. */
  readonly #parts: readonly Part[]
  readonly #handlers: FrameHandlers
  /** The time of the step under way, for what is called back within it. */
  #now: number
  #left = false

  constructor(options: EngineOptions) {
    const { id, record, now, topic } = options
    const context = contextOf(options)
    this.#context = context
    this.#now = now
    const table = new MemberTable({ id, record }, context, this.#tableEvents(), now)
    const overlay = new Overlay(context, table)
    const presence = new PresenceTable(context, table)
    const heartbeat = new Heartbeat(context, table)
    const routes = new Routes(context)
    const interleave = new Interleave(context)
    const broadcast = new Plumtree(context, (frame, from) => this.#accept(frame, from))
    const comparison = new TableComparison(context, table, presence)
    const sync = new AntiEntropy(context, () => comparison.digest, now)
    const watch = new Watch(
      context,
      { heartbeat, table, presence },
      {
        drop: (...link) => this.#neighborhood.drop(...link),
        lost: (member) => overlay.lost(member),
        beginAnew: (at) => this.#neighborhood.beginAnew(at),
        compare: (neighbor, at) => sync.tell(neighbor, true, at),
      },
      now,
    )
    const neighborhood = new Neighborhood(
      context,
      topic,
      { table, overlay, interleave },
      {
        up: (neighbor, at) => {
          for (const part of this.#parts) part.linkUp?.(neighbor, at)
        },
        gone: (member, at) => {
          for (const part of this.#parts) part.linkGone?.(member, at)
        },
        compare: (neighbor, at) => sync.tell(neighbor, true, at),
        lose: (member, at) => watch.lose(member, at),
        unwatched: (member, at) => watch.unwatched(member, at),
        isSpare: (member) => broadcast.isSpare(member),
      },
    )
    const acks = new Acknowledgements(context, {
      table,
      routes,
      inSync: (neighbor) => sync.inSync(neighbor),
      flood: (request) => broadcast.originate({ type: 'ack-request', ...request }, this.#now),
    })
    const messages = new MessageRelay(context, routes, table, (envelope, at) =>
      broadcast.originate(envelope, at),
    )
    const beacon = new Beacon(context, table, broadcast, now)
    const helper: Part = { tick: (at) => this.#helpHeldBack(at) }
    const teller: Part = { deadline: () => Math.min(this.#claims.deadline(), presence.deadline()) }
    this.#parts = [
      ...[interleave, heartbeat, watch, neighborhood, table, broadcast, helper],
      ...[sync, comparison, acks, overlay, beacon, teller],
    ]
    this.#table = table
    this.#presence = presence
    this.#messages = messages
    this.#overlay = overlay
    this.#routes = routes
    this.#heartbeat = heartbeat
    this.#watch = watch
    this.#neighborhood = neighborhood
    this.#broadcast = broadcast
    this.#sync = sync
    this.#acks = acks
    const merged = (neighbor: Neighbor, outcome: Outcome, at: number) =>
      this.#merged(neighbor.id, outcome, at)
    this.#handlers = frameHandlers(context, {
      ...{ acks, broadcast, comparison, heartbeat, messages, neighborhood, presence, routes, sync, table },
      merged,
    })
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
    if (!this.#left) this.#watch.wake(now)
    if (!this.#left) this.#dispatch(input, now)
    if (!this.#left) this.#tellClaims(now)
    return this.#context.outbox.take()
  }

  /** When to tick at the latest. */
  deadline(now: number): number {
    if (this.#left) return Number.POSITIVE_INFINITY
    let deadline = Number.POSITIVE_INFINITY
    for (const part of this.#parts) deadline = Math.min(deadline, part.deadline?.(now) ?? deadline)
    return deadline
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
        return this.#neighborhood.opened(input.peer, now)
      case 'link-down':
        return this.#neighborhood.broken(input.peer, now)
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
        return this.#neighborhood.slow(input.peer)
      case 'drained':
        return this.#neighborhood.drained(input.peer, now)
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
        return this.#watch.show(input.visibility, now)
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
        for (const part of this.#parts) part.tick?.(now)
        return
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
    const handle = this.#handlers[frame.type] as (from: Neighbor, told: Frame, at: number) => void
    if (frame.type === 'hello' || frame.type === 'disconnect') return handle(neighbor, frame, now)
    if (neighbor.record === undefined) return this.#neighborhood.offence(peer, now)
    const suspicion = this.#table.heard(peer, now)
    if (suspicion) sendTo(this.#context, neighbor, suspicion, now)
    const { cost } = FRAMES[frame.type]
    if (!cost || this.#context.limiter.take(cost, peer, now)) handle(neighbor, frame, now)
    // Only a question for a sync is owed a word.
    else if (frame.type === 'sync-request') this.#sync.decline(peer, frame.exchange)
    if (!this.#table.ready && this.#sync.inSync(neighbor)) this.#table.makeReady(now)
  }

  get #isReader(): boolean {
    return this.#table.selfRecord.role === 'reader'
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

  #tableEvents(): TableEvents {
    return {
      // A reader speaks of itself alone: of others nobody takes anything from it.
      tell: (claim) => {
        if (!this.#isReader || claim.id === this.#context.id) this.#claims.add(claim, this.#now)
      },
      tellUnlessHeard: (claim) => {
        if (!this.#isReader) this.#claims.addUnlessHeard(claim, this.#now)
      },
      renewed: (id, tag, lease, from) => {
        if (from !== undefined) this.#routes.learn(id, from)
        this.#heartbeat.passLease({ tag, lease }, from)
      },
      fetched: () => this.#sync.spread(this.#now),
      removed: (id, how) => {
        this.#presence.forget(id)
        if (how === 'dead') this.#neighborhood.died(id, this.#now)
        else this.#overlay.left(id)
        this.#context.outbox.push({ type: 'gone', id, how })
      },
      unwatched: (id) => this.#watch.unwatched(id, this.#now),
      displaced: () => this.#stop(this.#now),
      changed: () => this.#context.outbox.push({ type: 'members' }),
    }
  }
}

function contextOf({ id, random, replica, config }: EngineOptions): EngineContext {
  const used = { ...DEFAULT_CONFIG, ...config }
  return {
    id,
    config: used,
    random,
    replica,
    view: new PeerView(),
    outbox: new Outbox(),
    counters: {
      duplicates: 0,
      grafts: 0,
      offences: 0,
      linksRefused: 0,
      overloads: 0,
      refusals: 0,
      syncs: 0,
      dials: 0,
    },
    health: new Health(used),
    score: new Score(),
    limiter: new RateLimiter(),
  }
}
