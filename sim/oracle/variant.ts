/**
 * Where a run of the oracle can be given other behaviour than the library's, from outside. The library itself has
 * no switch for it: a variant edits bytes on their way, or hands in a map or a clock of its own.
 */
import type { Random } from '../../src/base/random.js'
import type { Replica, ReplicaEntry } from '../../src/data/replica/replica.js'
import type { ReceiveResult } from '../../src/data/replica-port.js'
import type { Order } from './causality.js'
import type { RecordingClock } from './recording-clock.js'
import type { RuledMap } from './ruled-map.js'

/** What a variant keeps for one life of a member, and what it does differently there. */
export interface Behaviour {
  /** Merges by other rules. */
  map?: RuledMap
  /** Stamps the writes, by the wall clock of its member. */
  clock?(wall: () => number): RecordingClock
  /** Whether an entry is written anew before an answer is given. */
  rewrites?(entry: ReplicaEntry, wall: number): boolean
  /** Deletes `key` here and returns the update for the others, in place of `write` and `drain`. */
  delete?(replica: Replica, key: string, clock: RecordingClock): Uint8Array | undefined
  /** Merges a broadcast, in place of `receive`. */
  receive?(replica: Replica, update: Uint8Array): ReceiveResult
  /** Begins an answer; what is returned finishes it some time later. In place of `difference`. */
  answer?(replica: Replica, summary: Uint8Array): (() => Uint8Array | undefined) | undefined
  /** Takes an answer apart; each part is merged when it comes. Part of them is lost when a sync is aborted. */
  parts?(difference: Uint8Array): Uint8Array[]
  /** What two members compare to know whether they are in sync. */
  digest?(replica: Replica): Uint8Array
  /** Compacts the document; false when it could not. */
  compact?(replica: Replica): boolean
}

/** A library that is different, in one respect. */
export interface Variant {
  name: string
  /** Concurrent sets are judged by this order, where it is not the design's. */
  order?: Order
  /** A restored member goes on under its old session. */
  reusesSession?: boolean
  /** An answer is finished some time after it was begun. */
  answersLate?: boolean
  /** Called for each new replica. */
  behaviour(random: Random): Behaviour
}

/** The library as it is. */
export const NO_VARIANT: Variant = { name: 'none', behaviour: () => ({}) }
