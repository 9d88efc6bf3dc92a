/** Bounds of messages, frames and lists, and of what waits on one link. */

import { SYNC_PART_BYTES_MAX } from '../../data/data-limits.js'

/** One message on a data channel: what every WebRTC implementation carries (RFC 8831, section 6.6). */
export const MESSAGE_BYTES_MAX = 16 * 1024
/** One frame after reassembly: a sync part with its header. */
export const FRAME_BYTES_MAX = SYNC_PART_BYTES_MAX + 1024
/** Frames of one link that may be in reassembly at once. */
export const REASSEMBLY_FRAMES_MAX = 8
/** Bytes of one link that may wait in reassembly. */
export const REASSEMBLY_BYTES_MAX = 8 * 1024 * 1024
/** A frame in reassembly that has not completed by then ends the link. */
export const REASSEMBLY_MILLIS_MAX = 10_000
/** Above this, or above QUEUED_FRAMES_MAX, a link counts as slow: broadcasts to it pause until it drains. */
export const SLOW_LINK_BYTES = 256 * 1024
/** Frames that may wait in a link's queue before it counts as slow. */
export const SLOW_LINK_FRAMES = 100
/** A slow link is writable again below this. */
export const DRAINED_LINK_BYTES = 64 * 1024
/** One message at the signaling server. */
export const SIGNALING_MESSAGE_BYTES_MAX = 64 * 1024
/** Contacts in one introduction. */
export const CONTACTS_MAX = 8
/** Members that may be on their way to a link with this one by their own wish: in a WebRTC handshake, or before HELLO, where the oldest makes way. */
export const PEERS_IN_HANDSHAKE_MAX = 16
/** Items of one list in a frame, as announcements, leases, claims: twice what any member sends. */
export const LIST_ITEMS_MAX = 1024
/** Messages that the signaling server takes from one socket per second, on average. */
export const SIGNALING_MESSAGES_PER_SECOND = 20
/** Messages that one socket may send the signaling server at once. */
export const SIGNALING_MESSAGES_BURST = 100
/** Own sessions that a request for acknowledgements names: the present one, and those left by forks. */
export const ACK_MARKS_MAX = 8
/** A signal in JSON, as it crosses the mesh or the signaling server. */
export const SIGNAL_CHARACTERS_MAX = 60 * 1024
/** What a peer may send before it is known. */
export const AUTH_BYTES_MAX = 4096
/** Members that one without a slot for a reader names to it. */
export const SLOTS_NAMED_MAX = 8
