/** A writer asks in the name of another member who holds its writes, and asks about fewer of them. */

import { expect } from 'chai'
import { planAll } from '../../src/data/replica/plan.js'
import type { AckFrame, AckRequest, GossipFrame } from '../../src/mesh/wire/frame.js'
import { EngineLab, sentTo } from './engine-lab.js'

function question(request: AckRequest): GossipFrame {
  const name = { origin: 'asker', epoch: 7, seq: 1, round: 1, ownTree: false, shapes: false }
  return { type: 'gossip', ...name, body: { type: 'ack-request', ...request } }
}

describe('a question in the name of another member', () => {
  it('gets an answer that counts for no more than was asked', () => {
    const asker = new EngineLab()
    const far = new EngineLab()
    for (const peer of ['evil', 'far']) asker.link(peer)
    far.link('evil')
    asker.replica.commit(planAll([{ type: 'set', key: 'k', value: 1 }]))
    const asked = sentTo(asker.give({ type: 'await-acks', call: 1, acks: 1 }), 'evil')
    const request = asked.find(({ type }) => type === 'ack-request') as AckRequest
    const marks = request.marks.map(({ session }) => ({ session, n: 0 }))
    const [answer] = sentTo(far.frame('evil', question({ ...request, marks })), 'evil').filter(
      ({ type }) => type === 'ack',
    )
    const outputs = asker.frame('evil', { ...(answer as AckFrame), from: 'far', to: 'me' })
    expect(outputs.filter(({ type }) => type === 'acknowledged')).to.deep.equal([])
  })
})
