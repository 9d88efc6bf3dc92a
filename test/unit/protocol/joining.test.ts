/** Who tells whom of a member that has come, and how often. */

import { expect } from 'chai'
import { engineCluster } from '../../../sim/cluster.js'
import { knownCount } from '../../../sim/engine-view.js'
import type { Engine } from '../../../src/mesh/protocol/engine.js'
import { MISMATCH_MILLIS } from '../../../src/mesh/protocol/sync/table-comparison.js'
import type { Claim } from '../../../src/mesh/wire/claim.js'
import type { GossipFrame } from '../../../src/mesh/wire/frame.js'
import { claimsTo, Lab, record, sentTo } from './lab.js'

/** What a link takes to be no new one any more. */
const SETTLED_MILLIS = 6_000
/** What a neighbor takes to be told of otherwise. */
const HEARSAY_MILLIS = 300

/** A member with a link to `old` that has lasted. */
function settled(): Lab {
  const lab = new Lab()
  lab.link('old')
  lab.beats(SETTLED_MILLIS / 1_000, ['old'])
  return lab
}

/** An envelope in which another member tells of `claims`. */
const told = (...claims: Claim[]): GossipFrame => ({
  type: 'gossip',
  origin: 'far',
  epoch: 1,
  seq: 1,
  round: 0,
  ownTree: false,
  shapes: false,
  body: { type: 'claims', claims },
})

const idsTo = (outputs: Parameters<typeof claimsTo>[0], peer: string) =>
  claimsTo(outputs, peer).flatMap((claim) => (claim.type === 'member' ? [claim.id] : []))

/** Envelopes that members begin with a record of `id` in them, over all members, while `act` runs. */
function announcements(cluster: ReturnType<typeof grown>, act: () => { id: string }): number {
  const begun: Claim[][] = []
  const watch = (engine: Engine) => {
    const handle = engine.handle.bind(engine)
    engine.handle = (input, now) => {
      const outputs = handle(input, now)
      const own = outputs.find(
        (output) => output.type === 'send' && output.frame.type === 'gossip' && output.frame.round === 0,
      )
      if (own?.type === 'send' && own.frame.type === 'gossip' && own.frame.body.type === 'claims')
        begun.push([...own.frame.body.claims])
      return outputs
    }
  }
  for (const { engine } of cluster.members) watch(engine)
  const { id } = act()
  return begun.flat().filter((claim) => claim.type === 'member' && claim.id === id).length
}

function grown(size: number, seed: number) {
  const cluster = engineCluster({ seed })
  cluster.grow(size, 100)
  cluster.run(20_000)
  return cluster
}

describe('a member that comes', () => {
  it('is told of at once by the first one that it meets', () => {
    const lab = settled()
    lab.link('new', 0)
    expect(idsTo(lab.pass(HEARSAY_MILLIS / 2), 'old')).to.deep.equal(['new'])
  })

  it('is told of by a later one only where nobody else has done so', () => {
    const lab = settled()
    lab.link('new', 1)
    expect(idsTo(lab.pass(HEARSAY_MILLIS / 2), 'old')).to.deep.equal([])
    expect(idsTo(lab.pass(HEARSAY_MILLIS), 'old')).to.deep.equal(['new'])
  })

  it('is not told of by a later one that hears of it from another', () => {
    const lab = settled()
    lab.link('new', 1)
    lab.pass(HEARSAY_MILLIS / 2)
    lab.frame('old', told({ type: 'member', id: 'new', record: record(7), lease: 0 }))
    expect(idsTo(lab.pass(2 * HEARSAY_MILLIS), 'old')).to.deep.equal([])
  })

  it('is told of by a later one that heard of an earlier run of it alone', () => {
    const lab = settled()
    lab.link('new', 1)
    lab.frame('old', told({ type: 'member', id: 'new', record: record(7, 99), lease: 0 }))
    expect(idsTo(lab.pass(2 * HEARSAY_MILLIS), 'old')).to.deep.equal(['new'])
  })

  it('tells nobody of those that it meets, but has its neighbors compare', () => {
    const lab = new Lab()
    lab.link('a')
    lab.link('b')
    const outputs = lab.pass(2 * HEARSAY_MILLIS)
    expect(
      outputs.filter((output) => output.type === 'send' && output.frame.type === 'gossip'),
    ).to.deep.equal([])
    for (const peer of ['a', 'b']) expect(sentTo(outputs, peer, 'digest')).to.not.have.length(0)
  })

  it('is announced about once in a cluster of a hundred', () => {
    const cluster = grown(100, 3)
    let total = 0
    for (let joins = 0; joins < 10; joins++)
      total += announcements(cluster, () => {
        const joined = cluster.add()
        cluster.run(3_000)
        return joined
      })
    expect(total).to.be.within(10, 16)
    expect(cluster.members.filter(({ engine }) => knownCount(engine) !== 110)).to.deep.equal([])
  })

  it('compares again later what a neighbor told of its table too soon after the last comparison', () => {
    const lab = new Lab()
    lab.link('a')
    const differ = { type: 'digest', replica: lab.replica.exchange.digest(), members: 1, ask: false } as const
    expect(sentTo(lab.frame('a', differ), 'a', 'members')).to.have.length(1)
    expect(sentTo(lab.frame('a', { ...differ, members: 2 }), 'a', 'members')).to.have.length(0)
    expect(sentTo(lab.pass(MISMATCH_MILLIS), 'a', 'members')).to.have.length(1)
    expect(sentTo(lab.pass(MISMATCH_MILLIS), 'a', 'members')).to.have.length(0)
  })

  it('does not ask a neighbor with a greater id, which asks itself', () => {
    const lab = new Lab()
    lab.link('zoe')
    const differ = { type: 'digest', replica: lab.replica.exchange.digest(), members: 1, ask: false } as const
    const outputs = [...lab.frame('zoe', differ), ...lab.pass(2 * MISMATCH_MILLIS)]
    expect(sentTo(outputs, 'zoe', 'members')).to.have.length(0)
  })

  for (const [writers, readers, seed] of [
    [10, 0, 1],
    [30, 0, 2],
    [100, 0, 3],
    [1, 4, 5],
    [5, 5, 19],
    [12, 12, 1],
  ] as const)
    it(`knows all others within two seconds where ${writers} and ${readers} readers start in the same moment`, () => {
      const cluster = engineCluster({ seed })
      for (let n = 0; n < writers; n++) cluster.add()
      for (let n = 0; n < readers; n++) cluster.add({ role: 'reader' })
      const known = () => cluster.members.every(({ engine }) => knownCount(engine) === writers + readers)
      expect(cluster.runUntil(known, 10_000, 100)).to.be.at.most(2_000)
    })
})
