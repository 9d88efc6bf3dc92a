/** Readers: leaves of the mesh, which hear everything and are asked for nothing. */
import { expect } from 'chai'
import type { Store } from '../../../src/store/types.js'
import { memoryNetwork } from '../../../src/transport/memory.js'
import { closeStores, storeOn, until } from './cluster-of-stores.js'

const roles = (store: Store) =>
  store.members
    .list()
    .filter(({ self, direct }) => !self && direct)
    .map(({ role }) => role)

describe('readers', () => {
  afterEach(closeStores)

  it('link to writers alone, count in no degree, and hear all that is written', async () => {
    const network = memoryNetwork()
    const writers = [storeOn(network), storeOn(network), storeOn(network)]
    // A tab takes two readers, and each of them links to all writers of a cluster as small as this: more may wait for a seat.
    const readers = Array.from({ length: 2 }, () => storeOn(network, { role: 'reader' }))
    const all = [...writers, ...readers]
    await until(() => all.every((store) => store.members.size === 5 && store.status.links > 0), 'all met')
    await until(
      () => writers.every((store) => roles(store).filter((role) => role === 'writer').length === 2),
      'a mesh',
    )
    for (const reader of readers) expect(roles(reader)).to.not.include('reader')
    await until(() => writers.every(({ status }) => status.target === 2), 'a target without readers')
    for (let write = 0; write < 30; write++) writers[write % 3]?.usr.set(`key-${write}`, write)
    await until(() => all.every((store) => store.usr.size === 30), 'every write is everywhere')
    expect(() => readers[0]?.usr.set('key', 1)).to.throw('ERR_READ_ONLY')
  })
})
