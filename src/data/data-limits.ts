/** What a member holds at the most, and what it takes from outside at once. Nothing is allocated before its bound is checked. */

/** A key, in bytes of UTF-8. Beyond it: ERR_KEY_INVALID; from a peer an offence. */
export const KEY_BYTES_MAX = 512
/** A value in its encoded form. Beyond it: ERR_TOO_LARGE; from a peer an offence. */
export const VALUE_BYTES_MAX = 64 * 1024
/** How deep arrays and objects in a value may nest. Beyond it: ERR_VALUE_INVALID; from a peer an offence. */
export const VALUE_DEPTH_MAX = 32
/** Live keys of one store. Beyond it: ERR_FULL for local writes (`keys`); merges go on. @test unit/replica/replica */
export const KEYS_MAX = 100_000
/**
 * The live keys and values of one store. Beyond it: ERR_FULL for local writes; merges go on.
 * @test unit/replica/replica
 */
export const DOCUMENT_BYTES_MAX = 64 * 1024 * 1024
/** One canonical update in a broadcast. Beyond it: split, or ERR_TOO_LARGE if `atomic`; from a peer an offence. */
export const UPDATE_BYTES_MAX = 256 * 1024
/** Operations in one broadcast update. Beyond it: split. */
export const UPDATE_OPERATIONS_MAX = 2000
/** One part of a sync answer. Beyond it: an offence. */
export const SYNC_PART_BYTES_MAX = 256 * 1024
/** What a member puts into one: small ones, so that the next is encoded and the last decoded while others travel. */
export const SYNC_PART_BYTES = SYNC_PART_BYTES_MAX / 2
/**
 * How far ahead of this member's wall clock a stamp or the clock of another member may be. Whatever is merged, the
 * clock follows. Two days: a wrong time zone and a wrong day are within. Beyond it: not merged before its time
 * (`refusals`); ERR_CLOCK_SKEW in the event `error`, once.
 */
export const STAMP_LEAD_MILLIS_MAX = 48 * 3_600_000
/** Writes of one session, deletes included: 35 years at 1,000 a second. Beyond it: the next write takes a new session. */
export const SESSION_WRITES_MAX = 2 ** 40
/** How many writes without content one broadcast may tell of, in each session. Beyond it: an offence. */
export const UPDATE_GAP_MAX = 2 ** 20
/** Items and runs of dead writes in one broadcast. Beyond it: an offence. */
export const UPDATE_STRUCTS_MAX = 4096
/** Sessions with new writes in one broadcast. Beyond it: an offence. */
export const UPDATE_SESSIONS_MAX = 64
/** Sessions that ever wrote. Each costs 8 to 10 bytes for ever. Beyond it: ERR_FULL for new ones (`sessions`). */
export const SESSIONS_MAX = 1_000_000
/**
 * What merges may hold more than local writes: a healed split unites. Beyond it: not merged (`refusals`).
 * @test unit/replica/replica, hostile/full-store
 */
export const MERGE_LIMIT_FACTOR = 2
/** Sessions of a whole difference or checkpoint. Beyond it: an offence. */
export const MERGE_SESSIONS_MAX = MERGE_LIMIT_FACTOR * SESSIONS_MAX
/** Live entries of a whole difference or checkpoint. Beyond it: an offence. */
export const MERGE_ENTRIES_MAX = MERGE_LIMIT_FACTOR * KEYS_MAX
/** Items and runs of dead writes in a whole difference, gaps among them. Beyond it: an offence. */
export const MERGE_STRUCTS_MAX = 2 * MERGE_ENTRIES_MAX + MERGE_SESSIONS_MAX
/** A whole difference or checkpoint: the largest mergeable state. Beyond it: an offence, or ERR_TOO_LARGE. */
export const MERGE_BYTES_MAX = MERGE_LIMIT_FACTOR * DOCUMENT_BYTES_MAX + 64 * 1024 * 1024
/** Losing writes that an entry remembers, for its next overwrite to kill. Beyond it: the oldest is forgotten. */
export const BEATEN_MAX = 8
/** Keys without a live entry whose losing writes are remembered. Beyond it: the oldest is forgotten. */
export const BEATEN_KEYS_MAX = 4096
/** A checkpoint as it is kept: the largest state with its frame and seal. Beyond it: ERR_TOO_LARGE. */
export const CHECKPOINT_BYTES_MAX = MERGE_BYTES_MAX + 1024
