/** createStore(): wires replica, driver, transport and persistence into one member of a cluster. */
import type { Doc } from 'yjs'
import { toHex } from '../base/bytes.js'
import type { Unsubscribe } from '../base/emitter.js'
import { GossipKvError } from '../base/errors.js'
import type { MemberRecord } from '../base/member.js'
import { randomWord } from '../base/random.js'
import type { Persistence } from '../data/persistence/persistence.js'
import { Replica } from '../data/replica/replica.js'
import { Driver } from '../mesh/driver/driver.js'
import type { Security } from '../mesh/security/security.js'
import type { Transport } from '../mesh/transport.js'
import { checkpointSeal } from './checkpoints/checkpoint-seal.js'
import { LazyCheckpoints } from './checkpoints/checkpoints.js'
import { PrefixKv } from './kv/kv.js'
import { KvCore } from './kv/kv-core.js'
import { SysKv } from './kv/sys.js'
import { SysProjection } from './kv/sys-projection.js'
import { aloneView, MemberList } from './members/members.js'
import { Messenger } from './members/messages.js'
import { ownRecord } from './members/own-record.js'
import { PresenceBoard } from './members/presence.js'
import { checkOptions } from './options/options.js'
import {
  checkSecurity,
  type Identity,
  keysOf,
  newIdentity,
  openSecured,
  readOnly,
} from './options/secured.js'
import { topicOf } from './options/topic.js'
import { chooseTransport } from './options/transport-choice.js'
import { followPage } from './page-life.js'
import { followProcess } from './process-life.js'
import { followReplica } from './replica-events.js'
import type { Saver, SaverHost } from './saving/saver.js'
import { Announcer } from './status/announcer.js'
import { StatusBoard } from './status/status-board.js'
import { waitSynced } from './status/synced.js'
import { awarenessMissing, internalError, notStarted, storeClosed } from './store-errors.js'
import { Timers } from './timers.js'
import type {
  Checkpoints,
  KV,
  Members,
  Presence,
  ReadKV,
  Replicated,
  ReplicatedOptions,
  Status,
  Store,
  StoreEvents,
  StoreOptions,
} from './types.js'
import { realWorld, type StoreWorld } from './world.js'

/** 132 bits: no two members ever draw the same. */
const ID_CHARACTERS = 22
/** Idle work, as compaction, is looked for this often. */
const IDLE_MILLIS = 5_000

/**
 * Makes a member of a cluster. It starts by itself and works at once, alone or not; others are met as soon as
 * signaling and links allow.
 * @throws UsageError ERR_OPTION_INVALID, ERR_OPTION_UNKNOWN, ERR_URL_INVALID, ERR_TOO_LARGE, ERR_SECRET_MISSING
 */
export function createStore(options: StoreOptions): Store {
  return createStoreIn(realWorld, options)
}

/** `createStore` in a world of the caller's. */
export function createStoreIn(world: StoreWorld, options: StoreOptions): Store {
  checkOptions(options)
  checkSecurity(options)
  const store = new GossipStore(world, options)
  if (options.autoStart !== false) store.start()
  return store
}

class GossipStore implements Store {
  readonly cluster: string
  readonly members: Members
  readonly presence: Presence
  readonly keys = keysOf(
    () => this.#security,
    () => Promise.all([this.#checkpoints.reseal(), this.#saver?.reseal()]),
  )
  readonly usr: KV
  readonly sys: ReadKV
  readonly checkpoints: Checkpoints
  readonly #checkpoints: LazyCheckpoints
  readonly #transport: Transport
  readonly #replica: Replica
  readonly #core: KvCore
  readonly #members: MemberList
  readonly #board: StatusBoard
  readonly #announcer: Announcer
  readonly #record: MemberRecord
  readonly #presence: PresenceBoard
  readonly #messenger: Messenger
  readonly #signal: AbortSignal | undefined
  readonly #world: StoreWorld
  readonly #timers: Timers
  readonly #options: StoreOptions
  #id: string
  #security: Security | undefined
  #saver: Saver | undefined
  #driver: Driver | undefined
  #shown: Uint8Array | undefined
  #offs: Unsubscribe[] = []
  #ready: Promise<void> | undefined
  /** Why it could not start. */
  #failure: GossipKvError | undefined
  #closing: Promise<void> | undefined

  constructor(world: StoreWorld, options: StoreOptions) {
    this.cluster = options.cluster
    this.#options = options
    this.#world = world
    this.#timers = new Timers(world.clock)
    this.#id = randomWord(world.random, ID_CHARACTERS)
    this.#transport = chooseTransport(options)
    this.#replica = new Replica({
      random: world.random,
      wall: () => world.clock.wall(),
      ...(options.persistence && { record: (record) => this.#saver?.record(record) }),
    })
    this.#record = ownRecord(options, world, this.#replica.session)
    const listenerThrew = (error: unknown) => this.#announcer.listenerThrew(error)
    this.#members = new MemberList(this.#id, this.#record, listenerThrew)
    this.members = this.#members
    this.#messenger = new Messenger(world.clock, (id) => this.members.get(id) !== undefined)
    this.#presence = new PresenceBoard({
      assertOpen: () => this.#assertOpen(),
      members: () => this.members.list(),
      present: (bytes) => this.#present(bytes),
      awareness: () => (options.awareness ?? awarenessMissing)(this),
      listenerThrew,
    })
    this.presence = this.#presence
    this.#core = new KvCore({
      replica: this.#replica,
      memberOf: (session) =>
        session === this.#replica.session ? this.#id : this.#members.bySession(session),
      assertWritable: () => this.#assertWritable(),
      listenerThrew,
    })
    this.usr = new PrefixKv(this.#core, '')
    const sys = new SysKv(listenerThrew)
    this.sys = sys
    this.#board = this.#makeBoard()
    this.#announcer = this.#makeAnnouncer(sys)
    this.#checkpoints = this.#makeCheckpoints(options)
    this.checkpoints = this.#checkpoints
    followReplica(this.#replica, {
      core: this.#core,
      announcer: this.#announcer,
      members: this.#members,
      driver: () => this.#driver,
      wrote: () => this.#saver?.dirty(),
      changed: (keys) => this.#checkpoints.changed(keys),
    })
    this.#announcer.refresh()
    this.#signal = options.signal
    this.#signal?.addEventListener('abort', this.#onAbort)
    if (this.#signal?.aborted) void this.close()
  }

  get id(): string {
    return this.#id
  }

  get doc(): Doc {
    return this.#replica.doc
  }

  get status(): Status {
    return this.#announcer.status
  }

  start(): void {
    this.#assertOpen()
    if (this.#ready) return
    this.#board.phase = 'starting'
    this.#announcer.refresh()
    this.#ready = this.#start()
    // Told through status and `error` as well; a caller that never asks for ready() must not be ended by it.
    this.#ready.catch(() => undefined)
  }

  ready(): Promise<void> {
    return this.#ready ?? Promise.reject(notStarted())
  }

  synced(
    options: { peers?: number; timeout?: number; signal?: AbortSignal } = {},
  ): Promise<{ peers: number; alone: boolean }> {
    return waitSynced(this, options)
  }

  async flush(): Promise<void> {
    await this.#ready
    await this.#saver?.flush()
  }

  send(to: string, bytes: Uint8Array): void {
    this.#assertOpen()
    if (!this.#ready) throw notStarted()
    this.#driver?.message(...this.#messenger.check(to, bytes))
  }

  async replicated(options: ReplicatedOptions = {}): Promise<Replicated> {
    this.#assertOpen()
    await this.ready()
    if (!this.#driver) throw notStarted()
    // Loaded when somebody waits for the first time.
    const { waitReplicated } = await import('./status/replicated.js')
    return waitReplicated(this, this.#driver, this.#world.clock, options)
  }

  on<K extends keyof StoreEvents>(
    type: K,
    listener: (event: StoreEvents[K]) => void,
    options?: { signal?: AbortSignal },
  ): Unsubscribe {
    return this.#announcer.events.on(type, listener, options)
  }

  metrics(): Readonly<Record<string, number>> {
    const { links, target } = this.#board.current
    return Object.freeze({
      keys: this.#replica.size,
      sessions: this.#replica.sessions,
      members: this.#members.size,
      links,
      target,
      ...this.#driver?.counters,
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #start(): Promise<void> {
    try {
      await this.#load()
      if (this.#closing) return
      this.#driver = this.#makeDriver()
      await this.#driver.start()
      if (this.#closing) return
      if (this.#shown) this.#driver.present(this.#shown)
      this.#board.phase = 'running'
      this.#timers.every('idle', IDLE_MILLIS, () => {
        this.#replica.compactIfDue()
        this.#saver?.idle()
      })
      this.#checkpoints.start()
      this.#offs = [
        followPage({ show: (how) => this.#driver?.show(how), end: () => void this.close() }),
        followProcess(() => this.close()),
      ]
      this.#announcer.refresh()
    } catch (cause) {
      this.#failure = cause instanceof GossipKvError ? cause : internalError(cause)
      this.#announcer.report(this.#failure)
      await this.close()
      throw this.#failure
    }
  }

  async #load(): Promise<void> {
    const identity = newIdentity(this.#options, this.#id)
    this.#saver = await this.#loadSaver(identity)
    const known = (await this.#saver?.open(identity.bytes, identity.fits)) ?? identity.bytes
    const security = await this.#secure(known)
    this.#id = security?.id ?? new TextDecoder().decode(known)
    this.#members.update([aloneView(this.#id, this.#record)], this.#id)
  }

  /** A store without persistence does not carry it. */
  async #loadSaver(identity: Identity): Promise<Saver | undefined> {
    const { persistence } = this.#options
    if (!persistence) return undefined
    const { Saver } = await import('./saving/saver.js')
    return this.#closing ? undefined : new Saver(this.#saverHost(persistence, identity))
  }

  /** Opens the security of a store with a secret, once. */
  async #secure(seed: Uint8Array): Promise<Security | undefined> {
    const report = (error: GossipKvError) => this.#announcer.report(error)
    const { clock, kind } = this.#world
    const host = { transport: this.#transport, clock, kind, seed, report }
    this.#security ??= await openSecured(this.#options, host)
    return this.#security
  }

  async #close(): Promise<void> {
    this.#board.phase = 'closed'
    for (const off of this.#offs) off()
    // A signal that outlives the store must not keep it.
    this.#signal?.removeEventListener('abort', this.#onAbort)
    this.#timers.close()
    const links = this.#driver ? this.#driver.close() : this.#transport.links.close()
    await this.#checkpoints.close()
    await Promise.allSettled([links, this.#saver?.close()])
    this.#core.end(this.#failure)
    this.#announcer.refresh()
    this.#announcer.events.clear()
    this.#replica.destroy()
  }

  #makeDriver(): Driver {
    return new Driver({
      id: this.#id,
      record: this.#record,
      topic: this.#security?.topic ?? topicOf(this.cluster),
      replica: this.#replica,
      transport: this.#security?.transport ?? this.#transport,
      ...this.#world,
      events: this.#announcer.driverEvents(),
    })
  }

  #makeBoard(): StatusBoard {
    return new StatusBoard({
      members: () => this.#members.list(),
      linksTarget: () => this.#driver?.linksTarget ?? 0,
      dialing: () => this.#driver?.dialing ?? false,
      pendingUpdates: () => this.#driver?.pendingUpdates ?? 0,
      persisted: () => (this.#options.persistence ? (this.#saver?.persisted ?? false) : undefined),
      digest: () => toHex(this.#replica.digest()),
      now: () => this.#world.clock.wall(),
    })
  }

  #makeAnnouncer(sys: SysKv): Announcer {
    const project = (table: ReadonlyMap<string, MemberRecord>) => this.#replica.projectMembers(table)
    return new Announcer({
      members: this.#members,
      projection: new SysProjection({ sys, timers: this.#timers, clock: this.#world.clock, project }),
      board: this.#board,
      timers: this.#timers,
      clock: this.#world.clock,
      presence: this.#presence,
      views: () => this.#driver?.members() ?? [aloneView(this.#id, this.#record)],
      selfId: () => this.#id,
    })
  }

  #saverHost(persistence: Persistence, { bytes, fits }: Identity): SaverHost {
    return {
      persistence,
      sealerFor: (known) => this.#secure(known && fits(known) ? known : bytes),
      clock: this.#world.clock,
      replica: this.#replica,
      warned: (warning) => this.#announcer.report(warning),
      changed: (error) => {
        const before = this.#board.storageError
        this.#board.storageError = error
        if (error && !before) this.#announcer.report(error)
        else if (error || before) this.#announcer.refreshSoon()
        else this.#announcer.refreshLater()
      },
    }
  }

  #makeCheckpoints(options: StoreOptions): LazyCheckpoints {
    return new LazyCheckpoints({
      options: options.checkpoints || {},
      storage: options.persistence ? options.persistence.checkpoints : undefined,
      replica: this.#replica,
      usr: this.usr,
      ...this.#world,
      timers: this.#timers,
      write: (operations, how) => this.#core.batch(() => this.#core.write(operations), how),
      seal: () => checkpointSeal(this.#security),
      selfId: () => this.#id,
      assertOpen: () => this.#assertOpen(),
      isReady: () => this.#board.phase === 'running',
      ready: () => this.ready(),
      report: (error) => this.#announcer.report(error),
    })
  }

  #present(bytes: Uint8Array): void {
    this.#shown = bytes
    this.#driver?.present(bytes)
    // Whoever asks right after sees it.
    this.#announcer.look()
    this.#announcer.refreshSoon()
  }

  readonly #onAbort = (): void => void this.close()

  #assertWritable(): void {
    this.#assertOpen()
    if (this.#record.role === 'reader') throw readOnly()
  }

  #assertOpen(): void {
    if (this.#closing) throw this.#failure ?? storeClosed()
  }
}
