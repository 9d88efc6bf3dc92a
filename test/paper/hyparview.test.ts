/**
 * HyParView (J. Leitao, J. Pereira, L. Rodrigues: HyParView: a membership protocol for reliable gossip-based broadcast,
 * DSN 2007). Each title quotes the sentence that the test holds the engine to; a departure names the reason.
 */
import { existsSync } from 'node:fs'
import { expect } from 'chai'
import { Checker } from '../../sim/checker.js'
import { type Cluster, engineCluster } from '../../sim/cluster.js'
import { neighbors } from '../../sim/engine-view.js'
import { Observer, type SimMember } from '../../sim/member.js'
import type { Engine } from '../../src/mesh/protocol/engine.js'
import type { Output } from '../../src/mesh/protocol/step.js'
import { FRAMES } from '../../src/mesh/wire/frames.js'
import { Lab, record, sentTo } from '../unit/protocol/lab.js'

function formed(size: number, seed: number): Cluster<Engine> {
  const cluster = engineCluster({ seed })
  cluster.grow(size, 100)
  cluster.run(20_000)
  return cluster
}

const degree = (member: SimMember<Engine>) => neighbors(member.engine).length
const links = (cluster: Cluster<Engine>) =>
  cluster.members.reduce((sum, member) => sum + degree(member), 0) / 2

/** Who was told to go for a newcomer that has no other link. */
class Evictions extends Observer {
  readonly evicted = new Set<string>()

  override output(_member: SimMember, output: Output): void {
    if (output.type === 'send' && output.frame.type === 'disconnect' && output.frame.reason === 'evict')
      this.evicted.add(output.peer)
  }
}

describe('HyParView', () => {
  it('"if node q is in the active view of node p then node p is also in the active view of node q"', () => {
    const cluster = formed(40, 1)
    for (let crash = 0; crash < 5; crash++) cluster.crash(cluster.pick())
    cluster.run(30_000)
    for (const member of cluster.members)
      for (const id of neighbors(member.engine))
        expect(neighbors(cluster.find(id)?.engine ?? member.engine)).to.include(member.id)
  })

  it('"When a node p suspects that one of the nodes present in its active view has failed [...] it selects a random node q from its passive view and attempts to establish a TCP connection with q"', () => {
    const cluster = formed(40, 2)
    const [p] = cluster.members
    if (p === undefined) throw new Error('nobody is up')
    // Whom it dials it can only have from its table: signaling is dead.
    cluster.network.signaling.turn(false)
    const failed = neighbors(p.engine).slice(0, 4)
    for (const id of failed) cluster.network.crash(cluster.find(id) ?? p)
    for (const id of failed)
      cluster.members.splice(
        cluster.members.findIndex((member) => member.id === id),
        1,
      )
    cluster.run(30_000)
    expect(degree(p)).to.be.within(5, 8)
  })

  it('"If the connection fails to establish [...] another node q\' is selected at random and a new attempt is made"', () => {
    const cluster = formed(40, 3)
    cluster.network.conditions.now.dialFailure = 0.5
    for (let crash = 0; crash < 10; crash++) cluster.crash(cluster.pick())
    const isRepaired = () => cluster.members.every((member) => degree(member) >= 5)
    expect(cluster.runUntil(isRepaired, 120_000, 1_000)).to.be.a('number')
  })

  it('"if p has no elements in its active view the priority is high": such a request is always accepted, "even if it has to drop a random member from its active view"', () => {
    const lab = new Lab()
    for (let n = 0; n < 8; n++) lab.link(`p${n}`)
    const outputs = lab.link('lonely', 0)
    const dropped = outputs.flatMap((output) => (output.type === 'disconnect' ? [output.peer] : []))
    expect(dropped).to.have.length(1).and.not.include('lonely')
    expect(lab.engine.view.get('lonely')?.record).to.not.equal(undefined)
  })

  it('"the member that is dropped will receive a Disconnect notification"', () => {
    const lab = new Lab()
    for (let n = 0; n < 8; n++) lab.link(`p${n}`)
    const outputs = lab.link('lonely', 0)
    const [dropped = ''] = outputs.flatMap((output) => (output.type === 'disconnect' ? [output.peer] : []))
    expect(sentTo(outputs, dropped, 'disconnect')).to.deep.equal([{ type: 'disconnect', reason: 'evict' }])
  })

  it('"If a node q receives a low priority Neighbor request, it will only accept the request if it has a free slot in its active view, otherwise it will refuse the request"', () => {
    const lab = new Lab()
    for (let n = 0; n < 8; n++) lab.link(`p${n}`)
    lab.frame('p0', { type: 'member', id: 'other', record: record(8), lease: 0 })
    const outputs = lab.link('other', 3)
    expect(sentTo(outputs, 'other', 'disconnect')).to.deep.equal([{ type: 'disconnect', reason: 'full' }])
  })

  it('departs from "a node that receives a join request will start by adding the new node to its active view, even if it has to drop a random node from it": it hands over one of its links, and hardly anybody has fewer afterwards, nobody fewer than 5 (ADR 8)', () => {
    let [fewer, evicted] = [0, 0]
    for (let seed = 1; seed <= 30; seed++) {
      const cluster = formed(40, seed)
      const evictions = new Evictions()
      cluster.observers.push(evictions)
      const before = new Map(cluster.members.map((member) => [member, degree(member)]))
      const newcomer = cluster.add()
      cluster.run(20_000)
      evicted += evictions.evicted.size
      for (const member of cluster.members) expect(degree(member), `seed ${seed}`).to.be.within(5, 8)
      for (const [member, links] of before) if (degree(member) < Math.min(links, 6)) fewer += 1
      expect(before.has(newcomer)).to.equal(false)
    }
    // Of 1,200 members. With a random link dropped for each of a newcomer's six it were 180.
    expect(fewer).to.be.at.most(24)
    expect(evicted).to.be.at.most(30)
    expect(
      existsSync(new URL('../../docs/adr/0008-a-full-member-hands-over-a-link.md', import.meta.url)),
    ).to.equal(true)
  })

  it('departs from "Periodically, each node performs a shuffle operation with one of its neighbors in order to update its passive view": the member table is the passive view (ADR 2)', () => {
    for (const type of ['shuffle', 'forward-join']) expect(FRAMES).to.not.have.property(type)
    const cluster = formed(40, 5)
    for (const { engine } of cluster.members) expect(engine.table.size).to.equal(40)
  })

  it('departs from giving up after a split: signaling introduces the halves to each other again', () => {
    const cluster = formed(20, 6)
    const checker = new Checker(cluster)
    const half = cluster.members.slice(0, 10)
    cluster.partition(half, cluster.members.slice(10))
    cluster.run(60_000)
    const apart = links(cluster)
    cluster.heal()
    expect(cluster.runUntil(() => checker.unsettled().length === 0, 90_000, 1_000)).to.be.a('number')
    expect(apart).to.be.above(0)
  })
})
