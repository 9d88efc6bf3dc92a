/** Cuts a difference into parts that are encoded as they are asked for. */
import * as encoding from 'lib0/encoding'
import { takeWritten } from '../../base/bytes.js'
import { SYNC_PART_BYTES } from '../data-limits.js'
import { STRUCT_BYTES_MAX, writeRunHead, writeStructs } from './canonical-update.js'
import type { Run } from './incoming.js'

/** The first part; each later one may have twice as much, up to SYNC_PART_BYTES: so the first one leaves, and is decoded, soon. */
const FIRST_PART_BYTES = SYNC_PART_BYTES / 8

/** The parts of a difference: yields them, and returns the last one; an earlier part that is handed back lends its memory. */
export function* partsOf(
  head: readonly number[],
  runs: readonly Run[],
  tail: Uint8Array,
): Generator<Uint8Array, Uint8Array, Uint8Array | undefined> {
  const encoder = encoding.createEncoder()
  let memory: Uint8Array | undefined
  let size = FIRST_PART_BYTES
  const grow = () => {
    size = Math.min(2 * size, SYNC_PART_BYTES)
  }
  for (const field of head) encoding.writeVarUint(encoder, field)
  for (const run of runs) {
    if (encoding.length(encoder) + STRUCT_BYTES_MAX > size) {
      memory = yield fullPart(encoder, memory)
      grow()
    }
    writeRunHead(encoder, run)
    let next = writeStructs(encoder, run, 0, size)
    while (next < run.entries.length) {
      // A large value may not fit yet into a part of its own.
      if (encoding.hasContent(encoder)) memory = yield fullPart(encoder, memory)
      grow()
      next = writeStructs(encoder, run, next, size)
    }
  }
  let cut = SYNC_PART_BYTES - encoding.length(encoder)
  encoding.writeUint8Array(encoder, tail.subarray(0, cut))
  for (; cut < tail.length; cut += SYNC_PART_BYTES) {
    memory = yield fullPart(encoder, memory)
    encoding.writeUint8Array(encoder, tail.subarray(cut, cut + SYNC_PART_BYTES))
  }
  return takeWritten(encoder)
}

/** What was written, in the memory of an earlier part if there is one. */
function fullPart(encoder: encoding.Encoder, earlier: Uint8Array | undefined): Uint8Array {
  return takeWritten(encoder, earlier?.buffer ?? new ArrayBuffer(SYNC_PART_BYTES))
}
