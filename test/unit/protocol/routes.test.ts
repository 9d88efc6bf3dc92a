import { expect } from 'chai'
import type { MemberRecord } from '../../../src/base/member.js'
import { seededRandom } from '../../../src/base/random.js'
import { PeerView } from '../../../src/mesh/protocol/overlay/peer-view.js'
import { Routes } from '../../../src/mesh/protocol/overlay/routes.js'
import { Outbox, type Output } from '../../../src/mesh/protocol/step.js'
import type { SignalFrame } from '../../../src/mesh/wire/frame.js'

const RECORD: MemberRecord = {
  port: null,
  protocol: 'v1',
  kind: 'node',
  role: 'writer',
  session: 1,
  incarnation: 1,
  joined: 1,
}
const request = (session: string) => ({ type: 'request', session }) as const

/** The routes of a member `me` with these neighbors. */
function routesWith(...neighbors: string[]) {
  const view = new PeerView()
  for (const id of neighbors) view.add(id, 'accept', 0).record = RECORD
  const outbox = new Outbox()
  const context = { id: 'me', random: seededRandom(1), view, outbox }
  return { routes: new Routes(context), view, outbox }
}

/** Where the outputs carry a signal: a neighbor, or `server`. */
function ways(outputs: readonly Output[]): string[] {
  return outputs.flatMap((output) => {
    if (output.type === 'send') return [output.peer]
    return output.type === 'signal-server' ? ['server'] : []
  })
}

function signalFrame(from: string, to: string, hops = 5): SignalFrame {
  return { type: 'signal', from, to, hops, payload: JSON.stringify(request('s')) }
}

describe('signals through the mesh', () => {
  it('go to the neighbor that brought something new of the member, and by the server while there is none', () => {
    const { routes, outbox } = routesWith('a', 'b')
    routes.send('far', request('1'), 0)
    expect(ways(outbox.take())).to.deep.equal(['server'])
    routes.linked('far')
    routes.learn('far', 'b')
    routes.send('far', request('2'), 0)
    expect(ways(outbox.take())).to.deep.equal(['b'])
  })

  it('go straight to a neighbor', () => {
    const { routes, outbox } = routesWith('a', 'b')
    routes.learn('a', 'b')
    routes.send('a', request('1'), 0)
    expect(ways(outbox.take())).to.deep.equal(['a'])
  })

  it('take the other way when they are said again, since nobody has answered', () => {
    const { routes, outbox } = routesWith('a')
    routes.learn('far', 'a')
    for (let times = 0; times < 4; times++) routes.send('far', request('1'), 0)
    expect(ways(outbox.take())).to.deep.equal(['a', 'server', 'a', 'server'])
  })

  it('need no server: without a way they go over any neighbor, and over another one when said again', () => {
    const { routes, outbox } = routesWith('a', 'b', 'c')
    routes.serverUp = false
    for (let times = 0; times < 30; times++) routes.send('far', request('1'), 0)
    expect(new Set(ways(outbox.take()))).to.deep.equal(new Set(['a', 'b', 'c']))
  })

  it('go on over another neighbor when the way leads back or has ended', () => {
    const { routes, outbox } = routesWith('a', 'b')
    routes.learn('far', 'a')
    routes.receive(signalFrame('x', 'far'), 'a', 0)
    routes.learn('lost', 'gone')
    routes.receive(signalFrame('x', 'lost'), 'a', 0)
    expect(ways(outbox.take())).to.deep.equal(['b', 'b'])
  })

  it('end after the last hop, and where there is nobody else', () => {
    const { routes, outbox } = routesWith('a', 'b')
    routes.receive(signalFrame('x', 'far', 0), 'a', 0)
    expect(outbox.take()).to.deep.equal([])
    const alone = routesWith('a')
    alone.routes.receive(signalFrame('x', 'far'), 'a', 0)
    expect(alone.outbox.take()).to.deep.equal([])
  })

  it('teach the way back, but do not bend one that is known', () => {
    const { routes, outbox } = routesWith('a', 'b')
    routes.receive(signalFrame('far', 'me'), 'a', 0)
    routes.receive(signalFrame('far', 'me'), 'b', 0)
    outbox.take()
    routes.send('far', request('1'), 0)
    expect(ways(outbox.take())).to.deep.equal(['a'])
  })

  it('are answered the way they came, by the server too', () => {
    const { routes, outbox } = routesWith('a')
    routes.learn('far', 'a')
    routes.cameByServer('far')
    routes.send('far', { type: 'answer', session: '1', sdp: 'v=0' }, 0)
    expect(ways(outbox.take())).to.deep.equal(['server'])
  })
})
