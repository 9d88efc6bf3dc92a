/** What a replica promises to its store: writes, merges, checkpoints, and the document beside them. */
import { expect } from 'chai'
import * as Y from 'yjs'
import { exchange, replicaAt, sameData } from './replicas.js'

describe('A replica', () => {
  it('shows a local write at once, in itself and in the document', () => {
    const a = replicaAt(1)
    a.write([{ type: 'set', key: 'color', value: { name: 'red' } }])
    expect(a.get('color')).to.deep.equal({ name: 'red' })
    expect(a.get('color')).to.equal(a.get('color'))
    expect(a.doc.getMap('usr').toJSON()).to.deep.equal({ color: { name: 'red' } })
  })

  it('brings a drained write to another replica', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    a.write([{ type: 'set', key: 'color', value: 'red' }])
    exchange(a, b)
    expect(b.get('color')).to.equal('red')
    expect(sameData(a, b)).to.equal(true)
  })

  it('answers early, and changes nothing, when an update follows a write that it has not seen', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    a.write([{ type: 'set', key: 'color', value: 'red' }])
    a.drain()
    a.write([{ type: 'set', key: 'shape', value: 'round' }])
    const results = a.drain().map((update) => b.receive(update))
    expect(results).to.deep.equal([{ type: 'early' }])
    expect(b.size).to.equal(0)
  })

  it('catches up by a difference, deletes included', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    a.write([{ type: 'set', key: 'color', value: 'red' }])
    exchange(a, b)
    a.write([{ type: 'delete', key: 'color' }])
    a.drain()
    const difference = a.difference(b.summary())
    expect(difference && b.receiveDifference(difference)).to.deep.equal({ type: 'applied', news: true })
    expect(b.has('color')).to.equal(false)
    expect(sameData(a, b)).to.equal(true)
  })

  it('writes a checkpoint that a stock Y.Doc opens to the same content', () => {
    const a = replicaAt(1)
    for (let i = 0; i < 50; i++) a.write([{ type: 'set', key: `k${i % 7}`, value: i }])
    a.write([{ type: 'delete', key: 'k3' }])
    const stock = new Y.Doc()
    Y.applyUpdate(stock, a.checkpoint())
    expect(stock.getMap('usr').toJSON()).to.deep.equal(a.doc.getMap('usr').toJSON())
    expect(stock.store.pendingStructs).to.equal(null)
  })

  it('restores a checkpoint under a new session', () => {
    const a = replicaAt(1)
    a.write([{ type: 'set', key: 'color', value: 'red' }])
    const b = replicaAt(2)
    expect(b.restore(a.checkpoint())).to.deep.equal({ type: 'applied', news: true })
    expect(b.session).not.to.equal(a.session)
    expect(sameData(a, b)).to.equal(true)
  })
})
