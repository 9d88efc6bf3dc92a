import { expect } from 'chai'
import * as Y from 'yjs'
import { StorageError } from '../../../src/base/errors.js'
import { MERGE_BYTES_MAX } from '../../../src/data/data-limits.js'
import type { CheckpointStorage } from '../../../src/data/persistence/checkpoint-storage.js'
import { memoryPersistence } from '../../../src/data/persistence/memory.js'
import { memoryCheckpoints } from '../../../src/data/persistence/memory-checkpoints.js'
import { encodeCheckpoint } from '../../../src/data/replica/checkpoint.js'
import { DottedMap } from '../../../src/data/replica/dotted-map.js'
import { Entry } from '../../../src/data/replica/entry.js'
import { stampOf } from '../../../src/data/replica/stamp.js'
import { memoryNetwork } from '../../../src/mesh/memory/memory-network.js'
import { generateSecret } from '../../../src/mesh/security/secret.js'
import { createStore } from '../../../src/store/store.js'
import type { Store, StoreOptions, Value } from '../../../src/store/types.js'
import { createTestCluster, type TestCluster } from '../../../src/testing.js'
import { until } from '../../until.js'
import { closeStores, storeOn, twoStores } from './cluster-of-stores.js'

/** A storage that tells what is read from it, and fails when it is told to. */
class WatchedStorage implements CheckpointStorage {
  readonly inner = memoryCheckpoints()
  readonly reads: string[] = []
  failure: Error | undefined

  list() {
    return this.inner.list()
  }
  read(name: string) {
    this.reads.push(name)
    return this.inner.read(name)
  }
  async write(name: string, bytes: Uint8Array) {
    if (this.failure) throw this.failure
    await this.inner.write(name, bytes)
  }
  remove(name: string) {
    return this.inner.remove(name)
  }
}

describe('checkpoints', () => {
  afterEach(closeStores)

  function alone(options: Partial<StoreOptions> = {}): Store {
    return storeOn(memoryNetwork(), options)
  }

  async function failureOf(promise: Promise<unknown>): Promise<{ code: string }> {
    const outcome = await promise.then(
      () => new Error('it succeeded'),
      (error: unknown) => error,
    )
    expect(outcome).to.have.property('code')
    return outcome as { code: string }
  }

  it('keep the state of the call, whatever is written next', async () => {
    const store = alone()
    store.usr.setMany({ a: 1, b: { deep: [true] }, c: new Uint8Array([1, 2]) })
    await store.ready()
    const made = store.checkpoints.create({ label: 'before' })
    store.usr.set('a', 2)
    const info = await made
    expect(info).to.include({ label: 'before', keys: 3, by: store.id, epoch: undefined, problem: undefined })
    const { entries, ...rest } = await store.checkpoints.read(info.id)
    expect(rest).to.deep.equal(info)
    expect(entries.map(({ key, value }) => [key, value])).to.deep.equal([
      ['a', 1],
      ['b', { deep: [true] }],
      ['c', new Uint8Array([1, 2])],
    ])
    expect(Math.abs((entries[0]?.at ?? 0) - Date.now())).to.be.below(60_000)
  })

  it('are listed by their heads alone, the newest first', async () => {
    const storage = new WatchedStorage()
    const store = alone({ checkpoints: { storage } })
    store.usr.set('large', 'x'.repeat(50_000))
    const labels = Array.from({ length: 20 }, (_, n) => `label ${n}`)
    for (const label of labels) await store.checkpoints.create({ label })
    storage.reads.length = 0
    const infos = await store.checkpoints.list()
    expect(infos.map(({ label }) => label)).to.have.members(labels)
    expect(infos.map(({ id }) => id)).to.deep.equal(
      infos
        .map(({ id }) => id)
        .sort()
        .reverse(),
    )
    expect(infos.every(({ bytes }) => bytes > 50_000)).to.equal(true)
    expect(storage.reads.every((name) => name.endsWith('.head'))).to.equal(true)
  })

  it('make way for newer ones unless they have a label', async () => {
    const store = alone({ checkpoints: { keep: 2 } })
    await store.checkpoints.create({ label: 'stays' })
    const ids: string[] = []
    for (let n = 0; n < 4; n++) {
      store.usr.set('k', n)
      ids.push((await store.checkpoints.create()).id)
      // Two ids of one millisecond are in no order.
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    const infos = await store.checkpoints.list()
    expect(infos.map(({ id, label }) => label ?? id)).to.deep.equal([ids[3], ids[2], 'stays'])
  })

  it('tell what was added, changed and removed, between two of them and until now', async () => {
    const store = alone()
    store.usr.setMany({ gone: [1, 2], kept: { x: 1, y: 2 }, 'n/a': 1 })
    const { id: first } = await store.checkpoints.create()
    store.usr.batch(() => {
      store.usr.delete('gone')
      store.usr.set('kept', { y: 2, x: 1 })
      store.usr.set('n/a', 2)
      store.usr.set('n/b', new Uint8Array([1]))
    })
    const { id: second } = await store.checkpoints.create({ label: 'second' })
    const expected = {
      added: [{ key: 'n/b', value: new Uint8Array([1]) }],
      changed: [{ key: 'n/a', before: 1, after: 2 }],
      removed: [{ key: 'gone', value: [1, 2] }],
    }
    expect(await store.checkpoints.diff(first, 'second')).to.deep.equal(expected)
    expect(await store.checkpoints.diff(first)).to.deep.equal(expected)
    expect(await store.checkpoints.diff(second, 'now')).to.deep.equal({ added: [], changed: [], removed: [] })
    const { added, changed, removed } = await store.checkpoints.diff(first, 'now', { prefix: 'n/' })
    expect([added.length, changed.length, removed.length]).to.deep.equal([1, 1, 0])
  })

  it('are restored in one transaction, deletes included, and only what differs is written', async () => {
    const store = alone()
    store.usr.setMany({ a: 1, b: 2, same: 3 })
    const { id } = await store.checkpoints.create()
    store.usr.delete('a')
    store.usr.setMany({ b: 20, extra: true })
    const same = store.usr.entry('same')?.dot
    const events: number[] = []
    store.usr.subscribe((event) => events.push(event.changes.length))
    const written = await store.checkpoints.restore(id)
    expect(store.usr.snapshot()).to.deep.equal({ a: 1, b: 2, same: 3 })
    expect(events).to.deep.equal([3])
    expect(store.usr.entry('same')?.dot).to.deep.equal(same)
    expect([written.added.length, written.changed.length, written.removed.length]).to.deep.equal([1, 1, 1])
    const again = await store.checkpoints.restore(id)
    expect(again).to.deep.equal({ added: [], changed: [], removed: [] })
  })

  it('bring back one namespace and leave the others', async () => {
    const store = alone()
    const [a, b] = [store.usr.namespace('a/'), store.usr.namespace('b/')]
    a.set('k', 1)
    b.set('k', 1)
    await store.checkpoints.create({ label: 'old' })
    a.setMany({ k: 2, more: 2 })
    b.set('k', 2)
    await store.checkpoints.restore('old', { prefix: 'a/' })
    expect(store.usr.snapshot()).to.deep.equal({ 'a/k': 1, 'b/k': 2 })
  })

  it('win on the other members too, over all that this one had seen', async () => {
    const { a, b } = await twoStores()
    a.usr.setMany({ changed: 1, gone: 1 })
    await until(() => b.usr.size === 2, 'both keys at b')
    const { id } = await a.checkpoints.create()
    b.usr.batch(() => {
      b.usr.delete('gone')
      b.usr.set('changed', 2)
      b.usr.set('new', 2)
    })
    await until(() => a.usr.get('new') === 2, "b's writes at a")
    await a.checkpoints.restore(id)
    await until(() => !b.usr.has('new'), 'the restored state at b')
    expect(b.usr.snapshot()).to.deep.equal({ changed: 1, gone: 1 })
    expect(a.usr.snapshot()).to.deep.equal({ changed: 1, gone: 1 })
  })

  it('refuse a restore that does not fit one update when it has to, and change nothing', async () => {
    const store = alone()
    store.usr.setMany(Array.from({ length: 2_001 }, (_, n) => [`key ${n}`, n] as const))
    const { id } = await store.checkpoints.create()
    store.usr.deleteMany(store.usr.keys())
    expect(await failureOf(store.checkpoints.restore(id, { atomic: true }))).to.include({
      code: 'ERR_TOO_LARGE',
    })
    expect(store.usr.size).to.equal(0)
    await store.checkpoints.restore(id)
    expect(store.usr.size).to.equal(2_001)
  })

  it('export what a stock Y.Doc shows as it was, and come back from those bytes elsewhere', async () => {
    const store = alone()
    const data: Record<string, Value> = { a: 1, b: { c: [null, 'x'] }, bytes: new Uint8Array([0, 255]) }
    store.usr.setMany(data)
    store.usr.set('deleted', 1)
    store.usr.delete('deleted')
    await store.checkpoints.create({ label: 'one' })
    store.usr.deleteMany(store.usr.keys())
    const bytes = await store.checkpoints.export('one')
    const doc = new Y.Doc()
    Y.applyUpdate(doc, bytes)
    expect(doc.getMap('usr').toJSON()).to.deep.equal(data)
    const other = alone()
    other.usr.set('own', 1)
    const info = await other.checkpoints.import(bytes, { label: 'imported' })
    expect(info).to.include({ label: 'imported', keys: 3, by: other.id, bytes: bytes.length })
    expect(other.usr.snapshot()).to.deep.equal({ own: 1 })
    await other.checkpoints.restore('imported')
    expect(other.usr.snapshot()).to.deep.equal(data)
  })

  it('refuse to import what is no state of this library', async () => {
    const store = alone()
    const stock = new Y.Doc()
    stock.getMap('usr').set('k', 1)
    const twice = new Y.Doc()
    twice.getMap('usr').set('nested', new Y.Map())
    const exported = await store.checkpoints.create().then(({ id }) => store.checkpoints.export(id))
    const codes = await Promise.all(
      [
        Y.encodeStateAsUpdate(stock),
        Y.encodeStateAsUpdate(twice),
        new Uint8Array(),
        new Uint8Array([1, 2, 3]),
        new Uint8Array([...exported, 0]),
        exported.subarray(0, -1),
      ].map(async (bytes) => (await failureOf(store.checkpoints.import(bytes))).code),
    )
    expect(new Set(codes)).to.deep.equal(new Set(['ERR_CHECKPOINT_INVALID']))
    expect(await failureOf(store.checkpoints.import(new Uint8Array(MERGE_BYTES_MAX + 1)))).to.include({
      code: 'ERR_TOO_LARGE',
    })
    expect(await failureOf(store.checkpoints.import('text' as unknown as Uint8Array))).to.include({
      code: 'ERR_OPTION_INVALID',
    })
    expect(await store.checkpoints.list()).to.have.length(1)
  })

  it('are never accepted with any byte of them flipped, nor cut anywhere', async () => {
    const storage = new WatchedStorage()
    const store = alone({ checkpoints: { storage } })
    store.usr.setMany({ a: 1, b: 'text' })
    const { id } = await store.checkpoints.create({ label: 'one' })
    store.usr.set('a', 2)
    for (const name of await storage.list()) {
      const whole = (await storage.inner.read(name)) ?? new Uint8Array()
      for (let at = 0; at < whole.length; at++) {
        const flipped = whole.slice()
        flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
        for (const bytes of [flipped, whole.slice(0, at)]) {
          await storage.inner.write(name, bytes)
          const { code } = await failureOf(store.checkpoints.restore(id))
          expect(['ERR_CHECKPOINT_INVALID', 'ERR_CHECKPOINT_VERSION'], `${name} at ${at}`).to.include(code)
        }
      }
      await storage.inner.write(name, whole)
    }
    expect(store.usr.get('a')).to.equal(2)
    await store.checkpoints.restore(id)
    expect(store.usr.get('a')).to.equal(1)
  })

  it('do not take the state of one for that of another', async () => {
    const storage = memoryCheckpoints()
    const store = alone({ checkpoints: { storage } })
    const one = await store.checkpoints.create({ label: 'one' })
    store.usr.set('k', 1)
    const two = await store.checkpoints.create({ label: 'two' })
    const stateOf = async (id: string) =>
      (await storage.list()).find((name) => name.startsWith(`${id}.`) && !name.endsWith('.head')) ?? ''
    await storage.write(
      await stateOf(one.id),
      (await storage.read(await stateOf(two.id))) ?? new Uint8Array(),
    )
    expect(await failureOf(store.checkpoints.read(one.id))).to.include({ code: 'ERR_CHECKPOINT_INVALID' })
    await storage.write(`${one.id}.head`, (await storage.read(`${two.id}.head`)) ?? new Uint8Array())
    expect(await failureOf(store.checkpoints.read(one.id))).to.include({ code: 'ERR_CHECKPOINT_INVALID' })
  })

  it('are listed with their problem when they cannot be read, and can be removed', async () => {
    const storage = memoryCheckpoints()
    const store = alone({ checkpoints: { storage } })
    const { id, at } = await store.checkpoints.create({ label: 'one' })
    await storage.write(`${id}.head`, new Uint8Array(50))
    const [info] = await store.checkpoints.list()
    expect(info).to.include({ id, at, label: undefined, by: undefined, keys: 0 })
    expect(info?.problem).to.be.instanceOf(StorageError).and.include({ code: 'ERR_CHECKPOINT_INVALID' })
    await store.checkpoints.remove(id)
    expect(await storage.list()).to.deep.equal([])
  })

  it('with stamps of the far future are restored at a time that all take', async () => {
    const session = 77
    const ahead = stampOf(Date.now() + 365 * 86_400_000)
    const entry = new Entry({ key: 'k', session, n: 0, stamp: ahead, value: 'from ahead', bytes: 20 })
    const map = new DottedMap()
    map.merge({ runs: [{ session, start: 0, end: 1, entries: [entry], dead: [] }], kills: [] })
    const { a, b } = await twoStores()
    await a.checkpoints.import(encodeCheckpoint(map, ahead), { label: 'ahead' })
    await a.checkpoints.restore('ahead')
    await until(() => b.usr.get('k') === 'from ahead', 'the restored key at the other member')
    for (const store of [a, b])
      expect(Math.abs((store.usr.entry('k')?.at ?? 0) - Date.now())).to.be.below(60_000)
  })

  it('say when there is none of this name, before and after it was removed', async () => {
    const store = alone()
    const { id } = await store.checkpoints.create({ label: 'one' })
    await store.checkpoints.remove('one')
    for (const name of [id, 'one', '../etc/passwd', '']) {
      for (const call of [
        store.checkpoints.read(name),
        store.checkpoints.restore(name),
        store.checkpoints.diff(name),
        store.checkpoints.export(name),
        store.checkpoints.remove(name),
      ])
        expect(await failureOf(call), name).to.include({ code: 'ERR_CHECKPOINT_MISSING' })
    }
    expect(await failureOf(store.checkpoints.read(7 as unknown as string))).to.include({
      code: 'ERR_OPTION_INVALID',
    })
  })

  it('refuse labels and options that cannot be', async () => {
    const store = alone()
    for (const label of ['', 'x'.repeat(65), 'now', '\ud800', 7 as unknown as string])
      expect(await failureOf(store.checkpoints.create({ label })), String(label)).to.include({
        code: 'ERR_OPTION_INVALID',
      })
    const { id, label } = await store.checkpoints.create({ label: 'x'.repeat(64) })
    expect(label).to.have.length(64)
    const bytes = await store.checkpoints.export(id)
    for (const options of [null, 'a label', 7] as never[])
      for (const failure of [
        await failureOf(store.checkpoints.create(options)),
        await failureOf(store.checkpoints.import(bytes, options)),
        await failureOf(store.checkpoints.read(id, options)),
        await failureOf(store.checkpoints.diff(id, 'now', options)),
        await failureOf(store.checkpoints.restore(id, options)),
        await failureOf(store.checkpoints.restore(id, { atomic: 'yes' as never })),
      ])
        expect(failure).to.include({ code: 'ERR_OPTION_INVALID' })
    expect(await store.checkpoints.list()).to.have.length(1)
    for (const checkpoints of [
      true,
      { keep: 0 },
      { keep: 1.5 },
      { keep: 1001 },
      { everyMillis: 999 },
      { everyUpdates: 0 },
      { storage: {} },
      { storage: 'redis' },
    ])
      expect(() => createStore({ cluster: 'x', checkpoints } as unknown as StoreOptions))
        .to.throw()
        .with.property('code', 'ERR_OPTION_INVALID')
  })

  it('wait for a store that loads, and end with it', async () => {
    const persistence = memoryPersistence()
    const first = alone({ persistence })
    first.usr.set('k', 1)
    await first.checkpoints.create({ label: 'one' })
    await first.close()
    for (const call of [first.checkpoints.list(), first.checkpoints.create()])
      expect(await failureOf(call)).to.include({ code: 'ERR_STORE_CLOSED' })
    const second = alone({ persistence })
    expect((await second.checkpoints.create()).keys).to.equal(1)
    expect(await second.checkpoints.list()).to.have.length(2)
    const idle = alone({ autoStart: false })
    expect(await failureOf(idle.checkpoints.list())).to.include({ code: 'ERR_NOT_STARTED' })
  })

  it('that are being written when the store closes are finished first', async () => {
    const storage = memoryCheckpoints()
    const store = alone({ checkpoints: { storage } })
    await store.checkpoints.create({ label: 'one' })
    const last = store.checkpoints.create({ label: 'last' }).catch((error: unknown) => error)
    await new Promise((resolve) => setTimeout(resolve, 0))
    await store.close()
    await last
    const names = await storage.list()
    expect(names.filter((name) => name.endsWith('.head'))).to.have.length(names.length / 2)
  })

  it('leave nothing behind when the storage fails, and work again after it', async () => {
    const storage = new WatchedStorage()
    const store = alone({ checkpoints: { storage } })
    storage.failure = new Error('ENOSPC')
    const error = await failureOf(store.checkpoints.create())
    expect(error).to.include({ code: 'ERR_DATA_UNWRITABLE' }).and.instanceOf(StorageError)
    expect(await storage.list()).to.deep.equal([])
    storage.failure = undefined
    await store.checkpoints.create()
    expect(await store.checkpoints.list()).to.have.length(1)
  })

  it('written by a newer version are told from damaged ones', async () => {
    const storage = memoryCheckpoints()
    const store = alone({ checkpoints: { storage } })
    const { id } = await store.checkpoints.create()
    const bytes = (await storage.read(`${id}.head`)) ?? new Uint8Array()
    bytes[4] = 2
    const rest = new Uint8Array([...bytes.subarray(0, 7), ...bytes.subarray(39)])
    bytes.set(new Uint8Array(await crypto.subtle.digest('SHA-256', rest)), 7)
    await storage.write(`${id}.head`, bytes)
    expect(await failureOf(store.checkpoints.read(id))).to.include({ code: 'ERR_CHECKPOINT_VERSION' })
  })
})

describe('checkpoints in a cluster', () => {
  let cluster: TestCluster
  afterEach(() => cluster.close())

  /** Lets virtual time pass until the promise is settled. */
  async function settled<T>(promise: Promise<T>): Promise<T> {
    let done = false
    const noted = promise.finally(() => {
      done = true
    })
    noted.catch(() => undefined)
    await cluster.until(() => done)
    return noted
  }

  it('make themselves after so long and after so many changes, when something has changed', async () => {
    const checkpoints = { everyMillis: 10_000, everyUpdates: 5 }
    cluster = await createTestCluster({ members: 1, store: { checkpoints } })
    const store = cluster.members[0] as Store
    const countIs = async (count: number) => {
      let found = -1
      for (let look = 0; look < 500 && found !== count; look++) {
        await cluster.advance(1)
        found = (await settled(store.checkpoints.list())).length
      }
      expect(found).to.equal(count)
    }
    store.usr.set('k', 1)
    await cluster.advance(10_100)
    await countIs(1)
    await cluster.advance(30_000)
    await countIs(1)
    for (let n = 0; n < 5; n++) store.usr.set(`k${n}`, n)
    await countIs(2)
  })

  it('tell by an event when one could not be made, and try again', async () => {
    const storage = new WatchedStorage()
    storage.failure = new Error('ENOSPC')
    cluster = await createTestCluster({
      members: 1,
      store: { checkpoints: { everyMillis: 1_000, storage } },
    })
    const store = cluster.members[0] as Store
    const codes: string[] = []
    store.on('error', ({ code }) => codes.push(code))
    store.usr.set('k', 1)
    await cluster.until(() => codes.length > 0)
    expect(codes).to.deep.equal(['ERR_DATA_UNWRITABLE'])
    storage.failure = undefined
    await cluster.advance(1_100)
    expect(await settled(store.checkpoints.list())).to.have.length(1)
  })

  for (const seed of [1, 2, 3])
    it(`are restored while four others write, and all five end with the same (seed ${seed})`, async () => {
      cluster = await createTestCluster({ seed, members: 5, loss: 0.02 })
      const [first, ...others] = cluster.members as [Store, ...Store[]]
      const keys = Array.from({ length: 40 }, (_, n) => `old/${n}`)
      first.usr.setMany(keys.map((key) => [key, 'old'] as const))
      await cluster.settle()
      const { id } = await settled(first.checkpoints.create({ label: 'old' }))
      first.usr.setMany(keys.map((key) => [key, 'changed'] as const))
      others[0]?.usr.deleteMany(keys.slice(0, 10))
      await cluster.settle()
      // Everybody writes other keys before, during and after; nobody touches those that are restored.
      const write = (n: number) => {
        for (const [index, store] of others.entries()) store.usr.set(`busy/${index}/${n % 7}`, n)
      }
      for (let n = 0; n < 10; n++) {
        write(n)
        await cluster.advance(20)
      }
      const restoring = first.checkpoints.restore(id, { prefix: 'old/' })
      for (let n = 10; n < 30; n++) {
        write(n)
        await cluster.advance(20)
      }
      await restoring
      await cluster.settle()
      for (const store of cluster.members) {
        expect(store.usr.values({ prefix: 'old/' })).to.deep.equal(keys.map(() => 'old'))
        expect(store.usr.keys({ prefix: 'busy/' })).to.have.length(28)
      }
    })

  it('decide concurrent writes of the same keys alike everywhere', async () => {
    cluster = await createTestCluster({ seed: 4, members: 5 })
    const [first, second] = cluster.members as [Store, Store]
    first.usr.setMany({ a: 'old', b: 'old', c: 'old' })
    await cluster.settle()
    const { id } = await settled(first.checkpoints.create())
    first.usr.setMany({ a: 'new', b: 'new', c: 'new' })
    await cluster.settle()
    cluster.partition([first], cluster.members.slice(1))
    await settled(first.checkpoints.restore(id))
    await cluster.advance(50)
    // Later and unseen: by the rule of the store it wins. What nobody wrote meanwhile is restored everywhere.
    second.usr.set('a', 'concurrent')
    await cluster.advance(5_000)
    cluster.heal()
    await cluster.settle({ timeoutMillis: 120_000 })
    for (const store of cluster.members)
      expect(store.usr.snapshot()).to.deep.equal({ a: 'concurrent', b: 'old', c: 'old' })
  })
})

describe('checkpoints of a cluster with a secret', () => {
  afterEach(closeStores)

  const storage = () => memoryCheckpoints()
  const open = (place: CheckpointStorage, secret?: StoreOptions['secret']) =>
    storeOn(memoryNetwork(), { checkpoints: { storage: place }, ...(secret === undefined ? {} : { secret }) })

  it('are sealed: nobody reads keys, labels or values in their storage, and the secret opens them', async () => {
    const place = storage()
    const secret = await generateSecret()
    const store = open(place, secret)
    store.usr.set('the key', 'the value')
    const { id, epoch } = await store.checkpoints.create({ label: 'the label' })
    expect(epoch).to.equal(store.keys.list()[0]?.id)
    for (const name of await place.list()) {
      const text = new TextDecoder('latin1').decode(await place.read(name))
      expect(text).to.not.match(/the (key|value|label)/)
    }
    await store.close()
    const later = open(place, secret)
    await later.checkpoints.restore('the label')
    expect(later.usr.get('the key')).to.equal('the value')
    const doc = new Y.Doc()
    Y.applyUpdate(doc, await later.checkpoints.export(id))
    expect(doc.getMap('usr').toJSON()).to.deep.equal({ 'the key': 'the value' })
  })

  it('do not open without the secret or with another one, and say so in the list', async () => {
    const place = storage()
    const { id } = await open(place, await generateSecret()).checkpoints.create({ label: 'one' })
    for (const store of [open(place), open(place, await generateSecret())]) {
      const [info] = await store.checkpoints.list()
      expect(info).to.include({ id, label: undefined })
      expect(info?.problem).to.include({ code: 'ERR_CHECKPOINT_SEALED' })
      const error = await store.checkpoints.restore(id).catch((reason: unknown) => reason)
      expect(error).to.include({ code: 'ERR_CHECKPOINT_SEALED' })
    }
  })

  it('that somebody without the secret has put there are refused', async () => {
    const place = storage()
    const { id } = await open(place).checkpoints.create()
    const error = await open(place, await generateSecret())
      .checkpoints.restore(id)
      .catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'ERR_CHECKPOINT_SEALED' })
  })

  it('outlive the key that they were sealed with', async () => {
    const place = storage()
    const first = await generateSecret()
    const second = await generateSecret(first)
    const store = open(place, first)
    store.usr.set('k', 1)
    const old = await store.checkpoints.create({ label: 'one' })
    await store.keys.install(second)
    await store.keys.use(second)
    expect((await store.checkpoints.list())[0]?.epoch).to.equal(old.epoch)
    await store.keys.remove(first)
    expect((await store.checkpoints.list())[0]?.epoch).to.equal(store.keys.list()[0]?.id)
    expect(await place.list()).to.have.length(2)
    store.usr.set('k', 2)
    await store.checkpoints.restore('one')
    expect(store.usr.get('k')).to.equal(1)
  })
})
