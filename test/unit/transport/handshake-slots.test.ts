import { expect } from 'chai'
import {
  HANDSHAKES_WAITING_MAX,
  type HandshakeSide,
  HandshakeSlots,
  OFFERS_IN_FLIGHT_MAX,
} from '../../../src/mesh/links/handshake-slots.js'
import { HANDSHAKES_MAX } from '../../../src/mesh/links/link-limits.js'

const microtasks = async () => {
  for (let i = 0; i < 3; i++) await Promise.resolve()
}

function slotsAndLog() {
  const slots = new HandshakeSlots()
  const begun: string[] = []
  const take = (side: HandshakeSide, name: string) => slots.take(side, () => begun.push(name))
  return { slots, begun, take }
}

describe('handshake slots', () => {
  it('let four handshakes run at once, and of offers only two', async () => {
    const { slots, begun, take } = slotsAndLog()
    for (const i of [1, 2, 3]) take('offer', `offer ${i}`)
    await microtasks()
    expect(begun).to.deep.equal(['offer 1', 'offer 2'])
    for (const i of [1, 2, 3]) take('answer', `answer ${i}`)
    await microtasks()
    expect(begun.slice(OFFERS_IN_FLIGHT_MAX)).to.deep.equal(['answer 1', 'answer 2'])
    expect(slots.inFlight).to.equal(HANDSHAKES_MAX)
  })

  it('hand a slot that is given up to the next in order, answers before offers', async () => {
    const { begun, take } = slotsAndLog()
    const held = [1, 2, 3, 4].map((i) => take('answer', `${i}`))
    take('offer', 'offer')
    take('answer', 'fifth')
    await microtasks()
    held[2]?.release()
    held[2]?.release()
    await microtasks()
    expect(begun).to.deep.equal(['1', '2', '3', '4', 'fifth'])
    held[0]?.release()
    await microtasks()
    expect(begun.at(-1)).to.equal('offer')
  })

  it('never begin what was given up while it waited', async () => {
    const { slots, begun, take } = slotsAndLog()
    take('offer', 'gone')?.release()
    await microtasks()
    expect([begun, slots.inFlight]).to.deep.equal([[], 0])
  })

  it('refuse one more than may wait', () => {
    const { take } = slotsAndLog()
    for (let i = 0; i < HANDSHAKES_WAITING_MAX; i++) expect(take('offer', '')).to.not.equal(undefined)
    expect(take('offer', '')).to.equal(undefined)
    expect(take('answer', '')).to.not.equal(undefined)
  })
})
