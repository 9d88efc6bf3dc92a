import { expect } from 'chai'
import { UsageError } from '../../../src/base/errors.js'
import { memoryNetwork } from '../../../src/mesh/memory/memory-network.js'
import { createStore } from '../../../src/store/store.js'
import type { PresenceState, Shown } from '../../../src/store/types.js'
import { until } from '../../until.js'
import { closeStores, storeOn, twoStores } from './cluster-of-stores.js'

describe('store.presence', () => {
  afterEach(closeStores)

  it('shows its patches here at once and to the others, in the list of members too', async () => {
    const { a, b } = await twoStores()
    a.presence.set({ cursor: 3, name: 'Ada' })
    a.presence.set({ cursor: 4 })
    expect(a.presence.get()).to.deep.equal({ cursor: 4, name: 'Ada' })
    expect([a.presence.list()[0]?.state, a.members.self.presence]).to.deep.equal([
      { cursor: 4, name: 'Ada' },
      { cursor: 4, name: 'Ada' },
    ])
    await until(() => b.presence.get(a.id)?.cursor === 4, 'the cursor at b')
    expect(b.members.get(a.id)?.presence).to.deep.equal({ cursor: 4, name: 'Ada' })
    expect(b.presence.list()).to.deep.equal([{ id: a.id, self: false, state: { cursor: 4, name: 'Ada' } }])
    expect(a.presence.list()).to.deep.equal([{ id: a.id, self: true, state: { cursor: 4, name: 'Ada' } }])
    expect(b.presence.get()).to.deep.equal({})
    expect(b.presence.get('nobody')).to.equal(undefined)
  })

  it('takes a field away by undefined, and keeps null as a value', async () => {
    const { a, b } = await twoStores()
    a.presence.set({ cursor: 3, selection: null })
    a.presence.set({ cursor: undefined })
    const seen = () => b.presence.get(a.id) ?? {}
    await until(() => seen().selection === null && !('cursor' in seen()), 'the selection alone at b')
    expect(b.presence.get(a.id)).to.deep.equal({ selection: null })
    a.presence.set({ selection: undefined })
    await until(() => b.presence.list().length === 0, 'nothing left to show')
  })

  it('is never in the document', async () => {
    const { a, b } = await twoStores()
    const digest = b.status.digest
    a.presence.set({ cursor: 1 })
    await until(() => b.presence.get(a.id)?.cursor === 1, 'the cursor at b')
    expect(JSON.stringify(b.doc.toJSON())).to.not.contain('cursor')
    expect(b.status.digest).to.equal(digest)
  })

  it('keeps what was set before the start and while alone, for whoever comes', async () => {
    const network = memoryNetwork()
    const a = storeOn(network, { autoStart: false })
    a.presence.set({ seat: 7 })
    a.start()
    await until(() => a.status.name === 'alone', 'a alone')
    const b = storeOn(network)
    await until(() => b.presence.get(a.id)?.seat === 7, 'the seat at b')
    const c = storeOn(network)
    await until(() => c.presence.get(a.id)?.seat === 7, 'the seat at c')
  })

  it('goes with its member', async () => {
    const { a, b } = await twoStores()
    a.presence.set({ cursor: 1 })
    await until(() => b.presence.list().length === 1, 'the cursor at b')
    await a.close()
    await until(() => b.presence.list().length === 0, 'gone with a')
  })

  it('tells its listeners of changes only, with a list that stays the same until then', async () => {
    const { a, b } = await twoStores()
    const heard: (readonly Shown[])[] = []
    const off = b.presence.subscribe((shown) => heard.push(shown))
    a.presence.set({ cursor: 1 })
    await until(() => heard.length === 1, 'told')
    expect(heard[0]).to.equal(b.presence.list())
    const list = b.presence.list()
    a.usr.set('k', 1)
    a.presence.set({ cursor: 1 })
    await until(() => b.usr.has('k'), 'the write at b')
    expect(b.presence.list()).to.equal(list)
    expect(heard).to.have.length(1)
    off()
    a.presence.set({ cursor: 2 })
    await until(() => b.presence.get(a.id)?.cursor === 2, 'the cursor at b')
    expect(heard).to.have.length(1)
  })

  it('gives frozen states that no caller can change', async () => {
    const { a, b } = await twoStores()
    const point = { x: 1 }
    a.presence.set({ point })
    point.x = 2
    expect(a.presence.get()).to.deep.equal({ point: { x: 1 } })
    await until(() => b.presence.get(a.id) !== undefined && b.presence.list().length === 1, 'at b')
    expect(() => {
      ;(b.presence.get(a.id) as { point: { x: number } }).point.x = 3
    }).to.throw(TypeError)
  })

  const wrong: [string, unknown, string][] = [
    ['a patch that is null', null, 'ERR_VALUE_INVALID'],
    ['a patch that is a list', [1], 'ERR_VALUE_INVALID'],
    ['a patch that is a Map', new Map(), 'ERR_VALUE_INVALID'],
    ['a function as a field', { fn: () => 1 }, 'ERR_VALUE_INVALID'],
    ['a forbidden key', JSON.parse('{"__proto__":{"a":1}}'), 'ERR_VALUE_INVALID'],
    ['more than 4 KiB', { text: 'x'.repeat(4 * 1024) }, 'ERR_TOO_LARGE'],
  ]
  for (const [what, patch, code] of wrong) {
    it(`refuses ${what} with ${code} and changes nothing`, () => {
      const store = storeOn(memoryNetwork())
      store.presence.set({ cursor: 1 })
      expect(() => store.presence.set(patch as Partial<PresenceState>))
        .to.throw(UsageError)
        .with.property('code', code)
      expect(store.presence.get()).to.deep.equal({ cursor: 1 })
    })
  }

  it('refuses to change after the store closed', async () => {
    const store = storeOn(memoryNetwork())
    await store.close()
    expect(() => store.presence.set({ a: 1 }))
      .to.throw(UsageError)
      .with.property('code', 'ERR_STORE_CLOSED')
  })
})

describe('store.send', () => {
  afterEach(closeStores)
  const bytes = (text: string) => new TextEncoder().encode(text)

  it('sends bytes to one member or to all others, who hear the event message', async () => {
    const { network, a, b } = await twoStores()
    const c = storeOn(network)
    await until(() => [a, b, c].every((store) => store.members.size === 3), 'three of them')
    const heard: string[] = []
    for (const [name, store] of [
      ['a', a],
      ['b', b],
      ['c', c],
    ] as const)
      store.on('message', (message) => {
        heard.push(
          `${name}: ${new TextDecoder().decode(message.bytes)} of ${message.from === a.id ? 'a' : '?'}`,
        )
      })
    a.send(b.id, bytes('for b'))
    a.send('*', bytes('for all'))
    a.send(a.id, bytes('for me'))
    await until(() => heard.length === 4, 'four messages')
    expect(heard.sort()).to.deep.equal([
      'a: for me of a',
      'b: for all of a',
      'b: for b of a',
      'c: for all of a',
    ])
  })

  it('sends what the bytes are now, whatever becomes of them', async () => {
    const { a, b } = await twoStores()
    const heard: number[] = []
    b.on('message', (message) => heard.push(...message.bytes))
    const buffer = Uint8Array.of(1, 2)
    a.send(b.id, buffer)
    buffer.fill(9)
    await until(() => heard.length === 2, 'the message')
    expect(heard).to.deep.equal([1, 2])
  })

  it('refuses who is unknown, what is no bytes or too large, and what is too fast, with typed errors', async () => {
    const { a, b } = await twoStores()
    const codeOf = (act: () => void) => {
      try {
        act()
        return undefined
      } catch (error) {
        return error instanceof UsageError ? error.code : error
      }
    }
    expect(codeOf(() => a.send('nobody', bytes('x')))).to.equal('ERR_MEMBER_UNKNOWN')
    expect(codeOf(() => a.send(b.id, 'x' as unknown as Uint8Array))).to.equal('ERR_VALUE_INVALID')
    expect(codeOf(() => a.send(b.id, new Uint8Array(16 * 1024 + 1)))).to.equal('ERR_TOO_LARGE')
    expect(codeOf(() => a.send(b.id, new Uint8Array(16 * 1024)))).to.equal(undefined)
    const codes = Array.from({ length: 200 }, () => codeOf(() => a.send(b.id, bytes('x'))))
    expect(codes).to.include('ERR_RATE_LIMITED')
    expect(codes.filter((code) => code === undefined).length).to.be.within(40, 150)
  })

  it('refuses before the start and after the end', async () => {
    const store = createStore({ cluster: 'test', autoStart: false })
    expect(() => store.send('*', bytes('x')))
      .to.throw(UsageError)
      .with.property('code', 'ERR_NOT_STARTED')
    await store.close()
    expect(() => store.send('*', bytes('x')))
      .to.throw(UsageError)
      .with.property('code', 'ERR_STORE_CLOSED')
  })
})

describe('members that go', () => {
  afterEach(closeStores)

  it('are told of once, with what was known of them and why', async () => {
    const { network, a, b } = await twoStores()
    const c = storeOn(network, { name: 'Cleo' })
    await until(() => a.members.size === 3 && b.members.size === 3, 'three of them')
    const gone: string[] = []
    a.on('gone', ({ id, name, state }) => {
      gone.push(`${name ?? (id === b.id ? 'b' : '?')} ${state}`)
    })
    await c.close()
    await until(() => gone.length === 1, 'c gone')
    network.crash(b.id)
    await until(() => gone.length === 2, 'b gone')
    expect(gone).to.deep.equal(['Cleo left', 'b dead'])
    expect(a.members.list()).to.have.length(1)
  })

  it('are alive before they are ready', async () => {
    const { a, b } = await twoStores()
    await until(() => [a, b].every((store) => store.members.list().every(({ ready }) => ready)), 'all ready')
    const far = createStore({ cluster: 'test', autoStart: false })
    expect(far.members.self).to.include({ state: 'alive', ready: false })
    await far.close()
  })
})
