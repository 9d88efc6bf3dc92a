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
import { type MemoryNetwork, memoryNetwork } from './mesh/memory/memory.js'
import { createStoreIn } from './store/store.js'
import type { Store, StoreOptions } from './store/types.js'
import { realWorld, type StoreWorld } from './store/world.js'
import { StoppedProcess } from './testing/stopped-process.js'
import {
  CLUSTER,
  CONDITIONS,
  checkAll,
  checkAnswer,
  checkOne,
  checkStore,
  conditionsOf,
  FLAG,
  JUMP,
  MILLIS,
  notAMember,
  notRestartable,
  SPEED,
  STORES,
  type TestConditions,
} from './testing/test-options.js'
import { Trace } from './testing/trace.js'
import { VirtualClock } from './testing/virtual-clock.js'

export { type PersistencePlace, persistenceContract, type TestRunner } from './data/persistence/contract.js'
export type { TestConditions } from './testing/test-options.js'

/** What a test cluster is made of. Every field has a default. */
export interface TestClusterOptions extends TestConditions {
  /** Names the run: an integer. Default 1. */
  seed?: number
  /** Members at the start. Default 3. */
  members?: number
  /** 'virtual' (default): time passes in `advance`, `until` and `settle` only. 'real': it passes by itself. */
  time?: 'virtual' | 'real'
  /** Options of every store, as `persistence` or `name`; a function gets the number of the member, from 0. */
  store?: TestStoreOptions | ((index: number) => TestStoreOptions)
}

/** Options of a store that the cluster does not choose itself. All count as Node members, in a browser as well. */
export type TestStoreOptions = Omit<Partial<StoreOptions>, 'transport' | 'signaling' | 'autoStart' | 'webrtc'>

/**
 * Stores that found each other, and a hand on their network and their time. What cannot be is refused, and changes nothing:
 * UsageError ERR_OPTION_INVALID for a number, ERR_OPTION_UNKNOWN for a name, ERR_MEMBER_UNKNOWN for a store that is not open here.
 */
export interface TestCluster {
  readonly seed: number
  /**
   * What has happened so far as 16 hexadecimal digits: every frame that arrived, when and where. The same seed and the same calls
   * give the same one, in Node and in a browser; in virtual time, and without a `secret`, whose keys no seed draws.
   */
  readonly trace: string
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
  /** Members of different groups cannot reach each other; those in no group reach nobody, one in two groups reaches both. */
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
  /** Closes a store, and lets the time pass that its goodbye takes; `close()` of the store alone would wait for it for ever. */
  leave(store: Store): Promise<void>
  /**
   * Starts a store that was crashed or closed again, with the same options: under its id and with its data when it has a
   * `persistence`, as an empty newcomer otherwise. Resolves with the new store, loaded.
   * @throws UsageError ERR_MEMBER_UNKNOWN when it is still open, or of another cluster
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

/**
 * Makes a cluster whose members know each other and are in sync.
 * @throws UsageError ERR_OPTION_INVALID, ERR_OPTION_UNKNOWN
 */
export async function createTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  checkAll(options, CLUSTER)
  // What stores load at its first use would come at another virtual time in each run.
  await Promise.all([
    import('./store/status/replicated.js'),
    import('./store/checkpoints/checkpoint-book.js'),
  ])
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
  readonly #trace = new Trace()
  readonly #startedAt: number
  #added = 0

  constructor(options: TestClusterOptions) {
    const { seed = 1, time = 'virtual', latencyMillis = [10, 50] } = options
    this.seed = seed
    this.#options = options
    this.#clock = time === 'virtual' ? new VirtualClock() : undefined
    const random = seededRandom(seed)
    this.#world = { clock: this.#clock ?? realWorld.clock, random, kind: 'node' }
    const conditions = conditionsOf({ ...options, latencyMillis })
    const heard = (from: string, to: string, bytes: Uint8Array) => this.#trace.note(this.now, from, to, bytes)
    this.#startedAt = this.#world.clock.monotonic()
    this.#network = memoryNetwork({ clock: this.#world.clock, random, heard, ...conditions })
  }

  get trace(): string {
    return this.#trace.hash
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
    for (const some of [shared, options]) checkStore(some)
    this.#added += 1
    return this.#start({ ...shared, ...options })
  }

  async restart(store: Store): Promise<Store> {
    const options = this.#made.get(store)
    if (options === undefined || this.#members.includes(store)) throw notRestartable(this.seed)
    return this.#start(options)
  }

  async advance(millis: number): Promise<void> {
    checkOne('millis', millis, MILLIS)
    if (this.#clock) return this.#advance(this.#clock, millis)
    await new Promise<void>((resolve) => this.#world.clock.after(millis, resolve))
  }

  async until(
    holds: () => boolean,
    options: { timeoutMillis?: number; what?: string } = {},
  ): Promise<number> {
    const { timeoutMillis = UNTIL_MILLIS_MAX, what = 'what was waited for' } = options
    checkOne('timeoutMillis', timeoutMillis, MILLIS)
    const start = this.now
    const met = () => {
      const answer = holds()
      checkAnswer(answer)
      return answer
    }
    while (!met()) {
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
    this.#network.partition(...groups.map((group) => this.#idsOf(group)))
  }

  deafen(from: readonly Store[], to: readonly Store[]): void {
    this.#network.deafen(this.#idsOf(from), this.#idsOf(to))
  }

  heal(): void {
    this.#network.heal()
  }

  conditions(changed: TestConditions): void {
    checkAll(changed, CONDITIONS)
    this.#network.change(conditionsOf(changed))
  }

  slowLink(a: Store, b: Store, bytesPerSecond: number | undefined): void {
    const [one = '', other = ''] = this.#idsOf([a, b])
    if (bytesPerSecond !== undefined) checkOne('bytesPerSecond', bytesPerSecond, SPEED)
    this.#network.narrow(one, other, bytesPerSecond)
    this.#network.narrow(other, one, bytesPerSecond)
  }

  pause(store: Store): void {
    this.#processOf(store).stop()
  }

  resume(store: Store): void {
    this.#processOf(store).goOn()
  }

  jumpClock(store: Store, millis: number): void {
    const process = this.#processOf(store)
    checkOne('millis', millis, JUMP)
    process.leadMillis += millis
  }

  async leave(store: Store): Promise<void> {
    this.#processOf(store)
    await this.#closed([store])
  }

  async crash(store: Store): Promise<void> {
    const process = this.#processOf(store)
    this.#network.crash(store.id)
    process.kill()
    this.#drop(store)
    await this.#closed([store])
  }

  cut(a: Store, b: Store): void {
    const [one = '', other = ''] = this.#idsOf([a, b])
    this.#network.cut(one, other)
  }

  signaling(up: boolean): void {
    checkOne('signaling', up, FLAG)
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
    const transport = process.hears(this.#network.transport())
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
    // Trouble is what such a cluster is for; none of it is said on the console.
    store.on('error', () => undefined)
    store.on('status', ({ name }) => {
      if (name === 'closed') this.#drop(store)
    })
    await store.ready()
    return store
  }

  #drop(store: Store): void {
    const place = this.#members.indexOf(store)
    if (place >= 0) this.#members.splice(place, 1)
  }

  /** @throws UsageError ERR_MEMBER_UNKNOWN */
  #processOf(store: Store): StoppedProcess {
    const process = this.#processes.get(store)
    if (process === undefined || !this.#members.includes(store)) throw notAMember(this.seed)
    return process
  }

  /** @throws UsageError ERR_MEMBER_UNKNOWN */
  #idsOf(stores: readonly Store[]): string[] {
    checkOne('a group', stores, STORES)
    for (const store of stores) this.#processOf(store)
    return stores.map(({ id }) => id)
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
    // A stopped process would wait for ever for its last timer.
    for (const store of stores) this.#processes.get(store)?.goOn()
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
