/** Decides when the document is compacted: in an idle moment, or at once when history has piled up. */
import { type GossipKvError, InternalError } from '../../base/errors.js'
import { compact, compactionNeed, compactionObstacle, structCount } from './compaction.js'
import type { Document } from './document.js'

/** What the compactor asks of the replica. */
export interface CompactorHost {
  /** Live keys of all root maps. */
  live(): number
  failed(error: GossipKvError): void
}

/** The compaction of one document. */
export class Compactor {
  readonly #document: Document
  readonly #host: CompactorHost
  /** Structs that the last compaction left. */
  #left = 0
  /** Those of them that could not be dropped, as what an UndoManager keeps: they count as alive. */
  #stuck = 0
  #isOff = false

  constructor(document: Document, host: CompactorHost) {
    this.#document = document
    this.#host = host
  }

  /** Compacts when there is enough history to be worth it; true when it did. For idle moments. */
  compactIfDue(): boolean {
    return this.#need() !== 'none' && this.#run()
  }

  /** Called when all transactions are over: history must not pile up in a store that is never idle. */
  afterTransactions(): void {
    if (this.#need() === 'urgent') this.#run()
  }

  #need(): 'none' | 'idle' | 'urgent' {
    if (this.#isOff) return 'none'
    const live = this.#host.live()
    // Keys that were deleted since leave nothing behind.
    const base = Math.max(live, Math.min(this.#left, 2 * live + 1 + this.#stuck))
    return compactionNeed(structCount(this.#document.doc), live, base)
  }

  #run(): boolean {
    const obstacle = compactionObstacle()
    if (obstacle !== undefined) {
      this.#isOff = true
      this.#host.failed(disabled(obstacle))
      return false
    }
    const { doc, usr, sys } = this.#document
    const done = compact(doc, [usr, sys])
    // Dead runs lie between the live items at most.
    this.#left = structCount(doc)
    this.#stuck = Math.max(0, this.#left - 2 * this.#host.live() - 1)
    return done
  }
}

function disabled(obstacle: string): InternalError {
  return new InternalError('ERR_COMPACTION_DISABLED', `The document is not compacted (${obstacle})`)
}
