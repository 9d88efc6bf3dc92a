/** Checkpoints as files: what is on the disk, and what is refused. */
import { mkdtemp, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { CHECKPOINT_BYTES_MAX } from '../../../src/data/data-limits.js'
import { createStore, type Store } from '../../../src/index.js'
import { fileCheckpoints, filePersistence } from '../../../src/node.js'
import { keepsCheckpoints } from '../../unit/persistence/checkpoint-storage-contract.js'

describe('checkpoints in a folder', () => {
  let folder: string
  const stores: Store[] = []

  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), 'gossip-kv-')), 'data')
  })
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close()
    await rm(join(folder, '..'), { recursive: true, force: true })
  })

  function storeIn(data: string): Store {
    const store = createStore({ cluster: 'files', persistence: filePersistence(data) })
    stores.push(store)
    return store
  }

  async function codeOf(promise: Promise<unknown>): Promise<unknown> {
    return promise.then(
      () => 'it succeeded',
      (error: unknown) => (error as { code?: unknown }).code,
    )
  }

  keepsCheckpoints(() => fileCheckpoints(folder))

  it('lie beside the state of a data folder, readable by their owner alone, and outlive the process', async () => {
    const first = storeIn(folder)
    first.usr.set('k', 1)
    const { id } = await first.checkpoints.create({ label: 'one' })
    first.usr.set('k', 2)
    await first.close()
    const files = await readdir(join(folder, 'checkpoints'))
    expect(files.every((name) => name.startsWith(id))).to.equal(true)
    for (const name of files)
      expect((await stat(join(folder, 'checkpoints', name))).mode & 0o777).to.equal(0o600)
    const second = storeIn(folder)
    await second.checkpoints.restore('one')
    expect(second.usr.get('k')).to.equal(1)
  })

  it('leave nothing of a write that a crash broke off', async () => {
    const store = storeIn(folder)
    await store.checkpoints.create({ label: 'one' })
    await writeFile(join(folder, 'checkpoints', '0aaaaaaaa-aaaaaaaa.head.gkvc.tmp'), 'half')
    expect((await store.checkpoints.list()).map(({ label }) => label)).to.deep.equal(['one'])
  })

  it('remove states whose head never came, once nobody can be about to write it', async () => {
    const store = storeIn(folder)
    await store.checkpoints.create({ label: 'one' })
    const old = '000000001-aaaaaaaa.x0y1.gkvc'
    const young = `${Date.now().toString(36).padStart(9, '0')}-aaaaaaaa.x0y1.gkvc`
    for (const name of [old, young]) await writeFile(join(folder, 'checkpoints', name), 'state')
    await store.checkpoints.list()
    const names = await readdir(join(folder, 'checkpoints'))
    expect(names).to.include(young)
    expect(names).not.to.include(old)
  })

  it('are refused unread when the file is larger than any can be', async () => {
    const store = storeIn(folder)
    const { id } = await store.checkpoints.create()
    const files = await readdir(join(folder, 'checkpoints'))
    const state = join(folder, 'checkpoints', files.find((name) => !name.endsWith('.head.gkvc')) ?? '')
    await truncate(state, CHECKPOINT_BYTES_MAX + 1)
    expect(await codeOf(store.checkpoints.read(id))).to.equal('ERR_CHECKPOINT_INVALID')
    await truncate(state, 10)
    expect(await codeOf(store.checkpoints.read(id))).to.equal('ERR_CHECKPOINT_INVALID')
    await rm(state)
    expect(await codeOf(store.checkpoints.read(id))).to.equal('ERR_CHECKPOINT_INVALID')
  })

  it('say what is wrong with the folder, and the store goes on', async () => {
    const store = storeIn(folder)
    await store.ready()
    await writeFile(join(folder, 'checkpoints'), 'a file in the way')
    expect(await codeOf(store.checkpoints.create())).to.equal('ERR_DATA_UNWRITABLE')
    expect(await codeOf(store.checkpoints.list())).to.equal('ERR_DATA_UNWRITABLE')
    store.usr.set('k', 1)
    await store.flush()
    await rm(join(folder, 'checkpoints'))
    expect((await store.checkpoints.create()).keys).to.equal(1)
  })
})
