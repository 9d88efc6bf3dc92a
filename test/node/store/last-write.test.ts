import { expect } from 'chai'
import { createSignalingServer, type SignalingServer } from '../../../signaling-server/server.js'
import { createStore, type Store } from '../../../src/index.js'
import { until } from '../../until.js'

const READERS = 3
const ROUNDS = 20

describe('closing a store right after a write, over real WebRTC', () => {
  let signaling: SignalingServer
  let readers: Store[]

  beforeEach(async () => {
    signaling = await createSignalingServer()
    readers = Array.from({ length: READERS }, () => join())
    // A writer that reaches signaling before they do would be alone, and be right to say so.
    await Promise.all(readers.map((reader) => others(reader, READERS - 1)))
  })
  afterEach(async () => {
    await Promise.all(readers.map((store) => store.close()))
    await signaling.close()
  })

  const join = () => createStore({ cluster: 'last-write', signaling: signaling.url })
  const others = (store: Store, count: number) =>
    until(
      () => store.status.links === count,
      `${count} links`,
      () => store.status,
    )

  it(`leaves the write with every neighbor, ${ROUNDS} times of ${ROUNDS}`, async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const writer = join()
      const { alone } = await writer.synced({ peers: READERS, timeout: 30_000 })
      expect(alone).to.equal(false)
      writer.usr.set('last', round)
      await writer.close()
      // The writer is gone: nothing can be asked of it any more.
      await Promise.all(
        readers.map((reader) => reader.usr.once('last', (value) => value === round, { timeout: 30_000 })),
      )
    }
    expect(readers.map((reader) => reader.usr.get('last'))).to.deep.equal(readers.map(() => ROUNDS - 1))
  })
})
