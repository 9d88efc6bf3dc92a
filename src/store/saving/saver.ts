/**
 * Keeps the persistence up to date: what was merged goes into the log in groups, a snapshot takes the place of a
 * log that has grown long, and after trouble a snapshot begins anew. Never two calls at once.
 */

import type { Clock, Timer } from '../../base/clock.js'
import { STORAGE_CATALOGUE } from '../../base/error-catalogue.storage.js'
import { type GossipKvError, InternalError, messageOf, StorageError } from '../../base/errors.js'
import type { Loaded, Persistence } from '../../data/persistence/persistence.js'
import { type SealerFor, sealedPersistence } from '../../data/persistence/sealed.js'
import type { Replica } from '../../data/replica/replica.js'
import { LogSize } from './log-size.js'

/** What is merged within this long is made durable by one fsync. */
const GROUP_MILLIS = 10
/** After a failure it is tried again this often. */
const RETRY_MILLIS = 2_000
/** Records that wait for a slow disk; beyond it a snapshot takes their place. */
const WAITING_BYTES_MAX = 8 * 1024 * 1024

export interface SaverHost {
  persistence: Persistence
  /** How it is sealed. */
  sealerFor?: SealerFor
  clock: Clock
  exchange: Pick<Replica['exchange'], 'seal' | 'checkpoint' | 'restore' | 'replay'>
  /** Something was survived. */
  warned(warning: GossipKvError): void
  /** Saved, or failing for this reason. */
  changed(error: GossipKvError | undefined): void
}

export class Saver {
  readonly #host: SaverHost
  readonly #persistence: Persistence
  readonly #size = new LogSize()
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  /** Counts what was merged; what is saved is told by its count. */
  #version = 0
  #savedVersion = 0
  #timer: Timer | undefined
  #saving: Promise<void> | undefined
  #phase: 'new' | 'shut' | 'open' | 'closed' = 'new'
  #error: GossipKvError | undefined
  /** The log lacks something: only a snapshot will do, and it holds what is recorded until then. */
  #isBehind = false
  /** The log is to be replaced, though it has everything. */
  #isDue = false

  constructor(host: SaverHost) {
    this.#host = host
    const { persistence, sealerFor } = host
    this.#persistence = sealerFor ? sealedPersistence(persistence, sealerFor) : persistence
    // There may be writes already.
    this.dirty()
  }

  /** Whether everything is on disk. */
  get persisted(): boolean {
    return this.#savedVersion === this.#version && this.#error === undefined
  }

  /**
   * Opens the persistence and loads what it holds. Returns the identity of an earlier run; without one that fits it
   * keeps and returns `identity`. @throws StorageError unless the persistence is optional
   */
  async open(identity: Uint8Array, fits: (known: Uint8Array) => boolean): Promise<Uint8Array> {
    try {
      const { identity: known, readOnly } = await this.#open()
      if (readOnly) this.#fail(readOnly)
      if (known && fits(known)) return known
      if (this.#phase === 'open') await this.#persistence.saveIdentity(identity)
    } catch (cause) {
      if (!this.#persistence.optional) throw cause
      this.#fail(cause)
    }
    return identity
  }

  /** Takes a record of the replica. */
  record(record: Uint8Array): void {
    if (!this.#isBehind) {
      this.#waiting.push(record)
      this.#waitingBytes += record.length
      if (this.#waitingBytes > WAITING_BYTES_MAX) this.#fallBehind()
    }
    this.dirty()
  }

  /** The replica changed; what it has not recorded yet is asked for when it is saved. */
  dirty(): void {
    this.#version += 1
    this.#schedule(GROUP_MILLIS)
  }

  /** For idle moments: a log that is long for what it holds is rewritten. */
  idle(): void {
    if (this.#phase !== 'open' || !this.persisted || !this.#size.isWorthRewriting) return
    this.#isDue = true
    this.#schedule(0)
  }

  /** Writes all of it anew, so that nothing is left under a key that is about to be forgotten. @throws StorageError */
  async reseal(): Promise<void> {
    // Twice: the snapshot before the newest is kept.
    for (let round = 0; round < 2; round++) {
      this.#isDue = true
      this.dirty()
      await this.flush()
    }
  }

  /** Resolves when all that was there at the call is durable. @throws StorageError */
  async flush(): Promise<void> {
    const version = this.#version
    while (this.#savedVersion < version) await (this.#saving ?? this.#save())
  }

  /** Saves once more and gives the persistence back. @throws StorageError */
  async close(): Promise<void> {
    const wasOpen = this.#phase === 'open'
    try {
      if (wasOpen) await this.flush()
    } finally {
      this.#phase = 'closed'
      this.#timer?.cancel()
      await this.#saving?.catch(() => undefined)
      await this.#persistence.close()
    }
  }

  async #open(): Promise<Loaded> {
    const loaded = await this.#persistence.open()
    if (this.#phase === 'closed') return loaded
    const { snapshot, records, warning } = loaded
    try {
      this.#merge(loaded)
    } catch (error) {
      await this.#persistence.close()
      throw error
    }
    if (warning) this.#host.warned(warning instanceof StorageError ? warning : adapterWarned(warning))
    if (loaded.readOnly) return loaded
    this.#phase = 'open'
    this.#size.opened(snapshot?.length ?? 0, lengthOf(records))
    // What an earlier process left in its log may not be durable, whatever it looks like: it is written anew.
    if (records.length > 0 || warning) {
      this.#isDue = true
      this.dirty()
    }
    if (!this.persisted) this.#schedule(GROUP_MILLIS)
    return loaded
  }

  #merge({ snapshot, records }: Loaded): void {
    const { exchange } = this.#host
    const result = snapshot && exchange.restore(snapshot)
    if (result && result.type !== 'applied')
      throw unknownSnapshot('kind' in result ? result.kind : result.type)
    const failed = exchange.replay(records)
    // Nothing at all: it is no log of a store, and must not be replaced by one.
    if (failed > 0 && failed === records.length && !snapshot) throw unknownSnapshot('records')
    if (failed > 0) this.#host.warned(recordsLost(failed, records.length))
  }

  #fallBehind(): void {
    this.#isBehind = true
    this.#waiting = []
    this.#waitingBytes = 0
  }

  #schedule(millis: number): void {
    if (this.#timer || this.#saving || this.#phase === 'new' || this.#phase === 'closed') return
    this.#timer = this.#host.clock.after(millis, () => {
      this.#timer = undefined
      // The failure is told through `changed`, and the next try is scheduled.
      this.#save().catch(() => undefined)
    })
  }

  #save(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    // In a step of its own: what it records must find that it is under way.
    const saved = Promise.resolve().then(() => this.#saveOnce())
    this.#saving = saved.finally(() => {
      this.#saving = undefined
      if (this.#error) this.#schedule(RETRY_MILLIS)
      else if (!this.persisted || this.#isDue) this.#schedule(GROUP_MILLIS)
    })
    return this.#saving
  }

  async #saveOnce(): Promise<void> {
    try {
      if (this.#phase === 'shut') await this.#reopen()
      let version = this.#sealed()
      if (!this.#isBehind) await this.#append()
      if (this.#isBehind || this.#isDue) {
        version = this.#sealed()
        await this.#snapshot()
      }
      this.#savedVersion = version
      this.#error = undefined
      this.#host.changed(undefined)
    } catch (cause) {
      throw this.#fail(cause)
    }
  }

  async #reopen(): Promise<void> {
    const { readOnly } = await this.#open()
    if (readOnly) throw readOnly
  }

  /** Records everything up to now; returns its count. */
  #sealed(): number {
    this.#host.exchange.seal()
    return this.#version
  }

  async #append(): Promise<void> {
    const records = this.#waiting
    if (records.length === 0) return
    const bytes = this.#waitingBytes
    this.#waiting = []
    this.#waitingBytes = 0
    await this.#persistence.append(records)
    this.#size.appended(bytes)
    this.#isDue ||= this.#size.isTooLong
  }

  async #snapshot(): Promise<void> {
    const content = this.#host.exchange.checkpoint()
    // What waits is in the snapshot, and goes into the log after it all the same: should the snapshot be damaged
    // one day, the one before it and all logs since have everything.
    this.#isBehind = false
    this.#isDue = false
    await this.#persistence.snapshot(content)
    this.#size.rewritten(content.length)
  }

  #fail(cause: unknown): GossipKvError {
    const error = cause instanceof StorageError ? cause : unwritable(cause)
    if (this.#phase === 'new') this.#phase = 'shut'
    this.#error = error
    this.#fallBehind()
    this.#host.changed(error)
    this.#schedule(RETRY_MILLIS)
    return error
  }
}

function lengthOf(records: readonly Uint8Array[]): number {
  return records.reduce((sum, record) => sum + record.length, 0)
}

function unwritable(cause: unknown): StorageError {
  return new StorageError('ERR_DATA_UNWRITABLE', `The state could not be saved (${messageOf(cause)})`, {
    ...STORAGE_CATALOGUE.StorageError.ERR_DATA_UNWRITABLE,
    fix: 'Make room or mend the disk; the store keeps serving from memory and tries again',
    cause,
  })
}

function unknownSnapshot(kind: string): StorageError {
  return new StorageError('ERR_DATA_CORRUPT', `What is stored is not the state of a store (${kind})`, {
    why: 'A store with a secret sealed it, or something else wrote it',
    fix: 'Give the secret, put a copy of the data back, or move it away and start empty. Nothing was deleted',
  })
}

function recordsLost(failed: number, count: number): StorageError {
  return new StorageError(
    'ERR_DATA_CORRUPT',
    `${failed} of ${count} records of the stored log could not be merged`,
    { ...STORAGE_CATALOGUE.StorageError.ERR_DATA_CORRUPT, why: 'Records before them are missing or damaged' },
  )
}

function adapterWarned(cause: Error): InternalError {
  return new InternalError('ERR_INTERNAL', `The persistence warned as it opened (${messageOf(cause)})`, {
    why: 'The adapter survived some trouble',
    fix: 'See the documentation of the adapter',
    cause,
  })
}
