/**
 * What one replica tells others and takes from them: broadcasts, summaries and differences, checkpoints, and the
 * generation in which all of it is meant. What comes in is decoded and checked as a whole before anything changes.
 */
import type { Random } from '../base/random.js'
import type { DifferenceIntake, Parts, ReceiveResult } from '../protocol/replica-port.js'
import { AheadEntries } from './ahead.js'
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.js'
import { type Difference, DifferenceReader, deathsIn, encodeDifference } from './difference.js'
import type { DottedMap } from './dotted-map.js'
import type { Entry } from './entry.js'
import { decodeEnvelope } from './envelope.js'
import { ForkGuard } from './fork-guard.js'
import type { Incoming } from './incoming.js'
import { Lineage } from './lineage.js'
import type { LocalWrites } from './local-writes.js'
import type { Merged } from './merged.js'
import { Passage, translated } from './passage.js'
import { decodeRecord, encodeRecord, encodeRestart } from './record.js'
import type { Room } from './room.js'
import type { HybridClock } from './stamp.js'
import { decodeSummary, encodeSummary, knownIn } from './summary.js'

/** What an exchange works on. */
export interface ExchangeParts {
  map: DottedMap
  clock: HybridClock
  room: Room
  writes: LocalWrites
  random: Random
  wall: () => number
  /** Hears of everything that was merged. */
  record: ((record: Uint8Array) => void) | undefined
  /** Takes over what an open transaction has changed, before a merge changes it. */
  absorb(): void
  /** Shows and tells what a merge did. */
  merged(merged: Merged): void
  /** Entries were written again. */
  rewritten(): void
  /** Somebody else writes under this session. */
  forked(): void
  /** The store is in another generation. */
  rebased(generation: number): void
}

/** What is to be merged. */
interface Arrival {
  incoming: Incoming
  /** Of the sender. */
  clock: number
  /** What a sync tells to be dead, among what lives here now. */
  deaths?: () => (entry: Entry) => boolean
  /** The way into the generation of the sender. */
  passage?: Passage
  /** From disk: entries too far ahead are written again instead of refused. */
  isBare?: boolean
}

/** The exchange of one replica. */
export class Exchange {
  readonly #parts: ExchangeParts
  readonly #map: DottedMap
  readonly #writes: LocalWrites
  readonly #ahead: AheadEntries
  readonly #forks = new ForkGuard()
  #lineage = new Lineage()

  constructor(parts: ExchangeParts) {
    this.#parts = parts
    this.#map = parts.map
    this.#writes = parts.writes
    this.#ahead = new AheadEntries(parts.map, parts.wall)
  }

  /** How many generations there were before this one. */
  get generation(): number {
    return this.#lineage.number
  }

  receive(update: Uint8Array): ReceiveResult {
    const envelope = decodeEnvelope(update)
    if ('type' in envelope) return envelope
    const { update: incoming, clock, generation } = envelope
    // What a later generation builds on comes by sync; what an earlier one tells, its teller brings along.
    if (generation > this.#lineage.id) return { type: 'early' }
    if (generation < this.#lineage.id) return { type: 'refused', kind: 'generation' }
    return this.#recorded(this.#merge({ incoming, clock }), () => update)
  }

  digest(): Uint8Array {
    return this.#map.digest.bytes(this.#lineage.id)
  }

  summary(): Uint8Array {
    return encodeSummary(this.#map, this.#ahead.told(), this.#lineage)
  }

  difference(summary: Uint8Array): Parts | undefined {
    const decoded = decodeSummary(summary)
    if ('type' in decoded) return undefined
    this.#rewrite(this.#ahead.heldHere(decoded.refused))
    // What is told here as alive must also leave by broadcast as alive: see `LocalWrites`.
    this.#writes.seal()
    this.#writes.heardOf(knownIn(decoded, this.#writes.session, this.#map))
    return encodeDifference(this.#map, decoded, this.#parts.clock.last, this.#lineage)
  }

  takeDifference(): DifferenceIntake {
    const reader = new DifferenceReader()
    return {
      take: (part) => reader.read(part),
      merge: () => {
        const decoded = reader.end()
        return 'type' in decoded ? decoded : this.#mergeDifference(decoded)
      },
    }
  }

  #mergeDifference(decoded: Difference): ReceiveResult {
    const { runs, clock, lineage } = decoded
    const incoming = { runs, kills: [] }
    // Whoever is behind takes what is here when it asks, and brings along what only it has.
    if (lineage.id < this.#lineage.id) return { type: 'refused', kind: 'generation' }
    const killed: Entry[] = []
    const deaths = () => {
      const isDead = deathsIn(decoded, this.#map)
      return (entry: Entry) => isDead(entry) && killed.push(entry) > 0
    }
    if (lineage.id !== this.#lineage.id) return this.#enter({ incoming, clock, deaths }, lineage)
    const record = () => encodeRecord(clock, runs, killed, lineage.id)
    return this.#recorded(this.#merge({ incoming, clock, deaths }), record)
  }

  #recorded(result: ReceiveResult, record: () => Uint8Array): ReceiveResult {
    if (result.type === 'applied' && result.news) this.#parts.record?.(record())
    return result
  }

  /** Merges what another generation tells, and goes there with it. */
  #enter(arrival: Arrival, lineage: Lineage): ReceiveResult {
    if (this.#lineage.isBeyondReach(lineage.id)) return { type: 'refused', kind: 'generation' }
    const passage = new Passage(this.#map, this.#lineage, lineage)
    const own = passage.isFar ? this.#writes.unheard() : undefined
    const { runs, kills } = arrival.incoming
    const incoming = own ? { runs: [...runs, own], kills } : arrival.incoming
    return this.#merge({ ...arrival, incoming, passage })
  }

  /**
   * Begins a new generation, in which the sessions of which nothing is alive have no name any more. Others follow
   * when they sync. Returns how many names that spares.
   * @throws UsageError ERR_FULL after 2 million generations
   */
  rebase(): number {
    this.#writes.seal()
    const finished = this.#map.finished()
    const lineage = this.#lineage.next(finished, this.#parts.random)
    const passage = new Passage(this.#map, this.#lineage, lineage)
    passage.end()
    this.#arrive(passage)
    return finished.size
  }

  #arrive({ target }: Passage): void {
    this.#lineage = target
    this.#writes.enter(target.id)
    this.#parts.record?.(encodeRestart(this.#parts.clock.last, this.checkpoint()))
    this.#parts.rebased(target.number)
  }

  /** The whole state as a bare Yjs v1 update; opened in an empty stock Y.Doc it shows the same `usr`. */
  checkpoint(): Uint8Array {
    return encodeCheckpoint(this.#map, this.#parts.clock.last, this.#lineage)
  }

  /** Merges a checkpoint. Entries too far ahead of the clock are written again with a legal stamp. */
  restore(checkpoint: Uint8Array): ReceiveResult {
    const decoded = decodeCheckpoint(checkpoint)
    if ('type' in decoded) return decoded
    const { lineage, incoming, clock } = decoded
    if (this.#map.context.size === 0) this.#lineage = lineage
    const isBare = true
    if (lineage.id > this.#lineage.id)
      return this.#restored(this.#enter({ incoming, clock, isBare }, lineage))
    const here = translated(incoming, lineage, this.#lineage)
    if (here === undefined) return { type: 'refused', kind: 'generation' }
    return this.#restored(this.#merge({ incoming: here, clock, isBare }))
  }

  #restored(result: ReceiveResult): ReceiveResult {
    this.#rewrite(this.#ahead.live())
    return result
  }

  /** Merges what was recorded; returns how many records could not be merged. */
  replay(records: readonly Uint8Array[]): number {
    let failed = 0
    for (const bytes of records) if (!this.#replayOne(bytes)) failed++
    this.#rewrite(this.#ahead.live())
    return failed
  }

  #replayOne(bytes: Uint8Array): boolean {
    const record = decodeRecord(bytes)
    if ('type' in record) return false
    const { update: incoming, clock, generation, checkpoint } = record
    if (checkpoint) return this.#restart(checkpoint)
    // What was recorded before the present generation is in the state from which it began.
    if (generation < this.#lineage.id) return true
    const arrival = { incoming, clock, isBare: true }
    return generation === this.#lineage.id && this.#merge(arrival).type === 'applied'
  }

  /** Goes on from the state in which another generation began here, whatever there was before. */
  #restart(checkpoint: Uint8Array): boolean {
    const decoded = decodeCheckpoint(checkpoint)
    if ('type' in decoded) return false
    if (decoded.lineage.id <= this.#lineage.id) return true
    this.#map.forgetAll()
    this.#parts.clock.take(decoded.clock, this.#parts.wall())
    this.#parts.merged(this.#map.merge(decoded.incoming, () => true))
    this.#lineage = decoded.lineage
    this.#writes.enter(decoded.lineage.id)
    return true
  }

  /** Merges all or nothing. */
  #merge({ incoming, clock, deaths, passage, isBare }: Arrival): ReceiveResult {
    if (!isBare && this.#ahead.isIn(incoming)) return { type: 'refused', kind: 'clock' }
    if (this.#writes.isForked(incoming)) {
      if (!this.#forks.mayFork(this.#parts.wall())) return { type: 'refused', kind: 'session' }
      this.#parts.forked()
    }
    if (!this.#map.isReady(incoming)) return { type: 'early' }
    const kind = this.#parts.room.refusal(incoming)
    if (kind !== undefined) return { type: 'refused', kind }
    this.#parts.absorb()
    // Merges do not commute with the writes that were made before them: the records keep the order in which it was.
    if (this.#parts.record) this.#writes.seal()
    this.#parts.clock.take(clock, this.#parts.wall())
    const isDead = deaths?.()
    passage?.begin()
    const merged = this.#map.merge(
      incoming,
      passage ? (entry) => passage.kills(entry) || isDead?.(entry) === true : isDead,
    )
    passage?.end()
    this.#parts.merged(merged)
    if (passage) this.#arrive(passage)
    return { type: 'applied', news: merged.news || passage !== undefined }
  }

  /** Writes entries again with a stamp that everybody takes. */
  #rewrite(entries: readonly Entry[]): void {
    this.#writes.rewrite(entries, 'renew')
    this.#parts.rewritten()
  }
}
