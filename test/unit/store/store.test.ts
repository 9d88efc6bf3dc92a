import { expect } from 'chai'
import { StorageError, UsageError } from '../../../src/base/errors.js'
import { memoryPersistence } from '../../../src/data/persistence/memory.js'
import { memoryNetwork } from '../../../src/mesh/memory/memory-network.js'
import { createStore } from '../../../src/store/store.js'
import type { ConflictEvent, StoreOptions } from '../../../src/store/types.js'
import { until } from '../../until.js'
import { closeStores, storeOn, twoStores } from './cluster-of-stores.js'

describe('a store', () => {
  afterEach(closeStores)

  it('is alone when nobody else is there, and live once somebody is', async () => {
    const network = memoryNetwork()
    const a = storeOn(network)
    await until(() => a.status.name === 'alone', 'a alone')
    expect(await a.synced()).to.deep.equal({ peers: 0, alone: true })
    const b = storeOn(network)
    await until(() => a.status.name === 'live' && b.status.name === 'live', 'both live')
    expect(await b.synced()).to.deep.equal({ peers: 1, alone: false })
  })

  it('shows the data model that its users were promised', async () => {
    const network = memoryNetwork()
    const a = storeOn(network, { port: 1234 })
    const b = storeOn(network)
    a.usr.set('key 1', 'value 1')
    await until(() => Object.keys(b.sys.members).length === 2 && b.usr.has('key 1'), 'b knows a')
    expect(b.sys.members[a.id]).to.include({ port: 1234, protocol: 'v1' })
    expect(a.sys.members[b.id]).to.include({ port: null, protocol: 'v1' })
    expect(b.doc.getMap('usr').toJSON()).to.deep.equal({ 'key 1': 'value 1' })
    const sysOf = () => b.doc.getMap('sys').toJSON() as { members: Record<string, object> }
    await until(() => Object.keys(sysOf().members).length === 2, 'the map in the document')
    expect(Object.keys(sysOf())).to.deep.equal(['members'])
    expect(sysOf().members[a.id]).to.include({ port: 1234, protocol: 'v1' })
  })

  it('converges: sets, overwrites and deletes arrive, and both say so', async () => {
    const { a, b } = await twoStores()
    a.usr.set('k', 1)
    b.usr.set('other', 2)
    await until(() => a.usr.get('other') === 2 && b.usr.get('k') === 1, 'both writes on both sides')
    b.usr.delete('k')
    await until(() => !a.usr.has('k'), 'the delete on the other side')
    await until(() => a.status.converged && b.status.converged, 'both converged')
    expect(a.status.digest).to.equal(b.status.digest)
    expect(a.status.convergedAt).to.be.a('number')
  })

  it('gives a newcomer all that was written and deleted before', async () => {
    const network = memoryNetwork()
    const a = storeOn(network)
    for (let n = 0; n < 2_000; n++) a.usr.set(`key ${n}`, n)
    for (let n = 0; n < 2_000; n += 2) a.usr.delete(`key ${n}`)
    a.usr.set('large', 'x'.repeat(60 * 1024))
    const b = storeOn(network)
    await until(() => b.usr.size === 1_001, 'everything at b')
    expect(b.usr.snapshot()).to.deep.equal(a.usr.snapshot())
  })

  it('removes a member that closes from the list of the other at once', async () => {
    const { a, b } = await twoStores()
    expect(a.members.get(b.id)).to.include({ state: 'alive', direct: true, self: false })
    const gone: string[] = []
    a.on('gone', ({ state }) => gone.push(state))
    await b.close()
    await until(() => a.members.size === 1, 'b gone')
    expect(gone).to.deep.equal(['left'])
    expect(a.members.self.id).to.equal(a.id)
  })

  it('chooses one winner between concurrent writes, and tells the loser', async () => {
    const { network, a, b } = await twoStores()
    const conflicts: ConflictEvent[] = []
    a.on('conflict', (event) => conflicts.push(event))
    b.on('conflict', (event) => conflicts.push(event))
    network.partition([a.id], [b.id])
    a.usr.set('k', 'from a')
    b.usr.set('k', 'from b')
    network.heal()
    await until(() => a.usr.get('k') === b.usr.get('k') && conflicts.length > 0, 'one winner')
    const values = conflicts.map((event) => [event.winner.value, event.loser.value].sort())
    expect(values[0]).to.deep.equal(['from a', 'from b'])
    expect(conflicts[0]?.winner.value).to.equal(a.usr.get('k'))
  })

  it('keeps sys read-only', () => {
    const { sys } = storeOn(memoryNetwork())
    expect(() => sys.set('members', {}))
      .to.throw(UsageError)
      .with.property('code', 'ERR_SYS_READONLY')
    expect(() => sys.delete('members'))
      .to.throw(UsageError)
      .with.property('code', 'ERR_SYS_READONLY')
  })

  const wrong: [string, string, Record<string, unknown>][] = [
    ['an unknown option', 'ERR_OPTION_UNKNOWN', { cluster: 'c', signalling: 'ws://x' }],
    ['no cluster', 'ERR_OPTION_INVALID', {}],
    ['an empty cluster', 'ERR_OPTION_INVALID', { cluster: '' }],
    ['a port out of range', 'ERR_OPTION_INVALID', { cluster: 'c', port: 70_000 }],
    ['a URL that is none', 'ERR_URL_INVALID', { cluster: 'c', signaling: 'not a url' }],
    ['a URL of another kind', 'ERR_URL_INVALID', { cluster: 'c', signaling: 'http://localhost' }],
    ['an empty URL', 'ERR_URL_INVALID', { cluster: 'c', signaling: ['ws://127.0.0.1:1', ''] }],
    ['a URL without a scheme', 'ERR_URL_INVALID', { cluster: 'c', signaling: 'localhost:4444' }],
    ['a URL without a host', 'ERR_URL_INVALID', { cluster: 'c', signaling: 'ws://' }],
    ['a URL with a fragment', 'ERR_URL_INVALID', { cluster: 'c', signaling: 'ws://host/#part' }],
    ['a signaling that is no text', 'ERR_OPTION_INVALID', { cluster: 'c', signaling: 7 }],
    ['a meta that is too large', 'ERR_TOO_LARGE', { cluster: 'c', meta: { text: 'x'.repeat(600) } }],
    ['a meta that nests', 'ERR_OPTION_INVALID', { cluster: 'c', meta: { a: { b: 1 } } }],
    [
      'a meta without a prototype that nests',
      'ERR_OPTION_INVALID',
      { cluster: 'c', meta: Object.assign(Object.create(null), { a: Object.create(null) }) },
    ],
    ['a signal that is none', 'ERR_OPTION_INVALID', { cluster: 'c', signal: {} }],
    ['a persistence that saves nothing', 'ERR_OPTION_INVALID', { cluster: 'c', persistence: {} }],
    ['a transport without links', 'ERR_OPTION_INVALID', { cluster: 'c', transport: {} }],
    ['a WebRTC without its constructors', 'ERR_OPTION_INVALID', { cluster: 'c', webrtc: {} }],
    ['an awareness that is no function', 'ERR_OPTION_INVALID', { cluster: 'c', awareness: true }],
    ['a secret without its primary key', 'ERR_OPTION_INVALID', { cluster: 'c', secret: { accepted: [] } }],
    [
      'a secret with a misspelled field',
      'ERR_OPTION_INVALID',
      { cluster: 'c', secret: { primary: 'x', acepted: [] } },
    ],
    ['a secret that is a number', 'ERR_OPTION_INVALID', { cluster: 'c', secret: 7 }],
    ['an autoStart that is no flag', 'ERR_OPTION_INVALID', { cluster: 'c', autoStart: 'no' }],
  ]
  for (const [what, code, options] of wrong) {
    it(`refuses ${what} with ${code}, which says what to do`, () => {
      expect(() => createStore(options as unknown as StoreOptions))
        .to.throw(UsageError, /^\[gossip-kv ERR_\w+\] .+\. .+\. .+\.$/)
        .with.property('code', code)
    })
  }

  it('waits for start() with autoStart: false, and keeps what was written before', async () => {
    const store = storeOn(memoryNetwork(), { autoStart: false })
    expect(store.status.name).to.equal('idle')
    const early = await store.ready().then(
      () => 'resolved',
      (error) => error.code,
    )
    expect(early).to.equal('ERR_NOT_STARTED')
    store.usr.set('k', 1)
    store.start()
    await store.ready()
    expect(store.usr.get('k')).to.equal(1)
  })

  it('comes back from its persistence with its id and its data', async () => {
    const persistence = memoryPersistence()
    const network = memoryNetwork()
    const first = storeOn(network, { persistence })
    await first.ready()
    first.usr.set('k', { n: 1 })
    first.usr.set('gone', 1)
    first.usr.delete('gone')
    await first.flush()
    expect(first.status.persisted).to.equal(true)
    await first.close()
    const second = storeOn(network, { persistence })
    await second.ready()
    expect([second.id, second.usr.snapshot()]).to.deep.equal([first.id, { k: { n: 1 } }])
  })

  it('serves from memory while its persistence fails, and says so', async () => {
    const persistence = memoryPersistence()
    const store = storeOn(memoryNetwork(), { persistence })
    await store.ready()
    const { append, snapshot } = persistence
    persistence.append = persistence.snapshot = () => Promise.reject(new Error('disk full'))
    store.usr.set('k', 1)
    const failure = await store.flush().then(
      () => undefined,
      (error) => error,
    )
    expect(failure).to.be.instanceOf(StorageError).with.property('code', 'ERR_DATA_UNWRITABLE')
    expect([store.status.persisted, store.usr.get('k')]).to.deep.equal([false, 1])
    expect(store.status.storageError).to.equal(failure)
    Object.assign(persistence, { append, snapshot })
    await store.flush()
    expect(store.status).to.include({ persisted: true, storageError: undefined, lastError: undefined })
  })

  it('closes once, also by its signal, and its members hear of it', async () => {
    const control = new AbortController()
    const network = memoryNetwork()
    const a = storeOn(network)
    const b = storeOn(network, { signal: control.signal })
    await until(() => a.members.size === 2, 'b met')
    control.abort()
    await until(() => a.members.size === 1, 'b gone')
    expect(b.close()).to.equal(b.close())
    await b.close()
    expect(b.status.name).to.equal('closed')
  })

  it('does not mix clusters of different names on one signaling server', async () => {
    const network = memoryNetwork()
    const a = storeOn(network, { cluster: 'one' })
    const b = storeOn(network, { cluster: 'two' })
    await until(() => a.status.name === 'alone' && b.status.name === 'alone', 'both alone')
    expect([a.members.size, b.members.size]).to.deep.equal([1, 1])
  })

  it('works while signaling is down and joins when it comes up', async () => {
    const network = memoryNetwork()
    network.signaling(false)
    const a = storeOn(network)
    const b = storeOn(network)
    a.usr.set('k', 1)
    await until(() => a.status.name === 'offline', 'a offline')
    expect(a.usr.get('k')).to.equal(1)
    network.signaling(true)
    await until(() => b.usr.get('k') === 1, 'the write at b')
  })

  it('keeps one status object until something changes', async () => {
    const { a } = await twoStores()
    await until(() => a.status.converged, 'converged')
    const status = a.status
    expect(a.status).to.equal(status)
    expect(a.members.list()).to.equal(a.members.list())
    a.usr.set('k', 1)
    expect(a.status).to.not.equal(status)
    expect(a.status.converged).to.equal(false)
  })

  it('counts what it sends and merges', async () => {
    const { a, b } = await twoStores()
    a.usr.set('k', 1)
    await b.usr.once('k')
    expect(a.metrics()).to.include({ keys: 1, members: 2, links: 1 })
    expect(a.metrics()).to.include({ sessions: 1 })
    expect(a.metrics()['sent_gossip']).to.be.greaterThan(0)
    expect(b.metrics()['framesIn']).to.be.greaterThan(0)
  })
})
