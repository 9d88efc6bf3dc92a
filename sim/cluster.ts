/**
 * A cluster of engines in virtual time, of one seed: equal seeds give equal runs, event for event, in Node and in a
 * browser. Members join, leave, crash, are stopped and cut off; observers see every step.
 */
import { hash32, toHex } from '../src/base/bytes.js'
import type { MemberKind, MemberRecord, MemberRole } from '../src/base/member.js'
import { type Random, randomInteger, randomWord, seededRandom } from '../src/base/random.js'
import type { ProtocolConfig } from '../src/mesh/protocol/config.js'
import { Engine } from '../src/mesh/protocol/engine.js'
import type { Input } from '../src/mesh/protocol/step.js'
import { Conditions, type ConditionsOptions } from './conditions.js'
import { type Observer, SimMember, type Surroundings } from './member.js'
import { Network } from './network.js'
import { realReplica } from './real-replica.js'
import type { Seat, SimEngine, SimReplica } from './seat.js'
import { StubReplica } from './stub-replica.js'
import { Timeline } from './timeline.js'

/** The wall clock of every simulation starts here: 2026-01-01. */
export const WALL_START = 1_767_225_600_000
/** Members are 40 to 90 days up when a run begins, each on its own clock. */
const UPTIME_MILLIS = [40 * 86_400_000, 50 * 86_400_000] as const

export interface ClusterOptions<E extends SimEngine> extends ConditionsOptions {
  seed: number
  makeEngine: (seat: Seat) => E
  /** 'stub' counts writes; 'real' merges keys into a Yjs document. Default 'stub'. */
  replica?: 'stub' | 'real'
  /** The size of a write of a stub. Default 64. */
  bytesPerWrite?: number
  /** The share of members that are tabs. Default 0. */
  browserShare?: number
}

/** Makes the engine of this library. */
export function engineFactory(config: Partial<ProtocolConfig> = {}): (seat: Seat) => Engine {
  return (seat) => new Engine({ ...seat, topic: 'sim', config })
}

/** A cluster of the engine of this library. */
export function engineCluster(
  options: Omit<ClusterOptions<Engine>, 'makeEngine'> & { config?: Partial<ProtocolConfig> },
): Cluster<Engine> {
  return new Cluster({ ...options, makeEngine: engineFactory(options.config) })
}

export class Cluster<E extends SimEngine> {
  readonly seed: number
  readonly timeline = new Timeline()
  readonly random: Random
  readonly network: Network
  /** Those that are up, in order of their start. */
  readonly members: SimMember<E>[] = []
  /** Everyone that ever was, by index. */
  readonly all: SimMember<E>[] = []
  readonly observers: Observer[] = []
  readonly #options: ClusterOptions<E>
  readonly #surroundings: Surroundings
  readonly #byId = new Map<string, SimMember<E>>()
  readonly #traced = new Map<string, number>()
  #traceHigh = 0x811c9dc5
  #traceLow = 0x01000193
  #inputs = 0

  constructor(options: ClusterOptions<E>) {
    this.seed = options.seed
    this.#options = options
    this.random = seededRandom(options.seed)
    const conditions = new Conditions(
      this.timeline,
      seededRandom(options.seed ^ 0x5bd1e995),
      options.seed,
      options,
    )
    this.network = new Network(conditions)
    const { timeline, network, observers } = this
    this.#surroundings = { timeline, network, observers, trace: (member, input) => this.#note(member, input) }
  }

  /** Milliseconds since the start. */
  get now(): number {
    return this.timeline.now
  }

  /** Inputs that engines have taken. */
  get inputs(): number {
    return this.#inputs
  }

  /** Two runs with the same hash went the same way, step for step. */
  get traceHash(): string {
    const words = [this.#traceHigh, this.#traceLow]
    return words.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
  }

  /** Adds a member that joins now. One with the `id` of an earlier member is that member, restarted. */
  add(options: { id?: string; kind?: MemberKind; role?: MemberRole } = {}): SimMember<E> {
    const index = this.all.length
    const random = seededRandom(hash32(`${this.seed} ${index}`))
    const id = options.id ?? randomWord(random, 22)
    const kind = options.kind ?? (random() < (this.#options.browserShare ?? 0) ? 'browser' : 'node')
    const replica = this.#makeReplica(index, random)
    const now = UPTIME_MILLIS[0] + randomInteger(random, UPTIME_MILLIS[1])
    const record = recordOf(kind, options.role ?? 'writer', replica.session, WALL_START + this.now)
    const wall = () => this.#wall(index)
    const seat: Seat = { id, index, record, random, replica, now, wall }
    const member = new SimMember(seat, this.#options.makeEngine(seat), this.#surroundings)
    this.all.push(member)
    this.members.push(member)
    this.#byId.set(id, member)
    for (const observer of this.observers) observer.joined(member)
    this.network.join(member)
    return member
  }

  /** Adds `count` members, each `everyMillis` after the one before. */
  grow(count: number, everyMillis = 200): void {
    for (let added = 0; added < count; added++) {
      this.add()
      this.run(everyMillis)
    }
  }

  /** Ends the process of `member`. */
  crash(member: SimMember<E>): void {
    this.#drop(member)
    member.crash()
  }

  /** Lets `member` say goodbye and go. */
  leave(member: SimMember<E>): void {
    this.#drop(member)
    member.leave()
  }

  /** Splits the members; those in no group reach nobody. */
  partition(...groups: readonly (readonly SimMember<E>[])[]): void {
    const groupOf = new Map(groups.flatMap((group, index) => group.map(({ id }) => [id, index] as const)))
    this.network.partition((from, to) => {
      const group = groupOf.get(from.id)
      return group !== undefined && group === groupOf.get(to.id)
    })
  }

  /** Ends every partition. */
  heal(): void {
    this.network.partition(undefined)
  }

  /** Lets time pass. */
  run(millis: number): void {
    this.timeline.run(millis)
  }

  /** Lets time pass until `holds`, looked at every `everyMillis`; undefined when it does not within `millisMax`. */
  runUntil(holds: () => boolean, millisMax: number, everyMillis = 10): number | undefined {
    const start = this.now
    while (!holds()) {
      if (this.now - start >= millisMax) return undefined
      this.run(everyMillis)
    }
    return this.now - start
  }

  /** Calls `run` every `millis` from now on. */
  every(millis: number, run: () => void): void {
    this.timeline.after(millis, () => {
      run()
      this.every(millis, run)
    })
  }

  /** A random member that is up. */
  pick(): SimMember<E> {
    const member = this.members[randomInteger(this.random, this.members.length)]
    if (member === undefined) throw new Error('nobody is up')
    return member
  }

  /** The member of that id, when it is up. */
  find(id: string): SimMember<E> | undefined {
    return this.#byId.get(id)
  }

  /** The different digests among the members; one when they agree. */
  digests(): Set<string> {
    return new Set(this.members.map((member) => toHex(member.replica.digest())))
  }

  #drop(member: SimMember<E>): void {
    const place = this.members.indexOf(member)
    if (place >= 0) this.members.splice(place, 1)
    this.#byId.delete(member.id)
  }

  #wall(index: number): number {
    return WALL_START + this.now + (this.all[index]?.wallLead ?? 0)
  }

  #makeReplica(index: number, random: Random): SimReplica {
    if (this.#options.replica === 'real') {
      const real = realReplica({
        random,
        wall: () => this.#wall(index),
      })
      real.onWrite = (n) => this.#wrote(index, n)
      return real
    }
    return new StubReplica(index + 1, this.#options.bytesPerWrite ?? 64, {
      wrote: (_session, n) => this.#wrote(index, n),
      merged: (session, from, to, way) => {
        const [member, author] = [this.all[index], this.all[session - 1]]
        if (!member || !author) return
        for (const observer of this.observers) observer.merged(member, author, from, to, way)
      },
    })
  }

  #wrote(index: number, n: number): void {
    const member = this.all[index]
    if (member) for (const observer of this.observers) observer.wrote(member, n)
  }

  #note(member: SimMember, input: Input): void {
    this.#inputs += 1
    const name = input.type === 'frame' ? input.frame.type : input.type
    let code = this.#traced.get(name)
    if (code === undefined) {
      code = hash32(name)
      this.#traced.set(name, code)
    }
    this.#traceHigh = Math.imul(this.#traceHigh ^ this.now, 0x01000193) ^ code
    this.#traceLow =
      (Math.imul(this.#traceLow ^ code, 0x85ebca6b) >>> 3) ^
      member.index ^
      Math.imul(this.#traceHigh, 0xc2b2ae35)
  }
}

function recordOf(kind: MemberKind, role: MemberRole, session: number, wall: number): MemberRecord {
  return { port: null, protocol: 'v1', kind, role, session, incarnation: wall, joined: wall }
}
