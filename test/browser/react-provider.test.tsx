import { expect } from 'chai'
import { type ReactNode, StrictMode, useEffect } from 'react'
import { hydrateRoot } from 'react-dom/client'
import { renderToString } from 'react-dom/server'
import type { Store, Transport } from '../../src/index.js'
import { memoryNetwork } from '../../src/mesh/memory/memory-network.js'
import { StoreProvider, useStore, useValue } from '../../src/react.js'
import { until } from '../until.js'
import { Boundary, drawn, settled, Uses, undraw } from './react-page.js'

describe('the StoreProvider of React with options', () => {
  afterEach(undraw)

  for (const fallback of ['opening', undefined])
    it(`opens one store in strict mode and closes it once, ${fallback ? 'with' : 'without'} a fallback`, async () => {
      const { transport, counts } = counted(memoryNetwork().transport())
      const stores = new Set<Store>()
      const page = drawn(
        <StrictMode>
          <StoreProvider options={{ cluster: 'strict', transport }} fallback={fallback}>
            <Probe into={stores} />
          </StoreProvider>
        </StrictMode>,
      )
      await until(() => counts.started > 0, 'a store has started')
      await settled()
      const [store] = stores
      expect(stores.size).to.equal(1)
      expect(counts).to.deep.equal({ started: 1, closed: 0 })
      expect(store?.status.name).to.not.equal('closed')
      page.draw(null)
      await until(() => store?.status.name === 'closed' && counts.closed > 0, 'the store is closed')
      expect(counts).to.deep.equal({ started: 1, closed: 1 })
    })

  it('shows the fallback first and then the children', async () => {
    const { container } = drawn(
      <StoreProvider options={{ cluster: 'fallback' }} fallback={<i>opening</i>}>
        <b>open</b>
      </StoreProvider>,
    )
    const shown: string[] = []
    const observer = new MutationObserver(() => shown.push(container.innerHTML))
    observer.observe(container, { childList: true, subtree: true })
    await until(() => container.innerHTML === '<b>open</b>', 'the children are shown')
    observer.disconnect()
    expect(shown).to.deep.equal(['<i>opening</i>', '<b>open</b>'])
  })

  it('hydrates what a server drew of the children, and keeps what their effects write', async () => {
    const stores = new Set<Store>()
    const child = () => {
      const store = useStore()
      stores.add(store)
      useEffect(() => store.usr.set('written', 'yes'), [store])
      return <b>{useValue('written', 'no')}</b>
    }
    const element = (
      <StoreProvider options={{ cluster: 'hydrated' }}>
        <Uses hooks={child} />
      </StoreProvider>
    )
    const container = document.createElement('div')
    container.innerHTML = renderToString(element)
    expect(container.innerHTML).to.equal('<b>no</b>')
    stores.clear()
    const complaints: unknown[] = []
    const root = hydrateRoot(container, element, { onRecoverableError: (error) => complaints.push(error) })
    await until(() => container.innerHTML === '<b>yes</b>', 'the effect has written')
    const [store] = stores
    await until(() => store?.status.name === 'alone', 'the store has started')
    expect([stores.size, complaints]).to.deep.equal([1, []])
    root.unmount()
    await until(() => store?.status.name === 'closed', 'the store is closed')
  })

  it('keeps its store for equal options and opens another for another name', async () => {
    const stores = new Set<Store>()
    const named = (name: string, zone: string) => (
      <StoreProvider options={{ cluster: 'options', name, zone }}>
        <Probe into={stores} />
      </StoreProvider>
    )
    const page = drawn(named('a', 'z1'))
    await until(() => stores.size === 1, 'the first store')
    page.draw(named('a', 'z2'))
    await settled()
    expect(stores.size).to.equal(1)
    page.draw(named('b', 'z2'))
    await until(() => stores.size === 2, 'the second store')
    const [first, second] = [...stores]
    await until(() => first?.status.name === 'closed', 'the first store is closed')
    expect(second?.members.self.name).to.equal('b')
    expect(second?.status.name).to.not.equal('closed')
  })

  it('hands wrong options to the error boundary', async () => {
    const caught: unknown[] = []
    drawn(
      <Boundary caught={caught}>
        <StoreProvider options={{ cluster: '' }}>never</StoreProvider>
      </Boundary>,
    )
    await until(() => caught.length > 0, 'the error is caught')
    expect(caught[0]).to.have.property('code', 'ERR_OPTION_INVALID')
  })
})

function Probe({ into }: { into: Set<Store> }): ReactNode {
  into.add(useStore())
  return null
}

/** Counts the members that start and end on a transport. */
function counted(inner: Transport): { transport: Transport; counts: { started: number; closed: number } } {
  const counts = { started: 0, closed: 0 }
  const links: Transport['links'] = {
    start: (self, events) => {
      counts.started++
      return inner.links.start(self, events)
    },
    dial: (peer) => inner.links.dial(peer),
    receiveSignal: (from, signal) => inner.links.receiveSignal(from, signal),
    send: (peer, bytes, urgent) => inner.links.send(peer, bytes, urgent),
    slow: (peer) => inner.links.slow(peer),
    disconnect: (peer) => inner.links.disconnect(peer),
    close: () => {
      counts.closed++
      return inner.links.close()
    },
  }
  return { transport: { links, signaling: inner.signaling }, counts }
}
