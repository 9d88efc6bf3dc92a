/** One member of a cluster, made of a replica, what it opens when it starts, and what it tells. */
import type { Doc } from 'yjs'
import type { Unsubscribe } from '../base/emitter.js'
import { GossipKvError } from '../base/errors.js'
import type { MemberRecord } from '../base/member.js'
import { randomWord } from '../base/random.js'
import { Replica } from '../data/replica/replica.js'
import { LazyCheckpoints } from './checkpoints/checkpoints.js'
import { PrefixKv } from './kv/kv.js'
import { KvCore } from './kv/kv-core.js'
import { SysKv } from './kv/sys.js'
import { aloneView, MemberList } from './members/members.js'
import { Messenger } from './members/messages.js'
import { ownRecord } from './members/own-record.js'
import { PresenceBoard } from './members/presence.js'
import { Opening } from './opening.js'
import { keysOf, readOnly } from './options/secured.js'
import { followPage } from './page-life.js'
import { followProcess } from './process-life.js'
import { followReplica } from './replica-events.js'
import { Announcer } from './status/announcer.js'
import { StatusBoard } from './status/status-board.js'
import { waitSynced } from './status/synced.js'
import { awarenessMissing, internalError, notStarted, storeClosed } from './store-errors.js'
import { Timers } from './timers.js'
import type { Replicated, ReplicatedOptions, Status, Store, StoreEvents, StoreOptions } from './types.js'
import type { StoreWorld } from './world.js'

/** 132 bits: no two members ever draw the same. */
const ID_CHARACTERS = 22
/** Idle work, as compaction, is looked for this often. */
const IDLE_MILLIS = 5_000

/** A store, not yet started; its options are checked. */
export class GossipStore implements Store {
  readonly cluster: string
  readonly members: MemberList
  readonly presence: PresenceBoard
  readonly usr: PrefixKv
  readonly sys: SysKv
  readonly checkpoints: LazyCheckpoints
  readonly keys = keysOf(
    () => this.#opening.security,
    () => Promise.all([this.checkpoints.reseal(), this.#opening.saver?.reseal()]),
  )
  readonly #replica: Replica
  readonly #core: KvCore
  readonly #board: StatusBoard
  readonly #announcer: Announcer
  readonly #record: MemberRecord
  readonly #messenger: Messenger
  readonly #opening: Opening
  readonly #world: StoreWorld
  readonly #timers: Timers
  readonly #options: StoreOptions
  #id: string
  #shown: Uint8Array | undefined
  #offs: Unsubscribe[] = []
  #ready: Promise<void> | undefined
  /** Why it could not start. */
  #failure: GossipKvError | undefined
  #closing: Promise<void> | undefined

  constructor(world: StoreWorld, options: StoreOptions) {
    const { random, clock } = world
    this.cluster = options.cluster
    this.#options = options
    this.#world = world
    this.#timers = new Timers(clock)
    this.#id = randomWord(random, ID_CHARACTERS)
    const record = (bytes: Uint8Array) => this.#opening.saver?.record(bytes)
    const replica = new Replica({
      random,
      wall: () => clock.wall(),
      ...(options.persistence && { record }),
    })
    this.#replica = replica
    this.#record = ownRecord(options, world, replica.session)
    this.members = new MemberList(this.#id, this.#record, this.#listenerThrew)
    this.#messenger = new Messenger(clock, (id) => this.members.get(id) !== undefined)
    this.presence = this.#makePresence()
    this.#core = this.#makeCore()
    this.usr = new PrefixKv(this.#core, '')
    this.sys = new SysKv(this.#listenerThrew)
    const opening = new Opening({
      options,
      world,
      replica,
      record: this.#record,
      listener: () => this.#announcer,
    })
    this.#opening = opening
    const { members } = this
    this.#board = new StatusBoard({ members, replica, opening, clock, isKept: Boolean(options.persistence) })
    this.#announcer = this.#makeAnnouncer()
    this.checkpoints = this.#makeCheckpoints()
    this.#follow(options.signal)
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

  synced(options: { peers?: number; timeout?: number; signal?: AbortSignal } = {}) {
    return waitSynced(this, this.#core.waits, options)
  }

  async flush(): Promise<void> {
    await this.#ready
    await this.#opening.saver?.flush()
  }

  send(to: string, bytes: Uint8Array): void {
    this.#assertOpen()
    if (!this.#ready) throw notStarted()
    this.#opening.mesh?.message(...this.#messenger.check(to, bytes))
  }

  async replicated(options: ReplicatedOptions = {}): Promise<Replicated> {
    this.#assertOpen()
    await this.ready()
    const { mesh } = this.#opening
    if (!mesh) throw notStarted()
    // Loaded at the first call.
    const { waitReplicated } = await import('./status/replicated.js')
    return waitReplicated(mesh, this.#core.waits, options)
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
    const { size: keys, sessions } = this.#replica
    const members = this.members.size
    return Object.freeze({ keys, sessions, members, links, target, ...this.#opening.mesh?.counters })
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
      this.#id = await this.#opening.load(this.#id)
      this.members.update([aloneView(this.#id, this.#record)], this.#id)
      if (this.#closing) return
      await this.#opening.join(this.#id)
      if (this.#closing) return
      this.#run()
    } catch (cause) {
      this.#failure = cause instanceof GossipKvError ? cause : internalError(cause)
      this.#announcer.report(this.#failure)
      await this.close()
      throw this.#failure
    }
  }

  #run(): void {
    const { mesh, saver } = this.#opening
    if (this.#shown) mesh?.present(this.#shown)
    this.#board.phase = 'running'
    this.#timers.every('idle', IDLE_MILLIS, () => {
      this.#replica.compactIfDue()
      saver?.idle()
    })
    this.checkpoints.start()
    this.#offs = [
      followPage({ show: (how) => mesh?.show(how), end: () => void this.close() }),
      followProcess(() => this.close()),
    ]
    this.#announcer.refresh()
  }

  async #close(): Promise<void> {
    this.#board.phase = 'closed'
    for (const off of this.#offs) off()
    // A signal that outlives the store must not keep it.
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    this.#timers.close()
    await this.#opening.close(this.checkpoints.close())
    this.#core.end(this.#failure)
    this.#announcer.refresh()
    this.#announcer.events.clear()
    this.#replica.destroy()
  }

  #follow(signal: AbortSignal | undefined): void {
    const { members, checkpoints } = this
    const [core, announcer, opening] = [this.#core, this.#announcer, this.#opening]
    followReplica(this.#replica, { core, announcer, members, opening, checkpoints })
    announcer.refresh()
    signal?.addEventListener('abort', this.#onAbort)
    if (signal?.aborted) void this.close()
  }

  #makePresence(): PresenceBoard {
    return new PresenceBoard({
      assertOpen: () => this.#assertOpen(),
      members: () => this.members.list(),
      present: (bytes) => this.#present(bytes),
      awareness: () => (this.#options.awareness ?? awarenessMissing)(this),
      listenerThrew: this.#listenerThrew,
    })
  }

  #makeCore(): KvCore {
    const replica = this.#replica
    return new KvCore({
      clock: this.#world.clock,
      replica,
      memberOf: (session) => (session === replica.session ? this.#id : this.members.bySession(session)),
      assertWritable: () => this.#assertWritable(),
      listenerThrew: this.#listenerThrew,
    })
  }

  #makeAnnouncer(): Announcer {
    return new Announcer({
      members: this.members,
      presence: this.presence,
      sys: this.sys,
      board: this.#board,
      timers: this.#timers,
      clock: this.#world.clock,
      replica: this.#replica,
      opening: this.#opening,
      alone: () => aloneView(this.#id, this.#record),
    })
  }

  #makeCheckpoints(): LazyCheckpoints {
    const { checkpoints, persistence } = this.#options
    return new LazyCheckpoints({
      options: checkpoints || {},
      storage: persistence ? persistence.checkpoints : undefined,
      replica: this.#replica,
      store: this,
      ...this.#world,
      timers: this.#timers,
      write: (operations, how) => this.#core.batch(() => this.#core.write(operations), how),
      seal: () => this.#opening.security,
      assertOpen: () => this.#assertOpen(),
      isReady: () => this.#board.phase === 'running',
      report: (error) => this.#announcer.report(error),
    })
  }

  #present(bytes: Uint8Array): void {
    this.#shown = bytes
    this.#opening.mesh?.present(bytes)
    // A caller that asks right after sees it.
    this.#announcer.look()
    this.#announcer.refreshSoon()
  }

  readonly #listenerThrew = (error: unknown): void => this.#announcer.listenerThrew(error)

  readonly #onAbort = (): void => void this.close()

  #assertWritable(): void {
    this.#assertOpen()
    if (this.#record.role === 'reader') throw readOnly()
  }

  #assertOpen(): void {
    if (this.#closing) throw this.#failure ?? storeClosed()
  }
}
