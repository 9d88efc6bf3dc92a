/**
 * The state of one member in IndexedDB: its identity, two slots for snapshots, and a log. Each snapshot begins a
 * generation and goes into the slot of the older one; the log of both is kept, so that a damaged slot costs nothing
 * but a warning. Every write is one transaction that is on disk when it resolves (`durability: 'strict'`).
 *
 *   state: 'identity' -> bytes;  0 | 1 -> { generation, content, checksum }
 *   log:   [generation, number] -> { records, checksum }
 */
import { StorageError } from '../../base/errors.js'
import {
  corrupt,
  damagedParts,
  evicted,
  inOtherTab,
  lost,
  notOpen,
  translated,
  unsupported,
} from './indexed-db-errors.js'
import { mark, openDatabase } from './indexed-db-opening.js'
import type { Loaded } from './persistence.js'

const STATE = 'state'
const LOG = 'log'
const IDENTITY = 'identity'

interface Slot {
  generation: number
  content: Uint8Array<ArrayBuffer>
  checksum: Uint8Array
}

interface LogItem {
  records: Uint8Array<ArrayBuffer>[]
  checksum: Uint8Array
}

export class IndexedDbFolder {
  readonly #name: string
  #database: IDBDatabase | undefined
  /** Lets go of the lock of this tab; undefined while it is not held. */
  #unlock: (() => Promise<void>) | undefined
  #identity: Uint8Array | undefined
  /** Whether it is noted elsewhere that there is something in it. */
  #isMarked = false
  #generation = 0
  /** The number of the next item of the log. */
  #next = 0

  constructor(name: string) {
    this.#name = `gossip-kv:${name}`
  }

  async open(): Promise<Loaded> {
    if (this.#unlock) throw inOtherTab(this.#name)
    return this.#translating(async () => {
      this.#unlock = await lock(this.#name)
      try {
        const isLost = await this.#connect()
        const loaded = await this.#load()
        return isLost ? { ...loaded, warning: lost(this.#name) } : loaded
      } catch (error) {
        await this.close()
        throw error
      }
    })
  }

  saveIdentity(identity: Uint8Array): Promise<void> {
    return this.#write((transaction) => {
      transaction.objectStore(STATE).put(identity, IDENTITY)
      this.#identity = identity
    })
  }

  async append(records: Uint8Array[]): Promise<void> {
    const key = [this.#generation, this.#next]
    const item = { records, checksum: await checksumOf(key, records) }
    await this.#write((transaction) => transaction.objectStore(LOG).add(item, key))
    this.#next++
  }

  async snapshot(content: Uint8Array): Promise<void> {
    const generation = this.#generation + 1
    const checksum = await checksumOf([generation], [content])
    // After an eviction there is a new database, which knows nothing.
    if (this.#unlock && !this.#database) await this.#translating(() => this.#connect())
    await this.#write((transaction) => {
      const state = transaction.objectStore(STATE)
      state.put({ generation, content, checksum }, generation % 2)
      if (this.#identity) state.put(this.#identity, IDENTITY)
      transaction.objectStore(LOG).delete(IDBKeyRange.upperBound([generation - 1], true))
    })
    this.#generation = generation
    this.#next = 0
  }

  async close(): Promise<void> {
    this.#database?.close()
    this.#database = undefined
    const unlock = this.#unlock
    this.#unlock = undefined
    await unlock?.()
  }

  /** True: there was a database before, and it is gone. */
  async #connect(): Promise<boolean> {
    const { database, isLost } = await openDatabase(this.#name, [STATE, LOG])
    const lose = () => {
      if (this.#database === database) this.#database = undefined
    }
    // The user cleared the data of the site, or the browser evicted it.
    database.onclose = lose
    database.onversionchange = () => {
      database.close()
      lose()
    }
    this.#database = database
    return isLost
  }

  async #load(): Promise<Loaded> {
    const { identity, slots, keys, items } = await this.#read()
    const damaged: string[] = []
    const whole: Slot[] = []
    for (const slot of slots) {
      if (await isWhole(slot.checksum, [slot.generation], [slot.content])) whole.push(slot)
      else damaged.push(`the snapshot ${slot.generation}`)
    }
    const newest = whole.sort((a, b) => b.generation - a.generation)[0]
    // The log of generation 0 begins with nothing: as long as it is kept, it needs no snapshot.
    if (!newest && slots.length > 0 && keys[0]?.[0] !== 0) throw corrupt(this.#name, damaged)
    const records: Uint8Array[] = []
    for (const [index, item] of items.entries()) {
      const key = keys[index] ?? [0, 0]
      if ((key[0] ?? 0) < (newest?.generation ?? 0)) continue
      if (await isWhole(item.checksum, key, item.records)) records.push(...item.records)
      else damaged.push(`the item ${key.join(' ')} of the log`)
    }
    const [generation = 0, number = -1] = keys.at(-1) ?? []
    this.#generation = Math.max(generation, ...slots.map((slot) => slot.generation))
    this.#next = generation === this.#generation ? number + 1 : 0
    this.#identity = identity
    return {
      ...(identity && { identity: identity.slice() }),
      ...(newest && { snapshot: newest.content }),
      records,
      ...(damaged.length > 0 && { warning: damagedParts(this.#name, damaged) }),
    }
  }

  async #read() {
    const transaction = this.#transaction('readonly')
    const [state, log] = [transaction.objectStore(STATE), transaction.objectStore(LOG)]
    const reads = {
      identity: state.get(IDENTITY) as IDBRequest<Uint8Array | undefined>,
      slots: [0, 1].map((slot) => state.get(slot) as IDBRequest<Slot | undefined>),
      keys: log.getAllKeys() as IDBRequest<IDBValidKey[]>,
      items: log.getAll() as IDBRequest<LogItem[]>,
    }
    await ended(transaction)
    return {
      identity: reads.identity.result,
      slots: reads.slots.flatMap(({ result }) =>
        Number.isSafeInteger(result?.generation) && result ? [result] : [],
      ),
      keys: reads.keys.result as number[][],
      items: reads.items.result,
    }
  }

  #write(act: (transaction: IDBTransaction) => unknown): Promise<void> {
    return this.#translating(async () => {
      const transaction = this.#transaction('readwrite')
      const end = ended(transaction)
      act(transaction)
      await end
      if (!this.#isMarked) mark(this.#name)
      this.#isMarked = true
    })
  }

  #transaction(mode: IDBTransactionMode): IDBTransaction {
    if (!this.#unlock) throw notOpen(this.#name)
    if (!this.#database) throw evicted(this.#name)
    return this.#database.transaction([STATE, LOG], mode, { durability: 'strict' })
  }

  async #translating<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      throw error instanceof StorageError ? error : translated(this.#name, error)
    }
  }
}

/** Takes the lock of the database for this tab; the browser ends it with the tab, however that ends. */
function lock(name: string): Promise<() => Promise<void>> {
  const { locks } = navigator
  if (!locks || !crypto.subtle) throw unsupported(name, 'navigator.locks and crypto.subtle')
  return new Promise((resolve, reject) => {
    const held: Promise<void> = locks.request(name, { ifAvailable: true }, (granted) => {
      if (!granted) return reject(inOtherTab(name))
      return new Promise<void>((release) => {
        resolve(() => {
          release()
          return held
        })
      })
    })
    held.catch(reject)
  })
}

/** A full quota shows at the commit, where no request fails: only the transaction tells. */
function ended(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error ?? new Error('the transaction was aborted'))
  })
}

async function isWhole(checksum: unknown, key: readonly number[], parts: unknown): Promise<boolean> {
  if (!(checksum instanceof Uint8Array) || !Array.isArray(parts)) return false
  if (!parts.every((part) => part instanceof Uint8Array)) return false
  const expected = await checksumOf(key, parts)
  return checksum.length === expected.length && expected.every((byte, index) => checksum[index] === byte)
}

/** SHA-256 of the key, the lengths and the bytes. */
async function checksumOf(key: readonly number[], parts: readonly Uint8Array[]): Promise<Uint8Array> {
  const head = new TextEncoder().encode(`${key.join()};${parts.map(({ length }) => length).join()};`)
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, head.length))
  all.set(head)
  let end = head.length
  for (const part of parts) {
    all.set(part, end)
    end += part.length
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', all))
}
