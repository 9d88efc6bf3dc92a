/** Bounds of what one member keeps for others. */

/** The presence of all members that one member keeps. Beyond it: not kept. */
export const PRESENCES_BYTES_MAX = 4 * 1024 * 1024
/** Links to readers that one tab takes. Beyond it: `disconnect(full)` (`linksRefused`), and ERR_MEMBER_FULL. */
export const READERS_PER_TAB_MAX = 2
/** Links to readers that one Node member takes. Beyond it: as with a tab. */
export const READERS_PER_NODE_MAX = 32
