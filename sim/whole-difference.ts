/** A difference as one byte string, for what looks at its bytes or edits them on their way. */
import * as encoding from 'lib0/encoding'
import { type Difference, DifferenceReader } from '../src/data/replica/difference.js'
import type { Offence, ReceiveResult, ReplicaPort } from '../src/data/replica-port.js'

/** All parts of what the author of `summary` lacks of `replica`. Undefined: `summary` is malformed. */
export function wholeDifference(
  replica: Pick<ReplicaPort, 'difference'>,
  summary: Uint8Array,
): Uint8Array | undefined {
  const parts = replica.difference(summary)
  if (parts === undefined) return undefined
  return encoding.encode((encoder) => {
    for (let done = false; !done; ) {
      const part = parts.next()
      encoding.writeUint8Array(encoder, part.value)
      done = part.done === true
    }
  })
}

/** Decodes a difference that comes in one part. */
export function decodeDifference(bytes: Uint8Array): Difference | Offence {
  const reader = new DifferenceReader()
  return reader.read(bytes) ?? reader.end()
}

/** Merges a difference that comes in one part. */
export function mergeDifference(
  replica: Pick<ReplicaPort, 'takeDifference'>,
  difference: Uint8Array,
): ReceiveResult {
  const intake = replica.takeDifference()
  return intake.take(difference) ?? intake.merge()
}
