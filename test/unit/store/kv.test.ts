import { expect } from 'chai'
import { UsageError } from '../../../src/base/errors.js'
import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from '../../../src/data/data-limits.js'
import { memoryNetwork } from '../../../src/mesh/memory/memory-network.js'
import type { ChangeEvent, KeyChange, Store, Value } from '../../../src/store/types.js'
import { until } from '../../until.js'
import { closeStores, storeOn, twoStores } from './cluster-of-stores.js'

const alone = (): Store => storeOn(memoryNetwork())

describe('usr', () => {
  afterEach(closeStores)

  it('reads at once what was written, before anybody is met', () => {
    const { usr } = alone()
    usr.set('key 1', 'value 1')
    expect(usr.get('key 1')).to.equal('value 1')
    expect([usr.size, usr.has('key 1'), usr.has('key 2'), usr.get('key 2')]).to.deep.equal([
      1,
      true,
      false,
      undefined,
    ])
  })

  it('shows everything in the order of keys, whatever the order of writes', () => {
    const { usr } = alone()
    for (const key of ['b', 'ä', 'a', 'Z', '10', '9']) usr.set(key, key)
    expect(usr.keys()).to.deep.equal(['10', '9', 'Z', 'a', 'b', 'ä'])
    expect(usr.entries({ prefix: 'a' })).to.deep.equal([['a', 'a']])
    expect([...usr].length).to.equal(6)
    expect(usr.values({ prefix: '9' })).to.deep.equal(['9'])
  })

  it('clones and freezes: the caller cannot change what is stored', () => {
    const { usr } = alone()
    const given = { list: [1, { deep: true }] }
    usr.set('k', given)
    given.list.push(2)
    const stored = usr.get<{ list: [number, { deep: boolean }] }>('k')
    expect(stored).to.deep.equal({ list: [1, { deep: true }] })
    expect(() => Object.assign(stored?.list[1] ?? {}, { deep: false })).to.throw(TypeError)
  })

  it('returns the same object until the key changes', () => {
    const { usr } = alone()
    usr.set('k', { a: 1 })
    usr.set('other', 1)
    const first = usr.get('k')
    usr.set('other', 2)
    expect(usr.get('k')).to.equal(first)
    expect(usr.snapshot()).to.equal(usr.snapshot())
    usr.set('k', { a: 1 })
    expect(usr.get('k')).to.not.equal(first)
  })

  it('deletes, and says whether there was something to delete', () => {
    const { usr } = alone()
    usr.set('k', 1)
    expect([usr.delete('k'), usr.delete('k'), usr.get('k'), usr.size]).to.deep.equal([
      true,
      false,
      undefined,
      0,
    ])
  })

  it('writes and deletes many in one transaction each', () => {
    const { usr } = alone()
    const events: ChangeEvent[] = []
    usr.subscribe((event) => events.push(event))
    usr.setMany({ a: 1, b: 2 })
    usr.setMany(new Map([['c', 3]]))
    expect(usr.deleteMany(['a', 'b', 'nothing', 'a'])).to.equal(2)
    expect(events.map((event) => event.changes.length)).to.deep.equal([2, 1, 2])
    expect(usr.keys()).to.deep.equal(['c'])
  })

  it('updates by a function, and deletes when it returns undefined', () => {
    const { usr } = alone()
    const increment = (value: Value | undefined) => (typeof value === 'number' ? value + 1 : 1)
    usr.update('n', increment)
    usr.update('n', increment)
    expect(usr.get('n')).to.equal(2)
    usr.update('n', () => undefined)
    expect(usr.has('n')).to.equal(false)
  })

  it('applies a batch as one transaction, whose writes are read inside', () => {
    const { usr } = alone()
    usr.set('gone', 1)
    const events: ChangeEvent[] = []
    usr.subscribe((event) => events.push(event))
    const result = usr.batch(() => {
      usr.set('a', 1)
      usr.update('a', (value) => Number(value) + 1)
      usr.delete('gone')
      usr.batch(() => usr.set('b', 2))
      return [usr.get('a'), usr.has('gone'), usr.keys(), usr.size]
    })
    expect(result).to.deep.equal([2, false, ['a', 'b'], 2])
    expect(events).to.have.length(1)
    expect(events[0]?.changes.map((change) => change.key).sort()).to.deep.equal(['a', 'b', 'gone'])
  })

  it('refuses a batch that would go on after its end, alone and within another one, and writes nothing of it', async () => {
    const { usr } = alone()
    const later = async () => {
      usr.set('a', 1)
      await Promise.resolve()
    }
    for (const batch of [() => usr.batch(later), () => usr.batch(() => usr.batch(later))])
      expect(batch).to.throw(UsageError).with.property('code', 'ERR_OPTION_INVALID')
    await Promise.resolve()
    expect(usr.has('a')).to.equal(false)
  })

  it('writes nothing of a batch that throws', () => {
    const { usr } = alone()
    const act = () =>
      usr.batch(() => {
        usr.set('a', 1)
        throw new Error('stop')
      })
    expect(act).to.throw('stop')
    expect(usr.size).to.equal(0)
    usr.set('b', 1)
    expect(usr.keys()).to.deep.equal(['b'])
  })

  const refused: [string, string, () => [string, unknown]][] = [
    ['a Date', 'ERR_VALUE_INVALID', () => ['k', new Date()]],
    ['undefined inside', 'ERR_VALUE_INVALID', () => ['k', { a: undefined }]],
    ['a function', 'ERR_VALUE_INVALID', () => ['k', () => 1]],
    ['a BigInt', 'ERR_VALUE_INVALID', () => ['k', 1n]],
    ['NaN', 'ERR_VALUE_INVALID', () => ['k', Number.NaN]],
    ['a Map', 'ERR_VALUE_INVALID', () => ['k', new Map()]],
    ['a key __proto__', 'ERR_KEY_INVALID', () => ['__proto__', 1]],
    ['a nested __proto__', 'ERR_VALUE_INVALID', () => ['k', JSON.parse('{"__proto__":1}')]],
    ['a lone surrogate', 'ERR_KEY_INVALID', () => ['\ud800', 1]],
    ['a key that is no text', 'ERR_KEY_INVALID', () => [7 as unknown as string, 1]],
    ['a key one byte too long', 'ERR_KEY_INVALID', () => ['k'.repeat(KEY_BYTES_MAX + 1), 1]],
    ['a value too large', 'ERR_TOO_LARGE', () => ['k', 'v'.repeat(VALUE_BYTES_MAX + 1)]],
  ]
  for (const [what, code, make] of refused) {
    it(`refuses ${what} with ${code} and changes nothing`, () => {
      const { usr } = alone()
      usr.set('there', 1)
      const [key, value] = make()
      expect(() => usr.set(key, value as Value))
        .to.throw(UsageError)
        .with.property('code', code)
      expect(usr.snapshot()).to.deep.equal({ there: 1 })
    })
  }

  it('refuses a whole setMany when one value is wrong', () => {
    const { usr } = alone()
    expect(() => usr.setMany({ fine: 1, wrong: new Date() as unknown as Value })).to.throw(UsageError)
    expect(usr.size).to.equal(0)
  })

  it('calls listeners once per transaction, by key, by prefix and for all', () => {
    const { usr } = alone()
    const calls: string[] = []
    usr.subscribe((event) => calls.push(`all ${event.changes.length}`))
    usr.subscribe({ prefix: 'a/' }, (event) => calls.push(`prefix ${event.changes.length}`))
    const off = usr.subscribe('a/1', (value) => calls.push(`key ${value}`))
    usr.setMany({ 'a/1': 1, 'a/2': 2, b: 3 })
    off()
    usr.set('a/1', 4)
    expect(calls).to.deep.equal(['all 3', 'prefix 2', 'key 1', 'all 1', 'prefix 1'])
  })

  it('reports a listener that throws, and the others still hear', () => {
    const store = alone()
    const errors: string[] = []
    const heard: number[] = []
    store.on('error', (error) => errors.push(error.code))
    store.usr.subscribe(() => {
      throw new Error('mine')
    })
    store.usr.subscribe(() => heard.push(1))
    store.usr.set('k', 1)
    expect([heard, errors]).to.deep.equal([[1], ['ERR_LISTENER_THREW']])
  })

  it('lets a listener write', async () => {
    const { a, b } = await twoStores()
    b.usr.subscribe('ping', (value) => b.usr.set('pong', value ?? null))
    a.usr.set('ping', 1)
    expect(await a.usr.once('pong', undefined, { timeout: 30_000 })).to.equal(1)
  })

  it('shows a namespace as a store of its own', () => {
    const { usr } = alone()
    const todo = usr.namespace('todo/')
    todo.set('1', 'water')
    usr.set('other', 1)
    const seen: KeyChange[] = []
    todo.subscribe('2', (_value, change) => seen.push(change))
    todo.namespace('2').set('', 'nested')
    expect(usr.keys()).to.deep.equal(['other', 'todo/1', 'todo/2'])
    expect([todo.keys(), todo.size, todo.snapshot()]).to.deep.equal([
      ['1', '2'],
      2,
      { 1: 'water', 2: 'nested' },
    ])
    expect(seen).to.deep.equal([{ key: '2', value: 'nested', previous: undefined }])
  })

  it('refuses a namespace that is no text', () => {
    const { usr } = alone()
    for (const base of [usr, usr.namespace('todo/')]) {
      expect(() => base.namespace(5 as unknown as string))
        .to.throw(UsageError)
        .with.property('code', 'ERR_KEY_INVALID')
    }
  })

  it('tells who wrote what and when', async () => {
    const { a, b } = await twoStores()
    const before = Date.now()
    a.usr.set('k', 1)
    await b.usr.once('k')
    const entry = b.usr.entry('k')
    expect(entry?.by).to.equal(a.id)
    expect(entry?.at).to.be.within(before - 1_000, Date.now() + 1_000)
    expect(entry?.dot).to.deep.equal(a.usr.entry('k')?.dot)
  })

  it('watches: first what is there, then every change, the last one never lost', async () => {
    const { usr } = alone()
    usr.set('a', 1)
    const seen: KeyChange[] = []
    const control = new AbortController()
    const reader = (async () => {
      for await (const change of usr.watch({ initial: true, signal: control.signal })) seen.push(change)
    })()
    await until(() => seen.length === 1, 'the initial value')
    for (let n = 0; n <= 100; n++) usr.set('b', n)
    await until(() => seen.at(-1)?.value === 100, 'the last value')
    control.abort()
    await reader
    expect(seen[0]).to.deep.equal({ key: 'a', value: 1, previous: undefined })
  })

  it('ends a watch when the store closes', async () => {
    const store = alone()
    const reader = (async () => {
      for await (const _change of store.usr.watch()) throw new Error('nothing was written')
    })()
    await store.close()
    await reader
  })

  it('gives up once() by timeout and by signal with a typed error', async () => {
    const { usr } = alone()
    const rejected = (promise: Promise<unknown>) =>
      promise.then(
        () => 'resolved',
        (error) => error.code,
      )
    const control = new AbortController()
    const waiting = rejected(usr.once('k', undefined, { signal: control.signal }))
    control.abort()
    expect([await rejected(usr.once('k', undefined, { timeout: 10 })), await waiting]).to.deep.equal([
      'ERR_ABORTED',
      'ERR_ABORTED',
    ])
  })

  it('refuses to write to a closed store, but still reads', async () => {
    const store = alone()
    store.usr.set('k', 1)
    await store.close()
    expect(() => store.usr.set('k', 2))
      .to.throw(UsageError)
      .with.property('code', 'ERR_STORE_CLOSED')
    expect(store.usr.get('k')).to.equal(1)
  })
})
