/** What every place for checkpoints has to do, whatever is behind it. */
import { expect } from 'chai'
import type { CheckpointStorage } from '../../../src/data/persistence/checkpoint-storage.js'

/** Runs the contract against the storage that `make` opens anew, each time over the same empty place. */
export function keepsCheckpoints(make: () => CheckpointStorage): void {
  const bytes = (...values: number[]) => new Uint8Array(values)
  const read = async (name: string) => {
    const found = await make().read(name)
    return found && Array.from(found)
  }

  it('is empty at first, and knows no name', async () => {
    expect(await make().list()).to.deep.equal([])
    expect(await make().read('0a.head')).to.equal(undefined)
    await make().remove('0a.head')
  })

  it('gives back what was written, to whoever opens it next, as plain bytes of their own', async () => {
    const written = bytes(0, 255, 7)
    await make().write('0a.head', written)
    written.fill(1)
    expect(await read('0a.head')).to.deep.equal([0, 255, 7])
    const found = await make().read('0a.head')
    expect(found).to.be.instanceOf(Uint8Array)
    found?.fill(9)
    expect(await read('0a.head')).to.deep.equal([0, 255, 7])
  })

  it('keeps nothing but a part of a larger buffer, and the empty bytes too', async () => {
    await make().write('part', bytes(1, 2, 3, 4).subarray(1, 3))
    await make().write('empty', bytes())
    expect(await read('part')).to.deep.equal([2, 3])
    expect(await read('empty')).to.deep.equal([])
  })

  it('replaces, lists and removes by name', async () => {
    const storage = make()
    for (const name of ['b.head', 'a.head', 'a.x0y1']) await storage.write(name, bytes(1))
    await storage.write('a.head', bytes(2))
    expect([...(await make().list())].sort()).to.deep.equal(['a.head', 'a.x0y1', 'b.head'])
    expect(await read('a.head')).to.deep.equal([2])
    await make().remove('a.head')
    expect(await read('a.head')).to.equal(undefined)
    expect([...(await make().list())].sort()).to.deep.equal(['a.x0y1', 'b.head'])
  })

  it('takes a megabyte, and several writes at once', async () => {
    const storage = make()
    const large = new Uint8Array(1_000_000).map((_, index) => index % 251)
    await Promise.all([
      storage.write('large', large),
      storage.write('a', bytes(1)),
      storage.write('b', bytes(2)),
    ])
    const found = await make().read('large')
    expect(found?.length).to.equal(1_000_000)
    expect(found?.every((byte, index) => byte === index % 251)).to.equal(true)
    expect([...(await make().list())].sort()).to.deep.equal(['a', 'b', 'large'])
  })
}
