/** A peer that opens a second connection beside a link that stands: until it is known, the link is not touched. */
import { expect } from 'chai'
import { type MemoryNetwork, memoryNetwork } from '../../../src/mesh/memory/memory-network.js'
import { type Identity, identityOf } from '../../../src/mesh/security/identity.js'
import { Keyring } from '../../../src/mesh/security/keyring.js'
import { generateSecret } from '../../../src/mesh/security/secret.js'
import { SecureLinks } from '../../../src/mesh/security/secure-links.js'
import { AUTH_MILLIS_MAX, AUTH_PEERS_MAX } from '../../../src/mesh/security/security-limits.js'
import type { LinkEvents, Links } from '../../../src/mesh/transport.js'
import { encodeFrame } from '../../../src/mesh/wire/codec.js'
import { VirtualClock } from '../../../src/testing/virtual-clock.js'

const SILENT: LinkEvents = {
  ...{ linkUp: () => undefined, linkDown: () => undefined, dialFailed: () => undefined },
  ...{ frame: () => undefined, drained: () => undefined, signal: () => undefined },
}

interface Member {
  id: string
  identity: Identity
  links: SecureLinks
  log: string[]
  frames: number
}

describe('a second connection of a linked peer', () => {
  let clock: VirtualClock
  let network: MemoryNetwork
  let secret: string
  beforeEach(async () => {
    clock = new VirtualClock()
    network = memoryNetwork({ clock })
    secret = await generateSecret()
  })

  async function member(given: { secret?: string; identity?: Identity } = {}): Promise<Member> {
    const identity = given.identity ?? (await identityOf())
    const keyring = await Keyring.open(given.secret ?? secret, 'shop')
    const links = new SecureLinks({
      ...{ links: network.transport().links, identity, keyring, clock, cluster: 'shop', role: 'writer' },
      ...{ report: () => undefined },
    })
    const made: Member = { id: identity.id, identity, links, log: [], frames: 0 }
    await links.start(identity.id, {
      ...SILENT,
      linkUp: () => made.log.push('up'),
      linkDown: () => made.log.push('down'),
      dialFailed: () => made.log.push('failed'),
      frame: () => {
        made.frames += 1
      },
    })
    return made
  }

  /** Connections under `id` that open and then say nothing. */
  async function mute(id: string): Promise<{ links: Links; lost: () => number }> {
    const { links } = network.transport()
    let lost = 0
    const opened = () => undefined
    await links.start(id, { ...SILENT, admission: { opened, frame: opened, lost: () => lost++ } })
    return { links, lost: () => lost }
  }

  /** Lets signatures be made and frames arrive, until it holds. */
  async function until(holds: () => boolean): Promise<void> {
    for (let round = 0; round < 500 && !holds(); round++) {
      await new Promise((resolve) => setTimeout(resolve, 2))
      clock.run(2)
    }
    expect(holds(), 'it came to that').to.equal(true)
  }

  async function linked(): Promise<[Member, Member]> {
    const [a, b] = [await member(), await member()]
    a.links.dial(b.id)
    await until(() => a.log.length > 0 && b.log.length > 0)
    return [a, b]
  }

  /** Sends one frame each way and waits for both. */
  async function talk(a: Member, b: Member): Promise<void> {
    const before = [a.frames, b.frames]
    const frame = encodeFrame({ type: 'sync-busy', exchange: 1 })
    a.links.send(b.id, frame, 1)
    b.links.send(a.id, frame, 1)
    await until(() => a.frames > (before[0] ?? 0) && b.frames > (before[1] ?? 0))
    expect([a.frames, b.frames]).to.deep.equal(before.map((count) => count + 1))
  }

  it('does nothing to the link while it is silent, nor when its time is over', async () => {
    const [a, b] = await linked()
    const second = await mute(a.id)
    second.links.dial(b.id)
    clock.run(AUTH_MILLIS_MAX / 2)
    await talk(a, b)
    expect(second.lost()).to.equal(0)
    clock.run(AUTH_MILLIS_MAX)
    await until(() => second.lost() === 1)
    await talk(a, b)
    expect([a.log, b.log]).to.deep.equal([['up'], ['up']])
    expect(b.links.counters().authRefused).to.equal(1)
  })

  it('does nothing to the link when it is refused', async () => {
    const [a, b] = await linked()
    const second = await member({ identity: a.identity, secret: await generateSecret() })
    second.links.dial(b.id)
    await until(() => second.log.length > 0 && b.links.counters().authRefused > 0)
    await talk(a, b)
    expect([a.log, b.log, second.log]).to.deep.equal([['up'], ['up'], ['failed']])
  })

  it('takes the place of the link of a member that was started again, when its handshake is through', async () => {
    const [a, b] = await linked()
    network.crash(a.id)
    const again = await member({ identity: a.identity })
    again.links.dial(b.id)
    clock.run(5)
    // It is open, and nothing is known of it yet.
    expect(b.log).to.deep.equal(['up'])
    await until(() => again.log.length > 0 && b.log.length > 1)
    expect([again.log, b.log]).to.deep.equal([['up'], ['up', 'down', 'up']])
    await talk(again, b)
    expect(b.links.counters().authRefused).to.equal(0)
  })

  it('takes the place of a link that one side alone had given up', async () => {
    const [a, b] = await linked()
    network.partition([a.id], [b.id])
    a.links.disconnect(b.id)
    await until(() => a.log.length > 1)
    network.heal()
    a.links.dial(b.id)
    await until(() => a.log.length > 2 && b.log.length > 2)
    expect([a.log, b.log]).to.deep.equal([
      ['up', 'down', 'up'],
      ['up', 'down', 'up'],
    ])
    await talk(a, b)
  })

  it(`is one at a time, the last, and one of ${AUTH_PEERS_MAX} peers in handshake`, async () => {
    const [a, b] = await linked()
    const opened: Awaited<ReturnType<typeof mute>>[] = []
    for (let count = 0; count < 2 * AUTH_PEERS_MAX; count++) {
      const second = await mute(a.id)
      second.links.dial(b.id)
      clock.run(20)
      opened.push(second)
    }
    const lost = opened.map((second) => second.lost())
    expect(lost).to.deep.equal(opened.map((_, index) => (index < opened.length - 1 ? 1 : 0)))
    const strangers: Awaited<ReturnType<typeof mute>>[] = []
    for (let count = 0; count < AUTH_PEERS_MAX; count++) {
      const stranger = await mute(`stranger-${count}`)
      stranger.links.dial(b.id)
      clock.run(20)
      strangers.push(stranger)
    }
    // It was the oldest of them by then.
    expect(opened.at(-1)?.lost()).to.equal(1)
    expect(strangers.map((stranger) => stranger.lost())).to.deep.equal(strangers.map(() => 0))
    await talk(a, b)
    expect([a.log, b.log]).to.deep.equal([['up'], ['up']])
  })

  it('ends with the link when that is given up on purpose', async () => {
    const [a, b] = await linked()
    const second = await mute(a.id)
    second.links.dial(b.id)
    clock.run(20)
    b.links.disconnect(a.id)
    await until(() => second.lost() === 1 && a.log.length > 1)
    expect([a.log, b.log]).to.deep.equal([
      ['up', 'down'],
      ['up', 'down'],
    ])
  })
})
