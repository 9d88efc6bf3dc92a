/**
 * Plumtree (J. Leitao, J. Pereira, L. Rodrigues: Epidemic Broadcast Trees, SRDS 2007). Each title quotes the sentence that
 * the test holds the engine to; a departure names the reason.
 */

import { expect } from 'chai'
import { type Cluster, engineCluster } from '../../sim/cluster.js'
import { Delivery } from '../../sim/delivery.js'
import { Observer, type SimMember } from '../../sim/member.js'
import { steadyWriter } from '../../sim/workload.js'
import { tagOf } from '../../src/mesh/protocol/broadcast/sequences.js'
import type { Engine } from '../../src/mesh/protocol/engine.js'
import { GRAFT_MAX_MILLIS, GRAFT_MIN_MILLIS } from '../../src/mesh/protocol/formulas.js'
import type { Output } from '../../src/mesh/protocol/step.js'
import type { GossipFrame } from '../../src/mesh/wire/frame.js'
import { Lab, sentTo } from '../unit/protocol/lab.js'

const ENVELOPE = { type: 'gossip', origin: 'o', epoch: 1, round: 1, ownTree: false, shapes: false } as const
const beacon = (seq: number): GossipFrame => ({ ...ENVELOPE, seq, body: { type: 'beacon' } })

/** A member with these neighbors that has seen envelope 1 of `o`, brought by the first of them. */
function holding(...neighbors: string[]): { lab: Lab; announce(by: string, seq: number): Output[] } {
  const lab = new Lab()
  for (const id of neighbors) lab.link(id)
  lab.frame(neighbors[0] ?? '', beacon(1))
  const tag = tagOf(beacon(1))
  return { lab, announce: (by, seq) => lab.beat(by, { announced: [{ tag, from: seq, to: seq }] }) }
}

const graftsTo = (outputs: readonly Output[], peer: string) => sentTo(outputs, peer, 'graft')

/** Counts what is only announced. */
class Announcements extends Observer {
  count = 0

  override output(_member: SimMember, output: Output): void {
    if (output.type === 'send' && output.frame.type === 'heartbeat')
      this.count += output.frame.announced.length
  }
}

/** The delay of the fastest way from `source` to each member, without jitter (Dijkstra). */
function distances(cluster: Cluster<Engine>, source: SimMember): Map<SimMember, number> {
  const done = new Map<SimMember, number>()
  const open = new Map<SimMember, number>([[source, 0]])
  while (open.size > 0) {
    const [member, millis] = [...open].reduce((least, one) => (one[1] < least[1] ? one : least))
    open.delete(member)
    done.set(member, millis)
    for (const id of member.links.keys()) {
      const next = cluster.find(id)
      if (next === undefined || done.has(next)) continue
      const there = millis + cluster.network.conditions.latency(member.index, next.index)
      open.set(next, Math.min(there, open.get(next) ?? Infinity))
    }
  }
  return done
}

describe('Plumtree', () => {
  it('"Broadcast is achieved mainly by using push gossip on the tree branches. However, the remaining links of the gossip-based overlay are also used to propagate the message using a lazy-push approach"', () => {
    const cluster = engineCluster({ seed: 1 })
    cluster.grow(40, 100)
    cluster.run(30_000)
    const writer = cluster.pick()
    steadyWriter(cluster, writer, 20, 97)
    const delivery = new Delivery(cluster)
    cluster.observers.push(delivery)
    const lazy = new Announcements()
    cluster.observers.push(lazy)
    steadyWriter(cluster, writer, 50, 97)
    cluster.run(5_000)
    expect(delivery.copies).to.be.within(1, 1.05)
    expect(lazy.count).to.be.above(40)
  })

  it('"the links that deliver the first copy make the tree" (section 3.5, in our words): a busy writer reaches everyone nearly as fast as the links allow, also when it began with writes that overtake each other', () => {
    const cluster = engineCluster({ seed: 2 })
    cluster.grow(100, 50)
    cluster.run(30_000)
    const writer = cluster.pick()
    steadyWriter(cluster, writer, 30, 97)
    const delivery = new Delivery(cluster)
    cluster.observers.push(delivery)
    steadyWriter(cluster, writer, 50, 97)
    cluster.run(1_000)
    const nearest = [...distances(cluster, writer).values()].sort((a, b) => a - b)
    const farthest = nearest[Math.floor(0.99 * nearest.length)] ?? 0
    expect(delivery.delay.percentile(0.99)).to.be.within(farthest, 1.1 * farthest)
  })

  it('"When a node receives a IHAVE message, it simply marks the corresponding message as missing. It then starts a timer [...] and waits for the missing message to be received via eager push before the timer expires"', () => {
    const { lab, announce } = holding('a', 'b')
    expect(graftsTo(announce('b', 2), 'b')).to.deep.equal([])
    lab.frame('a', beacon(2))
    expect(graftsTo(lab.pass(GRAFT_MAX_MILLIS), 'b')).to.deep.equal([])
    announce('b', 3)
    expect(graftsTo(lab.pass(GRAFT_MAX_MILLIS), 'b')).to.have.length(1)
  })

  it('"when a GRAFT message is sent, another timer is started to expire after a certain timeout, to ensure that the message will be requested to another neighbor if it is not received meanwhile"', () => {
    const { lab, announce } = holding('a', 'b', 'c')
    announce('b', 2)
    announce('c', 2)
    expect(graftsTo(lab.pass(GRAFT_MIN_MILLIS + 50), 'c')).to.deep.equal([])
    expect(graftsTo(lab.pass(GRAFT_MAX_MILLIS + 50), 'c')).to.have.length(1)
  })

  it('"the record of IHAVE messages sent from failed members is deleted from the missing history"', () => {
    const { lab, announce } = holding('a', 'b', 'c')
    announce('b', 2)
    announce('c', 2)
    lab.give({ type: 'link-down', peer: 'b' })
    const outputs = lab.pass(GRAFT_MAX_MILLIS)
    expect(graftsTo(outputs, 'b')).to.deep.equal([])
    expect(graftsTo(outputs, 'c')).to.have.length(1)
  })

  it('departs from pruning at every duplicate: only an envelope that shapes the tree tells which link is one too many (ADR 3)', () => {
    const { lab } = holding('a', 'b')
    expect(sentTo(lab.frame('b', beacon(1)), 'b', 'prune')).to.deep.equal([])
    lab.frame('a', { ...beacon(2), shapes: true })
    expect(sentTo(lab.frame('b', { ...beacon(2), shapes: true }), 'b', 'prune')).to.deep.equal([
      { type: 'prune', tree: 0 },
    ])
  })

  it('departs from keeping a grafted link: where the tree was only slow, the link that was asked announces again (ADR 3)', () => {
    const asking = () => {
      const member = holding('a', 'b', 'c')
      member.announce('b', 2)
      expect(graftsTo(member.lab.pass(GRAFT_MIN_MILLIS + 50), 'b')).to.have.length(1)
      return member.lab
    }
    const prunesAfter = (lab: Lab, first: string, second: string, envelope = beacon(2)) => {
      lab.frame(first, envelope)
      const outputs = lab.frame(second, envelope)
      return ['a', 'b', 'c'].filter((peer) => sentTo(outputs, peer, 'prune').length > 0)
    }
    const claims: GossipFrame = { ...beacon(2), body: { type: 'claims', claims: [] } }
    expect(prunesAfter(asking(), 'b', 'a'), 'the answer came first').to.deep.equal(['b'])
    expect(prunesAfter(asking(), 'a', 'b'), 'the tree came first').to.deep.equal(['b'])
    expect(prunesAfter(asking(), 'a', 'c'), 'the answer did not come').to.deep.equal([])
    expect(prunesAfter(asking(), 'b', 'a', claims), 'claims come along any link').to.deep.equal([])
    expect(prunesAfter(holding('a', 'b', 'c').lab, 'b', 'a'), 'nobody was asked').to.deep.equal([])
  })

  it('departs from passing on what a GRAFT asked for as it was: sent again, an envelope shapes no tree, its race is over (ADR 3)', () => {
    const { lab } = holding('a', 'b')
    const shape = { ...beacon(2), shapes: true }
    const flooded = sentTo(lab.frame('a', shape), 'b', 'gossip')
    const wanted = [{ tag: tagOf(shape), from: 2, to: 2 }]
    const repaired = sentTo(lab.frame('b', { type: 'graft', tree: 0, wanted }), 'b', 'gossip')
    expect(flooded).to.deep.equal([{ ...shape, round: 2 }])
    expect(repaired).to.deep.equal([{ ...shape, round: 3, shapes: false }])
  })
})
