/** Waits until the data of a store equalled that of its neighbors. */
import { TransportError } from '../../base/errors.js'
import type { Store } from '../types.js'
import { type GaveUp, type WaitContext, waitAborted, waitFor } from './wait.js'

const TIMEOUT_MILLIS = 30_000

/** Resolves with how many neighbors agree, or with `alone`. @throws TransportError ERR_SYNC_TIMEOUT, ERR_ABORTED */
export function waitSynced(
  store: Store,
  context: WaitContext,
  options: { peers?: number; timeout?: number; signal?: AbortSignal },
): Promise<{ peers: number; alone: boolean }> {
  const { peers = 1, timeout = TIMEOUT_MILLIS, signal } = options
  return waitFor({
    ...context,
    timeout,
    signal,
    look(found) {
      const check = () => {
        const agreeing = store.members.list().filter((member) => member.inSync === true).length
        const alone = store.status.name === 'alone'
        if (alone || agreeing >= peers) found({ peers: agreeing, alone })
      }
      check()
      return store.on('status', check)
    },
    error: (why) => failed(why, timeout, peers),
  })
}

function failed(why: GaveUp, millis: number, peers: number): TransportError {
  if (why !== 'timeout')
    return waitAborted('The wait for synced() ended', why, 'Call synced() again on an open store')
  return new TransportError(
    'ERR_SYNC_TIMEOUT',
    `The data did not equal that of ${peers} other member(s) within ${millis} ms`,
  )
}
