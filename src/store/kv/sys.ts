/** The system's section: read-only for everyone, a projection of the member table. */
import { Emitter, type Unsubscribe } from '../../base/emitter.js'
import { UsageError } from '../../base/errors.js'
import type { MemberRecord } from '../../base/member.js'
import type { ReadKV } from '../types.js'

export class SysKv implements ReadKV {
  readonly #events: Emitter<{ change: undefined }>
  #snapshot: { readonly members: Readonly<Record<string, MemberRecord>> } = Object.freeze({
    members: Object.freeze({}),
  })

  constructor(listenerThrew: (error: unknown) => void) {
    this.#events = new Emitter(listenerThrew)
  }

  get members(): Readonly<Record<string, MemberRecord>> {
    return this.#snapshot.members
  }

  get(key: 'members'): Readonly<Record<string, MemberRecord>> {
    return this.#snapshot[key]
  }

  snapshot(): { readonly members: Readonly<Record<string, MemberRecord>> } {
    return this.#snapshot
  }

  subscribe(fn: () => void): Unsubscribe {
    return this.#events.on('change', fn)
  }

  set(key: string, _value: unknown): never {
    throw readOnly(key)
  }

  delete(key: string): never {
    throw readOnly(key)
  }

  /** The member table changed. */
  replace(members: ReadonlyMap<string, MemberRecord>): void {
    const records = [...members].sort(([a], [b]) => (a < b ? -1 : 1))
    this.#snapshot = Object.freeze({ members: Object.freeze(Object.fromEntries(records)) })
    this.#events.emit('change', undefined)
  }
}

function readOnly(key: string): UsageError {
  return new UsageError('ERR_SYS_READONLY', `sys.${String(key)} cannot be written`)
}
