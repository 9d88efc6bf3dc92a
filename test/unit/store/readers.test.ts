/** Readers: leaves of the mesh, which hear everything and are asked for nothing. */
import { expect } from 'chai'
import { runtimeKind } from '#runtime'
import { type MemoryNetwork, memoryNetwork } from '../../../src/mesh/memory/memory-network.js'
import { READERS_PER_NODE_MAX, READERS_PER_TAB_MAX } from '../../../src/mesh/protocol/protocol-limits.js'
import { generateSecret, readerSecret } from '../../../src/mesh/security/secret.js'
import type { Store, StoreOptions } from '../../../src/store/types.js'
import { until } from '../../until.js'
import { closeStores, storeOn } from './cluster-of-stores.js'

const roles = (store: Store) =>
  store.members
    .list()
    .filter(({ self, direct }) => !self && direct)
    .map(({ role }) => role)

describe('readers', () => {
  afterEach(closeStores)

  it('link to writers alone, count in no degree, and hear all that is written', async () => {
    const network = memoryNetwork()
    const writers = [storeOn(network), storeOn(network), storeOn(network)]
    const readers = Array.from({ length: 4 }, () => storeOn(network, { role: 'reader' }))
    const all = [...writers, ...readers]
    await until(() => all.every((store) => store.members.size === 7 && store.status.links > 0), 'all met')
    await until(
      () => writers.every((store) => roles(store).filter((role) => role === 'writer').length === 2),
      'a mesh',
    )
    for (const reader of readers) expect(roles(reader)).to.not.include('reader')
    await until(() => writers.every(({ status }) => status.target === 2), 'a target without readers')
    for (let write = 0; write < 30; write++) writers[write % 3]?.usr.set(`key-${write}`, write)
    await until(() => all.every((store) => store.usr.size === 30), 'every write is everywhere')
    expect(() => readers[0]?.usr.set('key', 1)).to.throw('ERR_READ_ONLY')
  })

  it('are told that all slots are taken, and get in when one is free', async () => {
    const network = memoryNetwork()
    const writer = storeOn(network)
    const { served, late, errors } = await oneTooMany(network, { role: 'reader' })
    expect(String(late.status.lastError)).to.include(writer.id)
    expect(writer.status.lastError, 'nobody else is troubled').to.equal(undefined)
    expect(served.every(({ status }) => status.links === 1 && status.lastError === undefined)).to.equal(true)
    await served[0]?.close()
    await until(() => late.status.name === 'live', 'it has the slot')
    expect(late.status.lastError?.code).to.not.equal('ERR_MEMBER_FULL')
    writer.usr.set('key', 1)
    await until(() => late.usr.get('key') === 1, 'it hears what is written')
    // It may have dialed the reader that was closed.
    for (const code of errors) expect(code).to.be.oneOf(['ERR_MEMBER_FULL', 'ERR_DIAL_TIMEOUT'])
  })

  it('are told the same in a cluster with a secret, and nothing of a handshake that failed', async () => {
    const network = memoryNetwork()
    const secret = await generateSecret()
    const writer = storeOn(network, { secret })
    const { served, errors } = await oneTooMany(network, { secret: await readerSecret(secret) })
    for (const code of errors) expect(code).to.be.oneOf(['ERR_MEMBER_FULL', 'ERR_PEER_BUSY'])
    for (const { status } of [writer, ...served]) expect(status.lastError?.message).to.equal(undefined)
  })
})

/** Takes every slot of the one writer that there is, and waits until one more reader is told why it waits. */
async function oneTooMany(network: MemoryNetwork, options: Partial<StoreOptions>) {
  const slots = runtimeKind === 'node' ? READERS_PER_NODE_MAX : READERS_PER_TAB_MAX
  const served = Array.from({ length: slots }, () => storeOn(network, options))
  await until(() => served.every(({ status }) => status.name === 'live'), 'every slot is taken')
  const late = storeOn(network, options)
  const errors: string[] = []
  late.on('error', ({ code }) => errors.push(code))
  const isTold = () => late.status.lastError?.code === 'ERR_MEMBER_FULL' && late.status.links === 0
  await until(isTold, 'it is told why it waits')
  expect(late.status.name).to.equal('joining')
  expect(errors).to.include('ERR_MEMBER_FULL')
  return { served, late, errors }
}
