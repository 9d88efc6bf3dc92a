/** Collects what a transaction changed, and tells it once the transaction is over. */
import type { Emitter } from '../../base/emitter.js'
import type { Entry } from './entry.js'
import type { KeyChange, ReplicaConflict, ReplicaEvents } from './events.js'
import type { Merged } from './merged.js'
import type { Value } from './value.js'

/** The notices of one replica. */
export class Notices {
  readonly #events: Emitter<ReplicaEvents>
  #changes: KeyChange[] = []
  #conflicts: ReplicaConflict[] = []
  /** Calls that contributed to the open transaction: more than one may have changed the same key. */
  #calls = 0
  #isLocal = false
  #isDrainable = false

  constructor(events: Emitter<ReplicaEvents>) {
    this.#events = events
  }

  /** A call that changes something begins. */
  begin(local: boolean): void {
    this.#calls++
    this.#isLocal ||= local
  }

  /** A local write took its place. */
  wrote(key: string, value: Value | undefined, previous: Value | undefined): void {
    this.#changes.push({ key, value, previous })
    this.#isDrainable = true
  }

  /** There is something to drain, though no key changed. */
  drainable(): void {
    this.#isDrainable = true
  }

  /** A merge took place. */
  merged(merged: Merged): void {
    for (const entry of merged.set) {
      const previous = entry.previous?.value
      entry.previous = undefined
      this.#changes.push({ key: entry.key, value: entry.value, previous })
    }
    for (const entry of merged.removed)
      this.#changes.push({ key: entry.key, value: undefined, previous: entry.value })
    for (const { winner, loser } of merged.conflicts)
      this.#conflicts.push({ key: winner.key, winner: sideOf(winner), loser: sideOf(loser) })
  }

  /** Tells everything. A listener that writes starts a new round. */
  flush(): void {
    const changes = this.#calls > 1 ? coalesced(this.#changes) : this.#changes
    const conflicts = this.#conflicts
    const local = this.#isLocal
    const isDrainable = this.#isDrainable
    this.#changes = []
    if (conflicts.length > 0) this.#conflicts = []
    this.#calls = 0
    this.#isLocal = false
    this.#isDrainable = false
    if (changes.length > 0) this.#events.emit('change', { local, changes })
    for (const conflict of conflicts) this.#events.emit('conflict', conflict)
    if (isDrainable) this.#events.emit('local', undefined)
  }
}

function sideOf(entry: Entry): { value: Value; session: number } {
  return { value: entry.value, session: entry.session }
}

/** One change a key: from what stood before the first to what stands after the last. */
function coalesced(changes: readonly KeyChange[]): KeyChange[] {
  const byKey = new Map<string, KeyChange>()
  for (const change of changes) {
    const first = byKey.get(change.key)
    byKey.set(change.key, first ? { ...change, previous: first.previous } : change)
  }
  return [...byKey.values()].filter((change) => change.value !== undefined || change.previous !== undefined)
}
