/**
 * Tells those who follow a store what has become of it: brings members, `sys` and status up to date, once for all
 * that happens in one turn, and hands out the events.
 */
import type { Clock } from '../../base/clock.js'
import { Emitter } from '../../base/emitter.js'
import type { ErrorCode, GossipKvError } from '../../base/errors.js'
import type { Replica } from '../../data/replica/replica.js'
import type { DriverEvents, MemberView } from '../../mesh/driver/driver-types.js'
import type { SysKv } from '../kv/sys.js'
import { SysProjection } from '../kv/sys-projection.js'
import type { MemberList } from '../members/member-list.js'
import type { PresenceBoard } from '../members/presence-board.js'
import type { Opening } from '../opening.js'
import { listenerThrew } from '../store-errors.js'
import type { Timers } from '../timers.js'
import type { Status, StoreEvents } from '../types.js'
import type { StatusBoard } from './status-board.js'

/** Status and members follow writes at most this often, so that a write costs nothing but itself. */
const FOLLOW_MILLIS = 50

export interface AnnouncerHost {
  members: MemberList
  sys: SysKv
  replica: Replica
  board: StatusBoard
  timers: Timers
  clock: Clock
  presence: PresenceBoard
  opening: Opening
  /** This member before it has met anybody. */
  alone(): MemberView
}

export class Announcer {
  readonly events = new Emitter<StoreEvents>((error) => this.listenerThrew(error))
  readonly #host: AnnouncerHost
  readonly #projection: SysProjection
  #told: Status | undefined
  #queued = false
  /** What was said on the console, as nothing listened. */
  readonly #said = new Set<ErrorCode>()
  #refreshedAt = Number.NEGATIVE_INFINITY

  constructor(host: AnnouncerHost) {
    this.#host = host
    this.#projection = new SysProjection(host)
  }

  get status(): Status {
    const { timers, board } = this.#host
    // Listeners follow writes with a delay; a caller that asks gets the present state. A getter calls no listener: it may run in a render.
    if (timers.has('follow')) this.#update()
    return board.current
  }

  /** Brings everything up to date and tells nobody yet. */
  look(): void {
    this.#update()
  }

  /** Tells now. */
  refresh(): void {
    const { timers, members, presence, board } = this.#host
    timers.cancel('follow')
    this.#refreshedAt = this.#host.clock.monotonic()
    const views = this.#update()
    if (members.tell()) this.events.emit('members', members.list())
    presence.tell()
    this.#projection.follow(views)
    if (this.#told === board.current) return
    this.#told = board.current
    this.events.emit('status', this.#told)
  }

  /** Tells at the end of this turn: many outputs of one turn are told once. */
  refreshSoon(): void {
    if (this.#queued) return
    this.#queued = true
    queueMicrotask(() => {
      this.#queued = false
      this.refresh()
    })
  }

  /** Tells of what members show: at once after a pause, and then at most so often as of writes. */
  refreshPaced(): void {
    if (this.#host.clock.monotonic() - this.#refreshedAt >= FOLLOW_MILLIS) this.refreshSoon()
    else this.refreshLater()
  }

  /** Tells of writes after a pause. */
  refreshLater(): void {
    this.#host.timers.once('follow', FOLLOW_MILLIS, () => this.refresh())
  }

  report(error: GossipKvError): void {
    this.#host.board.lastError = error
    this.#sayUnheard(error)
    this.events.emit('error', error)
    this.refreshSoon()
  }

  /** What the mesh tells goes to the board, and from there to those who follow it. */
  meshEvents(): DriverEvents {
    const { board, members } = this.#host
    return {
      changed: () => this.refreshSoon(),
      presence: () => this.refreshPaced(),
      gone: (id, state) => {
        const member = members.get(id)
        if (member) this.events.emit('gone', Object.freeze({ ...member, state }))
      },
      message: (from, bytes) => this.events.emit('message', { from, bytes }),
      signaling: (state, error) => {
        board.signaling = state
        if (error) this.report(error)
        this.refreshSoon()
      },
      contacts: (count) => {
        board.contacts = count
        this.refreshSoon()
      },
      displaced: (error) => {
        board.signaling = 'disconnected'
        this.report(error)
      },
      dialFailed: (_peer, error) => this.report(error),
    }
  }

  /** Everything is saved, or failing for this reason. */
  saved(error: GossipKvError | undefined): void {
    const { board } = this.#host
    const before = board.storageError
    board.storageError = error
    if (error && !before) this.report(error)
    else if (error || before) this.refreshSoon()
    else this.refreshLater()
  }

  listenerThrew(cause: unknown): void {
    this.report(listenerThrew(cause))
  }

  /** All that the library ever logs, once for each code: a store to whose errors nothing listens must not fail in silence. */
  #sayUnheard(error: GossipKvError): void {
    if (this.events.has('error') || this.#said.has(error.code)) return
    this.#said.add(error.code)
    console.error(error.message, ...(error.cause === undefined ? [] : [error.cause]))
  }

  #update(): readonly MemberView[] {
    const { members, presence, board, opening, alone } = this.#host
    const self = alone()
    const all = opening.mesh?.members() ?? [self]
    members.update(all, self.id, presence.own)
    board.refresh()
    return all
  }
}
