/**
 * A reader says that it holds what another member holds, that others are dead, or nothing for a while. Nobody counts
 * on any of it: not for being complete, not for acknowledgements, not for how well links are heard.
 */

import { expect } from 'chai'
import { systemClock } from '../../src/base/system-clock.js'
import { memoryPersistence } from '../../src/data/persistence/memory.js'
import { planAll } from '../../src/data/replica/plan.js'
import { memoryNetwork } from '../../src/mesh/memory/memory-network.js'
import { identityOf } from '../../src/mesh/security/identity.js'
import { generateSecret, readerSecret } from '../../src/mesh/security/secret.js'
import { openSecurity } from '../../src/mesh/security/security.js'
import { decodeFrame } from '../../src/mesh/wire/codec.js'
import { aloneView, MemberList } from '../../src/store/members/member-list.js'
import { createStore } from '../../src/store/store.js'
import type { Store } from '../../src/store/types.js'
import { until } from '../until.js'
import { EngineLab, sentTo } from './engine-lab.js'
import { helloOf, recordOf, secured } from './secured.js'

const acknowledged = (outputs: ReturnType<EngineLab['give']>) =>
  outputs.flatMap((output) => (output.type === 'acknowledged' ? [output] : []))

describe('the word of a reader', () => {
  it('makes no member ready, and none in sync: its digest is not looked at', () => {
    const lab = new EngineLab()
    lab.link('reader', 'reader')
    const replica = lab.replica.exchange.digest()
    lab.frame('reader', { type: 'digest', replica, members: 0, ask: true })
    lab.beat('reader')
    const neighbor = lab.engine.view.get('reader')
    expect(lab.engine.table.leases.ready).to.equal(false)
    expect(neighbor && lab.engine.inSync(neighbor)).to.equal(undefined)
    lab.link('writer')
    lab.beat('writer')
    expect(lab.engine.table.leases.ready).to.equal(true)
  })

  it('acknowledges nothing: not by its digest, not by an answer, and not under the session of another member', () => {
    const lab = new EngineLab()
    lab.link('writer', 'writer', 1_000)
    lab.link('reader', 'reader', 1_000)
    lab.replica.commit(planAll([{ type: 'set', key: 'k', value: 1 }]))
    lab.beat('reader')
    const outputs = lab.give({ type: 'await-acks', call: 1, acks: 1 })
    expect(acknowledged(outputs)).to.deep.equal([])
    expect(sentTo(outputs, 'reader'), 'it is not asked').to.deep.equal([])
    const marks = [{ session: lab.replica.session, n: 1 }]
    const ack = { type: 'ack', to: 'me', hops: 3, marks } as const
    expect(acknowledged(lab.frame('reader', { ...ack, from: 'reader' }))).to.deep.equal([])
    expect(acknowledged(lab.frame('writer', { ...ack, from: 'writer' }))).to.deep.equal([
      { type: 'acknowledged', call: 1, acked: ['writer'], missing: [] },
    ])
  })

  it('of all members is not waited for', () => {
    const lab = new EngineLab()
    lab.link('writer')
    lab.link('reader', 'reader')
    lab.beat('writer')
    const all = lab.give({ type: 'await-acks', call: 1, acks: Number.POSITIVE_INFINITY })
    expect(acknowledged(all)).to.deep.equal([
      { type: 'acknowledged', call: 1, acked: ['writer'], missing: [] },
    ])
  })

  it('that comes late says nothing of how well this member hears', () => {
    const lab = new EngineLab()
    for (const reader of ['r1', 'r2']) lab.link(reader, 'reader')
    lab.link('writer')
    for (let second = 0; second < 30; second++) {
      lab.pass(1_000, ['writer'])
      if (second % 4 === 3) for (const reader of ['r1', 'r2']) lab.beat(reader)
    }
    expect(lab.engine.health).to.equal(0)
  })

  it('that does not come keeps no member from noticing who is dead', () => {
    const lab = new EngineLab()
    for (const reader of ['r1', 'r2', 'r3']) lab.link(reader, 'reader')
    for (const writer of ['alive', 'w2', 'dead']) lab.link(writer)
    lab.pass(2_000, ['alive', 'w2', 'dead', 'r1', 'r2', 'r3'])
    lab.pass(15_000, ['alive', 'w2'])
    expect(lab.engine.table.get('dead')).to.equal(undefined)
  })

  it('is not the first word of a cluster: who was linked to readers alone still learns from a writer', () => {
    const lab = new EngineLab()
    lab.link('reader', 'reader')
    lab.pass(10_000, ['reader'])
    lab.link('writer')
    expect(lab.engine.view.get('writer')?.isBootstrap).to.equal(true)
  })

  it('under the least id leaves the tree to be shaped by writers', () => {
    const lab = new EngineLab()
    lab.link('a-reader', 'reader')
    lab.link('writer')
    let beacons = 0
    for (let second = 0; second < 40; second++) {
      lab.now += 1_000
      for (const peer of ['a-reader', 'writer']) lab.beat(peer)
      beacons += sentTo(lab.give({ type: 'tick' }), 'writer').filter(
        (frame) => frame.type === 'gossip' && frame.body.type === 'beacon',
      ).length
    }
    expect(beacons).to.be.at.least(2)
  })
})

describe('a reader that took a writer for dead', () => {
  it('takes it back as soon as a neighbor tells of it: nobody would refute what a reader says', () => {
    const lab = new EngineLab('reader')
    lab.link('writer')
    lab.link('other')
    lab.pass(30_000, ['other'])
    expect(lab.engine.table.get('writer')).to.equal(undefined)
    expect(sentTo(lab.link('writer'), 'writer').map(({ type }) => type)).to.not.include('suspect')
    expect(lab.engine.table.get('writer')).to.not.equal(undefined)
  })
})

describe('a reader that names the session of a writer', () => {
  it('is not shown as the author of what that one wrote', () => {
    const record = { ...recordOf({ session: 5 }) }
    const list = new MemberList('me', { ...record, session: 1 }, () => undefined)
    const view = (id: string, role: 'reader' | 'writer') => ({
      ...aloneView(id, { ...record, role }),
      direct: true,
    })
    list.update([view('writer', 'writer'), view('reader', 'reader')], 'me')
    expect(list.bySession(5)).to.equal('writer')
  })
})

describe('a reader that echoes the digest of a newcomer', function () {
  this.timeout(30_000)
  const stores: Store[] = []
  afterEach(() => Promise.all(stores.splice(0).map((store) => store.close())))

  it('does not make its synced() resolve with 0 of 50 keys; the first writer does, with all of them', async () => {
    const network = memoryNetwork()
    const secret = await generateSecret()
    const start = (given: object = {}) => {
      const store = createStore({ cluster: 'test', secret, transport: network.transport(), ...given })
      stores.push(store)
      return store
    }
    const writer = start()
    await writer.synced()
    for (let n = 0; n < 50; n++) writer.usr.set(`k${n}`, n)
    const seed = new Uint8Array(32).fill(4)
    const persistence = memoryPersistence()
    await persistence.open()
    await persistence.saveIdentity(seed)
    await persistence.close()
    const liar = await identityOf()
    network.partition([writer.id], [(await identityOf(seed)).id, liar.id])
    const newcomer = start({ persistence })
    await newcomer.ready()
    const readers = await readerSecret(secret)
    const echo = await secured(network.transport().links, readers, { identity: liar })
    const { topic } = await openSecurity({
      ...{ secret: readers, cluster: 'test', role: undefined, clock: systemClock },
      ...{ transport: memoryNetwork().transport(), seed: new Uint8Array(32), report: () => undefined },
    })
    echo.links.dial(newcomer.id)
    await until(() => echo.log.includes(`up ${newcomer.id}`), 'the reader is in')
    const hello = helloOf(echo.id, topic, recordOf({ role: 'reader' }))
    await echo.say(newcomer.id, hello)
    await until(() => newcomer.members.get(echo.id)?.direct === true, 'a neighbor')
    const timer = setInterval(() => {
      for (const { from, bytes } of echo.frames.splice(0)) {
        const frame = decodeFrame(bytes)
        if (frame?.type === 'digest') echo.inject(from, { ...frame, ask: false })
      }
    }, 5)
    const code = await newcomer
      .synced({ timeout: 1_500 })
      .then(String, (error: { code: string }) => error.code)
    expect([code, newcomer.usr.size]).to.deep.equal(['ERR_SYNC_TIMEOUT', 0])
    expect(newcomer.status).to.include({ name: 'joining', synced: false, converged: false })
    expect(newcomer.members.self.ready).to.equal(false)
    network.heal()
    expect(await newcomer.synced()).to.deep.equal({ peers: 1, alone: false })
    expect(newcomer.usr.size).to.equal(50)
    clearInterval(timer)
    await echo.links.close()
  })
})

describe('one writer and readers alone', function () {
  this.timeout(30_000)
  const stores: Store[] = []
  afterEach(() => Promise.all(stores.splice(0).map((store) => store.close())))

  it('are a cluster that is ready, whoever came first', async () => {
    const network = memoryNetwork()
    const start = (role: 'reader' | 'writer') => {
      const store = createStore({ cluster: 'test', role, security: 'open', transport: network.transport() })
      stores.push(store)
      return store
    }
    const readers = Array.from({ length: 12 }, () => start('reader'))
    await until(() => readers.every(({ status }) => status.signaling === 'connected'), 'they are there')
    const writer = start('writer')
    expect(await writer.synced()).to.deep.equal({ peers: 0, alone: true })
    writer.usr.set('k', 1)
    await until(() => readers.some(({ usr }) => usr.get('k') === 1), 'read')
    expect(writer.status).to.include({ name: 'alone', converged: true })
    await until(() => writer.members.self.ready, 'ready')
    const reader = readers.find(({ status }) => status.links > 0)
    expect(await reader?.synced()).to.deep.equal({ peers: 1, alone: false })
  })
})
