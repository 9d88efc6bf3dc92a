/** What holds although the same news comes over several ways, in any order, and from members that start anew. */

import { expect } from 'chai'
import { engineCluster } from '../../../sim/cluster.js'
import { Observer, type SimMember } from '../../../sim/member.js'
import { seededRandom } from '../../../src/base/random.js'
import { planAll } from '../../../src/data/replica/plan.js'
import { tagOf } from '../../../src/mesh/protocol/broadcast/sequences.js'
import { Engine } from '../../../src/mesh/protocol/engine.js'
import { GRAFT_MAX_MILLIS } from '../../../src/mesh/protocol/formulas.js'
import type { Output } from '../../../src/mesh/protocol/step.js'
import type { GossipFrame } from '../../../src/mesh/wire/frame.js'
import { Lab, record, sentTo } from './lab.js'

const ENVELOPE = { type: 'gossip', origin: 'o', round: 0, ownTree: false, shapes: false } as const
const envelope = (epoch: number, seq: number, update: Uint8Array): GossipFrame => ({
  ...ENVELOPE,
  epoch,
  seq,
  body: { type: 'update', update },
})

/** The updates of three writes of one key, each of which follows the one before. */
function threeWrites(): [Uint8Array, Uint8Array, Uint8Array] {
  const { replica } = new Lab()
  const [first, second, third] = [1, 2, 3].flatMap((value) => {
    replica.commit(planAll([{ type: 'set', key: 'k', value }]))
    return replica.exchange.drain()
  })
  if (!first || !second || !third) throw new Error('three updates')
  return [first, second, third]
}

function between(): Lab {
  const lab = new Lab()
  for (const peer of ['a', 'b']) lab.link(peer)
  return lab
}

const sequencesTo = (outputs: readonly Output[], peer: string) =>
  sentTo(outputs, peer, 'gossip').flatMap((frame) => (frame.type === 'gossip' ? [frame.seq] : []))

const askedOf = (outputs: readonly Output[], peer: string) =>
  sentTo(outputs, peer, 'graft').flatMap((frame) =>
    frame.type === 'graft' ? frame.wanted.map(({ from, to }) => [from, to]) : [],
  )

/** The epochs in which each life of a member names its envelopes. */
class Epochs extends Observer {
  readonly byLife = new Map<SimMember, Set<number>>()

  override output(member: SimMember, output: Output): void {
    if (output.type !== 'send' || output.frame.type !== 'gossip' || output.frame.origin !== member.id) return
    this.byLife.set(member, (this.byLife.get(member) ?? new Set()).add(output.frame.epoch))
  }
}

describe('news over several ways', () => {
  it('is merged before it is passed on: what cannot be merged yet goes nowhere', () => {
    const lab = between()
    const [first, second] = threeWrites()
    const early = lab.frame('a', envelope(1, 2, second))
    expect([sequencesTo(early, 'b'), lab.replica.get('k')]).to.deep.equal([[], undefined])
    const complete = lab.frame('a', envelope(1, 1, first))
    expect([sequencesTo(complete, 'b'), lab.replica.get('k')]).to.deep.equal([[1, 2], 2])
  })

  it('that waits for its predecessor is held once, however many ways it comes', () => {
    const lab = between()
    const [first, second] = threeWrites()
    lab.frame('a', envelope(1, 2, second))
    const again = lab.frame('b', envelope(1, 2, second))
    expect(sequencesTo(again, 'a')).to.deep.equal([])
    expect(lab.engine.counters.held).to.equal(1)
    lab.frame('b', envelope(1, 1, first))
    expect([lab.engine.counters.held, lab.replica.get('k')]).to.deep.equal([0, 2])
  })

  it('that what is early may follow is asked for of whoever sent that, but not what is held', () => {
    const lab = between()
    const [first, second, third] = threeWrites()
    lab.frame('a', envelope(1, 1, first))
    lab.frame('b', envelope(1, 4, third))
    lab.frame('b', envelope(1, 5, third))
    expect(askedOf(lab.pass(GRAFT_MAX_MILLIS - 1), 'b')).to.deep.equal([
      [3, 3],
      [2, 2],
    ])
    lab.frame('b', envelope(1, 2, second))
    expect([lab.engine.counters.held, lab.replica.get('k')]).to.deep.equal([0, 3])
  })

  it('that came in another way is not asked for: neither before an update that could be merged nor once it could', () => {
    const lab = between()
    const [first, second, third] = threeWrites()
    lab.frame('a', envelope(1, 1, first))
    lab.frame('a', envelope(1, 20, second))
    lab.frame('a', envelope(1, 40, third))
    expect(askedOf(lab.pass(1_000), 'a')).to.deep.equal([])
    const late = between()
    late.frame('a', envelope(1, 1, first))
    late.frame('a', envelope(1, 40, third))
    late.frame('b', envelope(1, 20, second))
    expect([late.engine.counters.held, late.replica.get('k')]).to.deep.equal([0, 3])
    expect(askedOf(late.pass(1_000), 'a')).to.deep.equal([])
  })

  it('of an origin in another epoch is other news, though it bears the same number', () => {
    const lab = between()
    const [first, second] = threeWrites()
    lab.frame('a', envelope(1, 1, first))
    lab.frame('a', envelope(2, 1, second))
    lab.frame('b', envelope(2, 1, second))
    expect(lab.replica.get('k')).to.equal(2)
    expect(lab.engine.counters.duplicates).to.equal(1)
    expect(tagOf({ origin: 'o', epoch: 1 })).not.to.equal(tagOf({ origin: 'o', epoch: 2 }))
  })

  it('bears other names after each of 2,000 starts of one member', () => {
    const random = seededRandom(3)
    const epochs = new Set<number>()
    const { replica } = new Lab()
    for (let start = 0; start < 2_000; start++) {
      const engine = new Engine({
        id: 'o',
        topic: 't',
        record: record(start),
        replica: replica.exchange,
        random,
        now: 0,
      })
      engine.handle({ type: 'link-up', peer: 'a' }, 0)
      const hello = {
        type: 'hello',
        topic: 't',
        id: 'a',
        record: record(7),
        lease: 0,
        links: 3,
        intent: 'accept',
      } as const
      engine.handle({ type: 'frame', peer: 'a', frame: hello }, 0)
      const outputs = engine.handle({ type: 'message', to: '', bytes: Uint8Array.of(1) }, 0)
      for (const frame of sentTo(outputs, 'a', 'gossip')) if (frame.type === 'gossip') epochs.add(frame.epoch)
    }
    expect(epochs.size).to.equal(2_000)
  })

  it('of a member that restarts again and again under its id reaches everyone, in one epoch a life', () => {
    const cluster = engineCluster({ seed: 5 })
    const epochs = new Epochs()
    cluster.observers.push(epochs)
    cluster.grow(8, 200)
    cluster.run(20_000)
    let member = cluster.pick()
    const lives = [member]
    for (let life = 0; life < 4; life++) {
      for (let write = 0; write < 3; write++) member.write()
      cluster.run(5_000)
      expect(cluster.digests().size).to.equal(1)
      cluster.crash(member)
      cluster.run(1_000)
      member = cluster.add({ id: member.id })
      lives.push(member)
      cluster.run(20_000)
    }
    const own = lives.flatMap((one) => [...(epochs.byLife.get(one) ?? [])])
    expect([own.length, new Set(own).size]).to.deep.equal([5, 5])
  })
})
