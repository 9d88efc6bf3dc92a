import { expect } from 'chai'
import { indexedDbCheckpoints } from '../../src/data/persistence/indexed-db-checkpoints.js'
import { createStore } from '../../src/store/store.js'
import { keepsCheckpoints } from '../unit/persistence/checkpoint-storage-contract.js'

describe('checkpoints in IndexedDB', () => {
  let count = 0
  let name = ''
  beforeEach(() => {
    count += 1
    name = `test-${performance.now()}-${count}`
  })
  afterEach(
    () =>
      new Promise<void>((resolve, reject) => {
        const request = indexedDB.deleteDatabase(`gossip-kv-checkpoints:${name}`)
        request.onsuccess = () => resolve()
        request.onerror = () => reject(request.error)
        request.onblocked = () => reject(new Error('a connection was left open'))
      }),
  )
  keepsCheckpoints(() => indexedDbCheckpoints(name))

  it('outlive the store that made them', async () => {
    const open = () => createStore({ cluster: 'test', checkpoints: { storage: indexedDbCheckpoints(name) } })
    const first = open()
    first.usr.set('k', 1)
    const { id } = await first.checkpoints.create({ label: 'one' })
    await first.close()
    const second = open()
    expect((await second.checkpoints.list()).map((info) => info.label)).to.deep.equal(['one'])
    await second.checkpoints.restore(id)
    expect(second.usr.get('k')).to.equal(1)
    await second.close()
  })

  it('say what failed when the browser refuses', async () => {
    const refusing = indexedDbCheckpoints(name)
    const store = createStore({ cluster: 'test', checkpoints: { storage: refusing } })
    const { open } = IDBFactory.prototype
    IDBFactory.prototype.open = () => {
      throw new DOMException('no storage in this mode', 'SecurityError')
    }
    try {
      const error = await store.checkpoints.create().catch((reason: unknown) => reason)
      expect(error).to.include({ code: 'ERR_DATA_UNWRITABLE' })
    } finally {
      IDBFactory.prototype.open = open
    }
    expect(await store.checkpoints.list()).to.deep.equal([])
    await store.close()
  })
})
