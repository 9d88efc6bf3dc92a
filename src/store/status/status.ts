/** The status machine: from plain facts to the one word that tells how the store stands. */
import type { SignalingState } from '../../mesh/transport.js'
import type { Status, StatusName } from '../types.js'

/** What the name of the status is made of. */
export interface StatusFacts {
  phase: 'idle' | 'starting' | 'running' | 'closed'
  signaling: SignalingState
  /** Links to writers, with HELLO behind them: readers hold nothing for others. */
  links: number
  /** Whether another writer is known, or somebody being dialed. */
  others: boolean
  /** Whether signaling has answered who is there. */
  introduced: boolean
  synced: boolean
  /** Something promised does not hold, as the persistence. */
  failing: boolean
}

/** The word for the facts. */
export function statusName(facts: StatusFacts): StatusName {
  if (facts.phase !== 'running') return facts.phase
  if (facts.links > 0) {
    if (!facts.synced) return 'joining'
    return facts.failing ? 'degraded' : 'live'
  }
  if (facts.others) return facts.signaling === 'disconnected' ? 'offline' : 'joining'
  if (facts.signaling === 'none') return 'alone'
  if (facts.signaling === 'disconnected') return 'offline'
  return facts.introduced && facts.signaling === 'connected' ? 'alone' : 'joining'
}

/** Whether two snapshots say the same. */
export function sameStatus(a: Status, b: Status): boolean {
  return (Object.keys(a) as (keyof Status)[]).every((key) => a[key] === b[key])
}
