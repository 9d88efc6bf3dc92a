import { getEventListeners } from 'node:events'
import { expect } from 'chai'
import { memoryNetwork } from '../../../src/mesh/memory/memory-network.js'
import { createStore } from '../../../src/store/store.js'

describe('the signal that closes a store', () => {
  it('is let go of by a store that was closed otherwise, and so does not keep it in memory', async () => {
    const control = new AbortController()
    const options = { cluster: 'test', transport: memoryNetwork().transport(), signal: control.signal }
    const store = createStore(options)
    const whileOpen = getEventListeners(control.signal, 'abort').length
    await store.close()
    expect(whileOpen).to.equal(1)
    expect(getEventListeners(control.signal, 'abort')).to.deep.equal([])
  })
})
