import { expect } from 'chai'
import { repeating } from '../../../sim/oracle/repeating.js'
import { mergeDifference, wholeDifference } from '../../../sim/whole-difference.js'
import { seededRandom } from '../../../src/base/random.js'
import { planAll } from '../../../src/data/replica/plan.js'
import { Replica } from '../../../src/data/replica/replica.js'
import type { Output } from '../../../src/mesh/protocol/step.js'
import type { AckRequest, Frame } from '../../../src/mesh/wire/frame.js'
import { Lab, record, sentTo } from './lab.js'

/** A lab with neighbors, each under a session of its own. */
function labWith(...peers: string[]): Lab {
  const lab = new Lab()
  for (const [index, peer] of peers.entries()) {
    lab.give({ type: 'link-up', peer })
    lab.frame(peer, {
      type: 'hello',
      topic: 't',
      id: peer,
      record: record(1_000 + index),
      lease: 0,
      links: 3,
      intent: 'accept',
    })
  }
  return lab
}

const write = (lab: Lab, key = 'k') => lab.replica.commit(planAll([{ type: 'set', key, value: 1 }]))

/** What goes to `peer` as a request, directly or in an envelope. */
function requestsTo(outputs: readonly Output[], peer: string): AckRequest[] {
  return sentTo(outputs, peer).flatMap((frame) => {
    if (frame.type === 'ack-request') return [frame]
    return frame.type === 'gossip' && frame.body.type === 'ack-request' ? [frame.body] : []
  })
}

const toldIn = (outputs: readonly Output[]) =>
  outputs.flatMap((output) => (output.type === 'acknowledged' ? [output] : []))

function ack(from: string, request: AckRequest | undefined, fields: object = {}): Frame {
  return { type: 'ack', from, to: 'me', hops: 3, marks: request?.marks ?? [], ...fields }
}

describe('acknowledgements', () => {
  it('are asked of the neighbors alone when those are enough', () => {
    const lab = labWith('a', 'b')
    write(lab)
    const outputs = lab.give({ type: 'await-acks', call: 1, acks: 2 })
    expect(sentTo(outputs, 'a').map(({ type }) => type)).to.deep.equal(['ack-request'])
    const [request] = requestsTo(outputs, 'a')
    expect(request?.marks).to.deep.equal([{ session: lab.replica.session, n: 1 }])
    expect(toldIn(lab.frame('a', ack('a', request)))).to.deep.equal([])
    expect(toldIn(lab.frame('b', ack('b', request)))).to.deep.equal([
      { type: 'acknowledged', call: 1, acked: ['a', 'b'], missing: [] },
    ])
  })

  it('are asked of everybody when neighbors are not enough, and of a neighbor that does not answer', () => {
    const lab = labWith('a')
    lab.frame('a', { type: 'member', id: 'far', record: record(2_000), lease: 0 })
    write(lab)
    const outputs = lab.give({ type: 'await-acks', call: 1, acks: 2 })
    expect(sentTo(outputs, 'a').map(({ type }) => type)).to.deep.equal(['gossip'])
    const [request] = requestsTo(outputs, 'a')
    lab.frame('a', ack('a', request))
    expect(requestsTo(lab.pass(499), 'a')).to.have.length(0)
    expect(requestsTo(lab.pass(2), 'a')).to.have.length(1)
    expect(toldIn(lab.frame('a', ack('far', request)))).to.deep.equal([
      { type: 'acknowledged', call: 1, acked: ['a', 'far'], missing: [] },
    ])
    expect(requestsTo(lab.pass(10_000), 'a')).to.have.length(0)
  })

  it('count a neighbor whose digest equals the own one without a question', () => {
    const lab = labWith('a')
    write(lab)
    lab.beat('a')
    expect(toldIn(lab.give({ type: 'await-acks', call: 1, acks: 1 }))).to.have.length(1)
    write(lab, 'another')
    expect(toldIn(lab.give({ type: 'await-acks', call: 2, acks: 1 }))).to.have.length(0)
  })

  it('for a later write answer for the earlier ones, and not the other way round', () => {
    const lab = labWith('a')
    write(lab)
    const [first] = requestsTo(lab.give({ type: 'await-acks', call: 1, acks: 1 }), 'a')
    write(lab)
    lab.give({ type: 'await-acks', call: 2, acks: 1 })
    const [second] = requestsTo(lab.pass(11), 'a')
    expect([first?.marks[0]?.n, second?.marks[0]?.n]).to.deep.equal([1, 2])
    lab.give({ type: 'await-acks', call: 3, acks: 1 })
    expect(toldIn(lab.frame('a', ack('a', first))).map(({ call }) => call)).to.deep.equal([1])
    expect(toldIn(lab.frame('a', ack('a', second))).map(({ call }) => call)).to.deep.equal([2, 3])
  })

  it('of another run, of a member that is not known, and of fewer writes count for nothing', () => {
    const lab = labWith('a')
    write(lab)
    const [request] = requestsTo(lab.give({ type: 'await-acks', call: 1, acks: 1 }), 'a')
    const { session } = lab.replica
    const others = [{ session: 7, n: 1 }]
    for (const fields of [{ marks: others }, { from: 'unknown' }, { marks: [{ session, n: 0 }] }])
      expect(toldIn(lab.frame('a', ack('a', request, fields)))).to.deep.equal([])
    expect(toldIn(lab.frame('a', ack('a', request)))).to.have.length(1)
  })

  it('of a member that has gone or started anew no longer count', () => {
    const lab = labWith('a', 'b')
    write(lab)
    const [request] = requestsTo(lab.give({ type: 'await-acks', call: 1, acks: 2 }), 'a')
    lab.frame('a', ack('a', request))
    lab.frame('b', { type: 'member', id: 'a', record: { ...record(3_000, 500), joined: 2 }, lease: 0 })
    expect(toldIn(lab.frame('b', ack('b', request)))).to.deep.equal([])
    const [told] = toldIn(lab.give({ type: 'end-acks', call: 1 }))
    expect(told).to.deep.equal({ type: 'acknowledged', call: 1, acked: ['b'], missing: ['a'] })
    expect(toldIn(lab.give({ type: 'end-acks', call: 1 }))).to.deep.equal([])
  })

  it('of all wait for those who are there, and for at least one', () => {
    const alone = new Lab()
    expect(
      toldIn(alone.give({ type: 'await-acks', call: 1, acks: Number.POSITIVE_INFINITY })),
    ).to.have.length(0)
    expect(toldIn(alone.give({ type: 'await-acks', call: 2, acks: 0 }))).to.have.length(1)
    const lab = labWith('a', 'b')
    write(lab)
    const outputs = lab.give({ type: 'await-acks', call: 1, acks: Number.POSITIVE_INFINITY })
    lab.frame('a', ack('a', requestsTo(outputs, 'a')[0]))
    lab.frame('b', { type: 'leave', id: 'b', incarnation: 100 })
    expect(toldIn(lab.pass(1_000))).to.deep.equal([
      { type: 'acknowledged', call: 1, acked: ['a'], missing: [] },
    ])
  })

  it('are given when the writes are merged, not before', () => {
    const lab = labWith('a')
    const other = new Replica({ random: seededRandom(9), wall: () => 1_767_225_600_000 })
    other.commit(planAll([{ type: 'set', key: 'x', value: 1 }]))
    const [update = new Uint8Array()] = other.exchange.drain()
    const request = { marks: [{ session: other.session, n: 1 }] }
    expect(sentTo(lab.frame('a', { type: 'ack-request', ...request }), 'a', 'ack')).to.deep.equal([])
    const outputs = lab.frame('a', {
      type: 'gossip',
      origin: 'a',
      epoch: 1,
      seq: 1,
      round: 0,
      ownTree: false,
      shapes: false,
      body: { type: 'update', update },
    })
    expect(sentTo(outputs, 'a', 'ack')).to.deep.equal([
      { type: 'ack', from: 'me', to: 'a', hops: 10, marks: request.marks },
    ])
    expect(sentTo(lab.frame('a', { type: 'ack-request', ...request }), 'a', 'ack')).to.have.length(1)
  })

  it('remember the requests of 256 members, of each the last one', () => {
    const lab = labWith('a')
    const other = new Replica({ random: seededRandom(9), wall: () => 1_767_225_600_000 })
    other.commit(planAll([{ type: 'set', key: 'x', value: 1 }]))
    const gossip = (origin: string, seq: number, body: AckRequest | Uint8Array) =>
      lab.frame('a', {
        type: 'gossip',
        origin,
        epoch: 1,
        seq,
        round: 1,
        ownTree: false,
        shapes: false,
        body:
          body instanceof Uint8Array ? { type: 'update', update: body } : { type: 'ack-request', ...body },
      })
    const marks = [{ session: other.session, n: 1 }]
    for (let n = 0; n < 257; n++) {
      gossip(`m${n}`, 1, { marks: [{ session: other.session, n: 2 }] })
      gossip(`m${n}`, 2, { marks })
    }
    const acks = sentTo(gossip('w', 1, other.exchange.drain()[0] ?? new Uint8Array()), 'a', 'ack')
    expect(acks).to.have.length(256)
    expect(
      acks.every((frame) => frame.type === 'ack' && frame.marks[0]?.n === 1 && frame.to !== 'm0'),
    ).to.equal(true)
  })

  it('for others go on towards them, until their hops are used up', () => {
    const lab = labWith('a', 'b')
    const passing = { type: 'ack', from: 'far', to: 'b', hops: 1, marks: [{ session: 1, n: 1 }] } as const
    expect(sentTo(lab.frame('a', passing), 'b')).to.deep.equal([{ ...passing, hops: 0 }])
    expect(sentTo(lab.frame('a', { ...passing, hops: 0 }), 'b')).to.deep.equal([])
  })

  it('cover the writes of a session that was left after a fork', () => {
    const lab = labWith('a')
    write(lab)
    lab.give({ type: 'await-acks', call: 1, acks: 1 })
    const before = lab.replica.session
    const twin = new Replica({ random: repeating(before, seededRandom(5)), wall: () => 1_767_225_600_000 })
    for (let n = 0; n < 3; n++) twin.commit(planAll([{ type: 'set', key: `twin ${n}`, value: n }]))
    const summary = new Replica({ random: seededRandom(6), wall: () => 1_767_225_600_000 }).exchange.summary()
    mergeDifference(lab.replica.exchange, wholeDifference(twin.exchange, summary) ?? new Uint8Array())
    expect(lab.replica.session).not.to.equal(before)
    lab.give({ type: 'await-acks', call: 2, acks: 1 })
    const [request] = requestsTo(lab.pass(60), 'a')
    expect(request?.marks.map(({ session }) => session)).to.deep.equal([before, lab.replica.session])
  })
})
