/**
 * What the members show of themselves while they are here: ephemeral, last version wins, told by the owner along
 * the shared tree. It is compared and repaired together with the member table: each entry is mixed into the digest
 * of its bucket there, so a newcomer learns of all at its first link, and so does a half that was split off.
 */
import { hash32 } from '../../../base/bytes.js'
import { sample } from '../../../base/random.js'
import type { Claim, PresenceFrame } from '../../wire/claim.js'
import { SLOW_LINK_BYTES } from '../../wire/wire-limits.js'
import { type EngineContext, sendTo } from '../context.js'
import type { Neighbor } from '../overlay/peer-view.js'
import { PRESENCES_BYTES_MAX } from '../protocol-limits.js'
import { bucketOf, type Roster } from './roster.js'

/**
 * A page that said that it is being stopped is not missed for this long. Less: paused tabs die; more: crashed ones
 * stay.
 */
export const FROZEN_MILLIS = 90_000
/** What a member shows of itself is told at most this often. Less: more traffic of cursors. */
const PRESENCE_MILLIS = 200
/**
 * After its first link a member waits so long, for its record to be everywhere. Less: others do not know whose
 * presence it is, and a repair has to tell them.
 */
export const PRESENCE_JOIN_MILLIS = 500

/** Versions of one run of a member lie in so wide a range above its `joined`: 35 years of milliseconds. */
const VERSIONS_MAX = 2 ** 40
const EMPTY = new Uint8Array()
/** Presence that one repair tells: half of what makes a link slow. */
const REPAIR_BYTES_MAX = SLOW_LINK_BYTES / 2
/** What an entry takes beside its state. */
const OVERHEAD_BYTES = 64

interface Shown extends PresenceFrame {
  hash: number
  /** Until when silence is excused. */
  frozenUntil: number
}

export class PresenceTable {
  readonly #context: EngineContext
  readonly #roster: Roster
  readonly #shown = new Map<string, Shown>()
  #bytes = 0
  /** What this member shows; undefined until it first shows something. */
  #own: { version: number; frozen: boolean; state: Uint8Array } | undefined
  /** The incarnation under which the own state was last told; undefined when it has to be told. */
  #toldAs: number | undefined
  #toldAt = Number.NEGATIVE_INFINITY
  #dueAt = Number.POSITIVE_INFINITY

  constructor(context: EngineContext, roster: Roster) {
    this.#context = context
    this.#roster = roster
  }

  /** Shows something else from now on; told at most every `PRESENCE_MILLIS`, a change of `frozen` at once. */
  show(change: { state?: Uint8Array; frozen?: boolean }, now: number): void {
    const own = this.#own ?? { version: 0, frozen: false, state: EMPTY }
    // A member that never showed anything and is not frozen has nothing to tell.
    if (this.#own === undefined && !change.state && !change.frozen) return
    const isUrgent = change.frozen !== undefined && change.frozen !== own.frozen
    if (!isUrgent && change.state === undefined) return
    this.#own = { ...own, ...change }
    this.#toldAs = undefined
    if (isUrgent) this.#dueAt = now
  }

  /** Takes what `claim.id` shows; returns whether it is news. */
  hear(claim: PresenceFrame, now: number): boolean {
    const { id, version, state } = claim
    const joined = this.#roster.get(id)?.record.joined
    // Of a stranger, and of an earlier run of a member, nothing is kept.
    if (joined === undefined || version < joined || version >= joined + VERSIONS_MAX) return false
    if (id === this.#context.id) return this.#hearOwn(version)
    const known = this.get(id)
    if (known && version <= known.version) return false
    this.#put(claim, this.#bytes - (known?.state.length ?? 0) + state.length <= PRESENCES_BYTES_MAX, now)
    return true
  }

  /** What `id` shows in its present run. */
  get(id: string): Shown | undefined {
    const shown = this.#shown.get(id)
    if (
      shown === undefined ||
      shown.version >= (this.#roster.get(id)?.record.joined ?? Number.POSITIVE_INFINITY)
    )
      return shown
    this.forget(id)
    return undefined
  }

  /** Whether `id` said that it is being stopped, not too long ago. */
  isFrozen(id: string, now: number): boolean {
    return now < (this.get(id)?.frozenUntil ?? 0)
  }

  /** The members that have been frozen for too long; each is named once. */
  thawed(now: number): string[] {
    const thawed: string[] = []
    for (const shown of this.#shown.values()) {
      if (!shown.frozenUntil || now < shown.frozenUntil) continue
      shown.frozenUntil = 0
      thawed.push(shown.id)
    }
    return thawed
  }

  forget(id: string): void {
    this.#bytes -= this.#shown.get(id)?.state.length ?? 0
    this.#shown.delete(id)
  }

  /** The digests of the member table, by bucket, with those of all that is shown. */
  mixed(buckets: readonly number[]): number[] {
    const mixed = [...buckets]
    for (const id of [...this.#shown.keys()]) {
      const bucket = bucketOf(id)
      mixed[bucket] = ((mixed[bucket] ?? 0) ^ (this.get(id)?.hash ?? 0)) >>> 0
    }
    return mixed
  }

  /** Tells what some members show, as a repair. More than fits comes at the next one; which, is left to chance. */
  tell(neighbor: Neighbor, members: readonly { readonly id: string }[], now: number): void {
    if (this.#shown.size === 0 || neighbor.dirty) return
    let room = REPAIR_BYTES_MAX
    for (const { id } of sample(this.#context.random, members, members.length)) {
      const shown = this.get(id)
      if (shown) room -= OVERHEAD_BYTES + shown.state.length
      if (room < 0) return
      if (shown) sendTo(this.#context, neighbor, shown, now)
    }
  }

  /** What is to be told to everyone now. */
  due(incarnation: number, now: number): Claim[] {
    if (this.#own === undefined) return []
    const { view } = this.#context
    if (view.established().length === 0) {
      this.#toldAs = undefined
      this.#dueAt = Number.POSITIVE_INFINITY
      this.#toldAt = now - PRESENCE_MILLIS + PRESENCE_JOIN_MILLIS
      return []
    }
    if (this.#toldAs === incarnation) return []
    this.#dueAt = Math.min(this.#dueAt, Math.max(now, this.#toldAt + PRESENCE_MILLIS))
    return now < this.#dueAt ? [] : [this.#tell(incarnation, now)]
  }

  deadline(): number {
    return this.#dueAt
  }

  #tell(incarnation: number, now: number): PresenceFrame {
    const { id } = this.#context
    const joined = this.#roster.get(id)?.record.joined ?? 0
    const own = this.#own ?? { version: 0, frozen: false, state: EMPTY }
    this.#own = { ...own, version: Math.max(own.version + 1, joined) }
    const claim: PresenceFrame = { type: 'presence', id, ...this.#own }
    this.#put(claim, true, now)
    this.#toldAs = incarnation
    this.#toldAt = now
    this.#dueAt = Number.POSITIVE_INFINITY
    return claim
  }

  /** Somebody shows a state of this member that it never told: it is overruled. */
  #hearOwn(version: number): false {
    if (version <= (this.#own?.version ?? 0)) return false
    this.#own = { frozen: false, state: EMPTY, ...this.#own, version }
    this.#toldAs = undefined
    return false
  }

  #put(claim: PresenceFrame, hasRoom: boolean, now: number): void {
    const { id, version, frozen } = claim
    this.forget(id)
    // Without room the version alone is kept, so that the digests of all members are equal nevertheless.
    const state = hasRoom ? claim.state : EMPTY
    const frozenUntil = frozen ? now + FROZEN_MILLIS : 0
    // Unlike the hash of a record, which it would undo where both numbers are the same.
    const hash = hash32(`${id}!${version}`)
    // Its owner signed the whole.
    const { proof } = hasRoom ? claim : {}
    this.#shown.set(id, {
      type: 'presence',
      id,
      version,
      frozen,
      state,
      hash,
      frozenUntil,
      ...(proof && { proof }),
    })
    this.#bytes += state.length
    this.#context.outbox.push({ type: 'presence' })
  }
}
