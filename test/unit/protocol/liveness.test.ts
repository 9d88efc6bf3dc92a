import { expect } from 'chai'
import { DEFAULT_CONFIG } from '../../../src/mesh/protocol/config.js'
import { HEALTH_MILLIS, Health } from '../../../src/mesh/protocol/liveness/health.js'
import { SILENCE_MILLIS } from '../../../src/mesh/protocol/liveness/heartbeat.js'
import { LEASE_MILLIS } from '../../../src/mesh/protocol/liveness/leases.js'
import { REFUTE_MILLIS } from '../../../src/mesh/protocol/liveness/refutation.js'
import { leaseTag } from '../../../src/mesh/protocol/liveness/roster.js'
import type { Output } from '../../../src/mesh/protocol/step.js'
import { claimsTo, Lab, record, sentTo } from './lab.js'

const { healthMax } = DEFAULT_CONFIG
const { leasesSuspected, suspicionMinMillis, suspicionMaxMillis } = DEFAULT_CONFIG
/** Whom `outputs` tell `peer` to doubt. */
const doubts = (outputs: readonly Output[], peer: string) =>
  claimsTo(outputs, peer).flatMap((claim) => (claim.type === 'suspect' ? [claim.id] : []))

describe('local health', () => {
  it('falls with each thing that is late, down to a bound, and comes back by itself', () => {
    const health = new Health(DEFAULT_CONFIG)
    const scores = [health.score(0)]
    for (let late = 0; late < healthMax + 5; late++) health.late(1_000)
    for (const after of [0, HEALTH_MILLIS, 2 * HEALTH_MILLIS, 2 * healthMax * HEALTH_MILLIS])
      scores.push(health.score(1_000 + after))
    expect(scores).to.deep.equal([0, healthMax, healthMax - 1, healthMax - 2, 0])
  })
})

describe('liveness in the engine', () => {
  it('is not shaken by a neighbor that beats in time', () => {
    const lab = new Lab()
    lab.link('a')
    lab.beats(60, ['a'])
    expect(lab.engine.health).to.equal(0)
  })

  it('waits longer before it removes anybody when what it heard was late', () => {
    const removedAfter = (late: boolean) => {
      const lab = new Lab()
      for (const peer of ['a', 'b', 'c']) lab.link(peer)
      lab.beats(1, ['a', 'b', 'c'])
      if (late) for (const peer of ['a', 'b']) lab.pass(1_000) && lab.pass(1_000) && lab.beat(peer)
      for (const id of ['x', 'y', 'z']) lab.frame('a', { type: 'member', id, record: record(8), lease: 0 })
      for (const by of ['x', 'y', 'z']) lab.frame('a', { type: 'suspect', id: 'c', incarnation: 100, by })
      lab.beats(Math.ceil(suspicionMinMillis / 1_000), ['a', 'b'])
      return lab.engine.table.get('c') === undefined
    }
    expect([removedAfter(false), removedAfter(true)]).to.deep.equal([true, false])
  })

  it('waits longer before it removes anybody while its links are silent, though nothing was late yet', () => {
    const removedAfter = (heard: readonly string[]) => {
      const lab = new Lab()
      for (const peer of ['a', 'b', 'c']) lab.link(peer)
      lab.frame('a', { type: 'member', id: 'd', record: record(8), lease: 0 })
      lab.beats(1, ['a', 'b', 'c'])
      lab.frame('a', { type: 'suspect', id: 'd', incarnation: 100, by: 'a' })
      lab.beats(suspicionMaxMillis / 1_000 + 1, heard)
      return lab.engine.table.get('d') === undefined
    }
    expect([removedAfter(['a', 'b', 'c']), removedAfter([])]).to.deep.equal([true, false])
  })

  it('sends claims along every link while things are late, and along the tree else', () => {
    const claimsSent = (late: boolean) => {
      const lab = new Lab()
      lab.link('a')
      lab.link('b')
      lab.frame('b', { type: 'prune', tree: 0 })
      lab.beats(1, ['a', 'b'])
      if (late) lab.pass(2_000)
      lab.beat('a')
      const told = lab.frame('a', {
        ...{ type: 'gossip', origin: 'c', epoch: 9, seq: 1, round: 0, ownTree: false, shapes: false },
        body: { type: 'claims', claims: [{ type: 'member', id: 'd', record: record(8), lease: 0 }] },
      })
      return sentTo(told, 'b', 'gossip').length
    }
    expect([claimsSent(false), claimsSent(true)]).to.deep.equal([0, 1])
  })

  it('passes a doubt on along every link at once: its subject has a timer to outrun', () => {
    const lab = new Lab()
    for (const peer of ['a', 'b', 'c']) lab.link(peer)
    for (const peer of ['b', 'c']) lab.frame(peer, { type: 'prune', tree: 0 })
    const doubt = { type: 'suspect', id: 'c', incarnation: 100, by: 'x' } as const
    const told = lab.frame('a', {
      ...{ type: 'gossip', origin: 'x', epoch: 9, seq: 1, round: 0, ownTree: false, shapes: false },
      body: { type: 'claims', claims: [doubt] },
    })
    expect(['a', 'b', 'c'].map((peer) => doubts(told, peer))).to.deep.equal([[], ['c'], ['c']])
  })

  it('passes a goodbye on along every link at once: whoever only announces it may be the next to go', () => {
    const lab = new Lab()
    for (const peer of ['a', 'b', 'c']) lab.link(peer)
    for (const peer of ['b', 'c']) lab.frame(peer, { type: 'prune', tree: 0 })
    lab.frame('a', { type: 'member', id: 'd', record: record(8), lease: 0 })
    const told = lab.frame('a', {
      ...{ type: 'gossip', origin: 'd', epoch: 9, seq: 1, round: 0, ownTree: false, shapes: false },
      body: { type: 'claims', claims: [{ type: 'leave', id: 'd', incarnation: 100 }] },
    })
    expect(['a', 'b', 'c'].map((peer) => sentTo(told, peer, 'gossip').length)).to.deep.equal([0, 1, 1])
  })

  it('answers a doubt that comes right after another one, when its pause is over', () => {
    const lab = new Lab()
    lab.link('a')
    lab.frame('a', { type: 'suspect', id: 'me', incarnation: 100, by: 'x' })
    lab.frame('a', { type: 'suspect', id: 'me', incarnation: 101, by: 'x' })
    const before = lab.engine.table.selfRecord.incarnation
    lab.pass(REFUTE_MILLIS + 20)
    expect([before, lab.engine.table.selfRecord.incarnation]).to.deep.equal([101, 102])
  })

  it('tells a neighbor that is heard again that it was doubted, once', () => {
    const lab = new Lab()
    for (const peer of ['a', 'b', 'c']) lab.link(peer)
    lab.frame('b', { type: 'suspect', id: 'a', incarnation: 100, by: 'b' })
    const told = [...lab.beat('a'), ...lab.beat('a')]
    expect(sentTo(told, 'a', 'suspect')).to.deep.equal([
      { type: 'suspect', id: 'a', incarnation: 100, by: 'me' },
    ])
    expect(lab.engine.table.get('a')).to.have.property('suspicion', undefined)
  })

  it('tells its first new neighbor whom it doubted while it had no link', () => {
    const lab = new Lab()
    for (const peer of ['a', 'b']) lab.link(peer)
    for (const peer of ['a', 'b']) lab.give({ type: 'link-down', peer })
    const told = ['c', 'd'].map((peer) => sentTo(lab.link(peer), peer, 'suspect').length)
    expect(told).to.deep.equal([2, 0])
  })

  it('doubts nobody for a lease that stood still while it slept or had no link', () => {
    const lab = new Lab()
    lab.link('a')
    for (const id of ['d', 'e', 'f', 'g', 'h'])
      lab.frame('a', { type: 'member', id, record: record(8), lease: 0 })
    lab.give({ type: 'link-down', peer: 'a' })
    lab.pass(2 * LEASE_MILLIS * leasesSuspected)
    expect(lab.engine.table.get('d')).to.have.property('suspicion', undefined)
  })

  it('tells a lease that rose between its own HELLO and the other one: a founder that its first neighbor meets is ready there at once', () => {
    const lab = new Lab()
    lab.give({ type: 'contacts', contacts: [] })
    const hello = lab.give({ type: 'link-up', peer: 'a' })
    expect(sentTo(hello, 'a', 'hello')).to.have.length(1)
    lab.pass(1_000)
    lab.frame('a', {
      type: 'hello',
      topic: 't',
      id: 'a',
      record: record(7),
      lease: 0,
      links: 0,
      intent: 'join',
    })
    const told = sentTo(lab.pass(1_500), 'a', 'heartbeat').flatMap((frame) =>
      frame.type === 'heartbeat' ? frame.leases : [],
    )
    expect(told.map(({ lease }) => lease % 2)).to.deep.equal([1])
  })

  it('doubts a neighbor aloud whose link it gives up, also when it doubted itself before', () => {
    const lab = new Lab()
    for (const peer of ['a', 'b']) lab.link(peer)
    lab.link('c')
    const early = lab.beats(5, ['c'])
    const late = lab.beats(SILENCE_MILLIS / 1_000 - 4, ['c'])
    // Two of three links are silent: that can be the fault of this member.
    expect([doubts(early, 'c'), doubts(late, 'c').sort()]).to.deep.equal([[], ['a', 'b']])
  })

  for (const { risen, doubted } of [
    { risen: ['a', 'd', 'e', 'f'], doubted: ['g'] },
    { risen: [], doubted: [] },
  ])
    it(`doubts ${doubted.length} of five members when the leases of ${risen.length} rise`, () => {
      const lab = new Lab()
      lab.link('a')
      for (const id of ['d', 'e', 'f', 'g'])
        lab.frame('a', { type: 'member', id, record: record(8), lease: 0 })
      const outputs: Output[] = []
      for (let lease = 1; lease < 4; lease++) {
        const leases = risen.map((id) => ({ tag: leaseTag(id, 100), lease }))
        outputs.push(...lab.beats((LEASE_MILLIS * leasesSuspected) / 3_000 + 3, ['a'], { leases }))
      }
      expect([...new Set(doubts(outputs, 'a'))]).to.deep.equal(doubted)
    })
})
