import { readdirSync } from 'node:fs'
import { expect } from 'chai'
import { handshakeSlots } from '../../../src/mesh/links/handshake-slots.js'
import { HANDSHAKES_MAX } from '../../../src/mesh/links/link-limits.js'
import { linked, type TestMember, TestMesh } from '../../unit/transport/linked-pair.js'
import { until } from '../../until.js'

/** How many timers run, seen from outside of any timer's callback. */
async function timers(): Promise<number> {
  await new Promise((resolve) => setImmediate(resolve))
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
}

/** Open files, on Linux; WebRTC holds sockets and event descriptors. */
function openFiles(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0
}

async function fullMesh(size: number): Promise<TestMesh> {
  const mesh = new TestMesh()
  const members: TestMember[] = []
  for (let i = 0; i < size; i++) members.push(await mesh.join(`member-${i}`))
  members.forEach((member, i) => {
    for (const other of members.slice(i + 1)) (i % 2 ? member : other).links.dial((i % 2 ? other : member).id)
  })
  for (const [i, member] of members.entries())
    for (const other of members.slice(i + 1)) await linked(member, other)
  return mesh
}

describe('closing links in Node', () => {
  it('leaves no timer and no open file of ten links', async () => {
    const timersBefore = await timers()
    // The first connection of a process opens files that stay for its whole life; a few others wait for the garbage
    // collector of @roamhq/wrtc. A connection that is not closed holds sixteen and more.
    await (await fullMesh(2)).close()
    const before = openFiles()
    const mesh = await fullMesh(5)
    expect(await timers()).to.be.above(timersBefore)
    expect(openFiles() - before).to.be.above(10 * 16)
    await mesh.close()
    expect(await timers()).to.equal(timersBefore)
    await until(() => openFiles() - before <= 16, 'the files closed')
  })

  it('ends dials in flight and in waiting, and gives their slots back', async () => {
    const timersBefore = await timers()
    const mesh = new TestMesh()
    mesh.carry = () => undefined
    const member = await mesh.join('z')
    for (let i = 0; i < 20; i++) member.links.dial(`gone-${i}`)
    await until(() => member.signals.length > 0, 'an offer')
    await member.links.close()
    expect(member.log).to.deep.equal([])
    expect(handshakeSlots.inFlight).to.equal(0)
    expect(await timers()).to.equal(timersBefore)
  })

  it('never has more handshakes in flight than the process may, while 28 links open', async () => {
    let most = 0
    const watch = setInterval(() => {
      most = Math.max(most, handshakeSlots.inFlight)
    }, 1)
    const mesh = await fullMesh(8)
    clearInterval(watch)
    await mesh.close()
    expect(most).to.be.above(1).and.at.most(HANDSHAKES_MAX)
  })
})
