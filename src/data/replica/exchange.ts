/**
 * What one replica tells others and takes from them: broadcasts, summaries and differences, and checkpoints. What comes
 * in is decoded and checked as a whole before anything changes.
 */
import type { DifferenceIntake, Parts, ReceiveResult, ReplicaPort } from '../replica-port.js'
import type { Capacity } from './capacity.js'
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.js'
import { type Difference, DifferenceReader, deathsIn, encodeDifference } from './difference.js'
import type { DottedMap } from './dotted-map.js'
import type { Entry } from './entry.js'
import { decodeEnvelope } from './envelope.js'
import type { Incoming } from './incoming.js'
import type { ForkReason, LocalWrites } from './local-writes.js'
import type { Merged } from './merged.js'
import { decodeRecord, recordsOf } from './record.js'
import { type HybridClock, STAMP_MAX, stampMax } from './stamp.js'
import { decodeSummary, encodeSummary } from './summary.js'

/** What an exchange works on. */
export interface ExchangeParts {
  map: DottedMap
  clock: HybridClock
  capacity: Capacity
  writes: LocalWrites
  wall: () => number
  /** Hears of everything that was merged. */
  record: ((record: Uint8Array) => void) | undefined
  /** Takes over what an open transaction has changed, before a merge changes it. */
  absorb(): void
  /** Shows and tells what a merge did. */
  merged(merged: Merged): void
  /** Something was refused that is this far ahead. */
  ahead(stamp: number): void
  /** Another process writes under this session, and this replica goes on under a new one. */
  forked(before: number): void
}

/** What is to be merged. */
interface Arrival {
  incoming: Incoming
  /** Of the sender. */
  clock: number
  /** What a sync tells to be dead, among what lives here now. */
  deaths?: readonly Entry[]
}

/** The exchange of one replica. */
export class Exchange implements ReplicaPort {
  readonly #parts: ExchangeParts
  readonly #map: DottedMap
  readonly #writes: LocalWrites

  constructor(parts: ExchangeParts) {
    this.#parts = parts
    this.#map = parts.map
    this.#writes = parts.writes
  }

  get session(): number {
    return this.#writes.session
  }

  drain(): Uint8Array[] {
    return this.#writes.drain()
  }

  digest(): Uint8Array {
    return this.#map.digest.bytes()
  }

  known(session: number): number {
    return this.#map.known(session)
  }

  /** Ends the update under way, so that everything up to now has been recorded. */
  seal(): void {
    this.#writes.seal()
  }

  receive(update: Uint8Array): ReceiveResult {
    const envelope = decodeEnvelope(update)
    if ('type' in envelope) return envelope
    const result = this.#take({ incoming: envelope.update, clock: envelope.clock })
    if (isNews(result)) this.#parts.record?.(update)
    return result
  }

  /** `theirs` is the digest of the member that is asked. */
  summary(theirs?: Uint8Array): Uint8Array {
    return encodeSummary(this.#map, theirs)
  }

  difference(summary: Uint8Array): Parts | undefined {
    const decoded = decodeSummary(summary)
    if ('type' in decoded) return undefined
    // What is told here as alive must also leave by broadcast as alive: see `LocalWrites`.
    this.#writes.seal()
    return encodeDifference(this.#map, decoded, this.#parts.clock.last)
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

  #mergeDifference(difference: Difference): ReceiveResult {
    const { clock, contested } = difference
    const deaths = deathsIn(difference, this.#map)
    const runs = this.#parts.capacity.named(difference.runs)
    const result = this.#take({ incoming: { runs, kills: [], contested }, clock, deaths })
    const { record } = this.#parts
    if (record && isNews(result)) for (const each of recordsOf(clock, runs, deaths, contested)) record(each)
    const isWhole = runs.length === difference.runs.length
    return isWhole || result.type !== 'applied' ? result : { type: 'refused', kind: 'sessions' }
  }

  /** The whole state as a bare Yjs v1 update; opened in an empty stock Y.Doc it shows the same `usr`. */
  checkpoint(): Uint8Array {
    return encodeCheckpoint(this.#map, this.#parts.clock.last)
  }

  /** Merges a checkpoint of this member, however far ahead its stamps are. */
  restore(checkpoint: Uint8Array): ReceiveResult {
    const decoded = decodeCheckpoint(checkpoint)
    if ('type' in decoded) return decoded
    return this.#merge(decoded, latestOf(decoded))
  }

  /** Merges what was recorded; returns how many records could not be merged. */
  replay(records: readonly Uint8Array[]): number {
    let failed = 0
    for (const bytes of records) if (!this.#replayOne(bytes)) failed++
    return failed
  }

  #replayOne(bytes: Uint8Array): boolean {
    const record = decodeRecord(bytes)
    if ('type' in record) return false
    if (record.checkpoint) return this.restore(record.checkpoint).type === 'applied'
    const arrival = { incoming: record.update, clock: record.clock }
    return this.#merge(arrival, latestOf(arrival)).type === 'applied'
  }

  /** Merges what another member sent, unless it is too far ahead of the time here. */
  #take(arrival: Arrival): ReceiveResult {
    const latest = latestOf(arrival)
    if (latest <= stampMax(this.#parts.wall())) return this.#merge(arrival, latest)
    this.#parts.ahead(latest)
    return { type: 'refused', kind: 'clock' }
  }

  /** Merges all or nothing. */
  #merge({ incoming, deaths }: Arrival, latest: number): ReceiveResult {
    const { capacity, absorb, record } = this.#parts
    if (latest > STAMP_MAX) return { type: 'offence', kind: 'clock' }
    if (this.#writes.isForked(incoming)) this.#fork('ahead')
    if (!this.#map.isReady(incoming)) return { type: 'early' }
    const kind = capacity.refusal(incoming)
    if (kind !== undefined) return { type: 'refused', kind }
    absorb()
    // Merges do not commute with the writes that were made before them: the records keep the order in which it was.
    if (record) this.#writes.seal()
    this.#parts.clock.take(latest)
    const merged = this.#map.merge(incoming, deaths)
    this.#parts.merged(merged)
    if (merged.contested?.has(this.#writes.session)) this.#fork('contested')
    return { type: 'applied', news: merged.news }
  }

  #fork(because: ForkReason): void {
    const before = this.#writes.session
    this.#writes.fork(because)
    this.#parts.forked(before)
  }
}

/** The greatest stamp: an honest clock is not below those that it travels with. */
function latestOf({ incoming: { runs, contested = [] }, clock }: Arrival): number {
  let latest = clock
  for (const { entries } of runs) for (const { stamp } of entries) latest = Math.max(latest, stamp)
  for (const { stamp } of contested) latest = Math.max(latest, stamp)
  return latest
}

function isNews(result: ReceiveResult): boolean {
  return result.type === 'applied' && result.news
}
