/** How much of what one peer may do. */

/** What a member sends on one link per second, syncs aside. Beyond it: the link counts as slow. */
export const LINK_FRAMES_PER_SECOND = 400
/** The same in bytes: 0.9 MiB. Beyond it: the link counts as slow. */
export const LINK_BYTES_PER_SECOND = 0.9 * 1024 * 1024
/** The multiple of both that a peer may send. Beyond it: the link ends (`overloads`). */
export const LINK_EXCESS_FACTOR = 4
/** So much more a peer may send at once: a whole member table in small frames. Beyond it: the link ends (`overloads`). */
export const LINK_BURST_BYTES = 8 * 1024 * 1024
/**
 * What an offence costs its member: malformed bytes, and signatures that do not verify.
 * @test hostile/repeated-offences
 */
export const OFFENCE_POINTS = { malformed: 10, signature: 100 } as const
/** Points of one member. Beyond it: the member is refused (`membersExpelled`). @test hostile/repeated-offences */
export const OFFENCE_POINTS_MAX = 100
/** How long it is refused, and how long points are remembered after the last offence. */
export const REFUSED_MILLIS = 10 * 60_000
/** Members whose offences are remembered, and whose budgets. Beyond it: the least recent is forgotten. */
export const OFFENDERS_MAX = 1024
/** Other members that one watcher may suspect in a minute. Beyond it: no timer starts (`accusationsIgnored`). */
export const SUSPICIONS_PER_MINUTE = 10
