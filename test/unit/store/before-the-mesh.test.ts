/** What is written before the mesh is loaded. */
import { expect } from 'chai'
import { createStore, type Store } from '../../../src/index.js'
import { memoryNetwork } from '../../../src/mesh/memory/memory-network.js'
import { until } from '../../until.js'

describe('a store whose mesh is not here yet', () => {
  const stores: Store[] = []
  afterEach(() => Promise.all(stores.splice(0).map((store) => store.close())))

  it('is read and written at once, and its writes leave when the mesh comes', async () => {
    const network = memoryNetwork()
    const join = () => {
      const store = createStore({ cluster: 'early', transport: network.transport() })
      stores.push(store)
      return store
    }
    const first = join()
    await first.ready()
    const second = join()
    second.usr.set('early', 1)
    expect([second.status.name, second.usr.get('early')]).to.deep.equal(['starting', 1])
    await until(
      () => first.usr.get('early') === 1,
      'the write arrives',
      () => first.status,
    )
    expect(first.usr.entry('early')?.by).to.equal(second.id)
  })
})
