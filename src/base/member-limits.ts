/** What one member may be and show. */

/** A member record in its encoded form. */
export const MEMBER_RECORD_BYTES_MAX = 512
/** Members of one cluster. */
export const MEMBERS_MAX = 10_000
/** The presence of one member in its encoded form. */
export const PRESENCE_BYTES_MAX = 4 * 1024
/** One message of the application. */
export const APPLICATION_BYTES_MAX = 16 * 1024
/** Messages that an application may send per second and at once: with the size above, 0.8 MiB of a link's 0.9. */
export const APPLICATION_MESSAGES_PER_SECOND = 50
