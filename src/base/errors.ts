/**
 * Every error that the library throws or reports. The class says whose fault it is; the `code` is stable
 * and has a paragraph in docs/ERRORS.md.
 */

/** A stable name of one kind of failure; docs/ERRORS.md has a paragraph on each. */
export type ErrorCode =
  // UsageError
  | 'ERR_OPTION_INVALID'
  | 'ERR_OPTION_UNKNOWN'
  | 'ERR_URL_INVALID'
  | 'ERR_KEY_INVALID'
  | 'ERR_VALUE_INVALID'
  | 'ERR_TOO_LARGE'
  | 'ERR_SYS_READONLY'
  | 'ERR_STORE_CLOSED'
  | 'ERR_FULL'
  | 'ERR_DUPLICATE_YJS'
  | 'ERR_FOREIGN_WRITE'
  | 'ERR_CONTEXT_MISSING'
  | 'ERR_NOT_STARTED'
  | 'ERR_PAGE_MISSING'
  | 'ERR_MEMBER_UNKNOWN'
  | 'ERR_RATE_LIMITED'
  | 'ERR_AWARENESS_MISSING'
  | 'ERR_SECRET_INVALID'
  | 'ERR_SECRET_MISSING'
  | 'ERR_KEY_UNKNOWN'
  | 'ERR_READ_ONLY'
  // TransportError
  | 'ERR_WEBRTC_UNAVAILABLE'
  | 'ERR_SIGNALING_UNREACHABLE'
  | 'ERR_SIGNALING_REFUSED'
  | 'ERR_LOCAL_NETWORK_BLOCKED'
  | 'ERR_ICE_FAILED'
  | 'ERR_DIAL_TIMEOUT'
  | 'ERR_PEER_BUSY'
  | 'ERR_CLUSTER_FULL'
  | 'ERR_MEMBER_FULL'
  | 'ERR_LINK_CLOSED'
  | 'ERR_LINK_OVERLOADED'
  | 'ERR_SYNC_TIMEOUT'
  | 'ERR_CLOCK_SKEW'
  | 'ERR_REPLICATION_TIMEOUT'
  | 'ERR_ABORTED'
  | 'ERR_PORT_IN_USE'
  | 'ERR_API_UNREACHABLE'
  | 'ERR_MEMBER_EXITED'
  // ProtocolError
  | 'ERR_FRAME_MALFORMED'
  | 'ERR_FRAME_TOO_LARGE'
  | 'ERR_VERSION_MISMATCH'
  | 'ERR_SIGNAL_MALFORMED'
  | 'ERR_REASSEMBLY_LIMIT'
  // StorageError
  | 'ERR_DATA_CORRUPT'
  | 'ERR_DATA_LOST'
  | 'ERR_DATA_LOCKED'
  | 'ERR_DATA_UNWRITABLE'
  | 'ERR_DATA_FULL'
  | 'ERR_DATA_TORN'
  | 'ERR_DATA_SEALED'
  | 'ERR_CHECKPOINT_MISSING'
  | 'ERR_CHECKPOINT_INVALID'
  | 'ERR_CHECKPOINT_VERSION'
  | 'ERR_CHECKPOINT_SEALED'
  // AuthError
  | 'ERR_AUTH_FAILED'
  | 'ERR_AUTH_REFUSED'
  | 'ERR_AUTH_EPOCH'
  | 'ERR_SIGNATURE_INVALID'
  | 'ERR_IDENTITY_TAKEN'
  | 'ERR_CRYPTO_UNAVAILABLE'
  // InternalError
  | 'ERR_LISTENER_THREW'
  | 'ERR_COMPACTION_DISABLED'
  | 'ERR_INTERNAL'

/** What an error tells: what happened (with values), why it usually happens, what to do about it. */
export interface ErrorText {
  what: string
  why: string
  fix: string
}

/** The base of every error of this library: `[gossip-kv ERR_CODE] what. why. fix.` */
export class GossipKvError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, text: ErrorText, options?: { cause?: unknown }) {
    super(`[gossip-kv ${code}] ${sentence(text.what)} ${sentence(text.why)} ${sentence(text.fix)}`, options)
    this.code = code
    this.name = new.target.name
  }
}

/** The caller's mistake. Thrown at once; nothing was changed. */
export class UsageError extends GossipKvError {}
/** A remote peer's mistake. Costs its link, is counted, and never reaches the application. */
export class ProtocolError extends GossipKvError {}
/** The network's trouble. Retried by the library; shown in `status.lastError`. */
export class TransportError extends GossipKvError {}
/** Fewer members than asked for hold what was written, as far as is known. */
export class ReplicationError extends TransportError {
  /** Ids of the other members that hold it, and of those that did not say so. */
  readonly acked: readonly string[]
  readonly missing: readonly string[]

  constructor(
    code: ErrorCode,
    text: ErrorText,
    sides: { acked: readonly string[]; missing: readonly string[] },
  ) {
    super(code, text)
    this.acked = sides.acked
    this.missing = sides.missing
  }
}
/** A checkpoint or data folder that cannot be read or written. Memory goes on serving. */
export class StorageError extends GossipKvError {}
/** A refused member: says by whom and why. */
export class AuthError extends GossipKvError {}
/** Something of ours or of a listener that failed; reported through the `error` event, never thrown from a write. */
export class InternalError extends GossipKvError {}

/** A printable form of any thrown thing. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : printed(error)
}

/** Shortens a value for an error's text, so that a message never carries a large or secret value whole. */
export function shown(value: unknown, charactersMax = 60): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : printed(value)
  return text.length > charactersMax ? `${text.slice(0, charactersMax)}...` : text
}

/** An object may have no toString, or one that throws. */
function printed(value: unknown): string {
  try {
    return Array.isArray(value) ? `[${String(value)}]` : String(value)
  } catch {
    return typeof value
  }
}

function sentence(text: string): string {
  const trimmed = text.trim()
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`
}
