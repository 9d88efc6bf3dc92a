import { expect } from 'chai'
import type { Output } from '../../../src/mesh/protocol/step.js'
import type { MessageFrame } from '../../../src/mesh/wire/claim.js'
import type { GossipFrame } from '../../../src/mesh/wire/frame.js'
import { Lab, record, sentTo } from './lab.js'

const messageOf = (from: string, to: string, hops = 10, number = 1): MessageFrame => ({
  type: 'message',
  from,
  to,
  hops,
  number,
  bytes: Uint8Array.of(1, 2),
})

const floodedTo = (outputs: readonly Output[], peer: string) =>
  sentTo(outputs, peer, 'gossip').flatMap((frame) =>
    frame.type === 'gossip' && frame.body.type === 'message' ? [frame.body] : [],
  )

/** A member with neighbors `a` and `b`, which knows of `far`. */
function lab(): Lab {
  const lab = new Lab()
  lab.link('a')
  lab.link('b')
  lab.frame('a', { type: 'member', id: 'far', record: record(9), lease: 0 })
  lab.pass(1_000)
  return lab
}

describe('messages in the engine', () => {
  it('go straight to a neighbor', () => {
    const outputs = lab().give({ type: 'message', to: 'b', bytes: Uint8Array.of(5) })
    expect(sentTo(outputs, 'b', 'message')).to.deep.equal([
      { type: 'message', from: 'me', to: 'b', hops: 10, number: 1, bytes: Uint8Array.of(5) },
    ])
    expect(sentTo(outputs, 'a')).to.deep.equal([])
  })

  it('go the way that the last message of their receiver came', () => {
    const member = lab()
    member.frame('a', messageOf('far', 'me'))
    const outputs = member.give({ type: 'message', to: 'far', bytes: Uint8Array.of(5) })
    expect(sentTo(outputs, 'a', 'message')).to.have.length(1)
    expect(sentTo(outputs, 'b')).to.deep.equal([])
  })

  it('go along the shared tree where nobody knows the way, or where it is full', () => {
    const member = lab()
    const unknown = member.give({ type: 'message', to: 'far', bytes: Uint8Array.of(5) })
    expect(floodedTo(unknown, 'a').concat(floodedTo(unknown, 'b'))).to.have.length(2)
    member.frame('a', messageOf('far', 'me'))
    member.give({ type: 'slow', peer: 'a' })
    const full = member.give({ type: 'message', to: 'far', bytes: Uint8Array.of(5) })
    expect(floodedTo(full, 'b')).to.have.length(1)
    expect(sentTo(full, 'a')).to.deep.equal([])
  })

  it('to all reach a member that has never heard of their sender, whichever comes first', () => {
    const member = lab()
    const flooded = (seq: number): GossipFrame => ({
      ...{ type: 'gossip', origin: 'far', epoch: 9, seq, round: 0, ownTree: false, shapes: false },
      body: { ...messageOf('far', '', 0), bytes: Uint8Array.of(seq) },
    })
    const outputs = [['a', 7] as const, ['b', 6] as const, ['a', 6] as const].flatMap(([peer, seq]) =>
      member.frame(peer, flooded(seq)),
    )
    const heard = outputs.flatMap((output) => (output.type === 'message' ? [...output.bytes] : []))
    expect(heard).to.deep.equal([7, 6])
  })

  it('are handed to the application of their receiver alone', () => {
    const member = lab()
    const own = member.frame('a', messageOf('far', 'me'))
    expect(own).to.deep.include({ type: 'message', from: 'far', bytes: Uint8Array.of(1, 2) })
    const passing = member.frame('a', messageOf('far', 'b'))
    expect(passing.filter(({ type }) => type === 'message')).to.deep.equal([])
    expect(sentTo(passing, 'b', 'message')).to.deep.equal([messageOf('far', 'b', 9)])
  })

  it('that are signed are delivered once each, also when up to 127 later ones have overtaken them', () => {
    const member = lab()
    const give = (number: number, proof?: Uint8Array) =>
      member
        .frame('a', { ...messageOf('far', 'me', 1, number), ...(proof && { proof }) })
        .filter(({ type }) => type === 'message').length
    const proof = new Uint8Array(96)
    const { joined } = record(9)
    expect([joined - 1, joined + 2 ** 40].map((number) => give(number, proof))).to.deep.equal([0, 0])
    const numbers = [300, 302, 301, 300, 302, 301, 428, 301, 303, 300, 5_000, 4_873, 4_872, 5_000]
    expect(numbers.map((number) => give(number, proof))).to.deep.equal([
      ...[1, 1, 1, 0, 0, 0, 1, 0, 1, 0, 1, 1, 0, 0],
    ])
    // Without a proof the number may be anybody's.
    expect([give(5_000), give(1)]).to.deep.equal([1, 1])
  })

  it('take the tree when they have run in a circle', () => {
    const outputs = lab().frame('a', messageOf('far', 'b', 0))
    expect(floodedTo(outputs, 'b')).to.deep.equal([messageOf('far', 'b', 0)])
  })

  it('are flooded for a neighbor 50 times at once, and not once more', () => {
    const member = lab()
    const floods = Array.from({ length: 60 }, () => member.frame('a', messageOf('far', 'b', 0)))
    expect(
      floods.map((outputs) => floodedTo(outputs, 'b').length).filter((count) => count > 0),
    ).to.have.length(50)
  })

  it('end at a member that nobody knows, and as a link frame to everyone', () => {
    const member = lab()
    for (const message of [messageOf('far', 'nobody'), messageOf('far', '')]) {
      const outputs = member.frame('a', message)
      expect(outputs.filter(({ type }) => type === 'send' || type === 'message')).to.deep.equal([])
    }
  })

  it('to everyone are taken from their author only', () => {
    const member = lab()
    const gossip = (origin: string, seq: number) =>
      ({
        type: 'gossip',
        origin,
        epoch: 1,
        seq,
        round: 0,
        ownTree: false,
        shapes: false,
        body: messageOf('far', ''),
      }) as const
    const isHeard = (outputs: readonly Output[]) => outputs.some(({ type }) => type === 'message')
    expect(isHeard(member.frame('a', gossip('a', 1)))).to.equal(false)
    expect(isHeard(member.frame('a', gossip('far', 1)))).to.equal(true)
    expect(isHeard(member.frame('b', gossip('far', 1)))).to.equal(false)
  })
})
