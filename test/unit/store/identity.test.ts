/** One identity in two places, as after a data folder was copied: the later one goes on, the earlier one is told. */
import { expect } from 'chai'
import { memoryPersistence } from '../../../src/data/persistence/memory.js'
import type { Persistence } from '../../../src/data/persistence/persistence.js'
import { memoryNetwork } from '../../../src/mesh/memory/memory-network.js'
import { generateSecret } from '../../../src/mesh/security/secret.js'
import type { Store, StoreOptions } from '../../../src/store/types.js'
import { createTestCluster } from '../../../src/testing.js'
import { until } from '../../until.js'
import { closeStores, storeOn } from './cluster-of-stores.js'

/** A place to store that holds this identity already. */
async function placeOf(identity: Uint8Array): Promise<Persistence> {
  const place = memoryPersistence()
  await place.open()
  await place.saveIdentity(identity)
  await place.close()
  return place
}

const codes = (store: Store) => {
  const seen: string[] = []
  store.on('error', ({ code }) => seen.push(code))
  return seen
}

describe('one identity in two places', () => {
  afterEach(closeStores)

  for (const kind of ['an open cluster', 'a cluster with a secret'] as const)
    for (const count of [1, 4])
      it(`in ${kind} with ${count} others: the earlier one is told and leaves, the later one stays`, async () => {
        const network = memoryNetwork()
        const isOpen = kind === 'an open cluster'
        const options: Partial<StoreOptions> = isOpen ? {} : { secret: await generateSecret() }
        const identity = isOpen ? new TextEncoder().encode('copied-member') : new Uint8Array(32).fill(7)
        const others = Array.from({ length: count }, () => storeOn(network, options))
        const earlier = storeOn(network, { ...options, persistence: await placeOf(identity) })
        await until(() => [earlier, ...others].every(({ status }) => status.links === count), 'a mesh')
        earlier.usr.set('before', 1)
        await new Promise((resolve) => setTimeout(resolve, 20))
        const told = codes(earlier)
        const later = storeOn(network, { ...options, persistence: await placeOf(identity) })
        const toldLater = codes(later)
        await until(() => earlier.status.lastError?.code === 'ERR_IDENTITY_TAKEN', 'the earlier one is told')
        expect(earlier.id).to.equal(later.id)
        expect([earlier.status.name, earlier.status.links]).to.deep.equal(['offline', 0])
        expect(String(earlier.status.lastError)).to.include(earlier.id).and.include('data folder')
        await until(() => later.status.name === 'live' && later.status.links === count, 'the later one is in')
        await until(
          () => [later, ...others].every((store) => store.members.size === count + 1),
          'all are there',
        )
        // Nothing moves any more.
        const dials = () => [later, ...others].map((store) => store.metrics()['dials'])
        const before = dials()
        const lost: string[] = []
        for (const store of [later, ...others])
          store.members.subscribe((list) => {
            for (const { id, self, direct } of list) if (!self && !direct) lost.push(id)
          })
        await new Promise((resolve) => setTimeout(resolve, 3_000))
        expect([dials(), lost]).to.deep.equal([before, []])
        expect(told.filter((code) => code === 'ERR_IDENTITY_TAKEN')).to.have.length(1)
        expect(toldLater).to.not.include('ERR_IDENTITY_TAKEN')
        // The one that left still serves what it has; what it writes stays with it.
        earlier.usr.set('after', 1)
        later.usr.set('of-later', 1)
        await until(() => others.every((store) => store.usr.get('of-later') === 1), 'the later one is heard')
        for (const store of others)
          expect([store.usr.get('before'), store.usr.get('after')]).to.deep.equal([1, undefined])
        expect(earlier.usr.snapshot()).to.deep.equal({ before: 1, after: 1 })
        await earlier.close()
        await new Promise((resolve) => setTimeout(resolve, 200))
        const isAllThere = () => [later, ...others].every((store) => store.members.size === count + 1)
        expect(isAllThere(), 'its end is no news').to.equal(true)
        // Whoever starts it next is not kept out by how far the two have raised their numbers.
        await later.close()
        const next = storeOn(network, { ...options, persistence: await placeOf(identity) })
        await until(() => next.status.name === 'live' && next.status.links === count, 'the next run is in')
        const isNext = (store: Store) => store.members.get(next.id)?.joined === next.members.self.joined
        await until(() => others.every(isNext), 'and everybody knows it')
      })

  it('is settled within 6 s in each of 20 runs', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const cluster = await createTestCluster({ seed, members: 4 })
      const identity = new TextEncoder().encode('copied-member')
      const earlier = await cluster.add({ persistence: await placeOf(identity) })
      await cluster.until(() => earlier.status.links === 4)
      await cluster.add({ persistence: await placeOf(identity) })
      const isTold = () => earlier.status.lastError?.code === 'ERR_IDENTITY_TAKEN'
      await cluster.until(isTold, { timeoutMillis: 6_000, what: 'the earlier one is told' })
      await cluster.close()
    }
  })

  it('does not come of a restart, whichever way the clock went', async () => {
    const network = memoryNetwork()
    const secret = await generateSecret()
    const other = storeOn(network, { secret })
    const identity = new Uint8Array(32).fill(9)
    for (let run = 0; run < 3; run++) {
      const store = storeOn(network, { secret, persistence: await placeOf(identity) })
      const told = codes(store)
      await until(() => store.status.name === 'live' && other.members.get(store.id) !== undefined, 'it is in')
      network.crash(store.id)
      await store.close()
      expect(told).to.not.include('ERR_IDENTITY_TAKEN')
    }
  })
})
