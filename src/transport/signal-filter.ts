/**
 * What may reach the WebRTC implementation of the signals that a peer sent. A description describes one data
 * channel and nothing else; a candidate names an IP address, or an mDNS name where the runtime resolves them.
 */

/** The kinds of candidates that people are told of when no path is found. */
export type CandidateKind = 'host' | 'mDNS' | 'srflx' | 'prflx' | 'relay'

/** RFC 8839, section 5.1: foundation, component, transport, priority, address, port, type, extensions. */
const CANDIDATE =
  /^candidate:[\w+/]{1,32} \d{1,3} (?:udp|tcp) \d{1,10} (\S{1,64}) \d{1,5} typ (host|srflx|prflx|relay)(?: [\x20-\x7e]*)?$/i
const MDNS_NAME = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.local$/i
/** Strict, as what is no address would be looked up as a name. */
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/
const IPV6 = /^[0-9a-f:]*:[0-9a-f:.]*$/i
const DESCRIPTION_LINES_MAX = 256

/** The kind of a candidate line, or undefined for what is none, or names a host that nobody may look up. */
export function candidateKind(candidate: string): CandidateKind | undefined {
  const [, address, type] = CANDIDATE.exec(candidate) ?? []
  if (address === undefined || type === undefined) return undefined
  if (MDNS_NAME.test(address)) return 'mDNS'
  return IPV4.test(address) || IPV6.test(address) ? (type.toLowerCase() as CandidateKind) : undefined
}

/** A description that is fit to be used, and the kinds of the candidates that stand in it. */
export interface CleanDescription {
  sdp: string
  candidates: CandidateKind[]
}

/**
 * Checks that `sdp` describes one data channel and takes out the candidates that `accepts` refuses. Undefined for
 * anything else: other media would start decoders, and a parser in native code is no place to find that out.
 */
export function cleanDescription(
  sdp: string,
  accepts: (kind: CandidateKind) => boolean,
): CleanDescription | undefined {
  const lines = sdp.split(/\r?\n/)
  if (lines[0] !== 'v=0' || lines.length > DESCRIPTION_LINES_MAX || !describesDataChannel(lines))
    return undefined
  const candidates: CandidateKind[] = []
  const kept = lines.filter((line) => {
    if (!line.startsWith('a=candidate')) return true
    const kind = candidateKind(line.slice(2))
    if (kind === undefined || !accepts(kind)) return false
    candidates.push(kind)
    return true
  })
  return { sdp: kept.join('\r\n'), candidates }
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
