import { expect } from 'chai'
import type { RawKeyValueStorage } from '../../../src/data/persistence/checkpoint-storage.js'
import { memoryPersistence } from '../../../src/data/persistence/memory.js'
import { memoryCheckpoints } from '../../../src/data/persistence/memory-checkpoints.js'
import { rawCheckpoints } from '../../../src/data/persistence/raw-checkpoints.js'
import { keepsCheckpoints } from './checkpoint-storage-contract.js'

/** As unstorage over a driver: base64 inside, ArrayBuffers out, and other keys beside. */
class RawStorage implements RawKeyValueStorage {
  readonly items = new Map<string, unknown>([['sessions:1', 'not ours']])

  async getKeys(base = ''): Promise<string[]> {
    return [...this.items.keys()].filter((key) => key.startsWith(base))
  }
  async getItemRaw(key: string): Promise<unknown> {
    const item = this.items.get(key)
    return typeof item === 'string' && key !== 'sessions:1'
      ? Uint8Array.from(atob(item), (character) => character.charCodeAt(0)).buffer
      : (item ?? null)
  }
  async setItemRaw(key: string, value: Uint8Array): Promise<void> {
    this.items.set(key, btoa(Array.from(value, (byte) => String.fromCharCode(byte)).join('')))
  }
  async removeItem(key: string): Promise<void> {
    this.items.delete(key)
  }
}

describe('checkpoints in memory', () => {
  let storage = memoryCheckpoints()
  beforeEach(() => {
    storage = memoryCheckpoints()
  })
  keepsCheckpoints(() => storage)

  it('come with a persistence in memory', async () => {
    const persistence = memoryPersistence()
    await persistence.checkpoints?.write('a', new Uint8Array([1]))
    expect(await persistence.checkpoints?.list()).to.deep.equal(['a'])
  })
})

describe('checkpoints in a storage of the unstorage kind', () => {
  let raw = new RawStorage()
  beforeEach(() => {
    raw = new RawStorage()
  })
  keepsCheckpoints(() => rawCheckpoints(raw))

  it('leave the keys of others alone', async () => {
    const storage = rawCheckpoints(raw)
    await storage.write('a', new Uint8Array([1]))
    await storage.remove('a')
    expect([...raw.items]).to.deep.equal([['sessions:1', 'not ours']])
  })

  it('are refused when a driver gives back no bytes', async () => {
    raw.getItemRaw = async () => ({ no: 'bytes' })
    const error = await rawCheckpoints(raw)
      .read('a')
      .catch((reason: unknown) => reason)
    expect(error).to.include({ code: 'ERR_CHECKPOINT_INVALID' })
  })
})
