/**
 * A mesh of 12 Node processes and 3 tabs on one machine, over real WebRTC. The signaling server is dead for
 * MESH_OUTAGE_SECONDS, 20 by default; `MESH_OUTAGE_SECONDS=60 npm test -- e2e` is the long run.
 */
import { expect } from 'chai'
import type { MeshView } from '../../bench/mesh-member.js'
import { createSignalingServer, type SignalingServer } from '../../signaling-server/server.js'
import { until } from '../until.js'
import { closeChromium } from './chromium.js'
import { type MeshPeer, MeshPeers } from './mesh-peers.js'

const NODES = 12
const TABS = 3
const OUTAGE_MILLIS = Number(process.env['MESH_OUTAGE_SECONDS'] ?? 20) * 1_000
const LINKS_LOW = 5
const LINKS_HIGH = 8
const WRITES = 100

describe('12 Node processes and 3 tabs over real WebRTC', function () {
  this.timeout(240_000 + OUTAGE_MILLIS)
  let signaling: SignalingServer
  let make: MeshPeers
  const peers: MeshPeer[] = []

  before(async () => {
    signaling = await createSignalingServer()
    make = new MeshPeers('mesh', signaling.url)
    for (let count = 0; count < NODES; count++) peers.push(await make.node())
    for (let count = 0; count < TABS; count++) peers.push(await make.tab())
  })

  after(async () => {
    await closeChromium()
    await make.close()
    await signaling.close()
  })

  const views = () => Promise.all(peers.map((peer) => peer.view()))
  const settled = (what: string) =>
    until(async () => isSettled(await views()), `a mesh that has settled ${what}`, views)
  const haveWrite = async (key: string) =>
    (await Promise.all(peers.map((peer) => peer.get(key)))).every((value) => value !== undefined)
  const aNode = () => {
    const node = peers.find(({ kind }) => kind === 'node')
    if (node === undefined) throw new Error('no Node member is left')
    return node
  }

  it('know each other and keep 5 to 8 links each', async () => {
    await settled('at first')
    expect((await views()).map(({ links }) => links).join(' ')).to.match(/^([5-8] ?)+$/)
  })

  it('receive each write of a steady writer about once', async () => {
    const writer = aNode()
    const write = async (name: string, times: number) => {
      for (let count = 0; count < times; count++) {
        await writer.set(`${name}/${count}`, 'x')
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      await until(() => haveWrite(`${name}/${times - 1}`), 'the last write everywhere')
    }
    // The first writes of a busy member give its tree a shape, which costs a flood.
    await write('first', 10)
    const before = (await views()).map(({ counts }) => counts.payloads)
    await write('steady', WRITES)
    const after = await views()
    const received = after.reduce((sum, { counts }, index) => sum + counts.payloads - (before[index] ?? 0), 0)
    expect(received / WRITES / (peers.length - 1)).to.be.below(1.2)
    expect(new Set(after.map(({ digest }) => digest)).size).to.equal(1)
  })

  it('live on without signaling: replace a crashed member, deliver, and let nobody in that knows nobody', async () => {
    const { port } = signaling
    await signaling.close()
    const begun = performance.now()
    const [victim] = peers.splice(1, 1)
    await victim?.kill()
    await aNode().set('while/down', 'written')
    await until(() => haveWrite('while/down'), 'the write everywhere')
    await settled('without the crashed member, the degree back')
    const newcomer = await make.node()
    await new Promise((resolve) => setTimeout(resolve, begun + OUTAGE_MILLIS - performance.now()))
    expect((await newcomer.view()).links).to.equal(0)
    expect(isSettled(await views())).to.equal(true)

    signaling = await createSignalingServer({ port })
    peers.push(newcomer)
    await settled('with the newcomer')
    await until(() => haveWrite('while/down'), 'what it missed')
    expect(new Set((await views()).map(({ digest }) => digest)).size).to.equal(1)
  })
})

/** Everyone knows everyone, nobody else, and has links within the bounds. */
function isSettled(views: readonly MeshView[]): boolean {
  const ids = views
    .map(({ id }) => id)
    .sort()
    .join()
  return views.every(
    ({ members, links }) => members.join() === ids && links >= LINKS_LOW && links <= LINKS_HIGH,
  )
}
