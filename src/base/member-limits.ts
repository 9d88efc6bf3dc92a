/** What one member may be and show. */

/** A member record in its encoded form. Beyond it: ERR_TOO_LARGE; from a peer an offence. */
export const MEMBER_RECORD_BYTES_MAX = 512
/** Members of one cluster. Beyond it: not taken (`membersRefused`); newcomers get ERR_CLUSTER_FULL. */
export const MEMBERS_MAX = 10_000
/** The presence of one member in its encoded form. Beyond it: ERR_TOO_LARGE; from a peer an offence. */
export const PRESENCE_BYTES_MAX = 4 * 1024
/** One message of the application. Beyond it: ERR_TOO_LARGE; from a peer an offence. */
export const APPLICATION_BYTES_MAX = 16 * 1024
