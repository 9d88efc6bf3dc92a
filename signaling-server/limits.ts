/** Every bound of the signaling server, with its reason. Each can be overridden, since tests and demos have other needs. */
import {
  SIGNALING_MESSAGE_BYTES_MAX,
  SIGNALING_MESSAGES_BURST,
  SIGNALING_MESSAGES_PER_SECOND,
} from '../src/mesh/wire/wire-limits.js'

/** What one socket, one address and the whole server may use. */
export interface SignalingLimits {
  /** One message; a larger one closes the socket with 1009. */
  messageBytesMax: number
  /** Messages of one socket, on average. Beyond it and the burst the socket is closed with 1008. */
  messagesPerSecond: number
  /** Messages of one socket at once. */
  messagesBurst: number
  /** Topics that one socket may be in. */
  topicsPerSocketMax: number
  /** Open sockets of one IPv4 address or one /64 of IPv6. Raise it where many members share one, as on loopback. */
  socketsPerAddressMax: number
  /** Open sockets in all. */
  socketsMax: number
  /** What may wait to be sent to one socket; a slower reader is terminated. */
  bufferedBytesMax: number
  /** How long a socket may be in no topic. */
  joinMillis: number
  /** The mean time between pings; a socket that has been silent for two of them is terminated. */
  pingMillis: number
  /** How long a client may take for its request line, headers and body. */
  requestMillis: number
  /** How long a closing handshake may take before the socket is cut. */
  closeMillis: number
  /** Over how long a server that closes spreads the ends of its sockets, at most; 2 ms for each. */
  drainMillis: number
  /** The request line and headers of one request. */
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
