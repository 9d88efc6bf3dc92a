import { expect } from 'chai'
import { createTestCluster, type TestCluster } from '../../../src/testing.js'

const MINUTE = 60_000

describe('a member that slept', () => {
  let cluster: TestCluster

  afterEach(() => cluster.close())

  for (const minutes of [2, 20, 60]) {
    it(`for ${minutes} minutes brings nobody back that died meanwhile, and removes nobody that lives`, async () => {
      cluster = await createTestCluster({ members: 6, seed: 3 })
      await cluster.advance(MINUTE)
      const [sleeper, mortal, ...others] = cluster.members
      if (!sleeper || !mortal) throw new Error('six members')
      cluster.pause(sleeper)
      await cluster.crash(mortal)
      await cluster.advance(minutes * MINUTE)
      const removed: string[] = []
      sleeper.on('gone', ({ id }) => removed.push(id))
      let ghosts = 0
      for (const { members } of others)
        members.subscribe((list) => {
          if (list.some(({ id }) => id === mortal.id)) ghosts += 1
        })
      cluster.resume(sleeper)
      await cluster.advance(1)
      expect(await cluster.settle()).to.be.below(3_000)
      await cluster.advance(MINUTE)
      expect([ghosts, cluster.settled]).to.deep.equal([0, true])
      expect(removed.filter((id) => id !== mortal.id)).to.deep.equal([])
    })
  }

  it('with all others for 20 minutes knows them again, and nobody was removed', async () => {
    cluster = await createTestCluster({ members: 12, seed: 4 })
    await cluster.advance(MINUTE)
    const removed: string[] = []
    for (const store of cluster.members) store.on('gone', ({ id }) => removed.push(id))
    for (const store of cluster.members) cluster.pause(store)
    await cluster.advance(20 * MINUTE)
    for (const store of cluster.members) cluster.resume(store)
    await cluster.advance(1)
    expect(await cluster.settle()).to.be.below(MINUTE)
    expect(removed).to.deep.equal([])
  })
})
