/** The persistence in memory, bare and sealed. */
import { expect } from 'chai'
import { persistenceContract } from '../../../src/data/persistence/contract.js'
import { memoryPersistence } from '../../../src/data/persistence/memory.js'
import { type Sealer, sealedPersistence } from '../../../src/data/persistence/sealed.js'

/** Stands for a cipher: changes every byte, and knows what it sealed by the first one. */
function sealerOf(key: number): Sealer {
  return {
    seal: async (plain) => Uint8Array.from([key, ...plain.map((byte) => byte ^ key)]),
    open: async (sealed) => {
      if (sealed[0] !== key) throw new Error('another key')
      return sealed.slice(1).map((byte) => byte ^ key)
    },
  }
}

persistenceContract({ describe, it }, 'memory', () => {
  const persistence = memoryPersistence()
  return { adapter: () => persistence }
})

persistenceContract({ describe, it }, 'a sealed memory', () => {
  const inner = memoryPersistence()
  return { adapter: () => sealedPersistence(inner, async () => sealerOf(7)) }
})

describe('A sealed persistence', () => {
  const text = (content: Uint8Array | undefined) => content && new TextDecoder().decode(content)
  const bytes = (content: string) => new TextEncoder().encode(content)

  it('shows snapshot and records to nobody without the key, and the identity to everybody', async () => {
    const inner = memoryPersistence()
    const sealed = sealedPersistence(inner, async () => sealerOf(7))
    await sealed.open()
    await sealed.saveIdentity(bytes('me'))
    await sealed.snapshot(bytes('state'))
    await sealed.append([bytes('record')])
    await sealed.close()
    const bare = await inner.open()
    expect(text(bare.identity)).to.equal('me')
    expect(text(bare.snapshot)).to.not.include('state')
    expect(text(bare.records[0])).to.not.include('record')
    await inner.close()
    const loaded = await sealed.open()
    expect([text(loaded.snapshot), text(loaded.records[0])]).to.deep.equal(['state', 'record'])
  })

  it('refuses with ERR_DATA_SEALED under another key, and leaves everything as it was', async () => {
    const inner = memoryPersistence()
    const first = sealedPersistence(inner, async () => sealerOf(7))
    await first.open()
    await first.append([bytes('record')])
    await first.close()
    const error = await sealedPersistence(inner, async () => sealerOf(8))
      .open()
      .catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'ERR_DATA_SEALED' })
    expect(text((await first.open()).records[0])).to.equal('record')
  })
})
