/** Keeps the persistence up to date: saves soon after a change, never two at once, and tells how it stands. */

import type { Clock, Timer } from '../base/clock.js'
import { type GossipKvError, messageOf, StorageError } from '../base/errors.js'
import type { Persistence } from '../persistence/persistence.js'

/** A change is on disk after about this long. */
const SAVE_DELAY_MILLIS = 100
/** After a failure it is tried again this often. */
const RETRY_MILLIS = 2_000

export interface SaverHost {
  persistence: Persistence
  clock: Clock
  /** The state to save. */
  checkpoint(): Uint8Array
  /** Saved, unsaved or failing: something changed. */
  changed(error: GossipKvError | undefined): void
}

export class Saver {
  readonly #host: SaverHost
  #version = 0
  #savedVersion = 0
  #timer: Timer | undefined
  #saving: Promise<void> | undefined
  #closed = false

  constructor(host: SaverHost) {
    this.#host = host
  }

  /** Whether everything is on disk. */
  get persisted(): boolean {
    return this.#savedVersion === this.#version
  }

  /** The replica changed. */
  dirty(): void {
    this.#version += 1
    this.#schedule(SAVE_DELAY_MILLIS)
  }

  /** Resolves when all that was there at the call is on disk. @throws StorageError ERR_DATA_UNWRITABLE */
  async flush(): Promise<void> {
    const version = this.#version
    while (this.#savedVersion < version) await (this.#saving ?? this.#save())
  }

  /** Saves once more and gives the persistence back. @throws StorageError */
  async close(): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    try {
      await this.flush()
    } finally {
      await this.#host.persistence.close()
    }
  }

  #schedule(millis: number): void {
    if (this.#timer || this.#saving || this.#closed) return
    this.#timer = this.#host.clock.after(millis, () => {
      this.#timer = undefined
      // The failure is told through `changed`, and the next try is scheduled.
      this.#save().catch(() => undefined)
    })
  }

  #save(): Promise<void> {
    this.#saving = this.#saveOnce().finally(() => {
      this.#saving = undefined
      if (!this.persisted) this.#schedule(SAVE_DELAY_MILLIS)
    })
    return this.#saving
  }

  async #saveOnce(): Promise<void> {
    const version = this.#version
    try {
      await this.#host.persistence.save(this.#host.checkpoint())
      this.#savedVersion = version
      this.#host.changed(undefined)
    } catch (cause) {
      const error = cause instanceof StorageError ? cause : unwritable(cause)
      this.#host.changed(error)
      this.#schedule(RETRY_MILLIS)
      throw error
    }
  }
}

function unwritable(cause: unknown): StorageError {
  return new StorageError(
    'ERR_DATA_UNWRITABLE',
    {
      what: `The state could not be saved (${messageOf(cause)})`,
      why: 'The disk is full, read-only or gone',
      fix: 'Make room or mend the disk; the store keeps serving from memory and tries again',
    },
    { cause },
  )
}
