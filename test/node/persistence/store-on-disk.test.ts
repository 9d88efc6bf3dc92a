/** Stores on disks in trouble, and clusters that come back from their folders. */
import { spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { StorageError } from '../../../src/base/errors.js'
import { filePersistence, filePersistenceOn } from '../../../src/data/persistence/file.node.js'
import { memoryNetwork } from '../../../src/mesh/memory/memory-network.js'
import type { Store } from '../../../src/store/types.js'
import { closeStores, storeOn } from '../../unit/store/cluster-of-stores.js'
import { until } from '../../until.js'
import { ModelDisk } from './model-disk.js'

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )

describe('A store on a disk in trouble', () => {
  afterEach(closeStores)

  for (const [code, expected] of [
    ['ENOSPC', 'ERR_DATA_FULL'],
    ['EIO', 'ERR_DATA_UNWRITABLE'],
    ['EROFS', 'ERR_DATA_UNWRITABLE'],
  ])
    it(`serves from memory with ${code} from any operation on, and saves everything once that is over`, async () => {
      let failedAt = 0
      for (let index = 0; index < 16; index++) {
        const disk = new ModelDisk()
        const persistence = filePersistenceOn(disk, '/data', { optional: true })
        const store = storeOn(memoryNetwork(), { persistence })
        disk.trouble = (_, at) => (at >= index ? code : undefined)
        await store.ready()
        const errors: unknown[] = []
        for (let n = 0; n < 4; n++) {
          store.usr.set(`key ${n}`, n)
          const error = await failureOf(store.flush())
          if (error) errors.push(error)
        }
        expect(store.usr.size).to.equal(4)
        for (const error of errors)
          expect(error).to.be.instanceOf(StorageError).with.property('code', expected)
        expect(store.status.persisted).to.equal(errors.length === 0)
        expect(store.status.storageError).to.equal(errors.at(-1))
        if (errors.length > 0) failedAt++
        disk.trouble = () => undefined
        await store.flush()
        expect(store.status).to.include({ persisted: true, storageError: undefined })
        await store.close()
        const next = storeOn(memoryNetwork(), { persistence: filePersistenceOn(disk, '/data') })
        await next.ready()
        expect(next.usr.snapshot(), `from operation ${index}`).to.deep.equal(store.usr.snapshot())
        await next.close()
      }
      expect(failedAt).to.be.greaterThan(10)
    })

  it('does not start without its disk, unless that is optional', async () => {
    const disk = new ModelDisk()
    disk.trouble = () => 'EROFS'
    const strict = storeOn(memoryNetwork(), { persistence: filePersistenceOn(disk, '/data') })
    expect(await failureOf(strict.ready())).to.include({ code: 'ERR_DATA_UNWRITABLE' })
    expect(strict.status.name).to.equal('closed')
  })

  for (const [trouble, expected] of [
    ['EROFS', 'ERR_DATA_UNWRITABLE'],
    ['EACCES', 'ERR_DATA_UNWRITABLE'],
    ['ENOSPC', 'ERR_DATA_FULL'],
  ] as const)
    it(`reads a folder that cannot be written (${trouble}), and saves what came since once it can`, async () => {
      const disk = new ModelDisk()
      const first = storeOn(memoryNetwork(), { persistence: filePersistenceOn(disk, '/data') })
      await first.ready()
      first.usr.set('first', 1)
      await first.close()
      disk.lockTrouble = trouble
      disk.trouble = () => trouble
      const persistence = filePersistenceOn(disk, '/data', { optional: true })
      const second = storeOn(memoryNetwork(), { persistence })
      await second.ready()
      expect(second.usr.snapshot()).to.deep.equal({ first: 1 })
      expect(second.id).to.equal(first.id)
      expect(second.status)
        .to.include({ persisted: false })
        .and.have.nested.property('storageError.code', expected)
      second.usr.set('second', 2)
      second.usr.delete('first')
      expect(await failureOf(second.flush())).to.include({ code: expected })
      disk.lockTrouble = undefined
      disk.trouble = () => undefined
      await second.flush()
      expect(second.status).to.include({ persisted: true, storageError: undefined })
      await second.close()
      const third = storeOn(memoryNetwork(), { persistence: filePersistenceOn(disk, '/data') })
      await third.ready()
      expect(third.usr.snapshot()).to.deep.equal({ second: 2 })
    })

  it('takes over a folder by itself once the other process has closed it, if it is optional', async () => {
    const disk = new ModelDisk()
    const first = storeOn(memoryNetwork(), { persistence: filePersistenceOn(disk, '/data') })
    await first.ready()
    first.usr.set('first', 1)
    await first.flush()
    const second = storeOn(memoryNetwork(), {
      persistence: filePersistenceOn(disk, '/data', { optional: true }),
    })
    await second.ready()
    second.usr.set('second', 2)
    expect(second.status.storageError).to.include({ code: 'ERR_DATA_LOCKED' })
    await first.close()
    await until(() => second.status.persisted === true, 'saved by the second')
    expect(second.usr.snapshot()).to.deep.equal({ first: 1, second: 2 })
  })
})

describe('A store on a real disk', () => {
  let folder: string
  let isMounted = false

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gossip-kv-disk-'))
    isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', folder]).status === 0
  })

  afterEach(async () => {
    await closeStores()
    if (isMounted) spawnSync('umount', ['-l', folder])
    await rm(folder, { recursive: true, force: true })
  })

  it('tells that it is full, serves from memory, and saves everything once there is room', async function () {
    // Only root may mount a small disk; everybody else has the model of the tests above.
    if (!isMounted) return this.skip()
    const store = storeOn(memoryNetwork(), { persistence: filePersistence(join(folder, 'data')) })
    await store.ready()
    let error: unknown
    for (let n = 0; n < 20 && !error; n++) {
      store.usr.set(`key ${n}`, 'x'.repeat(60_000))
      error = await failureOf(store.flush())
    }
    expect(error).to.be.instanceOf(StorageError).with.property('code', 'ERR_DATA_FULL')
    expect(store.status).to.include({ persisted: false, storageError: error })
    const size = store.usr.size
    expect(spawnSync('mount', ['-o', 'remount,size=64m', folder]).status).to.equal(0)
    await until(() => store.status.persisted === true, 'saved by itself')
    await store.close()
    const next = storeOn(memoryNetwork(), { persistence: filePersistence(join(folder, 'data')) })
    await next.ready()
    expect(next.usr.size).to.equal(size)
  })

  it('tells that it has become read-only, and saves everything once it can be written', async function () {
    if (!isMounted) return this.skip()
    const store = storeOn(memoryNetwork(), { persistence: filePersistence(join(folder, 'data')) })
    await store.ready()
    store.usr.set('before', 1)
    await store.flush()
    // A file that is open for writing keeps a disk writable: a snapshot ends the log.
    expect(spawnSync('mount', ['-o', 'remount,ro', folder]).status).to.not.equal(0)
    await store.close()
    expect(spawnSync('mount', ['-o', 'remount,ro', folder]).status).to.equal(0)
    const optional = filePersistence(join(folder, 'data'), { optional: true })
    const next = storeOn(memoryNetwork(), { persistence: optional })
    await next.ready()
    expect(next.status.storageError).to.include({ code: 'ERR_DATA_UNWRITABLE' })
    expect(next.status.storageError?.message).to.contain('EROFS')
    next.usr.set('meanwhile', 2)
    expect(spawnSync('mount', ['-o', 'remount,rw', folder]).status).to.equal(0)
    await next.flush()
    expect(next.usr.snapshot()).to.deep.equal({ before: 1, meanwhile: 2 })
  })
})

describe('A cluster on disk', () => {
  let parent: string

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'gossip-kv-cluster-'))
  })

  afterEach(async () => {
    await closeStores()
    await rm(parent, { recursive: true, force: true })
  })

  const folderOf = (index: number) => join(parent, `member-${index}`)
  const agree = (stores: readonly Store[]) => new Set(stores.map(({ status }) => status.digest)).size === 1

  async function started(indices: readonly number[], network = memoryNetwork()): Promise<Store[]> {
    const stores = indices.map((index) => storeOn(network, { persistence: filePersistence(folderOf(index)) }))
    await Promise.all(stores.map((store) => store.ready()))
    await until(() => stores.every(({ members }) => members.size === stores.length), 'all know all')
    return stores
  }

  it('of five comes back with everything after all of it was stopped at once', async () => {
    const all = [0, 1, 2, 3, 4]
    const stores = await started(all)
    for (const [index, store] of stores.entries())
      for (let n = 0; n < 50; n++) store.usr.set(`from ${index}: ${n}`, n)
    await until(() => stores.every(({ usr }) => usr.size === 250), 'all writes everywhere')
    stores[1]?.usr.delete('from 0: 7')
    await until(() => agree(stores) && !stores[0]?.usr.has('from 0: 7'), 'the delete everywhere')
    const before = stores[0]?.usr.snapshot()
    const ids = stores.map(({ id }) => id)
    await Promise.all(stores.map((store) => store.flush()))
    await closeStores()
    const again = await started(all)
    expect(again.map(({ id }) => id)).to.deep.equal(ids)
    await until(() => agree(again), 'agreement')
    for (const store of again) expect(store.usr.snapshot()).to.deep.equal(before)
  })

  it('takes a member back that was restored from an old copy of its folder, without a fork or a loss', async () => {
    const network = memoryNetwork()
    const [a, b] = (await started([0, 1], network)) as [Store, Store]
    a.usr.set('old', 1)
    a.usr.set('changed', 'before')
    a.usr.set('deleted', 1)
    await until(() => b.usr.size === 3, 'all at b')
    await a.flush()
    await copyFolder(folderOf(0), join(parent, 'copy'))
    a.usr.set('changed', 'after')
    a.usr.delete('deleted')
    for (let n = 0; n < 20; n++) a.usr.set(`new ${n}`, n)
    await until(() => b.usr.size === 22 && agree([a, b]), 'all of it at b')
    const expected = b.usr.snapshot()
    await a.close()
    await until(() => b.members.size === 1, 'a gone')
    await rm(folderOf(0), { recursive: true })
    await copyFolder(join(parent, 'copy'), folderOf(0))
    const back = storeOn(network, { persistence: filePersistence(folderOf(0)) })
    const forks: unknown[] = []
    back.on('error', (error) => forks.push(error))
    await back.ready()
    back.usr.set('restored', true)
    await until(() => b.usr.get('restored') === true && agree([back, b]), 'agreement')
    expect(b.usr.snapshot()).to.deep.equal({ ...expected, restored: true })
    expect(back.usr.snapshot()).to.deep.equal(b.usr.snapshot())
    expect(back.id).to.equal(a.id)
    expect(forks).to.deep.equal([])
  })
})

/** Copies a folder as a backup does, while a store may be at work on it; its lock stays behind. */
async function copyFolder(from: string, to: string): Promise<void> {
  await mkdir(to)
  for (const name of await readdir(from))
    if (!name.startsWith('lock')) await cp(join(from, name), join(to, name), { recursive: true })
}
