/** How much of what one peer may do. */

/** What a member sends on one link per second, syncs aside; beyond it the link counts as slow. */
export const LINK_FRAMES_PER_SECOND = 400
/** The same in bytes: 0.9 MiB. */
export const LINK_BYTES_PER_SECOND = 0.9 * 1024 * 1024
/** A peer that sends more than this multiple of it loses its link. */
export const LINK_EXCESS_FACTOR = 4
/** So much more a peer may send at once: a table of MEMBERS_MAX members in frames of about 600 bytes. */
export const LINK_BURST_BYTES = 8 * 1024 * 1024
/** What an offence costs its member: bytes that are malformed, and signatures that do not verify. */
export const OFFENCE_POINTS = { malformed: 10, signature: 100 } as const
/** A member with so many points is refused. */
export const OFFENCE_POINTS_MAX = 100
/** How long it is refused, and how long points are remembered after the last offence. */
export const REFUSED_MILLIS = 10 * 60_000
/** Members whose offences are remembered, and whose budgets; the least recent is forgotten first. */
export const OFFENDERS_MAX = 1024
/** Members that one watcher may suspect in a minute; more of its suspicions are told on and start no timer. */
export const ACCUSATIONS_PER_MINUTE = 10
