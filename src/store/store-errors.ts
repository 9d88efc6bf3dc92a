/** The texts of what goes wrong with a store as a whole. */
import { InternalError, messageOf, UsageError } from '../base/errors.js'

/** Something was asked of a store that has ended. */
export function storeClosed(): UsageError {
  return new UsageError('ERR_STORE_CLOSED', 'The store is closed')
}

/** ready() before start(). */
export function notStarted(): UsageError {
  return new UsageError('ERR_NOT_STARTED', 'The store has not been started')
}

/** `store.presence.awareness` of a store that was made without. */
export function awarenessMissing(): never {
  throw new UsageError('ERR_AWARENESS_MISSING', 'This store has no awareness')
}

/** A function of the application failed while it was told of something. */
export function listenerThrew(cause: unknown): InternalError {
  return new InternalError('ERR_LISTENER_THREW', `A listener threw (${messageOf(cause)})`, { cause })
}

/** What no other error fits. */
export function internalError(cause: unknown): InternalError {
  return new InternalError('ERR_INTERNAL', `Something failed that never should (${messageOf(cause)})`, {
    cause,
  })
}
