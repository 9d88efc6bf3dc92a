/** A store with a secret on disk: its folder tells nothing to whoever has no key, also after a rotation. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { filePersistence } from '../../../src/data/persistence/file.node.js'
import { memoryNetwork } from '../../../src/mesh/memory/memory-network.js'
import { generateSecret } from '../../../src/mesh/security/secret.js'
import type { Store, StoreOptions } from '../../../src/store/types.js'
import { closeStores, storeOn } from '../../unit/store/cluster-of-stores.js'

const WORD = 'a value that nobody else may read'

describe('The folder of a store with a secret', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gossip-kv-sealed-'))
  })

  afterEach(async () => {
    await closeStores()
    await rm(folder, { recursive: true, force: true })
  })

  async function opened(options: Partial<StoreOptions>): Promise<Store> {
    const store = storeOn(memoryNetwork(), { persistence: filePersistence(folder), ...options })
    await store.ready()
    return store
  }

  const codeOf = (promise: Promise<unknown>) => promise.then(String, (error: { code: string }) => error.code)

  it('shows no key or value, and brings the member back with its id', async () => {
    const secret = await generateSecret()
    const first = await opened({ secret })
    first.usr.set('a key', WORD)
    await first.flush()
    await first.close()
    for (const name of await readdir(folder, { recursive: true })) {
      const content = await readFile(join(folder, name)).catch(() => Buffer.alloc(0))
      expect(content.includes(WORD) || content.includes('a key'), name).to.equal(false)
    }
    const second = await opened({ secret })
    expect([second.id, second.usr.get('a key')]).to.deep.equal([first.id, WORD])
  })

  it('opens under no other secret, and not without one, and is left as it was', async () => {
    const secret = await generateSecret()
    const first = await opened({ secret })
    first.usr.set('k', WORD)
    await first.flush()
    await first.close()
    expect(await codeOf(opened({ secret: await generateSecret() }))).to.equal('ERR_DATA_SEALED')
    expect(await codeOf(opened({}))).to.equal('ERR_DATA_SEALED')
    expect((await opened({ secret })).usr.get('k')).to.equal(WORD)
  })

  it('keeps its identity when it is opened without the secret, also before anything was written', async () => {
    const secret = await generateSecret()
    const first = await opened({ secret })
    await first.close()
    const before = await contents(folder)
    const error = await opened({}).then(String, (thrown: Error) => thrown.message)
    expect(error)
      .to.include('ERR_DATA_SEALED')
      .and.include('with a secret')
      .and.include('Nothing was changed')
    expect(await contents(folder)).to.deep.equal(before)
    expect((await opened({ secret })).id).to.equal(first.id)
  })

  it('is not touched either by a store that goes on without its persistence', async () => {
    const secret = await generateSecret()
    const first = await opened({ secret })
    first.usr.set('k', WORD)
    await first.close()
    const before = await contents(folder)
    const optional = await opened({ persistence: filePersistence(folder, { optional: true }) })
    expect([optional.status.lastError?.code, optional.usr.size]).to.deep.equal(['ERR_DATA_SEALED', 0])
    optional.usr.set('other', 1)
    expect(await codeOf(optional.flush())).to.equal('ERR_DATA_SEALED')
    await optional.close()
    expect(await contents(folder)).to.deep.equal(before)
  })

  it('of an open cluster opens with no secret, and is left as it was', async () => {
    for (const write of [false, true]) {
      const first = await opened({})
      if (write) first.usr.set('k', WORD)
      await first.close()
      const before = await contents(folder)
      expect(await codeOf(opened({ secret: await generateSecret() }))).to.equal('ERR_DATA_SEALED')
      expect(await contents(folder)).to.deep.equal(before)
      const again = await opened({})
      expect([again.id, again.usr.get('k')]).to.deep.equal([first.id, write ? WORD : undefined])
      await again.close()
    }
  })

  it('opens under the new key alone after a rotation', async () => {
    const old = await generateSecret()
    const next = await generateSecret(old)
    const first = await opened({ secret: old })
    first.usr.set('k', WORD)
    await first.flush()
    const { id } = await first.keys.install(next)
    await first.keys.use(id)
    first.usr.set('after', WORD)
    await first.flush()
    const former = first.keys.list().find((key) => key.id !== id)
    await first.keys.remove(former?.id ?? '')
    await first.close()
    const second = await opened({ secret: next })
    expect(second.usr.snapshot()).to.deep.equal({ k: WORD, after: WORD })
    expect(second.id).to.equal(first.id)
  })

  it('opens under the key that five rotations at once end with', async () => {
    const old = await generateSecret()
    const first = await opened({ secret: old })
    const nexts = await Promise.all(Array.from({ length: 5 }, () => generateSecret(old)))
    let written = 0
    const writing = setInterval(() => first.usr.set(`k${written++}`, WORD), 1)
    await Promise.allSettled(
      [old, ...nexts].flatMap((key) => [
        ...nexts.map((next) => first.keys.install(next)),
        first.keys.use(key),
        ...[old, ...nexts].map((other) => first.keys.remove(other)),
      ]),
    )
    clearInterval(writing)
    await first.close()
    const primary = first.keys.list()[0]?.id
    for (const secret of [old, ...nexts]) {
      const last = await generateSecret(secret)
      const store = storeOn(memoryNetwork(), { secret: { primary: secret, accepted: [last] } })
      await store.ready()
      if (store.keys.list()[0]?.id !== primary) continue
      expect((await opened({ secret })).usr.size)
        .to.equal(written)
        .and.to.be.above(10)
      return
    }
    expect.fail('the primary key is one of those that were given')
  })
})

/** Every file with what is in it. The lock comes and goes. */
async function contents(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile() && !entry.name.includes('lock'))
      found[entry.name] = (await readFile(join(entry.parentPath, entry.name))).toString('hex')
  return found
}
