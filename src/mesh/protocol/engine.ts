/**
 * One member's whole protocol as one state machine: `handle(input, now)` changes the state and returns what is
 * to be done; `deadline(now)` says when it wants to be called with a tick. It holds no timer, clock, promise or
 * socket. The driver's duties: one input at a time, outputs carried out in order, a tick at the deadline.
 */

import type { MemberRecord } from '../../base/member.js'
import type { Random } from '../../base/random.js'
import type { ReplicaPort } from '../../data/replica-port.js'
import { RateLimiter } from '../rate-limit/rate-limiter.js'
import { Score } from '../rate-limit/score.js'
import type { Frame } from '../wire/frame.js'
import { FRAMES } from '../wire/frames.js'
import { DEFAULT_CONFIG, type ProtocolConfig } from './config.js'
import { type EngineContext, type EngineMetrics, type Outcome, sendTo } from './context.js'
import { type FrameHandlers, frameHandlers } from './frame-handlers.js'
import { type InputHandlers, inputHandlers } from './input-handlers.js'
import { Health } from './liveness/health.js'
import type { MemberTable } from './liveness/member-table.js'
import type { PresenceTable } from './liveness/presence-table.js'
import { type Neighbor, PeerView } from './overlay/peer-view.js'
import { type Parts, partsOf } from './parts.js'
import { type Input, Outbox, type Output } from './step.js'

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

export class Engine {
  readonly #context: EngineContext
  readonly #parts: Parts
  readonly #inputs: InputHandlers
  readonly #frames: FrameHandlers
  /** The time of the last step. */
  #now: number
  #left = false

  constructor(options: EngineOptions) {
    this.#now = options.now
    this.#context = contextOf(options)
    this.#parts = partsOf(this.#context, options, (now) => this.#stop(now))
    this.#inputs = inputHandlers(this.#context, {
      ...this.#parts,
      frame: ({ peer, frame }, now) => this.#frame(peer, frame, now),
      leave: (_input, now) => this.#leave(now),
    })
    this.#frames = frameHandlers(this.#context, {
      ...this.#parts,
      merged: ({ id }, outcome, now) => this.#merged(id, outcome, now),
    })
  }

  /** The members, this one included. */
  get table(): MemberTable {
    return this.#parts.table
  }

  /** The links, with and without HELLO. */
  get view(): PeerView {
    return this.#context.view
  }

  /** What the members show of themselves. */
  get presence(): PresenceTable {
    return this.#parts.presence
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
      held: this.#parts.broadcast.held,
      membersExpelled: score.refused,
      membersRefused: this.#parts.table.refused,
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
    return this.#parts.overlay.target
  }

  /** Whether a dial is under way. */
  get dialing(): boolean {
    return this.#parts.overlay.dials.size > 0
  }

  /** Whether `neighbor` held the same data when it last told its digest; undefined of a reader. */
  inSync(neighbor: Neighbor): boolean | undefined {
    return this.#parts.sync.inSync(neighbor)
  }

  /** Whether parts of a sync of `peer` are on their way. */
  isAsking(peer: string): boolean {
    return this.#parts.sync.exchange.isAsking(peer)
  }

  /** Takes one input. */
  handle(input: Input, now: number): Output[] {
    this.#now = now
    // First, since it notices that this member slept, which excuses everyone in the table.
    if (!this.#left) this.#parts.watch.wake(now)
    if (!this.#left) {
      const handle = this.#inputs[input.type] as (taken: Input, at: number) => void
      handle(input, now)
    }
    if (!this.#left) this.#tellClaims(now)
    return this.#context.outbox.take()
  }

  /** When to tick at the latest. */
  deadline(now: number): number {
    if (this.#left) return Number.POSITIVE_INFINITY
    let deadline = Number.POSITIVE_INFINITY
    for (const part of this.#parts.all) deadline = Math.min(deadline, part.deadline?.(now) ?? deadline)
    return deadline
  }

  #frame(peer: string, frame: Frame, now: number): void {
    const neighbor = this.view.get(peer)
    if (neighbor === undefined) return
    this.#parts.heartbeat.heard(neighbor, now)
    const handle = this.#frames[frame.type] as (from: Neighbor, told: Frame, at: number) => void
    if (frame.type === 'hello' || frame.type === 'disconnect') return handle(neighbor, frame, now)
    if (neighbor.record === undefined) return this.#parts.neighborhood.offence(peer, now)
    const suspicion = this.#parts.table.heard(peer, now)
    if (suspicion) sendTo(this.#context, neighbor, suspicion, now)
    const { cost } = FRAMES[frame.type]
    if (!cost || this.#context.limiter.take(cost, peer, now)) handle(neighbor, frame, now)
    // Of the frames that are over their budget only a request for a sync is answered.
    else if (frame.type === 'sync-request')
      this.#context.outbox.send(peer, { type: 'sync-busy', exchange: frame.exchange })
    if (!this.#parts.table.leases.ready && this.#parts.sync.inSync(neighbor))
      this.#parts.table.leases.makeReady(now)
  }

  #tellClaims(now: number): void {
    for (const claim of this.#parts.presence.due(this.#parts.table.selfRecord.incarnation, now))
      this.#parts.claims.add(claim, now)
    for (const body of this.#parts.claims.due(now)) this.#parts.broadcast.originate(body, now)
  }

  /** Bytes for the replica have been taken, or refused. */
  #merged(peer: string, outcome: Outcome, now: number): void {
    if (outcome === 'offence') return this.#parts.neighborhood.offence(peer, now)
    if (outcome === 'unchanged') return
    this.#parts.broadcast.replay(now)
    this.#parts.sync.changed(now)
    this.#parts.acks.changed(now)
  }

  #leave(now: number): void {
    const { id, outbox } = this.#context
    const goodbye = { type: 'leave', id, incarnation: this.#parts.table.selfRecord.incarnation } as const
    this.#parts.broadcast.farewell({ type: 'claims', claims: [goodbye] }, now)
    for (const neighbor of this.view.all()) outbox.disconnect(neighbor.id, 'leave')
    this.#left = true
  }

  /** A later run of this member goes on elsewhere: this one ends without a goodbye, which would be taken for that run's. */
  #stop(now: number): void {
    if (this.#left) return
    for (const neighbor of [...this.view.all()]) this.#parts.neighborhood.drop(neighbor, 'error', now)
    this.#context.outbox.push({ type: 'displaced' })
    this.#left = true
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
