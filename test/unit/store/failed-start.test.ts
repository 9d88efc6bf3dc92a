/** A store that cannot start says why wherever something is asked of it, and on the console when nobody listens. */
import { expect } from 'chai'
import { webrtcUnavailable } from '../../../src/mesh/links/rtc-implementation.js'
import { memoryNetwork } from '../../../src/mesh/memory/memory-network.js'
import { createStore } from '../../../src/store/store.js'
import type { Store } from '../../../src/store/types.js'

/** A store in a runtime without WebRTC. */
function storeWithoutWebrtc(): Store {
  const transport = memoryNetwork().transport()
  transport.links.start = async () => {
    throw webrtcUnavailable('@roamhq/wrtc is not installed', 'Install it')
  }
  return createStore({ cluster: 'c', transport })
}

const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => 'resolved',
    (error: { code?: string }) => error.code,
  )

/** Everything of a store that can be waited for. */
const waits: [string, (store: Store) => Promise<unknown>][] = [
  ['ready()', (store) => store.ready()],
  ['synced()', (store) => store.synced()],
  ['flush()', (store) => store.flush()],
  ['replicated()', (store) => store.replicated()],
  ['usr.once()', (store) => store.usr.once('key')],
  ['once() of a namespace', (store) => store.usr.namespace('a/').once('key')],
  ['usr.watch()', (store) => store.usr.watch()[Symbol.asyncIterator]().next()],
  ['checkpoints.create()', (store) => store.checkpoints.create()],
]

describe('a store that cannot start', () => {
  const said: unknown[][] = []
  const { error } = console
  beforeEach(() => {
    said.length = 0
    console.error = (...words) => said.push(words)
  })
  afterEach(() => {
    console.error = error
  })

  for (const [name, wait] of waits) {
    it(`rejects ${name} with what stopped it, before and after it failed`, async () => {
      const store = storeWithoutWebrtc()
      const before = await outcome(wait(store))
      await outcome(store.ready())
      expect([before, await outcome(wait(store))]).to.deep.equal([
        'ERR_WEBRTC_UNAVAILABLE',
        'ERR_WEBRTC_UNAVAILABLE',
      ])
    })
  }

  it('refuses writes with what stopped it', async () => {
    const store = storeWithoutWebrtc()
    await outcome(store.ready())
    expect(() => store.usr.set('key', 1))
      .to.throw()
      .with.property('code', 'ERR_WEBRTC_UNAVAILABLE')
    expect(() => store.presence.set({}))
      .to.throw()
      .with.property('code', 'ERR_WEBRTC_UNAVAILABLE')
  })

  it('says so on the console once when nothing listens to `error`', async () => {
    const store = storeWithoutWebrtc()
    await outcome(store.ready())
    expect(said).to.have.length(1)
    expect(said[0]?.[0]).to.include('ERR_WEBRTC_UNAVAILABLE')
  })

  it('says nothing on the console when something listens', async () => {
    const store = storeWithoutWebrtc()
    const codes: string[] = []
    store.on('error', ({ code }) => codes.push(code))
    await outcome(store.ready())
    expect([codes, said]).to.deep.equal([['ERR_WEBRTC_UNAVAILABLE'], []])
  })
})

describe('a store to whose errors nothing listens', () => {
  it('says each kind of them on the console once, with its cause', async () => {
    const said: unknown[][] = []
    const { error } = console
    console.error = (...words) => said.push(words)
    const store = createStore({ cluster: 'c', transport: memoryNetwork().transport() })
    const cause = new Error('of the application')
    store.usr.subscribe(() => {
      throw cause
    })
    store.usr.set('key', 1)
    store.usr.set('key', 2)
    expect(() => store.doc.getMap('foreign').set('key', 1)).to.throw()
    console.error = error
    await store.close()
    expect(said.map(([message]) => /ERR_\w+/.exec(String(message))?.[0])).to.deep.equal([
      'ERR_LISTENER_THREW',
      'ERR_FOREIGN_WRITE',
    ])
    expect(said[0]?.[1]).to.equal(cause)
  })
})
