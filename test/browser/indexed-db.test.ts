/** The persistence of a tab in a real IndexedDB: the contract, and what befalls the storage of browsers. */
import { expect } from 'chai'
import { persistenceContract } from '../../src/data/persistence/contract.js'
import { indexedDbPersistence } from '../../src/data/persistence/indexed-db.js'
import type { Loaded } from '../../src/data/persistence/persistence.js'
import { createStore } from '../../src/store/store.js'
import type { Store } from '../../src/store/types.js'

let count = 0
const newName = () => `test-${performance.now()}-${++count}`
const bytes = (text: string) => new TextEncoder().encode(text)
const shown = ({ snapshot, records }: Loaded) =>
  [snapshot, ...records].map((each) => each && new TextDecoder().decode(each))

persistenceContract({ describe, it }, 'IndexedDB', () => {
  const name = newName()
  return { adapter: () => indexedDbPersistence(name), dispose: () => deleted(name) }
})

describe('IndexedDB', () => {
  let name = ''
  const stores: Store[] = []
  const put = IDBObjectStore.prototype.put
  const add = IDBObjectStore.prototype.add

  beforeEach(() => {
    name = newName()
  })

  afterEach(async () => {
    Object.assign(IDBObjectStore.prototype, { put, add })
    for (const store of stores.splice(0)) await store.close()
    await deleted(name)
  })

  function storeOnIt(): Store {
    const store = createStore({ cluster: 'test', persistence: indexedDbPersistence(name) })
    stores.push(store)
    return store
  }

  it('brings a store back with its id and its data, through log and snapshot', async () => {
    const first = storeOnIt()
    await first.ready()
    first.usr.set('k', { n: 1 })
    await first.flush()
    await first.close()
    const second = storeOnIt()
    await second.ready()
    second.usr.set('other', 2)
    await second.flush()
    await second.close()
    const third = storeOnIt()
    await third.ready()
    expect(third.usr.snapshot()).to.deep.equal({ k: { n: 1 }, other: 2 })
    expect(third.id).to.equal(first.id)
  })

  it('falls back to the other slot when one is damaged, and loses nothing', async () => {
    const persistence = indexedDbPersistence(name)
    await persistence.open()
    await persistence.snapshot(bytes('one'))
    await persistence.append([bytes('r1')])
    await persistence.snapshot(bytes('two'))
    await persistence.append([bytes('r2')])
    await persistence.close()
    await damage(name, 'state', 0)
    const loaded = await persistence.open()
    expect(shown(loaded)).to.deep.equal(['one', 'r1', 'r2'])
    expect(loaded.warning).to.include({ code: 'ERR_DATA_CORRUPT' })
    await persistence.close()
  })

  it('leaves out a damaged item of the log, and says so', async () => {
    const persistence = indexedDbPersistence(name)
    await persistence.open()
    for (const record of ['r0', 'r1', 'r2']) await persistence.append([bytes(record)])
    await persistence.close()
    await damage(name, 'log', [0, 1])
    const loaded = await persistence.open()
    expect(shown(loaded)).to.deep.equal([undefined, 'r0', 'r2'])
    expect(loaded.warning?.message).to.contain('0 1')
    await persistence.close()
  })

  it('tells of a database that is gone, once, and starts anew', async () => {
    const store = storeOnIt()
    await store.ready()
    store.usr.set('k', 1)
    await store.flush()
    await store.close()
    await deleted(name)
    const codes: unknown[] = []
    for (let start = 0; start < 2; start++) {
      const later = storeOnIt()
      later.on('error', ({ code }) => codes.push(code))
      await later.ready()
      await later.flush()
      await later.close()
    }
    expect(codes).to.deep.equal(['ERR_DATA_LOST'])
  })

  it('says nothing of a loss at its first start, and leaves no other database behind', async () => {
    const persistence = indexedDbPersistence(name)
    const { warning } = await persistence.open()
    expect(warning).to.equal(undefined)
    await persistence.saveIdentity(bytes('me'))
    await persistence.close()
    const names = (await indexedDB.databases()).map((database) => database.name)
    expect(names.filter((each) => each?.includes(name))).to.deep.equal([`gossip-kv:${name}`])
  })

  it('refuses to start from nothing when both slots are damaged, and deletes neither', async () => {
    const persistence = indexedDbPersistence(name)
    await persistence.open()
    for (const content of ['one', 'two']) await persistence.snapshot(bytes(content))
    await persistence.close()
    for (const slot of [0, 1]) await damage(name, 'state', slot)
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await persistence.open().catch((reason: unknown) => reason)
      expect(error).to.include({ code: 'ERR_DATA_CORRUPT' })
    }
  })

  it('serves a second tab from memory, which takes over when the first one ends', async () => {
    const first = storeOnIt()
    await first.ready()
    first.usr.set('first', 1)
    await first.flush()
    const second = storeOnIt()
    await second.ready()
    second.usr.set('second', 2)
    expect(second.status.persisted).to.equal(false)
    expect(second.status.storageError).to.include({ code: 'ERR_DATA_LOCKED' })
    expect(second.id).to.not.equal(first.id)
    await first.close()
    await second.flush()
    expect(second.usr.snapshot()).to.deep.equal({ first: 1, second: 2 })
    expect(second.status).to.include({ persisted: true, storageError: undefined })
    await second.close()
    const third = storeOnIt()
    await third.ready()
    expect(third.usr.snapshot()).to.deep.equal({ first: 1, second: 2 })
  })

  it('tells of a full quota, serves from memory, and saves everything once there is room', async () => {
    const store = storeOnIt()
    await store.ready()
    const full = () => {
      throw new DOMException('no room', 'QuotaExceededError')
    }
    Object.assign(IDBObjectStore.prototype, { put: full, add: full })
    store.usr.set('k', 1)
    const error = await store.flush().catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'ERR_DATA_FULL' })
    expect(store.status).to.include({ persisted: false, storageError: error })
    expect(store.usr.get('k')).to.equal(1)
    Object.assign(IDBObjectStore.prototype, { put, add })
    await store.flush()
    expect(store.status).to.include({ persisted: true, storageError: undefined })
    await store.close()
    const next = storeOnIt()
    await next.ready()
    expect(next.usr.get('k')).to.equal(1)
  })

  it('saves everything anew after the data of the site was cleared', async () => {
    const store = storeOnIt()
    await store.ready()
    store.usr.set('before', 1)
    await store.flush()
    await deleted(name)
    store.usr.set('after', 2)
    const error = await store.flush().catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'ERR_DATA_UNWRITABLE' })
    await store.flush()
    await store.close()
    const next = storeOnIt()
    await next.ready()
    expect([next.id, next.usr.snapshot()]).to.deep.equal([store.id, { before: 1, after: 2 }])
  })

  it('starts in memory where storage is switched off, and says why', async () => {
    const opened = indexedDB.open
    const refused = () => {
      throw new DOMException('A mutation operation was attempted', 'InvalidStateError')
    }
    Object.defineProperty(indexedDB, 'open', { value: refused, configurable: true })
    try {
      const store = storeOnIt()
      await store.ready()
      store.usr.set('k', 1)
      expect(store.status.storageError).to.include({ code: 'ERR_DATA_UNWRITABLE' })
      expect(store.status.storageError?.message).to.contain('InvalidStateError')
      await store.close()
    } finally {
      Reflect.deleteProperty(indexedDB, 'open')
    }
    expect(indexedDB.open).to.equal(opened)
  })

  it('does not touch a database of a newer version', async () => {
    await new Promise<void>((resolve, reject) => {
      const opening = indexedDB.open(`gossip-kv:${name}`, 99)
      opening.onsuccess = () => {
        opening.result.close()
        resolve()
      }
      opening.onerror = () => reject(opening.error)
    })
    const error = await indexedDbPersistence(name)
      .open()
      .catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'ERR_DATA_CORRUPT' })
  })
})

/** Deletes the databases of that name; rejects when something still holds one. */
async function deleted(name: string): Promise<void> {
  for (const full of [`gossip-kv:${name}`, `gossip-kv-checkpoints:${name}`])
    await new Promise<void>((resolve, reject) => {
      const request = indexedDB.deleteDatabase(full)
      request.onsuccess = () => resolve()
      request.onerror = () => reject(request.error)
      request.onblocked = () => reject(new Error(`a connection to ${full} was left open`))
    })
}

/** Changes a byte of what is stored under `key`. */
function damage(name: string, store: 'state' | 'log', key: IDBValidKey): Promise<void> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(`gossip-kv:${name}`)
    opening.onerror = () => reject(opening.error)
    opening.onsuccess = () => {
      const transaction = opening.result.transaction(store, 'readwrite')
      const objects = transaction.objectStore(store)
      const reading = objects.get(key)
      reading.onsuccess = () => {
        const found = reading.result as { content?: Uint8Array; records?: Uint8Array[] }
        const content = found.content ?? found.records?.[0] ?? new Uint8Array(1)
        content[0] = (content[0] ?? 0) ^ 1
        objects.put(found, key)
      }
      transaction.oncomplete = () => {
        opening.result.close()
        resolve()
      }
    }
  })
}
