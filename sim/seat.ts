/** What a simulated member is made of. */

import type { MemberRecord } from '../src/base/member.js'
import type { Random } from '../src/base/random.js'
import type { ReplicaPort } from '../src/data/replica-port.js'
import type { Input, Output } from '../src/mesh/protocol/step.js'

/** What the simulator needs of an engine. */
export interface SimEngine {
  handle(input: Input, now: number): Output[]
  deadline(now: number): number
}

/** What the simulator needs of a replica beyond the port. */
export interface SimReplica extends ReplicaPort {
  /** Makes one local write, to be drained. */
  writeOne(): void
}

/** Everything that is fixed at a member's start. */
export interface Seat {
  id: string
  index: number
  record: MemberRecord
  random: Random
  replica: SimReplica
  /** Milliseconds of its monotonic clock at its start: no two machines agree. */
  now: number
  /** Its wall clock as it is. */
  wall: () => number
}
