/**
 * A writer names its own envelopes as if they were another member's: what that one really sends next must not pass for a
 * copy. Names are (origin, epoch, seq) and nobody signs them.
 */

import { expect } from 'chai'
import { Cluster, engineFactory } from '../../sim/cluster.js'
import { Observer, type SimMember } from '../../sim/member.js'
import type { Seat } from '../../sim/seat.js'
import { planAll } from '../../src/data/replica/plan.js'
import { tagOf } from '../../src/mesh/protocol/broadcast/sequences.js'
import { Engine } from '../../src/mesh/protocol/engine.js'
import type { Input, Output } from '../../src/mesh/protocol/step.js'
import type { Claim } from '../../src/mesh/wire/claim.js'
import type { EnvelopeBody, Frame, GossipFrame } from '../../src/mesh/wire/frame.js'
import { EngineLab, recordOf, sentTo } from './engine-lab.js'

const BEACON = { type: 'beacon' } as const

function envelope(origin: string, epoch: number, seq: number, body: EnvelopeBody = BEACON): GossipFrame {
  return { type: 'gossip', origin, epoch, seq, round: 1, ownTree: false, shapes: false, body }
}

function claims(...all: Claim[]): EnvelopeBody {
  return { type: 'claims', claims: all }
}

/** `me` between a liar and an honest neighbor; `victim` is known and no neighbor. */
function between(): EngineLab {
  const lab = new EngineLab()
  lab.link('honest')
  lab.link('evil')
  lab.frame('honest', { type: 'member', id: 'victim', record: recordOf(9), lease: 0 })
  return lab
}

/** What `victim` answers to a rumor of its death. */
const refutation = claims({ type: 'member', id: 'victim', record: recordOf(9, 101), lease: 0 })

const gossipTo = (outputs: readonly Output[], peer: string) =>
  sentTo(outputs, peer).filter(({ type }) => type === 'gossip') as GossipFrame[]

/** The run of names of a member, and the greatest number in it. */
class Names extends Observer {
  readonly last = new Map<string, { epoch: number; seq: number }>()

  override output({ id }: SimMember, output: Output): void {
    if (output.type !== 'send' || output.frame.type !== 'gossip' || output.frame.origin !== id) return
    this.last.set(id, output.frame)
  }
}

/** Passes nothing on. */
class Keeper extends Engine {
  override handle(input: Input, now: number): Output[] {
    return super.handle(input, now).filter((output) => output.type !== 'send' || isOwn(output.frame))
  }
}

function isOwn(frame: Frame): boolean {
  return frame.type !== 'gossip' || frame.round === 0
}

const honest = engineFactory()

/** Twenty members, one of which will lie about another one. */
function cluster(seed: number) {
  const makeEngine = (seat: Seat) => (seat.index === 0 ? new Keeper({ ...seat, topic: 'sim' }) : honest(seat))
  const cluster = new Cluster({ seed, makeEngine })
  const names = new Names()
  cluster.observers.push(names)
  cluster.grow(20, 200)
  cluster.run(20_000)
  const [evil, victim] = cluster.members
  if (!evil || !victim) throw new Error('twenty members')
  victim.write()
  cluster.run(1_000)
  return { cluster, evil, victim, name: names.last.get(victim.id) ?? { epoch: 0, seq: 0 } }
}

/** The liar sends this to each of its neighbors. */
function tell(all: Cluster<Engine>, evil: SimMember, frame: GossipFrame): void {
  for (const peer of evil.links.keys()) all.find(peer)?.give({ type: 'frame', peer: evil.id, frame })
}

/** The members that do not list `victim` at some time within the next seconds. */
function buriedBy(all: Cluster<Engine>, victim: SimMember, seconds: number): Set<string> {
  const without = new Set<string>()
  for (let step = 0; step < 10 * seconds; step++) {
    all.run(100)
    for (const { id, engine } of all.members) if (!engine.table.get(victim.id)) without.add(id)
  }
  return without
}

describe('envelopes under the names of another member', () => {
  it('do not make what that member says next a copy: its refutation is taken and passed on', () => {
    const lab = between()
    for (let seq = 1; seq <= 300; seq++) lab.frame('evil', envelope('victim', 7, seq))
    lab.frame('evil', { type: 'suspect', id: 'victim', incarnation: 100, by: 'evil' })
    const outputs = lab.frame('honest', envelope('victim', 7, 1, refutation))
    expect(lab.engine.table.get('victim')).to.deep.include({ suspicion: undefined, record: recordOf(9, 101) })
    expect(gossipTo(outputs, 'evil').map(({ body }) => body)).to.deep.equal([refutation])
  })

  it('keep no answer from those that only hear of it: what a member says of itself goes along all of its links', () => {
    const lab = between()
    lab.frame('honest', { type: 'prune', tree: 0 })
    const rumor = { type: 'suspect', id: 'me', incarnation: 100, by: 'evil' } as const
    const outputs = [lab.frame('evil', rumor), lab.give({ type: 'tick' }), lab.pass(100)].flat()
    for (const peer of ['honest', 'evil']) {
      const told = gossipTo(outputs, peer).flatMap(({ body }) => (body.type === 'claims' ? body.claims : []))
      expect(told.filter(({ type }) => type === 'member')).to.have.length(1)
    }
  })

  it('do not take the place of what waits, or of what is asked for', () => {
    const lab = between()
    const writer = new EngineLab()
    const [first, second, lie] = [1, 2, 3].flatMap((value) => {
      writer.replica.commit(planAll([{ type: 'set', key: 'k', value }]))
      return writer.replica.exchange.drain()
    })
    if (!first || !second || !lie) throw new Error('three updates')
    lab.frame('evil', envelope('victim', 7, 2, { type: 'update', update: lie }))
    lab.frame('honest', envelope('victim', 7, 2, { type: 'update', update: second }))
    lab.frame('honest', envelope('victim', 7, 1, { type: 'update', update: first }))
    expect(lab.replica.get('k')).to.equal(3)
    lab.frame('evil', envelope('victim', 7, 1))
    const wanted = [{ tag: tagOf({ origin: 'victim', epoch: 7 }), from: 1, to: 1 }]
    const answer = gossipTo(lab.frame('honest', { type: 'graft', tree: 0, wanted }), 'honest')
    expect(answer.map(({ body }) => body.type)).to.have.members(['update', 'beacon'])
  })

  it('cost what its own envelopes cost that sends them: each is passed on once', () => {
    const lab = between()
    let passed = 0
    for (let copy = 0; copy < 3; copy++)
      for (let epoch = 1; epoch <= 100; epoch++)
        for (const origin of ['victim', 'evil']) {
          const body = { type: 'ack-request', marks: [{ session: 1, n: epoch }] } as const
          const frame = envelope(origin, 7, origin === 'evil' ? epoch : 1, body)
          passed += gossipTo(lab.frame('evil', frame), 'honest').length
        }
    expect(passed).to.equal(200)
  })

  it('bury nobody: a member of a running cluster stays in every table while it is accused under its names', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const { cluster: all, evil, victim, name } = cluster(seed)
      for (let seq = name.seq + 1; seq <= name.seq + 300; seq++)
        tell(all, evil, envelope(victim.id, name.epoch, seq))
      const { incarnation } = victim.engine.table.selfRecord
      const by = evil.id
      const suspicion = { type: 'suspect', id: victim.id, incarnation, by } as const
      tell(all, evil, { ...envelope(evil.id, 1, 1_000_000), body: claims(suspicion) })
      expect([seed, ...buriedBy(all, victim, 12)]).to.deep.equal([seed])
    }
  })
})
