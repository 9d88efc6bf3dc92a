/** What a member holds at the most, and what it takes from outside at once. Nothing is allocated before its bound is checked. */

/** A key, in bytes of UTF-8. */
export const KEY_BYTES_MAX = 512
/** A value in its encoded form. */
export const VALUE_BYTES_MAX = 64 * 1024
/** How deep arrays and objects in a value may nest. */
export const VALUE_DEPTH_MAX = 32
/** Live keys of one store. */
export const KEYS_MAX = 100_000
/** The live keys and values of one store; binds local writes only, so that a healed split can always merge. */
export const DOCUMENT_BYTES_MAX = 64 * 1024 * 1024
/** One canonical update in a broadcast. */
export const UPDATE_BYTES_MAX = 256 * 1024
/** Operations in one broadcast update. */
export const UPDATE_OPERATIONS_MAX = 2000
/** One part of a sync answer. */
export const SYNC_PART_BYTES_MAX = 256 * 1024
/** What a member puts into one: small ones, so that the next is encoded and the last decoded while others travel. */
export const SYNC_PART_BYTES = SYNC_PART_BYTES_MAX / 2
/**
 * How far ahead of this member's wall clock a stamp or the clock of another member may be. What is further ahead is not
 * merged; whatever is merged, the clock follows. Two days: a wrong time zone and a wrong day are within.
 */
export const STAMP_LEAD_MILLIS_MAX = 48 * 3_600_000
/** Writes of one session, deletes included: 35 years at 1,000 a second. The next write takes a new session. */
export const SESSION_WRITES_MAX = 2 ** 40
/** How many writes without content one broadcast may tell of, in each session. */
export const UPDATE_GAP_MAX = 2 ** 20
/** Items and runs of dead writes in one broadcast. */
export const UPDATE_STRUCTS_MAX = 4096
/** Sessions with new writes in one broadcast. */
export const UPDATE_SESSIONS_MAX = 64
/** Sessions that ever wrote, by local writes: beyond it a new session cannot write. Each costs 8 to 10 bytes for ever. */
export const SESSIONS_MAX = 1_000_000
/** From here on the application is told that sessions pile up. */
export const SESSIONS_WARNED = 250_000
/** The share of a local limit at which the application is told. */
export const NEARLY_FULL_SHARE = 0.9
/** Merges are taken up to this multiple of the limits of local writes, so that a healed split can unite. */
export const MERGE_LIMIT_FACTOR = 2
/** Sessions of a whole difference or checkpoint. */
export const MERGE_SESSIONS_MAX = MERGE_LIMIT_FACTOR * SESSIONS_MAX
/** Live entries of a whole difference or checkpoint. */
export const MERGE_ENTRIES_MAX = MERGE_LIMIT_FACTOR * KEYS_MAX
/** Items and runs of dead writes in a whole difference or checkpoint: a gap before each entry and in each session. */
export const MERGE_STRUCTS_MAX = 2 * MERGE_ENTRIES_MAX + MERGE_SESSIONS_MAX
/** A whole difference or checkpoint: the largest mergeable state, with its names and sessions. */
export const MERGE_BYTES_MAX = MERGE_LIMIT_FACTOR * DOCUMENT_BYTES_MAX + 64 * 1024 * 1024
/** Losing writes that an entry remembers, for its next overwrite to kill. */
export const BEATEN_MAX = 8
/** Keys without a live entry whose losing writes are remembered. */
export const BEATEN_KEYS_MAX = 4096
/** The label of a checkpoint. */
export const CHECKPOINT_LABEL_CHARACTERS_MAX = 64
/** Checkpoints in one storage: a list reads the head of each. */
export const CHECKPOINTS_MAX = 1_000
/** A checkpoint as it is kept: the largest state with its frame and seal. */
export const CHECKPOINT_BYTES_MAX = MERGE_BYTES_MAX + 1024
