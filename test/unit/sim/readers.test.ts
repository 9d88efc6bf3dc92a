/** Readers and the slots that writers have for them: simulated clusters in which only tabs write. */
import { expect } from 'chai'
import { type Cluster, engineCluster } from '../../../sim/cluster.js'
import { Observer, type SimMember } from '../../../sim/member.js'
import type { Engine } from '../../../src/mesh/protocol/engine.js'
import { READERS_PER_NODE_MAX, READERS_PER_TAB_MAX } from '../../../src/mesh/protocol/protocol-limits.js'
import type { Output } from '../../../src/mesh/protocol/step.js'

const MINUTE = 60_000

/** Counts what readers are told when they find no slot. */
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
const slots = ({ engine, now }: SimMember<Engine>) =>
  engine.view.sources().filter(({ since }) => now >= since + 1_000).length
const hasSlot = (reader: SimMember<Engine>) => slots(reader) > 0

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

describe('slots for readers', () => {
  for (const tabs of [1, 3, 5, 12])
    it(`are enough for ${2 * tabs} readers of ${tabs} tabs, which hear everything and dial nobody any more`, () => {
      for (let seed = 1; seed <= (tabs > 5 ? 3 : 10); seed++) {
        const { cluster, writers, readers } = setting(seed, tabs, READERS_PER_TAB_MAX * tabs)
        const millis = cluster.runUntil(() => readers.every(hasSlot), MINUTE)
        expect(millis, `seed ${seed}: all served`).to.not.equal(undefined)
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
        expect(readers.map(slots), 'one slot each').to.deep.equal(readers.map(() => 1))
      }
    })

  it('are kept by those who have one, and the two without find one soon after it is free', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { cluster, readers, refusals } = setting(seed, 3, 8)
      cluster.run(MINUTE)
      const [served, waiting] = [readers.filter(hasSlot), readers.filter((reader) => !hasSlot(reader))]
      expect([served.length, waiting.length], `seed ${seed}`).to.deep.equal([6, 2])
      for (const { id } of waiting) expect(refusals.told.get(id)).to.be.at.least(3)
      expect(dialsPerMinute(cluster, served, 2 * MINUTE)).to.deep.equal(served.map(() => 0))
      for (const dials of dialsPerMinute(cluster, waiting, 2 * MINUTE)) expect(dials).to.be.within(3, 16)
      expect(readers.filter(hasSlot).map(({ id }) => id)).to.deep.equal(served.map(({ id }) => id))
      const [left, crashed] = served
      if (left) cluster.leave(left)
      const isOneMore = () => waiting.filter(hasSlot).length === 1
      expect(cluster.runUntil(isOneMore, MINUTE), `seed ${seed}: a slot is found`).to.not.equal(undefined)
      if (crashed) cluster.crash(crashed)
      expect(
        cluster.runUntil(() => waiting.every(hasSlot), MINUTE),
        'and another',
      ).to.not.equal(undefined)
      const { dials } = waiting[0] ?? { dials: 0 }
      cluster.run(MINUTE)
      expect(waiting[0]?.dials, 'it dials nobody any more').to.equal(dials)
    }
  })

  it('are found in 5 s by 99 of 100 readers that come last, and 99 of 100 that are one too many are told in 10 s', () => {
    for (const tabs of [1, 3, 12]) {
      const runs = Array.from({ length: 100 }, (_, index) => lastTwo(index + 1, tabs))
      const worst = (what: 'found' | 'told' | 'freed') =>
        runs.map((times) => times[what]).sort((one, other) => one - other)[98]
      expect(worst('found'), `${tabs} tabs: the last slot`).to.be.at.most(5_000)
      expect(worst('told'), `${tabs} tabs: one too many`).to.be.at.most(10_000)
      expect(worst('freed'), `${tabs} tabs: a slot that became free`).to.be.at.most(5_000)
    }
  })

  it('are one each, also where there are plenty', () => {
    const { cluster, readers } = setting(1, 6, 5)
    cluster.run(MINUTE)
    expect(readers.map(slots)).to.deep.equal(readers.map(() => 1))
    const { cluster: large, readers: many } = setting(1, 2, 0)
    large.add({ kind: 'node' })
    for (let index = 0; index < READERS_PER_NODE_MAX; index++)
      many.push(large.add({ kind: 'browser', role: 'reader' }))
    large.run(MINUTE)
    expect(many.every(hasSlot)).to.equal(true)
  })

  for (const [what, millis, end] of [
    ['page is frozen', 5_000, (_, writer) => writer.give({ type: 'visibility', visibility: 'frozen' })],
    ['tab is closed', 1_500, (cluster, writer) => cluster.leave(writer)],
    ['browser crashes', 6_000, (cluster, writer) => cluster.crash(writer)],
  ] as [string, number, (cluster: Cluster<Engine>, writer: SimMember<Engine>) => void][])
    it(`are left for others within ${millis} ms when the ${what}`, () => {
      for (let seed = 1; seed <= 20; seed++) {
        const { cluster, writers, readers } = setting(seed, 5, 1)
        cluster.run(MINUTE / 2)
        const links = () => readers.flatMap(({ engine }) => engine.view.sources().map(({ id }) => id))
        const [writer] = writers.filter(({ id }) => links().includes(id))
        if (writer === undefined) throw new Error('no slot')
        end(cluster, writer)
        const isElsewhere = () => links().some((id) => id !== writer.id)
        expect(cluster.runUntil(isElsewhere, millis), `seed ${seed}`).to.not.equal(undefined)
      }
    })
})

/** How long the last free slot, the news that there is none, and a slot that becomes free again take. */
function lastTwo(seed: number, tabs: number): { found: number; told: number; freed: number } {
  const { cluster, readers, refusals } = setting(seed, tabs, READERS_PER_TAB_MAX * tabs - 1)
  cluster.run(MINUTE / 6)
  const reader = () => cluster.add({ kind: 'browser', role: 'reader' })
  const took = (isDone: () => boolean) => cluster.runUntil(isDone, MINUTE) ?? MINUTE
  const isLinked = ({ engine }: SimMember<Engine>) => engine.view.sources().length > 0
  const last = reader()
  const found = took(() => isLinked(last))
  cluster.run(5_000)
  const tooMany = reader()
  const told = took(() => refusals.told.has(tooMany.id))
  cluster.run(MINUTE / 2)
  for (const one of readers.slice(0, 1)) cluster.leave(one)
  return { found, told, freed: took(() => isLinked(tooMany)) }
}
