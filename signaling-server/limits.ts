/** Every bound of the signaling server, with its reason. Each can be overridden, since tests and demos have other needs. */
import {
  SIGNALING_MESSAGE_BYTES_MAX,
  SIGNALING_MESSAGES_BURST,
  SIGNALING_MESSAGES_PER_SECOND,
} from '../src/mesh/wire/wire-limits.js'

/** What one socket, one address and the whole server may use. */
export interface SignalingLimits {
  /** One message. Beyond it: 1009. */
  messageBytesMax: number
  /** Messages of one socket, pings too, on average. Beyond it: 1008 (`refusals_total{code="rate"}`). */
  messagesPerSecond: number
  /** Messages of one socket at once. Beyond it: 1008 (`refusals_total{code="rate"}`). */
  messagesBurst: number
  /** Topics that one socket may be in. Beyond it: refused (`refusals_total{code="topics"}`). */
  topicsPerSocketMax: number
  /**
   * Open sockets of one IPv4 address or one /64 of IPv6, which may have twice as many TCP connections. Raise it where
   * many members share one, as on loopback. Beyond it: 429 (`upgrades_refused_total`); a connection is cut.
   */
  socketsPerAddressMax: number
  /** Open sockets in all. Beyond it: 503 (`upgrades_refused_total`). */
  socketsMax: number
  /** What may wait to be sent to one socket. Beyond it: cut (`sockets_cut_total{reason="slow"}`). */
  bufferedBytesMax: number
  /** How long a socket may be in no topic. Beyond it: 1008 (`refusals_total{code="join"}`). */
  joinMillis: number
  /**
   * The mean time between pings, of which a socket may leave two unanswered. Beyond it: cut
   * (`sockets_cut_total{reason="silent"}`).
   */
  pingMillis: number
  /** How long a client may take for its request line, headers and body. Beyond it: 408. */
  requestMillis: number
  /** How long a closing handshake may take. Beyond it: cut. */
  closeMillis: number
  /** Over how long a server that closes spreads the ends of its sockets, at most; 2 ms for each. */
  drainMillis: number
  /** The request line and headers of one request. Beyond it: 431. */
  headerBytesMax: number
}

/** The defaults, as docs/SECURITY.md promises them. */
export const SIGNALING_LIMITS: Readonly<SignalingLimits> = {
  messageBytesMax: SIGNALING_MESSAGE_BYTES_MAX,
  messagesPerSecond: SIGNALING_MESSAGES_PER_SECOND,
  messagesBurst: SIGNALING_MESSAGES_BURST,
  topicsPerSocketMax: 20,
  socketsPerAddressMax: 50,
  // About 7 kB each without compression: 140 MB when full.
  socketsMax: 20_000,
  bufferedBytesMax: 256 * 1024,
  joinMillis: 5000,
  pingMillis: 30_000,
  requestMillis: 5000,
  closeMillis: 1000,
  drainMillis: 5000,
  headerBytesMax: 8 * 1024,
}
