/** Bounds of handshakes, keys and signatures. */

/** Keys that one keyring holds. A rotation needs two. */
export const SECRETS_MAX = 8
/** A link whose handshake has not come through by then ends. */
export const AUTH_MILLIS_MAX = 5000
/** Peers in a handshake at once that they began; the oldest makes way for the next one. */
export const AUTH_PEERS_MAX = 16
/** Sealed signals that are remembered, so that none is taken twice. */
export const REPLAYS_MAX = 4096
/** How long a link under a removed key may go on without a new handshake. */
export const REKEY_MILLIS_MAX = 60_000
/** What may wait on one link while signatures are checked. */
export const UNVERIFIED_BYTES_MAX = 4 * 1024 * 1024
