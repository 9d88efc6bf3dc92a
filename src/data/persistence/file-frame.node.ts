/**
 * How a snapshot or an identity stands in its file: magic (8 bytes), version (1), SHA-256 of magic, version and
 * content (32), content.
 */
import { createHash } from 'node:crypto'

const MAGIC = Buffer.from('GOSSIPKV', 'ascii')
const VERSION = 1
const HASH_START = MAGIC.length + 1
const CONTENT_START = HASH_START + 32

/** What became of a framed file. */
export type Unframed =
  | { type: 'whole'; content: Uint8Array }
  /** Whole, but of a version that this program does not know: a newer one wrote it. */
  | { type: 'unknown-version'; version: number }
  | { type: 'damaged'; reason: string }

/** The bytes of the file for `content`. */
export function frame(content: Uint8Array): Uint8Array {
  const head = Buffer.concat([MAGIC, Buffer.from([VERSION])])
  return Buffer.concat([head, hashOf(head, content), content])
}

/** Takes the content out of a file's bytes; trusts nothing. */
export function unframe(bytes: Uint8Array): Unframed {
  if (bytes.length < CONTENT_START) return { type: 'damaged', reason: `it has only ${bytes.length} bytes` }
  const head = bytes.subarray(0, HASH_START)
  const content = bytes.subarray(CONTENT_START)
  if (!MAGIC.equals(head.subarray(0, MAGIC.length)))
    return { type: 'damaged', reason: 'it has another magic' }
  if (!hashOf(head, content).equals(bytes.subarray(HASH_START, CONTENT_START))) {
    return { type: 'damaged', reason: 'its checksum does not match' }
  }
  const version = head[MAGIC.length] ?? 0
  // A copy: the content must not keep the file's buffer, nor show the kind of array that Node reads into.
  return version === VERSION
    ? { type: 'whole', content: new Uint8Array(content) }
    : { type: 'unknown-version', version }
}

function hashOf(head: Uint8Array, content: Uint8Array): Buffer {
  return createHash('sha256').update(head).update(content).digest()
}
