/** Acknowledgements over real data channels. */
import { expect } from 'chai'
import { createSignalingServer } from '../../../signaling-server/server.js'
import { createStore, type Store } from '../../../src/index.js'

describe('replicated() over WebRTC', () => {
  const closers: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  it('tells the truth among five members, one of which goes', async () => {
    const server = await createSignalingServer()
    closers.push(() => server.close())
    const stores = Array.from({ length: 5 }, (): Store => {
      const store = createStore({ cluster: 'replicated', signaling: server.url })
      closers.push(() => store.close())
      return store
    })
    const [first, second, ...others] = stores as [Store, Store, ...Store[]]
    for (let n = 0; n < 3; n++) {
      first.usr.set('k', n)
      const { acked, missing } = await first.replicated({ acks: 4 })
      for (const store of stores) expect(store.usr.get('k')).to.equal(n)
      expect([acked.length, missing.length]).to.deep.equal([4, 0])
    }
    await second.close()
    first.usr.set('k', 'after')
    const { acked } = await first.replicated({ acks: 3 })
    expect(acked).to.have.members(others.map(({ id }) => id))
    for (const store of others) expect(store.usr.get('k')).to.equal('after')
  })
})
