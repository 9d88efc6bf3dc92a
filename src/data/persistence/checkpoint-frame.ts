/**
 * How each part of a labelled checkpoint stands in its storage: magic (4 bytes), version (1), part (1), sealed (1),
 * SHA-256 of these seven and the content (32), content. The content is sealed where the cluster has a secret.
 */
import * as sha256 from 'lib0/hash/sha256'
import { bytesEqual } from '../../base/bytes.js'

const MAGIC = [0x47, 0x4b, 0x56, 0x43] // GKVC
const VERSION = 1
const PREFIX_BYTES = 7
const HASH_BYTES = 32
const CONTENT_START = PREFIX_BYTES + HASH_BYTES

/** The small part that a list reads, and the state itself. */
export type CheckpointPart = 'head' | 'state'

/** What became of the bytes of a part. */
export type UnframedPart =
  | { type: 'whole'; content: Uint8Array; sealed: boolean; hash: Uint8Array }
  /** Whole, but of a version that this program does not know: a newer one wrote it. */
  | { type: 'unknown-version'; version: number }
  | { type: 'damaged'; reason: string }

/** The bytes to keep for `content`, and the hash that names them. */
export function framePart(
  part: CheckpointPart,
  content: Uint8Array,
  sealed: boolean,
): { bytes: Uint8Array; hash: Uint8Array } {
  const bytes = new Uint8Array(CONTENT_START + content.length)
  bytes.set([...MAGIC, VERSION, part === 'head' ? 1 : 2, sealed ? 1 : 0])
  bytes.set(content, CONTENT_START)
  const hash = hashOf(bytes)
  bytes.set(hash, PREFIX_BYTES)
  return { bytes, hash }
}

/** Takes the content out of kept bytes; trusts nothing. */
export function unframePart(part: CheckpointPart, bytes: Uint8Array): UnframedPart {
  if (bytes.length < CONTENT_START) return damaged(`it has only ${bytes.length} bytes`)
  if (MAGIC.some((byte, index) => bytes[index] !== byte)) return damaged('it is no checkpoint of gossip-kv')
  const hash = bytes.slice(PREFIX_BYTES, CONTENT_START)
  if (!bytesEqual(hash, hashOf(bytes))) return damaged('its checksum does not match')
  const [version, kind, sealed] = [bytes[4] ?? 0, bytes[5], bytes[6]]
  if (version !== VERSION) return { type: 'unknown-version', version }
  if (kind !== (part === 'head' ? 1 : 2)) return damaged('it is another part of a checkpoint')
  return { type: 'whole', content: bytes.slice(CONTENT_START), sealed: sealed === 1, hash }
}

/** Over everything but the hash itself. */
function hashOf(bytes: Uint8Array): Uint8Array {
  const hashed = new Uint8Array(bytes.length - HASH_BYTES)
  hashed.set(bytes.subarray(0, PREFIX_BYTES))
  hashed.set(bytes.subarray(CONTENT_START), PREFIX_BYTES)
  return sha256.digest(hashed)
}

function damaged(reason: string): UnframedPart {
  return { type: 'damaged', reason }
}
