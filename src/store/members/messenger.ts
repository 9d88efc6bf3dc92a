/** What an application may send past the document: checked, and no faster than a link carries. */
import type { Clock } from '../../base/clock.js'
import { shown, UsageError } from '../../base/errors.js'
import { APPLICATION_BYTES_MAX } from '../../base/member-limits.js'
import { TokenBucket } from '../../base/token-bucket.js'

/** Messages that an application may send per second and at once: with the size of each, 0.8 MiB of a link's 0.9. */
const APPLICATION_MESSAGES_PER_SECOND = 50

export class Messenger {
  readonly #clock: Clock
  readonly #isMember: (id: string) => boolean
  readonly #rate: TokenBucket

  constructor(clock: Clock, isMember: (id: string) => boolean) {
    this.#clock = clock
    this.#isMember = isMember
    const rate = APPLICATION_MESSAGES_PER_SECOND
    this.#rate = new TokenBucket(rate, rate, clock.monotonic())
  }

  /** The message as the driver takes it. @throws UsageError ERR_VALUE_INVALID, ERR_TOO_LARGE, ERR_MEMBER_UNKNOWN, ERR_RATE_LIMITED */
  check(to: string, bytes: Uint8Array): [to: string, bytes: Uint8Array] {
    if (!(bytes instanceof Uint8Array)) throw notBytes(bytes)
    if (bytes.length > APPLICATION_BYTES_MAX) throw tooLarge(bytes.length)
    if (to !== '*' && !this.#isMember(to)) throw memberUnknown(to)
    if (!this.#rate.take(this.#clock.monotonic())) throw tooFast()
    // It may be kept for a while, to be sent again; a Buffer becomes a plain array.
    return [to === '*' ? '' : to, Uint8Array.from(bytes)]
  }
}

function notBytes(bytes: unknown): UsageError {
  return new UsageError('ERR_VALUE_INVALID', `The message is ${shown(bytes)}`, {
    why: 'A message is a Uint8Array',
    fix: 'Encode it first, for example with new TextEncoder().encode(JSON.stringify(value))',
  })
}

function tooLarge(bytes: number): UsageError {
  return new UsageError(
    'ERR_TOO_LARGE',
    `The message has ${bytes} bytes; the limit is ${APPLICATION_BYTES_MAX}`,
    {
      why: 'Messages share the links with everything else',
      fix: 'Cut it, or put it into usr and send its key',
    },
  )
}

function memberUnknown(to: unknown): UsageError {
  return new UsageError('ERR_MEMBER_UNKNOWN', `There is no member ${shown(to)}`)
}

function tooFast(): UsageError {
  return new UsageError(
    'ERR_RATE_LIMITED',
    `More than ${APPLICATION_MESSAGES_PER_SECOND} messages were sent within a second`,
  )
}
