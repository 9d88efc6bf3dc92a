/** Bounds of what one member keeps for others. */

/** The presence of all members that one member keeps; of whom it has no room for, it shows nothing. */
export const PRESENCES_BYTES_MAX = 4 * 1024 * 1024
/** Links to readers that one tab takes. */
export const READERS_PER_TAB_MAX = 2
/** Links to readers that one Node member takes. */
export const READERS_PER_NODE_MAX = 32
