/**
 * From start to stop: SIGINT, SIGTERM or an error closes what the command opened, the last first, within 5 s; a
 * second signal does not wait. The process ends with 0 after a signal and with 1 after an error.
 */
import closeWithGrace from 'close-with-grace'
import type { Logger } from 'pino'

/** Everything is closed by then, or is cut. */
export const STOP_MILLIS_MAX = 5000

/** Closes one thing. */
export type Closer = () => Promise<unknown>

/** What a command has opened so far. */
export class Lifetime {
  readonly #logger: Logger
  readonly #closers: Closer[] = []
  readonly #grace: ReturnType<typeof closeWithGrace>
  #released: Promise<void> | undefined

  /** Listens for signals from now on: one that comes while the command starts also ends it cleanly. */
  constructor(logger: Logger) {
    this.#logger = logger
    this.#grace = closeWithGrace({ delay: STOP_MILLIS_MAX, logger }, async ({ err, signal }) => {
      if (err !== undefined) logger.fatal({ err }, 'failed')
      else logger.info({ signal }, 'stopping')
      await this.release()
    })
  }

  /** Has `close` called at the end, before everything that was opened earlier. */
  onStop(close: Closer): void {
    this.#closers.push(close)
  }

  /** Stops as a signal does. */
  stop(): void {
    this.#grace.close()
  }

  /** Closes everything. What fails to close is logged and stops nothing else. Idempotent. */
  release(): Promise<void> {
    this.#released ??= this.#closeAll()
    return this.#released
  }

  async #closeAll(): Promise<void> {
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      await close().catch((err: unknown) => this.#logger.error({ err }, 'could not be closed'))
    }
  }
}
