/** Builds replicas for tests: seeded, at a clock that stands still until a test moves it. */

import { repeating } from '../../../sim/oracle/repeating.js'
import { mergeDifference, wholeDifference } from '../../../sim/whole-difference.js'
import { seededRandom } from '../../../src/base/random.js'
import { Replica, type ReplicaOptions } from '../../../src/data/replica/replica.js'
import type { HybridClock } from '../../../src/data/replica/stamp.js'
import type { ReceiveResult } from '../../../src/data/replica-port.js'

/** 2026-01-01T00:00:00Z. */
export const NOW = Date.UTC(2026, 0, 1)

/** A replica with its own seed; `options` may replace its clock and limits. */
export function replicaAt(
  seed: number,
  options: Partial<ReplicaOptions> = {},
  { session, clock }: { session?: number; clock?: HybridClock } = {},
): Replica {
  const seeded = seededRandom(seed)
  const random = session === undefined ? seeded : repeating(session, seeded)
  return new Replica({ random, wall: () => NOW, ...options }, clock && { clock })
}

/** Hands everything that each has written to the other. */
export function exchange(a: Replica, b: Replica): void {
  const [fromA, fromB] = [a.exchange.drain(), b.exchange.drain()]
  for (const update of fromA) b.exchange.receive(update)
  for (const update of fromB) a.exchange.receive(update)
}

/** Whether both digests are equal. */
export function sameData(a: Replica, b: Replica): boolean {
  return a.exchange.digest().join() === b.exchange.digest().join()
}

/** `asker` asks `answerer` for everything that it lacks. */
export function sync(asker: Replica, answerer: Replica): ReceiveResult {
  const difference = wholeDifference(answerer.exchange, asker.exchange.summary())
  if (!difference) throw new Error('the summary is malformed')
  return mergeDifference(asker.exchange, difference)
}
