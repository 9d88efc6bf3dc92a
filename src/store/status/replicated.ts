/** Waits until other members hold what was written here. */
import type { Clock } from '../../base/clock.js'
import { ReplicationError, shown, TransportError, UsageError } from '../../base/errors.js'
import { MEMBERS_MAX } from '../../base/member-limits.js'
import type { AckSides, Driver } from '../../mesh/driver/driver.js'
import type { Replicated, ReplicatedOptions, Store } from '../types.js'

const TIMEOUT_MILLIS = 30_000
/** What a timer can hold. */
const TIMEOUT_MILLIS_MAX = 2 ** 31 - 1

/** @throws UsageError ERR_OPTION_INVALID; TransportError ERR_REPLICATION_TIMEOUT, ERR_ABORTED */
export function waitReplicated(
  store: Store,
  driver: Driver,
  clock: Clock,
  options: ReplicatedOptions,
): Promise<Replicated> {
  check('options', options, typeof options === 'object' && options !== null, 'an object')
  const { acks = 1, timeout = TIMEOUT_MILLIS, signal } = options
  const isCount = acks === 'all' || isWithin(acks, MEMBERS_MAX)
  check('acks', acks, isCount, `an integer from 0 to ${MEMBERS_MAX}, or 'all'`)
  check('timeout', timeout, isWithin(timeout, TIMEOUT_MILLIS_MAX), 'an integer from 0, in milliseconds')
  check('signal', signal, signal === undefined || isSignal(signal), 'an AbortSignal')
  // It may have closed while this module was loaded.
  if (store.status.name === 'closed') throw aborted('the store was closed')
  return new Promise((resolve, reject) => {
    let why: 'timeout' | 'aborted' | undefined
    const settle = (act: () => void) => {
      timer.cancel()
      off()
      signal?.removeEventListener('abort', onAbort)
      act()
    }
    const onAbort = () => {
      why ??= 'aborted'
      end()
    }
    const timer = clock.after(timeout, () => {
      why ??= 'timeout'
      end()
    })
    const off = store.on('status', ({ name }) => {
      if (name === 'closed') settle(() => reject(aborted('the store was closed')))
    })
    // Told when it is enough, or when `end` is called.
    const end = driver.awaitAcks(acks === 'all' ? Number.POSITIVE_INFINITY : acks, (sides) =>
      settle(() => {
        if (why === undefined) resolve(Object.freeze({ acked: sides.acked, missing: sides.missing }))
        else reject(why === 'aborted' ? aborted('its signal was aborted') : timedOut(timeout, acks, sides))
      }),
    )
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
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
  throw new UsageError('ERR_OPTION_INVALID', {
    what: `replicated() got ${shown(value)} as ${option}`,
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
    {
      what: `${acked.length} other writer(s) of ${acks} held the writes of this one within ${millis} ms`,
      why: enough
        ? `Nothing came back from ${shown(missing.join(', '), 200)}`
        : `The cluster has ${others} other writer(s)`,
      fix: 'The writes stay and go on spreading: check members and status, or wait longer',
    },
    sides,
  )
}

function aborted(why: string): TransportError {
  return new TransportError('ERR_ABORTED', {
    what: 'The wait for replicated() ended',
    why: `This happened because ${why}`,
    fix: 'The writes are not affected; call replicated() again on an open store',
  })
}
