/**
 * gossip-kv/testing: real stores in one process, over a network in memory that can delay, lose and split, in time
 * that passes only when told to. The same seed gives the same run.
 *
 * @example
 * const cluster = await createTestCluster({ seed: 7, members: 5 })
 * const [ada, bob] = cluster.members
 * ada.usr.set('greeting', 'hello')
 * await cluster.until(() => bob.usr.get('greeting') === 'hello')
 * cluster.partition([ada], cluster.members.slice(1))
 * await cluster.advance(60_000)
 * cluster.heal()
 * await cluster.settle()
 * await cluster.close()
 */
import { seededRandom } from './base/random.js'
import { StoppedProcess } from './sim/stopped-process.js'
import { VirtualClock } from './sim/virtual-clock.js'
import { createStoreIn } from './store/store.js'
import type { Store, StoreOptions } from './store/types.js'
import { realWorld, type StoreWorld } from './store/world.js'
import { type MemoryConditions, type MemoryNetwork, memoryNetwork } from './transport/memory.js'

export { type PersistencePlace, persistenceContract, type TestRunner } from './persistence/contract.js'

/** How the network between the stores behaves. */
export interface TestConditions {
  /** One-way delay in milliseconds, one number or a range to draw from for each frame. Default 10 to 50. */
  latencyMillis?: number | readonly [number, number]
  /** The share of frames that are lost once and sent again 400 ms later, with everything behind them. Default 0. */
  loss?: number
  /** How long a dial takes. Default 5. */
  dialMillis?: number
  /** The share of dials that fail although the member is there. Default 0. */
  dialFailure?: number
}

/** What a test cluster is made of. Every field has a default. */
export interface TestClusterOptions extends TestConditions {
  /** Names the run. Default 1. */
  seed?: number
  /** Members at the start. Default 3. */
  members?: number
  /** 'virtual' (default): time passes in `advance`, `until` and `settle` only. 'real': it passes by itself. */
  time?: 'virtual' | 'real'
  /** Options of every store, as `persistence` or `name`; a function gets the number of the member, from 0. */
  store?: TestStoreOptions | ((index: number) => TestStoreOptions)
}

/** Options of a store that the cluster does not choose itself. */
export type TestStoreOptions = Omit<Partial<StoreOptions>, 'transport' | 'signaling' | 'autoStart' | 'webrtc'>

/** Stores that found each other, and a hand on their network and their time. */
export interface TestCluster {
  readonly seed: number
  /** The stores that are open, in order of their start. */
  readonly members: readonly Store[]
  /** Milliseconds since the cluster was made. */
  readonly now: number
  /** Starts one more member; it has loaded when this resolves, and meets the others as time passes. */
  add(options?: TestStoreOptions): Promise<Store>
  /** Lets `millis` pass. */
  advance(millis: number): Promise<void>
  /**
   * Lets time pass until `holds`; resolves with the milliseconds that it took.
   * @throws Error after `timeoutMillis` (default 60,000), naming the seed
   */
  until(holds: () => boolean, options?: { timeoutMillis?: number; what?: string }): Promise<number>
  /** Whether all members hold the same data and know each other. */
  readonly settled: boolean
  /** Lets time pass until `settled`. */
  settle(options?: { timeoutMillis?: number }): Promise<number>
  /** Members of different groups cannot reach each other; those in no group reach nobody. */
  partition(...groups: readonly (readonly Store[])[]): void
  /** What a store of `from` sends to one of `to` vanishes, and not the other way round. */
  deafen(from: readonly Store[], to: readonly Store[]): void
  /** Ends every partition. */
  heal(): void
  /** From now on the network behaves so; what is not named stays as it is. */
  conditions(changed: TestConditions): void
  /** The link from `a` to `b` carries so many bytes per second, each way; `undefined`: as many as you like again. */
  slowLink(a: Store, b: Store, bytesPerSecond: number | undefined): void
  /** Stops the process of a store, as a sleep or a debugger does: its timers and what reaches it wait. */
  pause(store: Store): void
  /** Lets it go on. */
  resume(store: Store): void
  /** The wall clock of `store` jumps by `millis`; the time that passes does not. */
  jumpClock(store: Store, millis: number): void
  /**
   * Ends a member as kill -9 does: no goodbye, its links stay open and silent, and what its persistence has not been given yet is
   * lost. Its store is of no use any more.
   */
  crash(store: Store): Promise<void>
  /**
   * Starts a store that was crashed or closed again, with the same options: under its id and with its data when it has a
   * `persistence`, as an empty newcomer otherwise. Resolves with the new store, loaded.
   * @throws Error when it is still open, or of another cluster
   */
  restart(store: Store): Promise<Store>
  /** Resets the link of two members, if there is one; both notice. */
  cut(a: Store, b: Store): void
  /** Takes signaling away, or gives it back. Members that are linked do not need it. */
  signaling(up: boolean): void
  /** Closes every store. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const UNTIL_MILLIS_MAX = 60_000
/** How often a condition is looked at. */
const LOOK_MILLIS = 5
/** Promises that a store chains between two events are fewer. */
const MICROTASKS = 20
/** After so many virtual events other work of the process gets a turn. */
const EVENTS_PER_TURN = 500

/** Makes a cluster whose members know each other and are in sync. */
export async function createTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const cluster = new Cluster(options)
  const { members = 3 } = options
  for (let index = 0; index < members; index++) await cluster.add()
  await cluster.settle()
  return cluster
}

class Cluster implements TestCluster {
  readonly seed: number
  readonly #members: Store[] = []
  readonly #processes = new WeakMap<Store, StoppedProcess>()
  readonly #made = new WeakMap<Store, TestStoreOptions>()
  readonly #options: TestClusterOptions
  readonly #clock: VirtualClock | undefined
  readonly #world: StoreWorld
  readonly #network: MemoryNetwork
  readonly #startedAt: number
  #added = 0

  constructor(options: TestClusterOptions) {
    const { seed = 1, time = 'virtual', latencyMillis = [10, 50] } = options
    this.seed = seed
    this.#options = options
    this.#clock = time === 'virtual' ? new VirtualClock() : undefined
    const random = seededRandom(seed)
    this.#world = { clock: this.#clock ?? realWorld.clock, random }
    const conditions = conditionsOf({ ...options, latencyMillis })
    this.#network = memoryNetwork({ clock: this.#world.clock, random, ...conditions })
    this.#startedAt = this.#world.clock.monotonic()
  }

  get members(): readonly Store[] {
    return this.#members
  }

  get now(): number {
    return this.#world.clock.monotonic() - this.#startedAt
  }

  get settled(): boolean {
    const digests = new Set(this.#members.map((store) => store.status.digest))
    return digests.size <= 1 && this.#members.every((store) => this.#knowsExactly(store))
  }

  async add(options: TestStoreOptions = {}): Promise<Store> {
    const { store: given = {} } = this.#options
    const shared = typeof given === 'function' ? given(this.#added) : given
    this.#added += 1
    return this.#start({ ...shared, ...options })
  }

  async restart(store: Store): Promise<Store> {
    const options = this.#made.get(store)
    if (options === undefined || this.#members.includes(store))
      throw new Error('Only a store of this cluster that was crashed or closed can be restarted.')
    return this.#start(options)
  }

  async advance(millis: number): Promise<void> {
    if (this.#clock) return this.#advance(this.#clock, millis)
    await new Promise<void>((resolve) => this.#world.clock.after(millis, resolve))
  }

  async until(
    holds: () => boolean,
    options: { timeoutMillis?: number; what?: string } = {},
  ): Promise<number> {
    const { timeoutMillis = UNTIL_MILLIS_MAX, what = 'what was waited for' } = options
    const start = this.now
    while (!holds()) {
      if (this.now - start >= timeoutMillis)
        throw new Error(`Test cluster of seed ${this.seed}: ${what} did not come within ${timeoutMillis} ms.`)
      await this.advance(LOOK_MILLIS)
    }
    return this.now - start
  }

  settle(options: { timeoutMillis?: number } = {}): Promise<number> {
    return this.until(() => this.settled, { ...options, what: 'agreement of all members' })
  }

  partition(...groups: readonly (readonly Store[])[]): void {
    this.#network.partition(...groups.map((group) => group.map(({ id }) => id)))
  }

  deafen(from: readonly Store[], to: readonly Store[]): void {
    this.#network.deafen(
      from.map(({ id }) => id),
      to.map(({ id }) => id),
    )
  }

  heal(): void {
    this.#network.heal()
  }

  conditions(changed: TestConditions): void {
    this.#network.change(conditionsOf(changed))
  }

  slowLink(a: Store, b: Store, bytesPerSecond: number | undefined): void {
    this.#network.narrow(a.id, b.id, bytesPerSecond)
    this.#network.narrow(b.id, a.id, bytesPerSecond)
  }

  pause(store: Store): void {
    this.#processes.get(store)?.stop()
  }

  resume(store: Store): void {
    this.#processes.get(store)?.goOn()
  }

  jumpClock(store: Store, millis: number): void {
    const process = this.#processes.get(store)
    if (process) process.leadMillis += millis
  }

  async crash(store: Store): Promise<void> {
    this.#network.crash(store.id)
    this.#processes.get(store)?.kill()
    this.#drop(store)
    await this.#closed([store])
  }

  cut(a: Store, b: Store): void {
    this.#network.cut(a.id, b.id)
  }

  signaling(up: boolean): void {
    this.#network.signaling(up)
  }

  async close(): Promise<void> {
    await this.#closed(this.#members.splice(0))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #start(options: TestStoreOptions): Promise<Store> {
    const process = new StoppedProcess(this.#world.clock)
    const transport = heardBy(process, this.#network.transport())
    const { persistence } = options
    const store = createStoreIn(
      { ...this.#world, clock: process },
      {
        cluster: 'test',
        ...options,
        transport,
        ...(persistence && { persistence: process.hands(persistence) }),
      },
    )
    this.#processes.set(store, process)
    this.#made.set(store, options)
    this.#members.push(store)
    await store.ready()
    return store
  }

  #drop(store: Store): void {
    const place = this.#members.indexOf(store)
    if (place >= 0) this.#members.splice(place, 1)
  }

  #knowsExactly(store: Store): boolean {
    return (
      store.members.size === this.#members.length &&
      this.#members.every(({ id }) => store.members.get(id)?.state === 'alive')
    )
  }

  /** Closing waits for a goodbye to leave, which takes time as well. */
  async #closed(stores: readonly Store[]): Promise<void> {
    const closing = { done: false }
    const all = Promise.all(stores.map((store) => store.close())).then(() => {
      closing.done = true
    })
    while (this.#clock && !closing.done) await this.#advance(this.#clock, LOOK_MILLIS)
    await all
  }

  /** From event to event, so that what a store does in promises is done before the next event. */
  async #advance(clock: VirtualClock, millis: number): Promise<void> {
    const end = clock.monotonic() + millis
    for (let events = 0; clock.nextAt <= end; events++) {
      clock.run(Math.max(0, clock.nextAt - clock.monotonic()))
      for (let turn = 0; turn < MICROTASKS; turn++) await undefined
      if (events % EVENTS_PER_TURN === EVENTS_PER_TURN - 1) await nextTurn()
    }
    clock.run(end - clock.monotonic())
    await nextTurn()
  }
}

type MemoryTransport = ReturnType<MemoryNetwork['transport']>

/** What reaches the store waits while its process is stopped. */
function heardBy(process: StoppedProcess, { links, signaling }: MemoryTransport): MemoryTransport {
  const [startLinks, startSignaling] = [links.start.bind(links), signaling.start.bind(signaling)]
  links.start = (self, events) => startLinks(self, process.ears(events))
  signaling.start = (self, topic, events) => startSignaling(self, topic, process.ears(events))
  return { links, signaling }
}

function conditionsOf({ latencyMillis, loss, dialMillis, dialFailure }: TestConditions): MemoryConditions {
  const range = typeof latencyMillis === 'number' ? ([latencyMillis, latencyMillis] as const) : latencyMillis
  return {
    ...(range && { delayMillis: range }),
    ...(loss !== undefined && { loss }),
    ...(dialMillis !== undefined && { dialMillis }),
    ...(dialFailure !== undefined && { dialFailure }),
  }
}

/** Lets timers and sockets of the process have their turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })
}
