/** The texts of what goes wrong with a store as a whole. */
import { InternalError, messageOf, UsageError } from '../base/errors.js'

/** Something was asked of a store that has ended. */
export function storeClosed(): UsageError {
  return new UsageError('ERR_STORE_CLOSED', {
    what: 'The store is closed',
    why: 'close() was called, or its signal was aborted',
    fix: 'Make a new one with createStore()',
  })
}

/** ready() before start(). */
export function notStarted(): UsageError {
  return new UsageError('ERR_NOT_STARTED', {
    what: 'The store has not been started',
    why: 'It was made with autoStart: false',
    fix: 'Call start() first',
  })
}

/** `store.presence.awareness` of a store that was made without. */
export function awarenessMissing(): never {
  throw new UsageError('ERR_AWARENESS_MISSING', {
    what: 'This store has no awareness',
    why: 'It was made without the option `awareness`, so that pages without an editor do not load y-protocols',
    fix: "import { awareness } from 'gossip-kv/awareness' and pass it: createStore({ awareness, ... })",
  })
}

/** A function of the application failed while it was told of something. */
export function listenerThrew(cause: unknown): InternalError {
  return new InternalError(
    'ERR_LISTENER_THREW',
    {
      what: `A listener threw (${messageOf(cause)})`,
      why: 'A function handed to subscribe() or on() has an error',
      fix: 'Mend it: see the cause; the store and the other listeners are not affected',
    },
    { cause },
  )
}

/** What no other error fits. */
export function internalError(cause: unknown): InternalError {
  return new InternalError(
    'ERR_INTERNAL',
    {
      what: `Something failed that never should (${messageOf(cause)})`,
      why: 'There is an error in gossip-kv or in an adapter handed to it',
      fix: 'Please report it with the cause',
    },
    { cause },
  )
}
