/** A writer that tells two members different things under one name, or speaks for the session of a member that is here. */
import { expect } from 'chai'
import { Checker } from '../../sim/checker.js'
import { engineCluster } from '../../sim/cluster.js'
import type { RealReplica } from '../../sim/real-replica.js'
import { stampOf } from '../../src/data/replica/stamp.js'
import { any, envelope, float, gap, item, update } from '../unit/replica/raw-update.js'

const MEMBERS = 12
const LIAR = 9

/** A cluster at rest with some keys in it, and the replicas of its members. */
function formed(seed: number) {
  const cluster = engineCluster({ seed, replica: 'real' })
  const checker = new Checker(cluster)
  cluster.grow(MEMBERS, 200)
  cluster.run(10_000)
  for (const member of cluster.members) member.write()
  cluster.run(5_000)
  const replicas = cluster.members.map(({ replica }) => replica as RealReplica)
  return { cluster, checker, replicas }
}

describe('a writer that tells different things to different members', () => {
  it('is settled by a sync: of two contents under one dot the greater one stands everywhere', () => {
    const { cluster, checker, replicas } = formed(1)
    const [one, other] = replicas
    const stamp = stampOf(one?.whole.entry([...one.whole.keys()][0] ?? '')?.at ?? 0)
    for (const [replica, value] of [
      [one, 'one'],
      [other, 'other'],
    ] as const)
      replica?.whole.exchange.receive(
        envelope(stamp, update(LIAR, 0, item({ key: 'k', meta: float(stamp), value: any(value) }))),
      )
    cluster.run(30_000)
    expect(checker.unsettled()).to.deep.equal([])
    expect(new Set(replicas.map((replica) => replica.whole.get('k'))).size).to.equal(1)
  })

  it('is settled as well where one of the two heard that the write was dead', () => {
    const { cluster, checker, replicas } = formed(2)
    const [one, other] = replicas
    const stamp = stampOf(one?.whole.entry([...one.whole.keys()][0] ?? '')?.at ?? 0)
    const items = ['a', 'b', 'c'].map((key) => item({ key, meta: float(stamp), value: any(key) }))
    one?.whole.exchange.receive(envelope(stamp, update(LIAR, 0, ...items)))
    other?.whole.exchange.receive(envelope(stamp, update(LIAR, 0, gap(6))))
    cluster.run(60_000)
    expect(checker.unsettled()).to.deep.equal([])
    expect(new Set(replicas.map((replica) => replica.whole.size)).size).to.equal(1)
  })

  it('does not cut a member off by what it says of its session, again and again', () => {
    const { cluster, checker, replicas } = formed(3)
    const [victim] = cluster.members
    if (!victim) throw new Error('nobody')
    const replica = victim.replica as RealReplica
    for (let second = 0; second < 60; second++) {
      const lie = envelope(
        0,
        update(replica.session, 2 * replica.whole.exchange.known(replica.session), gap(2 ** 21)),
      )
      for (const told of replicas) if (told !== replica && second % 3 === 0) told.whole.exchange.receive(lie)
      victim.write()
      cluster.run(1_000)
    }
    cluster.run(10_000)
    expect(checker.unsettled()).to.deep.equal([])
    for (const member of cluster.members) expect(member.engine.counters.refusals).to.equal(0)
    expect(victim.engine.counters.syncs).to.be.below(200)
  })
})
