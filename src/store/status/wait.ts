/** The one way to wait for something of a store: until it holds, the time is over, a signal aborts, or the store ends. */
import type { Clock } from '../../base/clock.js'
import type { Unsubscribe } from '../../base/emitter.js'
import { TransportError } from '../../base/errors.js'

/** Why a wait ended without what was waited for. */
export type GaveUp = 'timeout' | 'aborted' | 'closed'

/** What a store gives to every wait. */
export interface WaitContext {
  clock: Clock
  /** Calls `ended` when the store ends: with what it failed for, if it could not start. */
  onEnd(ended: (failure: Error | undefined) => void): Unsubscribe
}

export interface Wait<T> extends WaitContext {
  /** In milliseconds. Default: no limit. */
  timeout?: number | undefined
  signal?: AbortSignal | undefined
  /** Looks from now on, and calls `found` once it holds; returns what ends the looking. */
  look(found: (value: T) => void): Unsubscribe
  /** What the promise rejects with. The looking has ended by then. */
  error(why: GaveUp): Error
}

/** Resolves with what `look` finds. */
export function waitFor<T>({ clock, timeout, signal, look, onEnd, error }: Wait<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const ends: Unsubscribe[] = []
    let isOver = false
    const settle = (act: () => void) => {
      if (isOver) return
      isOver = true
      for (const end of ends) end()
      act()
    }
    const giveUp = (why: GaveUp) => settle(() => reject(error(why)))
    const abort = () => giveUp('aborted')
    if (signal?.aborted) return abort()
    signal?.addEventListener('abort', abort, { once: true })
    ends.push(() => signal?.removeEventListener('abort', abort))
    const timer = timeout === undefined ? undefined : clock.after(timeout, () => giveUp('timeout'))
    ends.push(() => timer?.cancel())
    ends.push(onEnd((failure) => (failure ? settle(() => reject(failure)) : giveUp('closed'))))
    const off = look((value) => settle(() => resolve(value)))
    // It may have been found, or have ended, within the call.
    if (isOver) off()
    else ends.push(off)
  })
}

const REASONS: Readonly<Record<GaveUp, string>> = {
  timeout: 'the time was over',
  aborted: 'its signal was aborted',
  closed: 'the store was closed',
}

/** The end of a wait that nobody is to blame for. */
export function waitAborted(what: string, why: GaveUp, fix: string): TransportError {
  return new TransportError('ERR_ABORTED', what, { why: `This happened because ${REASONS[why]}`, fix })
}
