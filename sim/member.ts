/**
 * One simulated member: an engine, its replica, its timer and its links; what a driver does for an engine, without
 * bytes. It can be stopped for a while, crash, or leave.
 */
import type { MemberKind, MemberRole } from '../src/base/member.js'
import type { Input, Output } from '../src/mesh/protocol/step.js'
import type { Frame } from '../src/mesh/wire/frame.js'
import type { Signal } from '../src/mesh/wire/signal.js'
import type { LinkEnd } from './link-end.js'
import type { Network, Station } from './network.js'
import type { Seat, SimEngine, SimReplica } from './seat.js'
import { Tick, type Timeline } from './timeline.js'

/** As the driver coalesces local writes. */
const COALESCE_MILLIS = 10

/** Watches a cluster. Everything is told while it happens, in virtual time. */
export class Observer {
  /** The member is there. */
  joined(_member: SimMember): void {}
  /** It crashed or left. */
  gone(_member: SimMember, _how: 'crashed' | 'left'): void {}
  /** The engine is about to take an input. */
  input(_member: SimMember, _input: Input): void {}
  /** The engine returned an output, which is about to be carried out. */
  output(_member: SimMember, _output: Output): void {}
  /** It made its write number `n`. */
  wrote(_member: SimMember, _n: number): void {}
  /** The writes `from` to `to` of `author` are at `member` now. Stub replicas only. */
  merged(
    _member: SimMember,
    _author: SimMember,
    _from: number,
    _to: number,
    _way: 'broadcast' | 'sync',
  ): void {}
}

/** What a member gets from its cluster. */
export interface Surroundings {
  readonly timeline: Timeline
  readonly network: Network
  readonly observers: readonly Observer[]
  /** Remembers a step for the hash of the run. */
  trace(member: SimMember, input: Input): void
}

export class SimMember<E extends SimEngine = SimEngine> implements Station {
  readonly id: string
  readonly index: number
  readonly kind: MemberKind
  readonly role: MemberRole
  readonly engine: E
  readonly replica: SimReplica
  readonly links = new Map<string, LinkEnd>()
  readonly joinedAt: number
  /** Dials begun since its start. */
  dials = 0
  state: 'up' | 'crashed' | 'left' = 'up'
  /** Milliseconds that its wall clock is ahead. */
  wallLead = 0
  readonly #surroundings: Surroundings
  /** The monotonic clock of this member minus the time of the simulation. */
  readonly #clockLead: number
  readonly #inbox: Input[] = []
  /** What came while the process was stopped. */
  #stopped: Input[] | undefined
  #handling = false
  #tickAt = Number.POSITIVE_INFINITY
  #drainedAt = Number.NEGATIVE_INFINITY
  #drainPlanned = false

  constructor(seat: Seat, engine: E, surroundings: Surroundings) {
    const { id, index, record, replica } = seat
    this.id = id
    this.index = index
    this.kind = record.kind
    this.role = record.role
    this.replica = replica
    this.engine = engine
    this.#surroundings = surroundings
    this.joinedAt = surroundings.timeline.now
    this.#clockLead = seat.now - surroundings.timeline.now
    this.#schedule()
  }

  get up(): boolean {
    return this.state === 'up'
  }

  get awake(): boolean {
    return this.up && this.#stopped === undefined
  }

  /** This member's monotonic clock. */
  get now(): number {
    return this.#surroundings.timeline.now + this.#clockLead
  }

  /** Makes one local write; it leaves within 10 ms, at once after a pause. */
  write(): void {
    this.replica.writeOne()
    this.drainSoon()
  }

  /** Local writes wait in the replica. */
  drainSoon(): void {
    if (this.#drainPlanned) return
    const { timeline } = this.#surroundings
    const wait = this.#drainedAt + COALESCE_MILLIS - timeline.now
    if (wait <= 0) return this.#drain()
    this.#drainPlanned = true
    timeline.after(wait, () => this.#drain())
  }

  /** Says goodbye and goes. */
  leave(): void {
    if (!this.up) return
    this.#drain()
    this.give({ type: 'leave' })
    this.#end('left')
    this.#surroundings.network.leave(this)
  }

  /** Dies without a word. */
  crash(): void {
    if (!this.up) return
    this.#end('crashed')
    this.#surroundings.network.crash(this)
  }

  /** The process stops for `millis`, as in a sleep or a long collection; then its timer runs first, as in Node. */
  pause(millis: number): void {
    if (!this.awake) return
    const { timeline, network } = this.#surroundings
    const stopped: Input[] = []
    this.#stopped = stopped
    timeline.after(network.conditions.now.nativeCloseMillis, () => {
      if (this.#stopped === stopped) this.#loseAll()
    })
    timeline.after(millis, () => this.#resume())
  }

  /** Hands the engine an input, unless the process is stopped or gone. */
  give(input: Input): void {
    if (!this.up) return
    if (this.#stopped) return void this.#stopped.push(input)
    if (this.#handling) return void this.#inbox.push(input)
    this.#handling = true
    this.#step(input)
    for (let next = this.#inbox.shift(); next; next = this.#inbox.shift()) this.#step(next)
    this.#handling = false
    this.#schedule()
  }

  /** The timer that was set for `at` runs. */
  tick(at: number): void {
    if (at !== this.#tickAt || !this.up || this.#stopped) return
    this.#tickAt = Number.POSITIVE_INFINITY
    this.give({ type: 'tick' })
  }

  take(end: LinkEnd, frame: Frame): void {
    this.give({ type: 'frame', peer: end.peer, frame })
  }

  takeDatagram(from: string, frame: Frame): void {
    this.give({ type: 'frame', peer: from, frame })
  }

  linkUp(end: LinkEnd): void {
    this.give({ type: 'link-up', peer: end.peer })
  }

  lost(end: LinkEnd): void {
    const { peer } = end
    if (this.links.get(peer) === end) this.links.delete(peer)
    this.give({ type: 'link-down', peer })
  }

  queueTurned(end: LinkEnd, state: 'slow' | 'drained'): void {
    this.give({ type: state, peer: end.peer })
  }

  dialFailed(peer: string): void {
    this.give({ type: 'dial-failed', peer })
  }

  sendSignal(peer: string, signal: Signal): void {
    this.give({ type: 'signal', peer, signal })
  }

  signalFromServer(from: string, signal: Signal): void {
    this.give({ type: 'signal-received', peer: from })
    if (this.awake) this.#surroundings.network.takeSignal(this, from, signal)
  }

  meet(contacts: { id: string; kind: MemberKind }[]): void {
    this.give({ type: 'contacts', contacts })
  }

  absent(peer: string): void {
    this.give({ type: 'absent', peer })
  }

  signaling(connected: boolean): void {
    this.give({ type: 'signaling', connected })
  }

  #step(input: Input): void {
    const { observers } = this.#surroundings
    this.#surroundings.trace(this, input)
    for (const observer of observers) observer.input(this, input)
    for (const output of this.engine.handle(input, this.now)) {
      for (const observer of observers) observer.output(this, output)
      this.#carryOut(output)
    }
  }

  #carryOut(output: Output): void {
    switch (output.type) {
      case 'send':
        return this.#send(output.peer, output.frame, output.priority === 0)
      case 'dial':
        this.dials += 1
        return this.#surroundings.network.dial(this, output.peer)
      case 'disconnect':
        return this.#disconnect(output.peer)
      case 'signal':
        return this.#surroundings.network.takeSignal(this, output.peer, output.signal)
      case 'signal-server':
        return this.#surroundings.network.signalThroughServer(this, output.peer, output.signal)
      case 'introduce':
        return this.#surroundings.network.signaling.introduce(this, output.count)
      default:
        // What concerns only a store, as news of members.
        return undefined
    }
  }

  #send(peer: string, frame: Frame, urgent: boolean): void {
    const end = this.links.get(peer)
    if (end) end.send(frame, urgent)
    else this.#surroundings.network.datagram(this, peer, frame)
  }

  #disconnect(peer: string): void {
    this.#surroundings.network.abort(this, peer)
    const end = this.links.get(peer)
    if (end === undefined) return
    this.links.delete(peer)
    end.close()
    this.give({ type: 'link-down', peer })
  }

  #drain(): void {
    this.#drainPlanned = false
    if (!this.awake) return
    this.#drainedAt = this.#surroundings.timeline.now
    const updates = this.replica.drain()
    if (updates.length > 0) this.give({ type: 'local-updates', updates })
  }

  #resume(): void {
    const stopped = this.#stopped
    this.#stopped = undefined
    if (!this.up || stopped === undefined) return
    this.#tickAt = Number.POSITIVE_INFINITY
    this.give({ type: 'tick' })
    for (const input of stopped) this.give(input)
    this.drainSoon()
  }

  #loseAll(): void {
    for (const end of [...this.links.values()]) {
      end.lose()
      end.other.lose()
    }
  }

  #end(how: 'crashed' | 'left'): void {
    this.state = how
    for (const observer of this.#surroundings.observers) observer.gone(this, how)
  }

  /** As the driver: one timer, moved only to an earlier time. */
  #schedule(): void {
    if (!this.up) return
    const { timeline } = this.#surroundings
    const deadline = this.engine.deadline(this.now) - this.#clockLead
    if (deadline === Number.POSITIVE_INFINITY) return
    const at = Math.max(timeline.now + 1, Math.ceil(deadline))
    if (this.#tickAt <= at) return
    this.#tickAt = at
    timeline.plan(at, new Tick(this, at))
  }
}
