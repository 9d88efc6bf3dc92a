/** What a store may hold: local writes up to its limits, merges up to twice that. */
import { UsageError } from '../../base/errors.js'
import { DOCUMENT_BYTES_MAX, KEYS_MAX, MERGE_LIMIT_FACTOR, SESSIONS_MAX } from '../data-limits.js'
import type { DottedMap } from './dotted-map.js'
import type { NearlyFull } from './events.js'
import type { Incoming, Run } from './incoming.js'
import type { PlannedWrite } from './plan.js'

/** The share of a limit at which the application is told. */
const NEARLY_FULL_SHARE = 0.9
/** From here on the application is told that sessions pile up. */
export const SESSIONS_WARNED = 250_000

/** What one replica may hold; the defaults are in data-limits.ts. */
export interface ReplicaLimits {
  /** Live keys, by local writes; merges are taken up to twice that. */
  keysMax: number
  /** Keys and values in encoded form, by local writes; merges are taken up to twice that. */
  documentBytesMax: number
  /** Sessions that ever wrote, by local writes; merges are taken up to twice that. */
  sessionsMax: number
}

const DEFAULT_LIMITS: ReplicaLimits = {
  keysMax: KEYS_MAX,
  documentBytesMax: DOCUMENT_BYTES_MAX,
  sessionsMax: SESSIONS_MAX,
}

/** The capacity of one replica. */
export class Capacity {
  readonly #map: DottedMap
  readonly #limits: ReplicaLimits
  readonly #told = new Set<NearlyFull['of']>()

  constructor(map: DottedMap, limits: Partial<ReplicaLimits> = {}) {
    this.#map = map
    this.#limits = { ...DEFAULT_LIMITS, ...limits }
  }

  /** @throws UsageError ERR_FULL when `planned`, written by `session`, grows the store beyond its limits */
  check(planned: readonly PlannedWrite[], session: number): void {
    if (this.#map.known(session) === 0 && this.#map.context.size >= this.#limits.sessionsMax)
      throw sessionsSpent(this.#limits.sessionsMax)
    if (this.#isAmple(planned)) return
    let { size: keys, bytes } = this.#map
    for (const write of planned) {
      const current = this.#map.get(write.key)
      if (current) bytes -= current.bytes
      else keys++
      if (write.value === undefined) keys--
      else bytes += write.bytes
    }
    const { keysMax, documentBytesMax } = this.#limits
    // A store that is over its limits since a merge still takes what does not make it larger.
    if (keys > keysMax && keys > this.#map.size) throw full(`${keysMax} keys`)
    if (bytes > documentBytesMax && bytes > this.#map.bytes) throw full(`${documentBytesMax} bytes`)
  }

  /** Whether it fits even if every key were new: then no key needs to be looked up. */
  #isAmple(planned: readonly PlannedWrite[]): boolean {
    let { bytes } = this.#map
    for (const write of planned) bytes += write.bytes
    return this.#map.size + planned.length <= this.#limits.keysMax && bytes <= this.#limits.documentBytesMax
  }

  /** Why `incoming` does not fit in; undefined when it does. */
  refusal(incoming: Incoming): 'full' | 'sessions' | undefined {
    let { size: keys, bytes } = this.#map
    let sessions = this.#map.context.size
    for (const run of incoming.runs) {
      const known = this.#map.known(run.session)
      if (known === 0) sessions++
      for (const entry of run.entries) {
        if (entry.n < known) continue
        const current = this.#map.get(entry.key)
        if (!current) keys++
        bytes += entry.bytes - (current?.bytes ?? 0)
      }
    }
    const { keysMax, documentBytesMax, sessionsMax } = this.#limits
    if (sessions > MERGE_LIMIT_FACTOR * sessionsMax && sessions > this.#map.context.size) return 'sessions'
    // What does not grow is always taken, or a store over its limits could never shrink.
    if (keys > MERGE_LIMIT_FACTOR * keysMax && keys > this.#map.size) return 'full'
    return bytes > MERGE_LIMIT_FACTOR * documentBytesMax && bytes > this.#map.bytes ? 'full' : undefined
  }

  /** Those of `runs` that can be merged: beyond the limit only what is written by sessions that have a name here. */
  named(runs: readonly Run[]): readonly Run[] {
    const most = MERGE_LIMIT_FACTOR * this.#limits.sessionsMax
    if (this.#map.context.size + runs.length <= most) return runs
    const named = runs.filter(({ session }) => this.#map.known(session) > 0)
    return this.#map.context.size + runs.length - named.length <= most ? runs : named
  }

  /** Calls back with each limit that has come near since the last call; it is told again after it was left. */
  tellNearlyFull(tell: (event: NearlyFull) => void): void {
    const { keysMax, documentBytesMax, sessionsMax } = this.#limits
    const sessionsNear = Math.min(SESSIONS_WARNED, NEARLY_FULL_SHARE * sessionsMax)
    this.#tellNear('keys', this.#map.size, keysMax, NEARLY_FULL_SHARE * keysMax, tell)
    this.#tellNear('bytes', this.#map.bytes, documentBytesMax, NEARLY_FULL_SHARE * documentBytesMax, tell)
    this.#tellNear('sessions', this.#map.context.size, sessionsMax, sessionsNear, tell)
  }

  #tellNear(
    of: NearlyFull['of'],
    used: number,
    limit: number,
    near: number,
    tell: (event: NearlyFull) => void,
  ): void {
    if (used < near) this.#told.delete(of)
    else if (!this.#told.has(of)) {
      this.#told.add(of)
      tell({ of, used, limit })
    }
  }
}

function sessionsSpent(sessionsMax: number): UsageError {
  return new UsageError(
    'ERR_FULL',
    `${sessionsMax} sessions have written to this cluster, so a new one cannot`,
    {
      why: 'Each session that ever wrote has a name in every member for ever; what has a name still reads, writes and merges',
      fix: 'Export a checkpoint (checkpoints.export), and import and restore it in a cluster under another name',
    },
  )
}

function full(limit: string): UsageError {
  return new UsageError('ERR_FULL', `The store is full: it may hold ${limit}`)
}
