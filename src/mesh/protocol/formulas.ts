/** The formulas of the protocol's timers, apart from the state that they serve: numbers in, milliseconds out. */
import type { ProtocolConfig } from './config.js'

/** A period that grows with the members, so that all of them together cost the same: leases, introductions. */
export function periodMillis(members: number, leastMillis: number, millisPerMember: number): number {
  return Math.max(leastMillis, members * millisPerMember)
}

/** How late a frame may be: srtt + 4 rttvar, not less than the floor (RFC 6298, section 2, with a floor of its own). */
export function beatTimeoutMillis(srtt: number | undefined, rttvar: number, leastMillis: number): number {
  return Math.max(leastMillis, (srtt ?? 0) + 4 * rttvar)
}

/** How long an announced envelope is waited for before it is asked for: a round trip and the way of the tree. */
export function graftWaitMillis(
  srtt: number | undefined,
  { graftMinMillis, graftMaxMillis }: Pick<ProtocolConfig, 'graftMinMillis' | 'graftMaxMillis'>,
): number {
  return Math.min(graftMaxMillis, Math.max(graftMinMillis, 2 * (srtt ?? 0) + 20))
}

/** The pause after so many failed dials of one member, doubled each time; `share` in [0, 1) is its jitter. */
export function dialPauseMillis(
  failures: number,
  share: number,
  {
    dialBackoffMinMillis,
    dialBackoffMaxMillis,
  }: Pick<ProtocolConfig, 'dialBackoffMinMillis' | 'dialBackoffMaxMillis'>,
): number {
  return dialBackoffMinMillis + share * Math.min(dialBackoffMaxMillis, dialBackoffMinMillis * 2 ** failures)
}
