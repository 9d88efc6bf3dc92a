/** What the members show of themselves: its own state and the states of the others. */
import * as buffer from 'lib0/buffer'
import type { Awareness } from 'y-protocols/awareness'
import { bytesEqual } from '../../base/bytes.js'
import { Emitter, type Unsubscribe } from '../../base/emitter.js'
import { shown, UsageError } from '../../base/errors.js'
import { PRESENCE_BYTES_MAX } from '../../base/member-limits.js'
import { cloneValue } from '../../data/replica/value.js'
import type { Member, Presence, PresenceState, Shown } from '../types.js'

/** What a member shows that shows nothing; always the same object. */
export const NOTHING_SHOWN: PresenceState = Object.freeze({})

/** What the board needs of its store. */
export interface PresenceHost {
  /** @throws UsageError ERR_STORE_CLOSED */
  assertOpen(): void
  members(): readonly Member[]
  /** The own state changed, as bytes for the others. */
  present(bytes: Uint8Array): void
  listenerThrew(error: unknown): void
  /** @throws UsageError ERR_AWARENESS_MISSING */
  awareness(): Awareness
}

export class PresenceBoard implements Presence {
  readonly #host: PresenceHost
  readonly #events: Emitter<{ change: readonly Shown[] }>
  #own = NOTHING_SHOWN
  #list: readonly Shown[] = Object.freeze([])
  #told = this.#list

  constructor(host: PresenceHost) {
    this.#host = host
    this.#events = new Emitter(host.listenerThrew)
  }

  /** What this member shows. */
  get own(): PresenceState {
    return this.#own
  }

  get awareness(): Awareness {
    return this.#host.awareness()
  }

  set(patch: Partial<PresenceState>): void {
    this.#host.assertOpen()
    if (Object.prototype.toString.call(patch) !== '[object Object]') throw noPatch(patch)
    const fields = Object.entries({ ...this.#own, ...patch }).filter(([, value]) => value !== undefined)
    const state = cloneValue(Object.fromEntries(fields)) as PresenceState
    const bytes = buffer.encodeAny(state)
    if (bytes.length > PRESENCE_BYTES_MAX) throw tooLarge(bytes.length)
    if (bytesEqual(bytes, buffer.encodeAny(this.#own))) return
    this.#own = fields.length > 0 ? state : NOTHING_SHOWN
    this.#host.present(bytes)
  }

  get(id?: string): PresenceState | undefined {
    return id === undefined ? this.#own : this.#host.members().find((member) => member.id === id)?.presence
  }

  list(): readonly Shown[] {
    const showing = this.#host.members().filter(({ presence }) => presence !== NOTHING_SHOWN)
    const before = new Map(this.#list.map((entry) => [entry.id, entry]))
    const list = showing.map(({ id, self, presence: state }) => {
      const known = before.get(id)
      return known?.state === state ? known : Object.freeze({ id, self, state })
    })
    const isSame =
      list.length === this.#list.length && list.every((entry, index) => entry === this.#list[index])
    if (!isSame) this.#list = Object.freeze(list)
    return this.#list
  }

  subscribe(fn: (shown: readonly Shown[]) => void): Unsubscribe {
    return this.#events.on('change', fn)
  }

  /** Tells the listeners when something differs from what they were told. */
  tell(): void {
    if (this.list() === this.#told) return
    this.#told = this.#list
    this.#events.emit('change', this.#told)
  }
}

const decoded = new WeakMap<Uint8Array, PresenceState>()

/** What another member shows, out of its bytes; nothing when they are no such state. The same bytes give the same object. */
export function shownIn(bytes: Uint8Array | undefined): PresenceState {
  if (!bytes?.length) return NOTHING_SHOWN
  const known = decoded.get(bytes) ?? decode(bytes)
  decoded.set(bytes, known)
  return known
}

function decode(bytes: Uint8Array): PresenceState {
  try {
    const state = cloneValue(buffer.decodeAny(bytes))
    const isRecord = Object.prototype.toString.call(state) === '[object Object]'
    return isRecord && Object.keys(state as object).length > 0 ? (state as PresenceState) : NOTHING_SHOWN
  } catch {
    // Only its author suffers from bytes that are no value.
    return NOTHING_SHOWN
  }
}

function noPatch(patch: unknown): UsageError {
  return new UsageError('ERR_VALUE_INVALID', `The presence patch is ${shown(patch)}`, {
    why: 'It has to be a plain object with the fields to change',
    fix: 'Pass for example { cursor: 3 }; a field that is undefined is taken away',
  })
}

function tooLarge(bytes: number): UsageError {
  return new UsageError(
    'ERR_TOO_LARGE',
    `The presence takes ${bytes} bytes; the limit is ${PRESENCE_BYTES_MAX}`,
    {
      why: 'Every member keeps the presence of every other one and hears of each change',
      fix: 'Show less, and keep data in usr',
    },
  )
}
