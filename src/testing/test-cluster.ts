/** The public types of gossip-kv/testing. */
import type { Store, StoreOptions } from '../store/types.js'
import type { TestConditions } from './test-options.js'

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
