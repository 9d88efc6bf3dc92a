/** The members of the cluster: the table joined with what this member sees of each link. */
import { Emitter, type Unsubscribe } from '../../base/emitter.js'
import type { MemberRecord } from '../../base/member.js'
import type { MemberView } from '../../mesh/driver/driver-types.js'
import type { Member, Members, PresenceState } from '../types.js'
import { NOTHING_SHOWN, shownIn } from './presence-board.js'

const NO_META = Object.freeze({})

export class MemberList implements Members {
  readonly #events: Emitter<{ members: readonly Member[] }>
  readonly #sessions = new Map<number, string>()
  #byId: ReadonlyMap<string, Member> = new Map()
  #list: readonly Member[] = Object.freeze([])
  #self: Member
  /** What the listeners were last told. */
  #told: readonly Member[]

  constructor(id: string, record: MemberRecord, listenerThrew: (error: unknown) => void) {
    this.#events = new Emitter(listenerThrew)
    this.#self = describe(aloneView(id, record), true, NOTHING_SHOWN)
    this.#sessions.set(record.session, id)
    this.#replace([this.#self])
    this.#told = this.#list
  }

  list(): readonly Member[] {
    return this.#list
  }

  get(id: string): Member | undefined {
    return this.#byId.get(id)
  }

  get self(): Member {
    return this.#self
  }

  get size(): number {
    return this.#list.length
  }

  subscribe(fn: (members: readonly Member[]) => void): Unsubscribe {
    return this.#events.on('members', fn)
  }

  /** The member whose writes carry `session`. */
  bySession(session: number): string | undefined {
    return this.#sessions.get(session)
  }

  /** A value with the member that wrote it, while that one is known. */
  authored<T>({ value, session }: { value: T; session: number }): { value: T; by: string | undefined } {
    return { value, by: this.bySession(session) }
  }

  /** Takes the members as they are now, and tells nobody yet. */
  update(views: readonly MemberView[], selfId: string, own = NOTHING_SHOWN): void {
    this.#sessions.clear()
    // Readers write nothing: one that names the session of another member is not believed.
    for (const { id, record } of views) if (record.role === 'writer') this.#sessions.set(record.session, id)
    const members = views.map((view) => {
      const self = view.id === selfId
      const next = describe(view, self, self ? own : shownIn(view.presence))
      const before = this.#byId.get(view.id)
      return before && sameMember(before, next) ? before : next
    })
    const isSame =
      members.length === this.#list.length && members.every((member) => this.#byId.get(member.id) === member)
    if (!isSame) this.#replace(members)
  }

  /** Tells the listeners when the list differs from what they were told; returns whether it did. */
  tell(): boolean {
    if (this.#told === this.#list) return false
    this.#told = this.#list
    this.#events.emit('members', this.#list)
    return true
  }

  #replace(members: readonly Member[]): void {
    this.#list = Object.freeze([...members].sort((a, b) => (a.id < b.id ? -1 : 1)))
    this.#byId = new Map(this.#list.map((member) => [member.id, member]))
    this.#self = this.#list.find((member) => member.self) ?? this.#self
  }
}

/** How a member sees itself before it has met anyone. */
export function aloneView(id: string, record: MemberRecord): MemberView {
  return {
    id,
    record,
    state: 'alive',
    ready: false,
    presence: undefined,
    direct: false,
    rttMillis: undefined,
    inSync: undefined,
  }
}

function describe(view: MemberView, self: boolean, presence: PresenceState): Member {
  const { id, record } = view
  return Object.freeze({
    id,
    name: record.name,
    kind: record.kind,
    role: record.role,
    state: view.state,
    ready: view.ready,
    direct: view.direct,
    // Whole milliseconds: finer changes are noise and would wake every listener at each heartbeat.
    rttMillis: view.rttMillis === undefined ? undefined : Math.round(view.rttMillis),
    inSync: view.inSync,
    joined: record.joined,
    port: record.port,
    protocol: record.protocol,
    zone: record.zone,
    meta: Object.freeze(record.meta ?? NO_META),
    presence,
    self,
  })
}

function sameMember(a: Member, b: Member): boolean {
  return (
    (Object.keys(a) as (keyof Member)[]).every((key) => key === 'meta' || a[key] === b[key]) &&
    sameMeta(a.meta, b.meta)
  )
}

function sameMeta(a: Member['meta'], b: Member['meta']): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
