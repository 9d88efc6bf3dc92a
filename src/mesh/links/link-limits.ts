/** Bounds of WebRTC connections. */

/** A slow link on which nothing arrives for so long ends. */
export const STUCK_MILLIS_MAX = 10_000
/** Above 16 MiB @roamhq/wrtc loses messages silently; 1 MiB keeps far from it. */
export const BUFFERED_BYTES_MAX = 1024 * 1024
/** ICE candidates taken from one peer for one link. */
export const CANDIDATES_MAX = 32
/** WebRTC handshakes in flight in one process, both directions: more exhaust file descriptors (webrtc facts). */
export const HANDSHAKES_MAX = 4
