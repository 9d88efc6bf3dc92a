/** A store with a secret on disk: its folder tells nothing to whoever has no key, also after a rotation. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { filePersistence } from '../../../src/persistence/file.node.js'
import { generateSecret } from '../../../src/security/secret.js'
import type { Store, StoreOptions } from '../../../src/store/types.js'
import { memoryNetwork } from '../../../src/transport/memory.js'
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
    expect(await codeOf(opened({}))).to.equal('ERR_DATA_CORRUPT')
    expect((await opened({ secret })).usr.get('k')).to.equal(WORD)
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
})
