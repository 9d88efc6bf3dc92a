import { expect } from 'chai'
import type { MemberRecord } from '../../../src/base/member.js'
import { MEMBERS_MAX } from '../../../src/base/member-limits.js'
import { seededRandom } from '../../../src/base/random.js'
import { Replica } from '../../../src/data/replica/replica.js'
import { Driver } from '../../../src/mesh/driver/driver.js'
import { LinkRate } from '../../../src/mesh/rate-limit/link-rate.js'
import {
  LINK_BURST_BYTES,
  LINK_BYTES_PER_SECOND,
  LINK_EXCESS_FACTOR,
  LINK_FRAMES_PER_SECOND,
} from '../../../src/mesh/rate-limit/rate-limits.js'
import type { LinkEvents } from '../../../src/mesh/transport.js'
import { decodeFrame, encodeFrame } from '../../../src/mesh/wire/codec.js'
import type { Frame } from '../../../src/mesh/wire/frame.js'
import { VirtualClock } from '../../../src/testing/virtual-clock.js'

const record = (session: number): MemberRecord => ({
  port: null,
  protocol: 'v1',
  kind: 'node',
  role: 'writer',
  session,
  incarnation: 1,
  joined: 1,
})

/** A driver over links that carry nothing, with a neighbor `a` that does what the test says. */
async function driverWithNeighbor() {
  const clock = new VirtualClock()
  const replica = new Replica({ random: seededRandom(1), wall: () => clock.wall() })
  const sent: Frame[] = []
  const events: LinkEvents[] = []
  const ended: string[] = []
  const nothing = () => undefined
  const driver = new Driver({
    id: 'me',
    record: record(replica.session),
    topic: 't',
    replica: replica.exchange,
    clock,
    random: seededRandom(2),
    transport: {
      links: {
        start: async (_self, given) => void events.push(given),
        dial: nothing,
        receiveSignal: nothing,
        send: (_peer, bytes) => {
          const frame = decodeFrame(bytes)
          if (frame) sent.push(frame)
        },
        slow: () => false,
        disconnect: (peer) => void ended.push(peer),
        close: async () => undefined,
      },
      signaling: { start: nothing, introduce: nothing, send: nothing, close: async () => undefined },
    },
    events: {
      changed: nothing,
      presence: nothing,
      gone: nothing,
      message: nothing,
      signaling: nothing,
      contacts: nothing,
      displaced: nothing,
      dialFailed: nothing,
    },
  })
  await driver.start()
  const hand = (frame: Frame) => events[0]?.frame('a', encodeFrame(frame))
  events[0]?.linkUp('a')
  hand({ type: 'hello', topic: 't', id: 'a', record: record(7), lease: 0, links: 1, intent: 'accept' })
  return { clock, driver, replica, sent, ended, hand }
}

describe('the rate of a link', () => {
  it('allows a second at once, then what time gives back, in frames and in bytes', () => {
    const frames = new LinkRate(0)
    for (let n = 0; n < LINK_FRAMES_PER_SECOND; n++) expect(frames.sent(1, 0)).to.equal(true)
    expect(frames.sent(1, 0)).to.equal(false)
    expect(frames.sent(1, 3)).to.equal(true)
    const bytes = new LinkRate(0)
    expect(bytes.sent(LINK_BYTES_PER_SECOND, 0)).to.equal(true)
    expect(bytes.sent(1, 0)).to.equal(false)
  })

  it('lets a peer send four times that, and a whole member table at once, and not one more', () => {
    const frames = new LinkRate(0)
    const framesMax = LINK_EXCESS_FACTOR * LINK_FRAMES_PER_SECOND + MEMBERS_MAX
    for (let n = 0; n < framesMax; n++) expect(frames.received(1, 0)).to.equal(true)
    expect(frames.received(1, 0)).to.equal(false)
    const bytes = new LinkRate(0)
    expect(bytes.received(LINK_EXCESS_FACTOR * LINK_BYTES_PER_SECOND + LINK_BURST_BYTES, 0)).to.equal(true)
    expect(bytes.received(1, 0)).to.equal(false)
  })
})

describe('a driver', () => {
  it('lets a link rest that has carried enough, and compares when it goes on', async () => {
    const { clock, driver, sent } = await driverWithNeighbor()
    clock.run(2_000)
    sent.length = 0
    for (let n = 0; n < 2 * LINK_FRAMES_PER_SECOND; n++) driver.message('', Uint8Array.of(1))
    const messages = () => sent.filter(({ type }) => type === 'gossip').length
    expect(messages()).to.be.within(LINK_FRAMES_PER_SECOND - 10, LINK_FRAMES_PER_SECOND + 1)
    expect(sent.filter(({ type }) => type === 'digest')).to.have.length(0)
    clock.run(600)
    expect(sent.filter(({ type }) => type === 'digest').length).to.be.at.least(1)
    const before = messages()
    driver.message('', Uint8Array.of(1))
    expect(messages()).to.equal(before + 1)
  })

  it('ends a link whose peer sends far too much, without a score', async () => {
    const { driver, sent, ended, hand } = await driverWithNeighbor()
    const most = LINK_EXCESS_FACTOR * LINK_FRAMES_PER_SECOND + MEMBERS_MAX - 1
    for (let n = 0; n < most; n++) hand({ type: 'prune', tree: 5 })
    expect(ended).to.deep.equal([])
    hand({ type: 'prune', tree: 5 })
    expect(ended).to.deep.equal(['a'])
    expect(sent.at(-1)).to.deep.equal({ type: 'disconnect', reason: 'overload' })
    expect(driver.counters.offences).to.equal(0)
  })
})
