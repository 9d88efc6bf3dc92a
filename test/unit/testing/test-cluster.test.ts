import { expect } from 'chai'
import { type GossipKvError, UsageError } from '../../../src/base/errors.js'
import { memoryPersistence } from '../../../src/data/persistence/memory.js'
import type { Store } from '../../../src/store/types.js'
import { createTestCluster, type TestCluster } from '../../../src/testing.js'

describe('gossip-kv/testing', () => {
  let cluster: TestCluster

  afterEach(() => cluster.close())

  it('does what its example says', async () => {
    cluster = await createTestCluster({ seed: 7, members: 5 })
    const [ada, bob] = cluster.members
    if (!ada || !bob) throw new Error('five members')
    ada.usr.set('greeting', 'hello')
    expect(await cluster.until(() => bob.usr.get('greeting') === 'hello')).to.be.within(10, 500)
    cluster.partition([ada], cluster.members.slice(1))
    await cluster.advance(60_000)
    // Who hears nobody at all doubts itself first, and buries nobody.
    expect([bob.members.get(ada.id), bob.members.size]).to.deep.equal([undefined, 4])
    ada.usr.set('alone', true)
    bob.usr.delete('greeting')
    cluster.heal()
    await cluster.settle()
    expect(cluster.members.map(({ usr }) => usr.snapshot())).to.deep.equal(Array(5).fill({ alone: true }))
    expect(ada.members.size).to.equal(5)
  })

  it('lets virtual time pass only when told to, an hour in no time', async () => {
    cluster = await createTestCluster({ members: 2 })
    const [a, b] = cluster.members
    const { now } = cluster
    a?.usr.set('k', 1)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(cluster.now).to.equal(now)
    expect(b?.usr.has('k')).to.equal(false)
    await cluster.advance(3_600_000)
    expect(cluster.now).to.equal(now + 3_600_000)
    expect(b?.usr.get('k')).to.equal(1)
    expect(cluster.settled).to.equal(true)
  })

  it('names what has happened: the same seed and the same calls give the same trace, other ones another', async () => {
    const run = async (seed: number, value: string) => {
      const faults = { loss: 0.1, duplication: 0.1, reordering: 0.1, dialFailure: 0.2 }
      cluster = await createTestCluster({ seed, members: 5, ...faults })
      const [a, b] = cluster.members
      if (!a || !b) throw new Error('five members')
      a.usr.set('k', value)
      cluster.deafen([a], [b])
      await cluster.advance(20_000)
      cluster.heal()
      await cluster.crash(b)
      await cluster.settle()
      await cluster.close()
      return cluster.trace
    }
    const once = await run(3, 'x')
    expect(once).to.match(/^[0-9a-f]{16}$/)
    expect(await run(3, 'x')).to.equal(once)
    expect(await run(3, 'y')).not.to.equal(once)
    expect(await run(4, 'x')).not.to.equal(once)
  })

  it('goes the same way again from its seed', async () => {
    const run = async (seed: number) => {
      cluster = await createTestCluster({ seed, members: 4, loss: 0.1 })
      const [first] = cluster.members
      first?.usr.set('k', seed)
      const took = await cluster.settle()
      await cluster.advance(30_000)
      const seen = cluster.members.map(({ id, status, metrics }) => [
        id,
        status.since,
        status.digest,
        metrics,
      ])
      const counters = cluster.members.map((store) => store.metrics())
      await cluster.close()
      return JSON.stringify([took, seen, counters])
    }
    const once = await run(3)
    expect(await run(3)).to.equal(once)
    expect(await run(4)).not.to.equal(once)
  })

  it('removes a crashed member from every list, without a goodbye', async () => {
    cluster = await createTestCluster({ members: 4 })
    const [a, b] = cluster.members
    if (!a || !b) throw new Error('four members')
    await cluster.crash(a)
    await cluster.advance(500)
    expect(b.members.get(a.id)).not.to.equal(undefined)
    const took = await cluster.until(() => cluster.members.every(({ members }) => members.size === 3))
    expect(took).to.be.within(1_000, 10_000)
    expect(() => a.usr.set('k', 1)).to.throw(UsageError)
  })

  it('restarts a crashed member under its id, with what its persistence had been given and no more', async () => {
    cluster = await createTestCluster({ members: 3, store: () => ({ persistence: memoryPersistence() }) })
    const [a, b] = cluster.members
    if (!a || !b) throw new Error('three members')
    const { id } = a
    a.usr.set('saved', 1)
    await cluster.settle()
    await a.flush()
    cluster.partition([a], cluster.members.slice(1))
    a.usr.set('not saved', 1)
    await cluster.crash(a)
    b.usr.set('meanwhile', 2)
    await cluster.advance(60_000)
    cluster.heal()
    const again = await cluster.restart(a)
    expect([again.id, again.usr.snapshot()]).to.deep.equal([id, { saved: 1 }])
    await cluster.settle()
    again.usr.set('saved', 3)
    await cluster.settle()
    expect(cluster.members.map(({ usr }) => usr.snapshot())).to.deep.equal(
      Array(3).fill({ saved: 3, meanwhile: 2 }),
    )
    const refusal = await cluster.restart(again).catch((error: GossipKvError) => error.code)
    expect(refusal).to.equal('ERR_MEMBER_UNKNOWN')
  })

  it('lets a store go that was closed, and starts it again', async () => {
    cluster = await createTestCluster({ members: 3, store: () => ({ persistence: memoryPersistence() }) })
    const [a, b] = cluster.members
    if (!a || !b) throw new Error('three members')
    const gone: string[] = []
    b.on('gone', ({ state }) => gone.push(state))
    await cluster.leave(a)
    await cluster.settle()
    expect([cluster.members.length, cluster.members.includes(a), gone]).to.deep.equal([2, false, ['left']])
    const again = await cluster.restart(a)
    await cluster.settle()
    expect([again.id, b.members.get(a.id)?.state]).to.deep.equal([a.id, 'alive'])
    const closing = again.close()
    await cluster.advance(1_000)
    await closing
    expect(cluster.members).not.to.include(again)
  })

  it('restarts a member at once, before the others have noticed its crash', async () => {
    cluster = await createTestCluster({ members: 3, store: () => ({ persistence: memoryPersistence() }) })
    const [a, b] = cluster.members
    if (!a || !b) throw new Error('three members')
    await a.flush()
    await cluster.crash(a)
    const again = await cluster.restart(a)
    again.usr.set('k', 1)
    await cluster.settle()
    expect(again.id).to.equal(a.id)
    expect(b.usr.get('k')).to.equal(1)
  })

  it('restarts a member without persistence as an empty newcomer', async () => {
    cluster = await createTestCluster({ members: 2 })
    const [a, b] = cluster.members
    if (!a || !b) throw new Error('two members')
    await cluster.crash(b)
    const again = await cluster.restart(b)
    expect(again.id).not.to.equal(b.id)
    await cluster.settle()
  })

  it('needs signaling to take a newcomer in, and not for those that are linked', async () => {
    cluster = await createTestCluster({ members: 3 })
    const [a, b] = cluster.members
    if (!a || !b) throw new Error('three members')
    cluster.signaling(false)
    cluster.cut(a, b)
    a.usr.set('k', 1)
    await cluster.settle()
    const late = await cluster.add({ name: 'late' })
    await cluster.advance(20_000)
    expect([late.members.size, late.usr.has('k')]).to.deep.equal([1, false])
    cluster.signaling(true)
    await cluster.settle()
    expect(late.usr.get('k')).to.equal(1)
    expect(a.members.get(late.id)?.name).to.equal('late')
  })

  it('cuts off one direction only: a deaf store still tells the others, and heals', async () => {
    cluster = await createTestCluster({ members: 2 })
    const [a, b] = cluster.members
    if (!a || !b) throw new Error('two members')
    cluster.deafen([a], [b])
    a.usr.set('to b', 1)
    b.usr.set('to a', 1)
    await cluster.advance(300)
    expect([b.usr.has('to b'), a.usr.has('to a')]).to.deep.equal([false, true])
    cluster.heal()
    await cluster.settle()
    expect(b.usr.get('to b')).to.equal(1)
  })

  it('deafens several directions, one after the other', async () => {
    cluster = await createTestCluster({ members: 3 })
    const [a, b, c] = cluster.members
    if (!a || !b || !c) throw new Error('three members')
    cluster.deafen([a], [b])
    cluster.deafen([a], [c])
    a.usr.set('k', 1)
    b.usr.set('to a', 1)
    await cluster.advance(1_000)
    expect([b.usr.has('k'), c.usr.has('k'), a.usr.has('to a')]).to.deep.equal([false, false, true])
    cluster.heal()
    await cluster.settle()
    expect([b.usr.has('k'), c.usr.has('k')]).to.deep.equal([true, true])
  })

  it('lets broadcasts come twice and out of order: writes agree, and a message to all still comes once', async () => {
    cluster = await createTestCluster({ seed: 5, members: 9, duplication: 0.5, reordering: 0.5 })
    const [a, b] = cluster.members
    if (!a || !b) throw new Error('nine members')
    const heard: number[] = []
    b.on('message', ({ bytes }) => heard.push(bytes[0] ?? -1))
    for (let number = 0; number < 40; number++) {
      a.send('*', Uint8Array.of(number))
      a.usr.set('counter', number)
      a.usr.set(`key ${number}`, number)
      if (number % 2) a.usr.delete(`key ${number - 1}`)
      await cluster.advance(30)
    }
    await cluster.settle()
    await cluster.advance(5_000)
    expect(new Set(heard).size).to.equal(heard.length).and.to.be.above(30)
    expect(heard).not.to.deep.equal([...heard].sort((x, y) => x - y))
    for (const { usr } of cluster.members) expect(usr.snapshot()).to.deep.equal(a.usr.snapshot())
    expect(b.usr.size).to.equal(21)
    expect(b.metrics().duplicates).to.be.above(20)
    expect(b.metrics().offences).to.equal(0)
    cluster.conditions({ duplication: 0, reordering: 0 })
    const before = b.metrics().duplicates
    a.usr.set('counter', -1)
    await cluster.settle()
    expect((b.metrics().duplicates ?? 0) - (before ?? 0)).to.be.below(5)
  })

  it('changes latency, loss and dials while it runs', async () => {
    cluster = await createTestCluster({ members: 2, latencyMillis: 10, dialFailure: 0 })
    const [a, b] = cluster.members
    cluster.conditions({ latencyMillis: 400 })
    a?.usr.set('k', 1)
    expect(await cluster.until(() => b?.usr.has('k') === true)).to.be.within(400, 450)
    cluster.conditions({ latencyMillis: 10, dialFailure: 1 })
    const late = await cluster.add()
    await cluster.advance(20_000)
    expect(late.members.size).to.equal(1)
    cluster.conditions({ dialFailure: 0 })
    await cluster.settle()
    expect(late.usr.get('k')).to.equal(1)
  })

  it('slows a link down to so many bytes per second', async () => {
    cluster = await createTestCluster({ members: 2, latencyMillis: 10 })
    const [a, b] = cluster.members
    if (!a || !b) throw new Error('two members')
    cluster.slowLink(a, b, 10_000)
    a.usr.set('large', 'x'.repeat(20_000))
    expect(await cluster.until(() => b.usr.has('large'))).to.be.within(2_000, 5_000)
    cluster.slowLink(a, b, undefined)
    a.usr.set('next', 'x'.repeat(20_000))
    expect(await cluster.until(() => b.usr.has('next'))).to.be.below(100)
  })

  it('stops a store for a while: the others remove it, it removes nobody, and all is well when it goes on', async () => {
    cluster = await createTestCluster({ members: 4 })
    const [a, b] = cluster.members
    if (!a || !b) throw new Error('four members')
    cluster.pause(a)
    b.usr.set('k', 1)
    await cluster.until(() => b.members.get(a.id) === undefined)
    expect([a.usr.has('k'), a.members.size]).to.deep.equal([false, 4])
    cluster.resume(a)
    await cluster.settle()
    expect(cluster.members.map(({ usr }) => usr.get('k'))).to.deep.equal([1, 1, 1, 1])
  })

  it('ends a store whose process is stopped, by a crash and at the end', async () => {
    cluster = await createTestCluster({ members: 4 })
    const [a, b] = cluster.members
    if (!a || !b) throw new Error('four members')
    cluster.pause(a)
    cluster.pause(b)
    await cluster.crash(a)
    await cluster.close()
    expect([a.status.name, b.status.name, cluster.members]).to.deep.equal(['closed', 'closed', []])
  })

  it('lets the wall clock of one store jump, and all agree on the winner still', async () => {
    cluster = await createTestCluster({ members: 3 })
    const [a, b] = cluster.members
    if (!a || !b) throw new Error('three members')
    cluster.jumpClock(a, 20_000)
    a.usr.set('k', 'from the future')
    b.usr.set('k', 'at the same time')
    await cluster.settle()
    expect(cluster.members.map(({ usr }) => usr.get('k'))).to.deep.equal(Array(3).fill('from the future'))
  })

  it('refuses what cannot be, by a typed error, and does nothing', async () => {
    cluster = await createTestCluster({ members: 2 })
    const [a, b] = cluster.members
    if (!a || !b) throw new Error('two members')
    const stranger = (await createTestCluster({ seed: 2, members: 1 })).members[0]
    if (!stranger) throw new Error('a store of another cluster')
    const { now } = cluster
    const codes = async (...calls: (() => unknown)[]) => {
      const found: string[] = []
      for (const call of calls)
        found.push(
          await new Promise((resolve) => resolve(call())).then(String, ({ code }: GossipKvError) => code),
        )
      return [...new Set(found)]
    }
    const made = (options: object) => () => createTestCluster({ members: 0, ...options })
    expect(
      await codes(
        made({ loss: 2 }),
        made({ loss: Number.NaN }),
        made({ duplication: -0.1 }),
        made({ reordering: '1' }),
        made({ dialFailure: 1.1 }),
        made({ latencyMillis: -1 }),
        made({ latencyMillis: [50, 10] }),
        made({ dialMillis: -1 }),
        made({ members: 1.5 }),
        made({ seed: 'lucky' }),
        made({ time: 'fast' }),
        () => cluster.conditions({ loss: 2 }),
        () => cluster.slowLink(a, b, 0),
        () => cluster.jumpClock(a, Number.NaN),
        () => cluster.advance(-1),
        () => cluster.until(() => true, { timeoutMillis: -1 }),
        () => cluster.until((async () => false) as unknown as () => boolean),
        () => cluster.partition(a as unknown as Store[], [b]),
        () => cluster.deafen([a], b as unknown as Store[]),
        () => cluster.signaling('down' as unknown as boolean),
        () => createTestCluster([] as object),
        () => createTestCluster({ store: { signaling: 'ws://localhost' } as object }),
        () => createTestCluster({ store: () => 5 as unknown as object }),
        () => cluster.add({ autoStart: false } as object),
      ),
    ).to.deep.equal(['ERR_OPTION_INVALID'])
    expect(await codes(made({ lose: 0.1 }), () => cluster.conditions({ jitter: 3 } as object))).to.deep.equal(
      ['ERR_OPTION_UNKNOWN'],
    )
    expect(
      await codes(
        () => cluster.partition([a], [stranger]),
        () => cluster.deafen([stranger], [a]),
        () => cluster.slowLink(a, stranger, 1),
        () => cluster.cut(a, stranger),
        () => cluster.pause(stranger),
        () => cluster.resume(stranger),
        () => cluster.jumpClock(stranger, 1),
        () => cluster.crash(stranger),
        () => cluster.leave(stranger),
        () => cluster.restart(stranger),
        () => cluster.restart(a),
      ),
    ).to.deep.equal(['ERR_MEMBER_UNKNOWN'])
    await cluster.crash(a)
    expect(await codes(() => cluster.crash(a))).to.deep.equal(['ERR_MEMBER_UNKNOWN'])
    expect([stranger.status.name === 'closed', cluster.members, now > 0]).to.deep.equal([false, [b], true])
  })

  it('gives each member its options', async () => {
    cluster = await createTestCluster({ members: 3, store: (index) => ({ name: `member ${index}` }) })
    const [a] = cluster.members
    expect(a?.members.list().map(({ name }) => name)).to.have.members(['member 0', 'member 1', 'member 2'])
  })

  it('runs in real time as well', async () => {
    cluster = await createTestCluster({ members: 3, time: 'real', latencyMillis: 1 })
    const [a, b] = cluster.members
    a?.usr.set('k', 1)
    await cluster.until(() => b?.usr.get('k') === 1)
  })

  it('says which seed it was when something does not come', async () => {
    cluster = await createTestCluster({ seed: 99, members: 1 })
    const failure = await cluster.until(() => false, { timeoutMillis: 100, what: 'a miracle' }).catch(String)
    expect(failure).to.equal('Error: Test cluster of seed 99: a miracle did not come within 100 ms.')
  })
})
