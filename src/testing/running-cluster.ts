/** A test cluster that runs: its stores, their processes, their network and their time. */
import { seededRandom } from '../base/random.js'
import { type MemoryNetwork, memoryNetwork } from '../mesh/memory/memory-network.js'
import { createStoreIn } from '../store/store.js'
import type { Store } from '../store/types.js'
import { realWorld, type StoreWorld } from '../store/world.js'
import { StoppedProcess } from './stopped-process.js'
import type { TestCluster, TestClusterOptions, TestStoreOptions } from './test-cluster.js'
import {
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
} from './test-options.js'
import { Trace } from './trace.js'
import { VirtualClock } from './virtual-clock.js'

const UNTIL_MILLIS_MAX = 60_000
/** How often a condition is looked at. */
const LOOK_MILLIS = 5
/** Promises that a store chains between two events are fewer. */
const MICROTASKS = 20
/** After so many virtual events other work of the process gets a turn. */
const EVENTS_PER_TURN = 500

export class RunningCluster implements TestCluster {
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
