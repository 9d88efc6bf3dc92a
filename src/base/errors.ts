/** Every error that the library throws or reports. The class says whose fault it is, the `code` what happened. */

import { CATALOGUE, type ErrorText } from './error-catalogue.js'
import type { MESH_CATALOGUE } from './error-catalogue.mesh.js'
import type { NODE_CATALOGUE } from './error-catalogue.node.js'
import type { STORAGE_CATALOGUE } from './error-catalogue.storage.js'

type CodesOf<Table> = { [Class in keyof Table]: keyof Table[Class] }[keyof Table]

/** A stable name of one kind of failure; docs/ERRORS.md has a paragraph on each. */
export type ErrorCode =
  | CodesOf<typeof CATALOGUE>
  | CodesOf<typeof MESH_CATALOGUE>
  | CodesOf<typeof STORAGE_CATALOGUE>
  | CodesOf<typeof NODE_CATALOGUE>

const TEXTS: Partial<Record<ErrorCode, ErrorText>> = Object.assign({}, ...Object.values(CATALOGUE))

/** What the throwing code knows better than the catalogue, and `cause`: what the runtime threw. */
export interface ErrorDetails extends Partial<ErrorText> {
  cause?: unknown
}

/** The base of every error of this library: `[gossip-kv ERR_CODE] What happened. Why. Fix.` */
export class GossipKvError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, what: string, details: ErrorDetails = {}) {
    const { why = '', fix = '' } = { ...TEXTS[code], ...details }
    super(`[gossip-kv ${code}] ${[what, why, fix].filter(Boolean).map(sentence).join(' ')}`, details)
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
    what: string,
    details: ErrorDetails & { acked: readonly string[]; missing: readonly string[] },
  ) {
    super(code, what, details)
    this.acked = details.acked
    this.missing = details.missing
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
