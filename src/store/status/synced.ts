/** Waits until the data of a store equalled that of its neighbors. */
import { TransportError } from '../../base/errors.js'
import type { Store } from '../types.js'

const TIMEOUT_MILLIS = 30_000

/** Resolves with how many neighbors agree, or with `alone`. @throws TransportError ERR_SYNC_TIMEOUT, ERR_ABORTED */
export function waitSynced(
  store: Store,
  options: { peers?: number; timeout?: number; signal?: AbortSignal },
): Promise<{ peers: number; alone: boolean }> {
  const { peers = 1, timeout = TIMEOUT_MILLIS, signal } = options
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      clearTimeout(timer)
      off()
      signal?.removeEventListener('abort', onAbort)
      act()
    }
    const check = () => {
      const agreeing = store.members.list().filter((member) => member.inSync === true).length
      const { name } = store.status
      if (name === 'alone' || agreeing >= peers)
        settle(() => resolve({ peers: agreeing, alone: name === 'alone' }))
      else if (name === 'closed')
        // A store that could not start says why.
        settle(() => store.ready().then(() => reject(aborted('the store was closed')), reject))
    }
    const onAbort = () => settle(() => reject(aborted('its signal was aborted')))
    const off = store.on('status', check)
    const timer = setTimeout(() => settle(() => reject(timedOut(timeout, peers))), timeout)
    if (signal?.aborted) return onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    check()
  })
}

function timedOut(millis: number, peers: number): TransportError {
  return new TransportError('ERR_SYNC_TIMEOUT', {
    what: `The data did not equal that of ${peers} other member(s) within ${millis} ms`,
    why: 'Nobody can be reached, or others write without a pause',
    fix: 'Check status and lastError, or give it more time; the store works meanwhile and goes on trying',
  })
}

function aborted(why: string): TransportError {
  return new TransportError('ERR_ABORTED', {
    what: 'The wait for synced() ended',
    why: `This happened because ${why}`,
    fix: 'Call synced() again on an open store',
  })
}
