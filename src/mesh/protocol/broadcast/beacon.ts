import type { EngineContext, Part } from '../context.js'
import type { MemberTable } from '../liveness/member-table.js'
import type { Plumtree } from './plumtree.js'

/**
 * The member with the least id gives the shared tree a new shape this often. Less: a small flood each time. [measured:
 * bench redundancy]
 */
const BEACON_MILLIS = 15_000

/** The writer with the least id gives the shared tree a new shape now and then; everyone knows who that is (ADR 3). */
export class Beacon implements Part {
  readonly #context: EngineContext
  readonly #table: MemberTable
  readonly #broadcast: Plumtree
  #at: number

  constructor(context: EngineContext, table: MemberTable, broadcast: Plumtree, now: number) {
    this.#context = context
    this.#table = table
    this.#broadcast = broadcast
    this.#at = now + BEACON_MILLIS
  }

  deadline(): number {
    return this.#context.view.size > 0 ? this.#at : Number.POSITIVE_INFINITY
  }

  tick(now: number): void {
    if (now < this.#at) return
    this.#at = now + BEACON_MILLIS
    const { id: self } = this.#context
    if (this.#table.selfRecord.role === 'reader') return
    for (const { id, record } of this.#table.entries()) if (record.role === 'writer' && id < self) return
    this.#broadcast.originate({ type: 'beacon' }, now)
  }
}
