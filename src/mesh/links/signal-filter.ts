/**
 * What may reach the WebRTC implementation of the signals that a peer sent. A description describes one data
 * channel and nothing else; a candidate names an IP address where a member may be, or an mDNS name where the runtime
 * resolves them: a signal must not make this member look up names or knock at doors of the peer's choice.
 */
import { addressScope } from '../../base/ip-address.js'

/** The kinds of candidates that people are told of when no path is found; `refused` is none that may be used. */
export type CandidateKind = 'host' | 'mDNS' | 'srflx' | 'prflx' | 'relay' | 'refused'

/** Addresses of candidates that are refused unless they are allowed. */
export type GuardedAddresses = 'loopback' | 'link-local'

/**
 * RFC 8839, section 5.1: foundation, component, transport, priority, address, port, type, extensions. No TCP: it
 * would open connections to services that have nothing to do with this, and a TURN server crosses such firewalls, too.
 */
const CANDIDATE =
  /^candidate:[\w+/]{1,32} \d{1,3} udp \d{1,10} (\S{1,64}) \d{1,5} typ (host|srflx|prflx|relay)(?: [\x20-\x7e]*)?$/i
const MDNS_NAME = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.local$/i
const LINE = /^[\x20-\x7e]*$/
const DESCRIPTION_LINES_MAX = 256

/** The kind of a candidate line; `refused` when its address is not allowed, undefined for what is no candidate. */
export function candidateKind(
  candidate: string,
  allowed: readonly GuardedAddresses[] = [],
): CandidateKind | undefined {
  const [, address, type] = CANDIDATE.exec(candidate) ?? []
  if (address === undefined || type === undefined) return undefined
  if (MDNS_NAME.test(address)) return 'mDNS'
  const scope = addressScope(address)
  if (scope === undefined) return undefined
  const fits = scope === 'network' || (scope !== 'denied' && allowed.includes(scope))
  return fits ? (type.toLowerCase() as CandidateKind) : 'refused'
}

/**
 * Checks that `sdp` describes one data channel, takes out the candidates that `accepts` refuses, and names no address
 * besides. Undefined for anything else: other media would start decoders, and a parser in native code is no place to
 * find that out.
 */
export function cleanDescription(sdp: string, accepts: (candidate: string) => boolean): string | undefined {
  const lines = sdp.split(/\r?\n/)
  if (lines[0] !== 'v=0' || lines.length > DESCRIPTION_LINES_MAX || !lines.every((line) => LINE.test(line)))
    return undefined
  if (!describesDataChannel(lines)) return undefined
  return lines
    .filter((line) => !line.startsWith('a=candidate') || accepts(line.slice(2)))
    .map((line) => (line.startsWith('c=') ? 'c=IN IP4 0.0.0.0' : line))
    .join('\r\n')
}

/** Whether `sdp` describes one data channel and nothing else. */
export function isDescription(sdp: string): boolean {
  return cleanDescription(sdp, () => false) !== undefined
}

function describesDataChannel(lines: readonly string[]): boolean {
  const media = lines.filter((line) => line.startsWith('m='))
  return (
    media.length === 1 &&
    /^m=application \d{1,5} (?:UDP|TCP)\/DTLS\/SCTP webrtc-datachannel$/.test(media[0] ?? '') &&
    ['a=ice-ufrag:', 'a=ice-pwd:', 'a=fingerprint:sha-256 ', 'a=setup:'].every((prefix) =>
      lines.some((line) => line.startsWith(prefix)),
    )
  )
}
