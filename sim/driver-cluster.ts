/**
 * A cluster in virtual time with everything that a member has but its store: real replicas, engines and drivers,
 * which exchange bytes over the network in memory. The same seed gives the same run, in Node and in a browser.
 */

import { toHex } from '../src/base/bytes.js'
import type { MemberKind, MemberRecord } from '../src/base/member.js'
import { type Random, randomWord, seededRandom } from '../src/base/random.js'
import { planAll } from '../src/data/replica/plan.js'
import { Replica } from '../src/data/replica/replica.js'
import { Driver } from '../src/mesh/driver/driver.js'
import { type MemoryNetwork, memoryNetwork } from '../src/mesh/memory/memory-network.js'
import type { ProtocolConfig } from '../src/mesh/protocol/config.js'
import { VirtualClock } from '../src/testing/virtual-clock.js'

export interface ClusterOptions {
  seed: number
  /** One-way delay of frames in milliseconds. Default 10 to 50. */
  delayMillis?: readonly [number, number]
  config?: Partial<ProtocolConfig>
}

const NO_EVENTS = {
  changed() {},
  presence() {},
  gone() {},
  signaling() {},
  contacts() {},
  displaced() {},
  dialFailed() {},
}

/** One member of a simulated cluster. */
export interface DriverMember {
  readonly id: string
  readonly replica: Replica
  readonly driver: Driver
  /** The messages of the application, in order. */
  readonly received: readonly { from: string; bytes: Uint8Array }[]
  set(key: string, value: string | number): void
  delete(key: string): void
  /** Says goodbye and goes. */
  leave(): void
  /** Dies without a word. */
  crash(): void
}

export class DriverCluster {
  readonly seed: number
  readonly clock = new VirtualClock()
  readonly random: Random
  readonly network: MemoryNetwork
  readonly members: DriverMember[] = []
  readonly #config: Partial<ProtocolConfig>

  constructor(options: ClusterOptions) {
    this.seed = options.seed
    this.random = seededRandom(options.seed)
    this.network = memoryNetwork({
      clock: this.clock,
      random: this.random,
      delayMillis: options.delayMillis ?? [10, 50],
      dialMillis: 100,
    })
    this.#config = options.config ?? {}
  }

  /** Adds a member that joins now. */
  async add(kind: MemberKind = 'node'): Promise<DriverMember> {
    const id = randomWord(this.random, 22)
    const replica = new Replica({ random: this.random, wall: () => this.clock.wall() })
    const received: { from: string; bytes: Uint8Array }[] = []
    const driver = new Driver({
      id,
      record: recordOf(kind, replica.session, this.clock.wall()),
      topic: 'sim',
      replica: replica.exchange,
      transport: this.network.transport(),
      clock: this.clock,
      random: this.random,
      config: this.#config,
      events: { ...NO_EVENTS, message: (from, bytes) => void received.push({ from, bytes }) },
    })
    replica.events.on('local', () => driver.localWrites())
    const member: DriverMember = {
      id,
      replica,
      driver,
      received,
      set: (key, value) => replica.commit(planAll([{ type: 'set', key, value }])),
      delete: (key) => replica.commit(planAll([{ type: 'delete', key }])),
      leave: () => this.#go(member, () => void driver.close()),
      crash: () => this.#go(member, () => this.network.crash(id)),
    }
    this.members.push(member)
    await driver.start()
    return member
  }

  /** Adds `count` members, each `everyMillis` after the one before. */
  async grow(count: number, everyMillis = 200): Promise<void> {
    for (let added = 0; added < count; added++) {
      await this.add()
      this.run(everyMillis)
    }
  }

  /** Lets time pass. */
  run(millis: number): void {
    this.clock.run(millis)
  }

  /** Lets time pass until `holds`, at most `millisMax`. Returns the time it took, or throws with the seed. */
  runUntil(holds: () => boolean, millisMax: number, what: string): number {
    const start = this.clock.monotonic()
    while (!holds()) {
      if (this.clock.monotonic() - start >= millisMax)
        throw new Error(`seed ${this.seed}: not within ${millisMax} ms: ${what}`)
      this.clock.run(10)
    }
    return this.clock.monotonic() - start
  }

  /** The different digests among the members; one when they agree. */
  digests(): Set<string> {
    return new Set(this.members.map((member) => toHex(member.replica.exchange.digest())))
  }

  /** Whether everyone knows exactly the members that there are. */
  knowsExactly(): boolean {
    const ids = this.members.map((member) => member.id).sort()
    return this.members.every((member) => {
      const known = member.driver.members().map((view) => view.id)
      return known.length === ids.length && known.sort().every((id, index) => id === ids[index])
    })
  }

  /** Links of each member. */
  degrees(): number[] {
    return this.members.map((member) => member.driver.members().filter((view) => view.direct).length)
  }

  /** Sizes of the connected components. */
  components(): number[] {
    const unseen = new Map(this.members.map((member) => [member.id, member]))
    const sizes: number[] = []
    for (const member of this.members) {
      const reach = unseen.delete(member.id) ? [member] : []
      for (const next of reach) {
        for (const view of next.driver.members()) {
          const neighbor = view.direct ? unseen.get(view.id) : undefined
          if (neighbor) reach.push(neighbor)
          if (neighbor) unseen.delete(view.id)
        }
      }
      if (reach.length > 0) sizes.push(reach.length)
    }
    return sizes
  }

  #go(member: DriverMember, how: () => void): void {
    this.members.splice(this.members.indexOf(member), 1)
    how()
  }
}

function recordOf(kind: MemberKind, session: number, now: number): MemberRecord {
  return { port: null, protocol: 'v1', kind, role: 'writer', session, incarnation: now, joined: now }
}
