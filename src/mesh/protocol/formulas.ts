/** The formulas of the protocol's timers, apart from the state that they serve: numbers in, milliseconds out. */

/** First pause after a failed dial of one member, doubled each time. Less: dead members are dialed more often. */
export const DIAL_BACKOFF_MIN_MILLIS = 500
/** The longest such pause. More: a member that was away is found later. */
const DIAL_BACKOFF_MAX_MILLIS = 30_000
/**
 * What delay is granted at least, above srtt + 4 rttvar. Less: a retransmission counts as a miss; more: later
 * detection. [RFC 6298, section 2, with a lower floor; measured: bench false-deaths]
 */
export const BEAT_TIMEOUT_MILLIS = 700
/**
 * An announced but missing update is asked for after clamp(2 srtt + 20, this, GRAFT_MAX_MILLIS). Less: grafts for what
 * is on its way. [Plumtree 2007, section 3.8; measured: bench loss]
 */
export const GRAFT_MIN_MILLIS = 60
/**
 * The longest such wait, and the pause before the next holder is asked. More: losses are repaired later. [Plumtree
 * 2007, section 3.8; measured: bench loss]
 */
export const GRAFT_MAX_MILLIS = 250

/** A period that grows with the members, so that all of them together cost the same: leases, introductions. */
export function periodMillis(members: number, leastMillis: number, millisPerMember: number): number {
  return Math.max(leastMillis, members * millisPerMember)
}

/** How late a frame may be: srtt + 4 rttvar, not less than the floor (RFC 6298, section 2, with a floor of its own). */
export function beatTimeoutMillis(srtt: number | undefined, rttvar: number): number {
  return Math.max(BEAT_TIMEOUT_MILLIS, (srtt ?? 0) + 4 * rttvar)
}

/** How long an announced envelope is waited for before it is asked for: a round trip and the way of the tree. */
export function graftWaitMillis(srtt: number | undefined): number {
  return Math.min(GRAFT_MAX_MILLIS, Math.max(GRAFT_MIN_MILLIS, 2 * (srtt ?? 0) + 20))
}

/** The pause after so many failed dials of one member, doubled each time; `share` in [0, 1) is its jitter. */
export function dialPauseMillis(failures: number, share: number): number {
  const longest = Math.min(DIAL_BACKOFF_MAX_MILLIS, DIAL_BACKOFF_MIN_MILLIS * 2 ** failures)
  return DIAL_BACKOFF_MIN_MILLIS + share * longest
}
