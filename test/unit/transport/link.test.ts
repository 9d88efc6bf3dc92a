import { expect } from 'chai'
import { Link } from '../../../src/mesh/links/link.js'
import { STUCK_MILLIS_MAX } from '../../../src/mesh/links/link-limits.js'
import type { Connection, ConnectionEvents } from '../../../src/mesh/links/webrtc.js'
import { Fragmenter } from '../../../src/mesh/wire/fragment.js'
import { Reassembler } from '../../../src/mesh/wire/reassembly.js'
import { MESSAGE_BYTES_MAX, SLOW_LINK_BYTES } from '../../../src/mesh/wire/wire-limits.js'
import { VirtualClock } from '../../../src/testing/virtual-clock.js'

/** A link whose peer acknowledges when it is told to. */
function linkAndPeer() {
  const clock = new VirtualClock()
  const peer = new Reassembler()
  const acknowledgements = new Fragmenter()
  const ended: (string | undefined)[] = []
  let events: ConnectionEvents | undefined
  const connection = {
    handOver: (taken: ConnectionEvents) => {
      events = taken
    },
    send: (bytes: Uint8Array) => peer.receive(bytes, clock.monotonic()),
    close: () => undefined,
  } as unknown as Connection
  const link = new Link('b', connection, clock, {
    frame: () => undefined,
    drained: () => undefined,
    down: (error) => ended.push(error?.code),
  })
  link.admit()
  const acknowledge = () => {
    acknowledgements.acknowledge(peer.received)
    const message = acknowledgements.next()
    if (message) events?.message(message)
  }
  return { clock, link, ended, acknowledge }
}

/** More than a window, so that some of it has to wait. */
const fill = (link: Link) => {
  for (let sent = 0; sent < 4 * SLOW_LINK_BYTES; sent += 64 * 1024) link.send(new Uint8Array(64 * 1024), 1)
}

describe('a link on which much arrives', () => {
  /** Feeds frames of so many bytes; answers how often the link acknowledged and how much it left unacknowledged. */
  async function acknowledgedOf(frameBytes: number, frames: number) {
    const told: number[] = []
    let events: ConnectionEvents | undefined
    const reader = new Reassembler()
    const connection = {
      handOver: (taken: ConnectionEvents) => {
        events = taken
      },
      send: (bytes: Uint8Array) => {
        reader.receive(bytes, 0)
        told.push(reader.acknowledged)
      },
      close: () => undefined,
    } as unknown as Connection
    const link = new Link('b', connection, new VirtualClock(), {
      frame: () => undefined,
      drained: () => undefined,
      down: () => undefined,
    })
    link.admit()
    const sender = new Fragmenter()
    let sent = 0
    for (let i = 0; i < frames; i++) {
      sender.push(new Uint8Array(frameBytes), 1)
      for (let message = sender.next(); message; message = sender.next()) {
        sent += message.length
        events?.message(message)
        await undefined
      }
    }
    return { times: told.length, left: sent - (told.at(-1) ?? 0) }
  }

  it('says so every 32 KiB, within a large frame less often, and never leaves more than 32 KiB untold', async () => {
    const small = await acknowledgedOf(8 * 1024, 128)
    const large = await acknowledgedOf(256 * 1024, 4)
    expect([small.times, large.times]).to.deep.equal([32, 8])
    expect(Math.max(small.left, large.left)).to.be.below(32 * 1024 + MESSAGE_BYTES_MAX)
  })
})

describe('a link that is slow', () => {
  it('ends when nothing of it arrives for 10 s', () => {
    const { clock, link, ended } = linkAndPeer()
    fill(link)
    clock.run(STUCK_MILLIS_MAX - 1)
    expect(ended).to.deep.equal([])
    clock.run(1)
    expect(ended).to.deep.equal(['ERR_LINK_OVERLOADED'])
  })

  it('lives as long as something arrives, however slowly', () => {
    const { clock, link, ended, acknowledge } = linkAndPeer()
    for (let turn = 0; turn < 10; turn++) {
      fill(link)
      clock.run(STUCK_MILLIS_MAX - 1_000)
      acknowledge()
    }
    expect(ended).to.deep.equal([])
    clock.run(2 * STUCK_MILLIS_MAX)
    expect(ended).to.deep.equal(['ERR_LINK_OVERLOADED'])
  })

  it('is not watched any more once it has drained', () => {
    const { clock, link, ended, acknowledge } = linkAndPeer()
    fill(link)
    for (let turn = 0; turn < 10; turn++) acknowledge()
    expect(link.slow).to.equal(false)
    clock.run(10 * STUCK_MILLIS_MAX)
    expect(ended).to.deep.equal([])
  })
})
