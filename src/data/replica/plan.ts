/** Local writes as the caller asks for them, checked and measured before anything changes. */
import * as encoding from 'lib0/encoding'
import { UsageError } from '../../base/errors.js'
import { UPDATE_BYTES_MAX, UPDATE_OPERATIONS_MAX } from '../data-limits.js'
import type { DottedMap } from './dotted-map.js'
import { UPDATE_ROOM_BYTES, writeBytes } from './outgoing.js'
import { checkKey, cloneValue, type Measure, type Value } from './value.js'

/** One write that a caller asks for. */
export type WriteOperation = { type: 'set'; key: string; value: Value } | { type: 'delete'; key: string }

/** A write that passed the checks. */
export interface PlannedWrite {
  key: string
  /** Undefined deletes. */
  value: Value | undefined
  /** Key and value in encoded form. */
  bytes: number
  /** The encoded value, where it holds bytes. */
  encoded: Uint8Array | undefined
}

// Reused, since nothing of it outlives a call: a write should not allocate for its own checks.
const measure: Measure = { bytes: 0, binary: false }

/** Checks one operation. @throws UsageError ERR_KEY_INVALID, ERR_VALUE_INVALID, ERR_TOO_LARGE */
export function plan(operation: { key: string; value?: unknown }, isSet = true): PlannedWrite {
  const keyBytes = checkKey(operation.key)
  if (!isSet) return { key: operation.key, value: undefined, bytes: keyBytes, encoded: undefined }
  const value = cloneValue(operation.value, measure)
  const encoded = measure.binary ? encodeValue(value) : undefined
  return { key: operation.key, value, bytes: keyBytes + measure.bytes, encoded }
}

/** Checks all operations; of several on one key the last one counts. */
export function planAll(operations: readonly WriteOperation[]): PlannedWrite[] {
  const planned = operations.map((operation) => plan(operation, operation.type === 'set'))
  if (planned.length < 2) return planned
  const last = new Map(planned.map((write) => [write.key, write]))
  return last.size === planned.length ? planned : [...last.values()]
}

/** Leaves out the deletes of nothing. */
export function effective(planned: readonly PlannedWrite[], map: DottedMap): readonly PlannedWrite[] {
  const isWrite = (write: PlannedWrite) => write.value !== undefined || map.get(write.key) !== undefined
  return planned.every(isWrite) ? planned : planned.filter(isWrite)
}

function encodeValue(value: Value): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeAny(encoder, value as Parameters<typeof encoding.writeAny>[1])
  return encoding.toUint8Array(encoder)
}

/** Whether all of it travels as one update. @throws UsageError ERR_TOO_LARGE */
export function checkOnePiece(planned: readonly PlannedWrite[], map: DottedMap): void {
  const bytes = planned.reduce((sum, write) => sum + writeBytes(write.bytes, map.killsOf(write.key)), 0)
  if (planned.length <= UPDATE_OPERATIONS_MAX && bytes <= UPDATE_ROOM_BYTES) return
  throw new UsageError(
    'ERR_TOO_LARGE',
    `The atomic batch of ${planned.length} writes and about ${bytes} bytes does not fit one update`,
    {
      why: `One update carries at most ${UPDATE_OPERATIONS_MAX} writes and ${UPDATE_BYTES_MAX} bytes`,
      fix: 'Make it smaller, or leave out `atomic`: other members then see it in consecutive pieces',
    },
  )
}
