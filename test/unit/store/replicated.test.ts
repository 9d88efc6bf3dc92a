import { expect } from 'chai'
import { ReplicationError } from '../../../src/base/errors.js'
import { memoryNetwork } from '../../../src/mesh/memory/memory-network.js'
import { generateSecret, readerSecret } from '../../../src/mesh/security/secret.js'
import type { Store } from '../../../src/store/types.js'
import { createTestCluster, type TestCluster } from '../../../src/testing.js'
import { until } from '../../until.js'
import { closeStores, storeOn, twoStores } from './cluster-of-stores.js'

async function failureOf(promise: Promise<unknown>): Promise<{ code: string }> {
  const outcome = await promise.then(
    () => new Error('it succeeded'),
    (error: unknown) => error,
  )
  expect(outcome).to.have.property('code')
  return outcome as { code: string }
}

describe('replicated()', () => {
  afterEach(closeStores)

  it('resolves when so many others hold every write, by then and not before', async () => {
    const { a, b } = await twoStores()
    for (let n = 0; n < 20; n++) {
      a.usr.set('k', n)
      expect(await a.replicated()).to.deep.equal({ acked: [b.id], missing: [] })
      expect(b.usr.get('k')).to.equal(n)
    }
    a.usr.delete('k')
    await a.replicated({ acks: 'all' })
    expect(b.usr.has('k')).to.equal(false)
  })

  it('tells who is missing when the time is over, and that there are not so many', async () => {
    const { network, a, b } = await twoStores()
    network.partition([a.id], [b.id])
    a.usr.set('k', 1)
    const late = await failureOf(a.replicated({ timeout: 50 }))
    expect(late).to.be.instanceOf(ReplicationError)
    expect(late).to.deep.include({ code: 'ERR_REPLICATION_TIMEOUT', acked: [], missing: [b.id] })
    expect((late as ReplicationError).message).to.contain(b.id)
    network.heal()
    await a.replicated({ timeout: 20_000 })
    const tooMany = await failureOf(a.replicated({ acks: 2, timeout: 50 }))
    expect(tooMany).to.deep.include({ acked: [b.id], missing: [] })
    expect((tooMany as ReplicationError).message).to.contain('The cluster has 1 other writer(s)')
  })

  it('waits for others who come later, when nobody is there', async () => {
    const network = memoryNetwork()
    const a = storeOn(network)
    a.usr.set('k', 1)
    expect(await failureOf(a.replicated({ timeout: 20 }))).to.deep.include({ acked: [], missing: [] })
    expect(await a.replicated({ acks: 0 })).to.deep.equal({ acked: [], missing: [] })
    const waiting = a.replicated({ timeout: 10_000 })
    const b = storeOn(network)
    expect((await waiting).acked).to.deep.equal([b.id])
    expect(b.usr.get('k')).to.equal(1)
  })

  it('ends when its signal aborts, when the store closes, and at once when either has happened', async () => {
    const network = memoryNetwork()
    const a = storeOn(network)
    const controller = new AbortController()
    const waiting = failureOf(a.replicated({ signal: controller.signal }))
    await until(() => a.status.name === 'alone', 'a alone')
    controller.abort()
    expect(await waiting).to.include({ code: 'ERR_ABORTED' })
    expect(await failureOf(a.replicated({ signal: controller.signal }))).to.include({ code: 'ERR_ABORTED' })
    const open = failureOf(a.replicated())
    await a.close()
    expect(await open).to.include({ code: 'ERR_ABORTED' })
    expect(await failureOf(a.replicated())).to.include({ code: 'ERR_STORE_CLOSED' })
    expect(await failureOf(storeOn(network, { autoStart: false }).replicated())).to.include({
      code: 'ERR_NOT_STARTED',
    })
  })

  it('does not count readers, though they hold what they are told', async () => {
    const network = memoryNetwork()
    const secret = await generateSecret()
    const a = storeOn(network, { secret })
    const reader = storeOn(network, { secret: await readerSecret(secret) })
    await until(() => a.members.size === 2 && reader.members.size === 2, 'both know each other')
    a.usr.set('k', 1)
    await until(() => reader.usr.get('k') === 1, 'it reads')
    const late = await failureOf(a.replicated({ timeout: 100 }))
    expect(late).to.deep.include({ code: 'ERR_REPLICATION_TIMEOUT', acked: [], missing: [] })
    expect((late as ReplicationError).message).to.contain('The cluster has 0 other writer(s)')
    const b = storeOn(network, { secret })
    expect((await a.replicated({ acks: 'all', timeout: 10_000 })).acked).to.deep.equal([b.id])
  })

  it('refuses options that cannot be, at once', async () => {
    const a = storeOn(memoryNetwork())
    for (const acks of [-1, 1.5, Number.NaN, 10_001, Number.POSITIVE_INFINITY, '1', 'many'])
      expect(await failureOf(a.replicated({ acks: acks as number })), String(acks)).to.include({
        code: 'ERR_OPTION_INVALID',
      })
    for (const options of [null, 3, 'all', { signal: 5 }, { signal: {} }, { signal: null }])
      expect(await failureOf(a.replicated(options as never)), String(options)).to.include({
        code: 'ERR_OPTION_INVALID',
      })
    for (const timeout of [-1, Number.NaN, 2 ** 31, Number.POSITIVE_INFINITY])
      expect(await failureOf(a.replicated({ timeout })), String(timeout)).to.include({
        code: 'ERR_OPTION_INVALID',
      })
  })
})

describe('replicated() in a cluster of 20 that loses frames', () => {
  let cluster: TestCluster
  afterEach(() => cluster.close())

  it('holds what it says, on every member, whoever asks', async () => {
    cluster = await createTestCluster({ seed: 3, members: 20, loss: 0.05 })
    const writers = cluster.members.slice(0, 3) as [Store, Store, Store]
    for (let round = 0; round < 3; round++) {
      const sides = writers.map(async (store, index) => {
        store.usr.set(`k${index}`, round)
        const { acked, missing } = await store.replicated({ acks: 'all' })
        // The moment that it is told: nobody may lack it.
        for (const member of cluster.members) expect(member.usr.get(`k${index}`)).to.equal(round)
        return [acked.length, missing.length]
      })
      let done = false
      const all = Promise.all(sides).finally(() => {
        done = true
      })
      all.catch(() => undefined)
      await cluster.until(() => done)
      expect(await all).to.deep.equal([
        [19, 0],
        [19, 0],
        [19, 0],
      ])
    }
  })
})
