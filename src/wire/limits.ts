/** Every bound on what comes in from outside, with its reason. Nothing is allocated before its bound is checked. */

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

/** One message on a data channel: what every WebRTC implementation carries (RFC 8831, section 6.6). */
export const MESSAGE_BYTES_MAX = 16 * 1024
/** In which order waiting frames leave a link: 0 first. */
export type Priority = 0 | 1 | 2 | 3
/** What a member sends on one link per second, syncs aside; beyond it the link counts as slow. */
export const LINK_FRAMES_PER_SECOND = 400
/** The same in bytes: 0.9 MiB. */
export const LINK_BYTES_PER_SECOND = 0.9 * 1024 * 1024
/** A peer that sends more than this multiple of it loses its link. */
export const LINK_EXCESS_FACTOR = 4
/** So much more a peer may send at once: a table of MEMBERS_MAX members in frames of about 600 bytes. */
export const LINK_BURST_BYTES = 8 * 1024 * 1024
/** A slow link on which nothing arrives for so long ends. */
export const STUCK_MILLIS_MAX = 10_000
/** One frame after reassembly: a sync part with its header. */
export const FRAME_BYTES_MAX = SYNC_PART_BYTES_MAX + 1024
/** Frames of one link that may be in reassembly at once. */
export const REASSEMBLY_FRAMES_MAX = 8
/** Bytes of one link that may wait in reassembly. */
export const REASSEMBLY_BYTES_MAX = 8 * 1024 * 1024
/** A frame in reassembly that has not completed by then ends the link. */
export const REASSEMBLY_MILLIS_MAX = 10_000
/** Above 16 MiB @roamhq/wrtc loses messages silently; 1 MiB keeps far from it. */
export const BUFFERED_BYTES_MAX = 1024 * 1024
/** Above this, or above QUEUED_FRAMES_MAX, a link counts as slow: broadcasts to it pause until it drains. */
export const SLOW_LINK_BYTES = 256 * 1024
/** Frames that may wait in a link's queue before it counts as slow. */
export const SLOW_LINK_FRAMES = 100
/** A slow link is writable again below this. */
export const DRAINED_LINK_BYTES = 64 * 1024

/** A member record in its encoded form. */
export const MEMBER_RECORD_BYTES_MAX = 512
/** Members of one cluster. */
export const MEMBERS_MAX = 10_000
/** The presence of one member in its encoded form. */
export const PRESENCE_BYTES_MAX = 4 * 1024
/** The presence of all members that one member keeps; of whom it has no room for, it shows nothing. */
export const PRESENCES_BYTES_MAX = 4 * 1024 * 1024
/** One message of the application. */
export const APPLICATION_BYTES_MAX = 16 * 1024
/** Messages that an application may send per second and at once: with the size above, 0.8 MiB of a link's 0.9. */
export const APPLICATION_MESSAGES_PER_SECOND = 50

/** One message at the signaling server. */
export const SIGNALING_MESSAGE_BYTES_MAX = 64 * 1024
/** Contacts in one introduction. */
export const CONTACTS_MAX = 8
/** ICE candidates taken from one peer for one link. */
export const CANDIDATES_MAX = 32
/** Members that may be on their way to a link with this one by their own wish: in a WebRTC handshake, or before HELLO, where the oldest makes way. */
export const PEERS_IN_HANDSHAKE_MAX = 16
/** What an offence costs its member: bytes that are malformed, and signatures that do not verify. */
export const OFFENCE_POINTS = { malformed: 10, signature: 100 } as const
/** A member with so many points is refused. */
export const OFFENCE_POINTS_MAX = 100
/** How long it is refused, and how long points are remembered after the last offence. */
export const REFUSED_MILLIS = 10 * 60_000
/** Members whose offences are remembered; the least recent is forgotten first. */
export const OFFENDERS_MAX = 1024
/** Items of one list in a frame, as announcements, leases, claims: twice what any member sends. */
export const LIST_ITEMS_MAX = 1024
/** Other members that one watcher may accuse in a minute; more of its accusations are carried on and start no timer. */
export const ACCUSATIONS_PER_MINUTE = 10
/** WebRTC handshakes in flight in one process, both directions: more exhaust file descriptors (webrtc facts). */
export const HANDSHAKES_MAX = 4
/** Messages that the signaling server takes from one socket per second, on average. */
export const SIGNALING_MESSAGES_PER_SECOND = 20
/** Messages that one socket may send the signaling server at once. */
export const SIGNALING_MESSAGES_BURST = 100

/** Own sessions that a request for acknowledgements names: the present one, and those left by forks. */
export const ACK_MARKS_MAX = 8
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
/** A signal in JSON, as it crosses the mesh or the signaling server. */
export const SIGNAL_CHARACTERS_MAX = 60 * 1024

/** Keys that reach an object's prototype in careless code; refused in every object that comes from outside. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
/** Keys without a live entry whose losing writes are remembered. */
export const BEATEN_KEYS_MAX = 4096
/** The label of a checkpoint. */
export const CHECKPOINT_LABEL_CHARACTERS_MAX = 64
/** Checkpoints in one storage: a list reads the head of each. */
export const CHECKPOINTS_MAX = 1_000
/** A checkpoint as it is kept: the largest state with its frame and seal. */
export const CHECKPOINT_BYTES_MAX = MERGE_BYTES_MAX + 1024

/** Keys that one keyring holds. A rotation needs two. */
export const SECRETS_MAX = 8
/** What a peer may send before it is known. */
export const AUTH_BYTES_MAX = 4096
/** A link whose handshake has not come through by then ends. */
export const AUTH_MILLIS_MAX = 5000
/** Peers in a handshake at once that they began; the oldest makes way for the next one. */
export const AUTH_PEERS_MAX = 16
/** Sealed signals that are remembered, so that none is taken twice. */
export const REPLAYS_MAX = 4096
/** Links to readers that one tab takes. */
export const READERS_PER_TAB_MAX = 2
/** Links to readers that one Node member takes. */
export const READERS_PER_NODE_MAX = 32
/** Members that one without a slot for a reader names to it. */
export const SLOTS_NAMED_MAX = 8
/** How long a link under a removed key may go on without a new handshake. */
export const REKEY_MILLIS_MAX = 60_000
/** What may wait on one link while signatures are checked. */
export const UNVERIFIED_BYTES_MAX = 4 * 1024 * 1024
