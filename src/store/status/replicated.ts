/** Waits until other members hold what was written here. */
import { ReplicationError, shown, UsageError } from '../../base/errors.js'
import { MEMBERS_MAX } from '../../base/member-limits.js'
import type { AckSides } from '../../mesh/driver/driver-types.js'
import type { Mesh } from '../../mesh/mesh.js'
import type { Replicated, ReplicatedOptions } from '../types.js'
import { type WaitContext, waitAborted, waitFor } from './wait.js'

const TIMEOUT_MILLIS = 30_000
/** What a timer can hold. */
const TIMEOUT_MILLIS_MAX = 2 ** 31 - 1
const UNAFFECTED = 'The writes are not affected; call replicated() again on an open store'

/** @throws UsageError ERR_OPTION_INVALID; ReplicationError ERR_REPLICATION_TIMEOUT; TransportError ERR_ABORTED */
export function waitReplicated(
  mesh: Mesh,
  context: WaitContext,
  options: ReplicatedOptions,
): Promise<Replicated> {
  check('options', options, typeof options === 'object' && options !== null, 'an object')
  const { acks = 1, timeout = TIMEOUT_MILLIS, signal } = options
  const isCount = acks === 'all' || isWithin(acks, MEMBERS_MAX)
  check('acks', acks, isCount, `an integer from 0 to ${MEMBERS_MAX}, or 'all'`)
  check('timeout', timeout, isWithin(timeout, TIMEOUT_MILLIS_MAX), 'an integer from 0, in milliseconds')
  check('signal', signal, signal === undefined || isSignal(signal), 'an AbortSignal')
  // How far it came; told when it is enough, and when the looking ends.
  let sides: AckSides = { acked: [], missing: [] }
  return waitFor<Replicated>({
    ...context,
    timeout,
    signal,
    look: (found) =>
      mesh.awaitAcks(acks === 'all' ? Number.POSITIVE_INFINITY : acks, (now) => {
        sides = now
        found(Object.freeze({ acked: now.acked, missing: now.missing }))
      }),
    error: (why) =>
      why === 'timeout'
        ? timedOut(timeout, acks, sides)
        : waitAborted('The wait for replicated() ended', why, UNAFFECTED),
  })
}

/** Also one of another window. */
function isSignal(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value
}

function isWithin(value: unknown, max: number): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= max
}

function check(option: string, value: unknown, fits: boolean, allowed: string): void {
  if (fits) return
  throw new UsageError('ERR_OPTION_INVALID', `replicated() got ${shown(value)} as ${option}`, {
    why: `It has to be ${allowed}`,
    fix: 'Correct it in the call',
  })
}

function timedOut(millis: number, acks: number | 'all', sides: AckSides): ReplicationError {
  const { acked, missing } = sides
  const others = acked.length + missing.length
  const enough = acks === 'all' || acks <= others
  return new ReplicationError(
    'ERR_REPLICATION_TIMEOUT',
    `${acked.length} other writer(s) of ${acks} held the writes of this one within ${millis} ms`,
    {
      why: enough
        ? `Nothing came back from ${shown(missing.join(', '), 200)}`
        : `The cluster has ${others} other writer(s)`,
      ...sides,
    },
  )
}
