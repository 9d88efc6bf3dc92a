/** Bounds of messages, frames and lists, and of what waits on one link. */

import { SYNC_PART_BYTES_MAX } from '../../data/data-limits.js'

/** One message on a data channel: all implementations carry it (RFC 8831, section 6.6). Beyond it: an offence. */
export const MESSAGE_BYTES_MAX = 16 * 1024
/** One frame after reassembly: a sync part with its header. Beyond it: an offence (`ended_ERR_FRAME_TOO_LARGE`). */
export const FRAME_BYTES_MAX = SYNC_PART_BYTES_MAX + 1024
/** Frames of one link that may be in reassembly at once. Beyond it: the link ends (`ended_ERR_REASSEMBLY_LIMIT`). */
export const REASSEMBLY_FRAMES_MAX = 8
/** Bytes of one link in reassembly. Beyond it: the link ends (`ended_ERR_REASSEMBLY_LIMIT`). @test unit/wire/fragment */
export const REASSEMBLY_BYTES_MAX = 8 * 1024 * 1024
/** How long a frame may take. Beyond it: the link ends (`ended_ERR_REASSEMBLY_LIMIT`). @test unit/wire/fragment */
export const REASSEMBLY_MILLIS_MAX = 10_000
/** Bytes that may wait in a link's queue. Beyond it: broadcasts to it pause until it drains, then a sync. */
export const SLOW_LINK_BYTES = 256 * 1024
/** One message at the signaling server. Beyond it: 1009. @test node/signaling/server */
export const SIGNALING_MESSAGE_BYTES_MAX = 64 * 1024
/** Contacts in one introduction. Beyond it: the message is dropped (`signalingMalformed`). */
export const CONTACTS_MAX = 8
/**
 * Members that dial this one and have not said HELLO. Beyond it: `busy` (`handshakesRefused`); the oldest link is
 * closed (`linksRefused`).
 * @test hostile/candidate-flood, hostile/repeated-offences
 */
export const PEERS_IN_HANDSHAKE_MAX = 16
/** Items of one list in a frame: twice what any member sends. Beyond it: an offence. */
export const LIST_ITEMS_MAX = 1024
/** Messages of one socket per second at the signaling server. Beyond it: 1008. @test node/signaling/server */
export const SIGNALING_MESSAGES_PER_SECOND = 20
/** The same at once. Beyond it: 1008. @test node/signaling/server */
export const SIGNALING_MESSAGES_BURST = 100
/** Sessions that a request for acknowledgements names: the present one, and those of forks. Beyond it: an offence. */
export const ACK_MARKS_MAX = 8
/** A signal in JSON. Beyond it: dropped (`signalingMalformed`); in a frame an offence. */
export const SIGNAL_CHARACTERS_MAX = 60 * 1024
/** What a peer may send before it is known, and as much announced. Beyond it: the connection ends (`authRefused`). */
export const AUTH_BYTES_MAX = 4096
/** Members that one without a slot for a reader names to it. Beyond it: an offence. */
export const SLOTS_NAMED_MAX = 8
