import { expect } from 'chai'
import { DriverCluster } from '../../../sim/driver-cluster.js'

const SEEDS = [1, 2, 3]

describe('a cluster of drivers', () => {
  for (const seed of SEEDS) {
    it(`links everyone to everyone up to 8 members and converges (seed ${seed})`, async () => {
      const cluster = new DriverCluster({ seed })
      await cluster.grow(8)
      cluster.runUntil(() => cluster.degrees().every((degree) => degree === 7), 20_000, 'a full mesh')
      for (const [index, member] of cluster.members.entries()) member.set(`key ${index}`, index)
      const took = cluster.runUntil(() => cluster.digests().size === 1, 2_000, 'one digest')
      expect(took).to.be.lessThan(500)
      expect(cluster.members.every((member) => member.replica.size === 8)).to.equal(true)
    })

    it(`keeps links bounded and the mesh in one piece at 40 members (seed ${seed})`, async () => {
      const cluster = new DriverCluster({ seed })
      await cluster.grow(40)
      cluster.run(20_000)
      expect(Math.max(...cluster.degrees())).to.be.at.most(8)
      expect(cluster.components()).to.deep.equal([40])
      expect(cluster.knowsExactly()).to.equal(true)
      cluster.members[0]?.set('from', 'the first')
      cluster.runUntil(
        () => cluster.members.every((member) => member.replica.get('from') === 'the first'),
        2_000,
        'the write everywhere',
      )
    })

    it(`drops a crashed member from every list within 10 s (seed ${seed})`, async () => {
      const cluster = new DriverCluster({ seed })
      await cluster.grow(12)
      cluster.run(5_000)
      expect(cluster.knowsExactly()).to.equal(true)
      cluster.members[3]?.crash()
      const took = cluster.runUntil(() => cluster.knowsExactly(), 10_000, 'the crash noticed by all')
      expect(took).to.be.greaterThan(1_000)
    })

    it(`drops a member that leaves at once (seed ${seed})`, async () => {
      const cluster = new DriverCluster({ seed })
      await cluster.grow(12)
      cluster.run(5_000)
      cluster.members[3]?.leave()
      cluster.runUntil(() => cluster.knowsExactly(), 500, 'the goodbye heard by all')
    })

    it(`heals a split: both halves' writes, deletes and members come together (seed ${seed})`, async () => {
      const cluster = new DriverCluster({ seed })
      await cluster.grow(10)
      cluster.run(5_000)
      const ids = cluster.members.map((member) => member.id)
      cluster.members[0]?.set('both', 'old')
      cluster.members[0]?.set('gone', 'old')
      cluster.run(2_000)
      cluster.network.partition(ids.slice(0, 5), ids.slice(5))
      cluster.run(30_000)
      cluster.members[0]?.delete('gone')
      cluster.members[9]?.set('right', 1)
      cluster.run(30_000)
      expect(cluster.digests().size).to.equal(2)
      cluster.network.heal()
      cluster.runUntil(
        () => cluster.digests().size === 1 && cluster.knowsExactly(),
        60_000,
        'one cluster again',
      )
      expect(
        cluster.members.every((member) => !member.replica.has('gone') && member.replica.get('right') === 1),
      ).to.equal(true)
    })

    it(`goes on without signaling, and takes a newcomer when it is back (seed ${seed})`, async () => {
      const cluster = new DriverCluster({ seed })
      await cluster.grow(6)
      cluster.run(3_000)
      cluster.network.signaling(false)
      cluster.members[1]?.set('k', 'without signaling')
      cluster.runUntil(() => cluster.digests().size === 1, 1_000, 'the write everywhere')
      const late = await cluster.add()
      late.set('late', 1)
      cluster.run(5_000)
      expect(cluster.digests().size).to.equal(2)
      cluster.network.signaling(true)
      cluster.runUntil(
        () => cluster.digests().size === 1 && cluster.knowsExactly(),
        10_000,
        'the newcomer in',
      )
    })
  }

  it('repeats a run from its seed to the byte', async () => {
    const runOnce = async () => {
      const cluster = new DriverCluster({ seed: 42 })
      await cluster.grow(10)
      cluster.members[2]?.set('a', 1)
      cluster.run(5_000)
      return { ...cluster.network.delivered, digests: [...cluster.digests()] }
    }
    expect(await runOnce()).to.deep.equal(await runOnce())
  })

  it('does not lose a write under 100 writes per second by every member', async () => {
    const cluster = new DriverCluster({ seed: 7 })
    await cluster.grow(5)
    cluster.run(3_000)
    for (let round = 0; round < 200; round++) {
      for (const [index, member] of cluster.members.entries())
        member.set(`key ${(round * 7 + index) % 50}`, round)
      cluster.run(10)
    }
    cluster.runUntil(() => cluster.digests().size === 1, 5_000, 'one digest after the storm')
    expect(cluster.members[0]?.replica.size).to.equal(50)
  })

  it('removes a member that nobody watches by its lease', async () => {
    const cluster = new DriverCluster({
      seed: 5,
      config: { suspicionMinMillis: 1e9, suspicionMaxMillis: 1e9 },
    })
    await cluster.grow(4)
    cluster.run(3_000)
    cluster.members[0]?.crash()
    cluster.runUntil(() => cluster.knowsExactly(), 200_000, 'the lease run out')
  })
})
