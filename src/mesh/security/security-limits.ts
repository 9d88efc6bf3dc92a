/** Bounds of handshakes, keys and signatures. */

/** Keys of one keyring; a rotation needs two. Beyond it: ERR_FULL; in a handshake the link ends (`authRefused`). */
export const SECRETS_MAX = 8
/** How long a link's handshake may take. Beyond it: the link ends (`authRefused`). */
export const AUTH_MILLIS_MAX = 5000
/** Peers in a handshake that they began, one connection each. Beyond it: the oldest makes way (`authRefused`). */
export const AUTH_PEERS_MAX = 16
/** Sealed signals that are remembered: none is taken twice. Beyond it: the oldest nonce is out (`signalsRefused`). */
export const REPLAYS_MAX = 4096
/** How long a link under a removed key may go on without a new handshake. Beyond it: the link ends. */
export const REKEY_MILLIS_MAX = 60_000
/** What may wait on one link while signatures are checked. Beyond it: the link ends. */
export const UNVERIFIED_BYTES_MAX = 4 * 1024 * 1024
