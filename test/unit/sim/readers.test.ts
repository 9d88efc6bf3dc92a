/** Readers and the seats that writers have for them: simulated clusters in which only tabs write. */
import { expect } from 'chai'
import type { Engine } from '../../../src/protocol/engine.js'
import type { Output } from '../../../src/protocol/step.js'
import { type Cluster, engineCluster } from '../../../src/sim/cluster.js'
import { Observer, type SimMember } from '../../../src/sim/member.js'
import { READERS_PER_NODE_MAX, READERS_PER_TAB_MAX } from '../../../src/wire/limits.js'

const MINUTE = 60_000

/** Counts what readers are told when they find no seat. */
class Refusals extends Observer {
  readonly told = new Map<string, number>()

  override output(member: SimMember, output: Output): void {
    if (output.type === 'refused' && output.reason === 'full')
      this.told.set(member.id, (this.told.get(member.id) ?? 0) + 1)
  }
}

interface Setting {
  cluster: Cluster<Engine>
  writers: SimMember<Engine>[]
  readers: SimMember<Engine>[]
  refusals: Refusals
}

/** So many tabs that write and so many readers, all started at once. */
function setting(seed: number, tabs: number, readers: number): Setting {
  const cluster = engineCluster({ seed, replica: 'real' })
  const refusals = new Refusals()
  cluster.observers.push(refusals)
  return {
    cluster,
    writers: Array.from({ length: tabs }, () => cluster.add({ kind: 'browser' })),
    readers: Array.from({ length: readers }, () => cluster.add({ kind: 'browser', role: 'reader' })),
    refusals,
  }
}

/** Links that have lasted: one that is turned down is there for some milliseconds. */
const seats = ({ engine, now }: SimMember<Engine>) =>
  engine.view.sources().filter(({ since }) => now >= since + 1_000).length
const isSeated = (reader: SimMember<Engine>) => seats(reader) > 0

/** Dials of each of them in the next `millis`, as a number per minute. */
function dialsPerMinute(
  cluster: Cluster<Engine>,
  members: readonly SimMember<Engine>[],
  millis: number,
): number[] {
  const before = members.map(({ dials }) => dials)
  cluster.run(millis)
  return members.map(({ dials }, index) => ((dials - (before[index] ?? 0)) * MINUTE) / millis)
}

describe('seats for readers', () => {
  for (const tabs of [1, 3, 5, 12])
    it(`are enough for ${2 * tabs} readers of ${tabs} tabs, which hear everything and dial nobody any more`, () => {
      for (let seed = 1; seed <= (tabs > 5 ? 3 : 10); seed++) {
        const { cluster, writers, readers } = setting(seed, tabs, READERS_PER_TAB_MAX * tabs)
        const millis = cluster.runUntil(() => readers.every(isSeated), MINUTE)
        expect(millis, `seed ${seed}: all seated`).to.not.equal(undefined)
        writers[0]?.write()
        readers.forEach((_reader, index) => {
          writers[index % tabs]?.write()
        })
        expect(
          cluster.runUntil(() => cluster.digests().size === 1, 10_000),
          'converged',
        ).to.not.equal(undefined)
        cluster.run(MINUTE / 2)
        expect(dialsPerMinute(cluster, readers, 2 * MINUTE), `seed ${seed}`).to.deep.equal(
          readers.map(() => 0),
        )
        expect(readers.map(seats), 'one seat each').to.deep.equal(readers.map(() => 1))
      }
    })

  it('are kept by those who have one, and the two without find one soon after it is free', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { cluster, readers, refusals } = setting(seed, 3, 8)
      cluster.run(MINUTE)
      const [seated, waiting] = [readers.filter(isSeated), readers.filter((reader) => !isSeated(reader))]
      expect([seated.length, waiting.length], `seed ${seed}`).to.deep.equal([6, 2])
      for (const { id } of waiting) expect(refusals.told.get(id)).to.be.at.least(3)
      expect(dialsPerMinute(cluster, seated, 2 * MINUTE)).to.deep.equal(seated.map(() => 0))
      for (const dials of dialsPerMinute(cluster, waiting, 2 * MINUTE)) expect(dials).to.be.within(3, 16)
      expect(readers.filter(isSeated).map(({ id }) => id)).to.deep.equal(seated.map(({ id }) => id))
      const [left, crashed] = seated
      if (left) cluster.leave(left)
      const isOneMore = () => waiting.filter(isSeated).length === 1
      expect(cluster.runUntil(isOneMore, MINUTE), `seed ${seed}: a seat is found`).to.not.equal(undefined)
      if (crashed) cluster.crash(crashed)
      expect(
        cluster.runUntil(() => waiting.every(isSeated), MINUTE),
        'and another',
      ).to.not.equal(undefined)
      const { dials } = waiting[0] ?? { dials: 0 }
      cluster.run(MINUTE)
      expect(waiting[0]?.dials, 'it dials nobody any more').to.equal(dials)
    }
  })

  it('are two each where there are plenty', () => {
    const { cluster, readers } = setting(1, 6, 5)
    cluster.run(MINUTE)
    expect(readers.map(seats)).to.deep.equal(readers.map(() => 2))
    const { cluster: large, readers: many } = setting(1, 2, 0)
    large.add({ kind: 'node' })
    for (let index = 0; index < READERS_PER_NODE_MAX; index++)
      many.push(large.add({ kind: 'browser', role: 'reader' }))
    large.run(MINUTE)
    expect(many.every(isSeated)).to.equal(true)
  })
})
