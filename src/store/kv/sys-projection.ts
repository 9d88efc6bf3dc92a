/** Keeps the system's section in step with the member table: the view at once, its map in the document after a pause. */
import type { Clock } from '../../base/clock.js'
import type { MemberRecord } from '../../base/member.js'
import type { Replica } from '../../data/replica/replica.js'
import type { MemberView } from '../../mesh/driver/driver-types.js'
import type { Timers } from '../timers.js'
import type { SysKv } from './sys.js'

/** The map in the document follows at most this often, since each write there costs a transaction. */
const PROJECT_MILLIS = 100

export interface SysProjectionHost {
  sys: SysKv
  timers: Timers
  clock: Clock
  replica: Replica
}

export class SysProjection {
  readonly #host: SysProjectionHost
  #table: ReadonlyMap<string, MemberRecord> = new Map()
  #projectedAt = Number.NEGATIVE_INFINITY

  constructor(host: SysProjectionHost) {
    this.#host = host
  }

  /** The members are these now; nothing happens when their records are the same as before. */
  follow(views: readonly MemberView[]): void {
    if (!this.#isNew(views)) return
    const { sys, timers, clock } = this.#host
    this.#table = new Map(views.map(({ id, record }) => [id, record]))
    sys.replace(this.#table)
    const wait = this.#projectedAt + PROJECT_MILLIS - clock.monotonic()
    if (wait > 0) timers.once('project', wait, () => this.#project())
    else this.#project()
  }

  #isNew(views: readonly MemberView[]): boolean {
    return views.length !== this.#table.size || views.some(({ id, record }) => this.#table.get(id) !== record)
  }

  #project(): void {
    this.#projectedAt = this.#host.clock.monotonic()
    this.#host.replica.projectMembers(this.#table)
  }
}
