/** Bounds of WebRTC connections. */

/** How long nothing may arrive on a slow link. Beyond it: the link ends (`ended_ERR_LINK_OVERLOADED`). */
export const STUCK_MILLIS_MAX = 10_000
/** ICE candidates taken from one peer for one link. Beyond it: dropped (`candidatesRefused`). */
export const CANDIDATES_MAX = 32
/** WebRTC handshakes in flight in one process, in and out: more exhaust file descriptors. Beyond it: they wait. */
export const HANDSHAKES_MAX = 4
/** Frames that may wait: a sync part is one. Beyond it: the link ends (`ended_ERR_LINK_OVERLOADED`). */
export const QUEUE_FRAMES_MAX = 8192
/** Bytes that may wait. Beyond it: the link ends (`ended_ERR_LINK_OVERLOADED`). */
export const QUEUE_BYTES_MAX = 8 * 1024 * 1024
