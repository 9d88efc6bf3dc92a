/** createStore(): wires replica, driver, transport and persistence into one member of a cluster. */
import * as sha256 from 'lib0/hash/sha256'
import type { Doc } from 'yjs'
import { toHex } from '../base/bytes.js'
import { Emitter, type Unsubscribe } from '../base/emitter.js'
import { GossipKvError, InternalError, messageOf, TransportError, UsageError } from '../base/errors.js'
import { randomWord } from '../base/random.js'
import { Driver, type MemberView } from '../driver/driver.js'
import type { Persistence } from '../persistence/persistence.js'
import { Replica } from '../replica/replica.js'
import { systemClock } from '../transport/system-clock.js'
import type { Transport } from '../transport/transport.js'
import type { MemberRecord } from '../wire/frame.js'
import { PrefixKv } from './kv.js'
import { KvCore } from './kv-core.js'
import { MemberList } from './members.js'
import { checkOptions, checkRecord } from './options.js'
import { cryptoRandom } from './random.js'
import { Saver } from './saver.js'
import { StatusBoard } from './status-board.js'
import { waitSynced } from './synced.js'
import { SysKv } from './sys.js'
import { chooseTransport, runtimeKind } from './transport-choice.js'
import type { KV, Members, ReadKV, Status, Store, StoreEvents, StoreOptions } from './types.js'

/** 132 bits: no two members ever draw the same. */
const ID_CHARACTERS = 22
/** Idle work, as compaction, is looked for this often. */
const IDLE_MILLIS = 5_000
/** Status and members follow writes at most this often, so that a write costs nothing but itself. */
const FOLLOW_MILLIS = 50
/** The `sys` map follows the member table at most this often. */
const PROJECT_MILLIS = 100

/**
 * Makes a member of a cluster. It starts by itself and works at once, alone or not; others are met as soon as
 * signaling and links allow.
 * @throws UsageError ERR_OPTION_INVALID, ERR_OPTION_UNKNOWN, ERR_URL_INVALID, ERR_TOO_LARGE
 */
export function createStore(options: StoreOptions): Store {
  checkOptions(options)
  const store = new GossipStore(options)
  if (options.autoStart !== false) store.start()
  return store
}

class GossipStore implements Store {
  readonly cluster: string
  readonly members: Members
  readonly usr: KV
  readonly sys: ReadKV
  readonly #transport: Transport
  readonly #persistence: Persistence | undefined
  readonly #replica: Replica
  readonly #core: KvCore
  readonly #sys: SysKv
  readonly #members: MemberList
  readonly #board: StatusBoard
  readonly #emitter = new Emitter<StoreEvents>((error) => this.#listenerThrew(error))
  readonly #record: MemberRecord
  readonly #saver: Saver | undefined
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>()
  #id = randomWord(cryptoRandom, ID_CHARACTERS)
  #driver: Driver | undefined
  #table: ReadonlyMap<string, MemberRecord> = new Map()
  #projectedAt = Number.NEGATIVE_INFINITY
  #toldStatus: Status | undefined
  #refreshQueued = false
  #ready: Promise<void> | undefined
  #closing: Promise<void> | undefined

  constructor(options: StoreOptions) {
    this.cluster = options.cluster
    this.#transport = chooseTransport(options)
    this.#persistence = options.persistence || undefined
    this.#replica = new Replica({ random: cryptoRandom, wall: systemClock.wall })
    this.#record = recordOf(options, this.#replica.session)
    checkRecord(this.#record)
    this.#members = new MemberList(this.#id, this.#record, (error) => this.#listenerThrew(error))
    this.members = this.#members
    this.#core = new KvCore({
      replica: this.#replica,
      memberOf: (session) => this.#members.bySession(session),
      assertWritable: () => this.#assertOpen(),
      listenerThrew: (error) => this.#listenerThrew(error),
    })
    this.usr = new PrefixKv(this.#core, '')
    this.#sys = new SysKv((error) => this.#listenerThrew(error))
    this.sys = this.#sys
    this.#saver = this.#persistence && this.#makeSaver(this.#persistence)
    this.#board = new StatusBoard({
      members: () => this.#members.list(),
      linksTarget: () => this.#driver?.linksTarget ?? 0,
      dialing: () => this.#driver?.dialing ?? false,
      pendingUpdates: () => this.#driver?.pendingUpdates ?? 0,
      persisted: () => this.#saver?.persisted,
      digest: () => toHex(this.#replica.digest()),
      now: systemClock.wall,
    })
    this.#followReplica()
    this.#follow([this.#alone()])
    if (options.signal?.aborted) void this.close()
    options.signal?.addEventListener('abort', () => void this.close(), { once: true })
  }

  get id(): string {
    return this.#id
  }

  get doc(): Doc {
    return this.#replica.doc
  }

  get status(): Status {
    // Followers of writes lag a little; whoever asks gets the truth. A getter tells nobody: it may run in a render.
    if (this.#timers.has('follow')) this.#update()
    return this.#board.current
  }

  start(): void {
    this.#assertOpen()
    if (this.#ready) return
    this.#board.phase = 'starting'
    this.#refresh()
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

  on<K extends keyof StoreEvents>(
    type: K,
    listener: (event: StoreEvents[K]) => void,
    options?: { signal?: AbortSignal },
  ): Unsubscribe {
    return this.#emitter.on(type, listener, options)
  }

  metrics(): Readonly<Record<string, number>> {
    const { links, target } = this.#board.current
    return Object.freeze({
      keys: this.#replica.size,
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
      this.#board.phase = 'running'
      this.#every('idle', IDLE_MILLIS, () => this.#replica.compactIfDue())
      globalThis.addEventListener?.('pagehide', this.#onPageHide)
      this.#refresh()
    } catch (cause) {
      const error = cause instanceof GossipKvError ? cause : internal(cause)
      this.#report(error)
      await this.close()
      throw error
    }
  }

  async #load(): Promise<void> {
    if (this.#persistence === undefined) return
    const { id, checkpoint, warning } = await this.#persistence.open()
    if (warning) this.#report(warning instanceof GossipKvError ? warning : internal(warning))
    if (id === undefined) await this.#persistence.saveId(this.#id)
    else this.#id = id
    this.#members.update([this.#alone()], this.#id)
    if (checkpoint) this.#replica.restore(checkpoint)
  }

  async #close(): Promise<void> {
    this.#board.phase = 'closed'
    globalThis.removeEventListener?.('pagehide', this.#onPageHide)
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
    const links = this.#driver ? this.#driver.close() : this.#transport.links.close()
    await Promise.allSettled([links, this.#saver?.close()])
    this.#core.end()
    this.#refresh()
    this.#emitter.clear()
    this.#replica.destroy()
  }

  #makeDriver(): Driver {
    return new Driver({
      id: this.#id,
      record: this.#record,
      topic: topicOf(this.cluster),
      replica: this.#replica,
      transport: this.#transport,
      clock: systemClock,
      random: cryptoRandom,
      events: {
        changed: () => this.#queueRefresh(),
        signaling: (state, error) => {
          this.#board.signaling = state
          if (state === 'connected' && this.#board.lastError instanceof TransportError)
            this.#board.lastError = undefined
          if (error) this.#report(error)
          this.#queueRefresh()
        },
        contacts: (count) => {
          this.#board.contacts = count
          this.#queueRefresh()
        },
        dialFailed: (_peer, error) => this.#report(error),
      },
    })
  }

  #makeSaver(persistence: Persistence): Saver {
    return new Saver({
      persistence,
      clock: systemClock,
      checkpoint: () => this.#replica.checkpoint(),
      changed: (error) => {
        const first = this.#board.storageError === undefined
        this.#board.storageError = error
        if (error && first) this.#report(error)
        this.#queueRefresh()
      },
    })
  }

  #followReplica(): void {
    const { events } = this.#replica
    events.on('change', (event) => {
      this.#core.changed(event)
      this.#emitter.emit('change', event)
      this.#saver?.dirty()
      this.#once('follow', FOLLOW_MILLIS, () => this.#refresh())
    })
    events.on('local', () => this.#driver?.localWrites())
    events.on('error', (error) => this.#report(error))
    events.on('conflict', ({ key, winner, loser }) => {
      this.#emitter.emit('conflict', { key, winner: this.#named(winner), loser: this.#named(loser) })
    })
    events.on('session-forked', () => this.#driver?.changeSelf({ session: this.#replica.session }))
  }

  #named<T>(side: { value: T; session: number }): { value: T; by: string | undefined } {
    return { value: side.value, by: this.#members.bySession(side.session) }
  }

  /** Many outputs of one turn make one refresh. */
  #queueRefresh(): void {
    if (this.#refreshQueued) return
    this.#refreshQueued = true
    queueMicrotask(() => {
      this.#refreshQueued = false
      this.#refresh()
    })
  }

  /** Brings members and status up to date and tells those who follow. */
  #refresh(): void {
    this.#cancel('follow')
    const views = this.#update()
    if (this.#members.tell()) this.#emitter.emit('members', this.#members.list())
    if (this.#isNewTable(views)) this.#follow(views)
    if (this.#toldStatus === this.#board.current) return
    this.#toldStatus = this.#board.current
    this.#emitter.emit('status', this.#toldStatus)
  }

  #update(): readonly MemberView[] {
    const views = this.#driver?.members() ?? [this.#alone()]
    this.#members.update(views, this.#id)
    this.#board.refresh()
    return views
  }

  #isNewTable(views: readonly MemberView[]): boolean {
    return views.length !== this.#table.size || views.some(({ id, record }) => this.#table.get(id) !== record)
  }

  /** `sys` is current at once; its map in the document after a pause, since each write there costs a transaction. */
  #follow(views: readonly MemberView[]): void {
    this.#table = new Map(views.map(({ id, record }) => [id, record]))
    this.#sys.replace(this.#table)
    const wait = this.#projectedAt + PROJECT_MILLIS - systemClock.monotonic()
    if (wait > 0) this.#once('project', wait, () => this.#project())
    else this.#project()
  }

  #project(): void {
    this.#projectedAt = systemClock.monotonic()
    this.#replica.projectMembers(this.#table)
  }

  #alone(): MemberView {
    return {
      id: this.#id,
      record: this.#record,
      suspected: false,
      direct: false,
      rttMillis: undefined,
      inSync: undefined,
    }
  }

  #report(error: GossipKvError): void {
    this.#board.lastError = error
    this.#emitter.emit('error', error)
    this.#queueRefresh()
  }

  #listenerThrew(cause: unknown): void {
    this.#report(listenerThrew(cause))
  }

  readonly #onPageHide = (event: unknown): void => {
    // A page that goes into the back-forward cache may come back; one that does not says goodbye.
    if (!(event as { persisted?: boolean }).persisted) void this.close()
  }

  #assertOpen(): void {
    if (this.#closing) throw closed()
  }

  #once(name: string, millis: number, fn: () => void): void {
    if (this.#timers.has(name) || this.#closing) return
    const run = () => {
      this.#timers.delete(name)
      fn()
    }
    this.#timers.set(name, setTimeout(run, millis))
  }

  #every(name: string, millis: number, fn: () => void): void {
    const run = () => {
      fn()
      this.#every(name, millis, fn)
    }
    this.#cancel(name)
    this.#timers.set(name, setTimeout(run, millis))
  }

  #cancel(name: string): void {
    clearTimeout(this.#timers.get(name))
    this.#timers.delete(name)
  }
}

function recordOf(options: StoreOptions, session: number): MemberRecord {
  const now = systemClock.wall()
  const record: MemberRecord = {
    port: options.port ?? null,
    protocol: 'v1',
    kind: runtimeKind,
    role: 'writer',
    session,
    // A later run of the same member starts above all incarnations of an earlier one.
    incarnation: now,
    joined: now,
  }
  if (options.name !== undefined) record.name = options.name
  if (options.zone !== undefined) record.zone = options.zone
  if (options.meta !== undefined) record.meta = { ...options.meta }
  return record
}

/** The name of an open cluster at the signaling server: 22 characters that do not tell the cluster's name. */
function topicOf(cluster: string): string {
  const hash = sha256.digest(new TextEncoder().encode(`open:${cluster}`))
  return btoa(String.fromCharCode(...hash))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .slice(0, 22)
}

function closed(): UsageError {
  return new UsageError('ERR_STORE_CLOSED', {
    what: 'The store is closed',
    why: 'close() was called, its signal was aborted, or it could not start',
    fix: 'Make a new one with createStore()',
  })
}

function notStarted(): UsageError {
  return new UsageError('ERR_NOT_STARTED', {
    what: 'The store has not been started',
    why: 'It was made with autoStart: false',
    fix: 'Call start() first',
  })
}

function listenerThrew(cause: unknown): InternalError {
  return new InternalError(
    'ERR_LISTENER_THREW',
    {
      what: `A listener threw (${messageOf(cause)})`,
      why: 'A function handed to subscribe() or on() has an error',
      fix: 'Mend it: see the cause; the store and the other listeners are not affected',
    },
    { cause },
  )
}

function internal(cause: unknown): InternalError {
  return new InternalError(
    'ERR_INTERNAL',
    {
      what: `Something failed that never should (${messageOf(cause)})`,
      why: 'There is an error in gossip-kv or in an adapter handed to it',
      fix: 'Please report it with the cause',
    },
    { cause },
  )
}
