/** Who has not the secret, or not all of it, at a cluster of stores: over links in memory, with everything else real. */

import { expect } from 'chai'
import { UsageError } from '../../src/base/errors.js'
import { systemClock } from '../../src/base/system-clock.js'
import { planAll } from '../../src/data/replica/plan.js'
import { Replica } from '../../src/data/replica/replica.js'
import { type MemoryNetwork, memoryNetwork } from '../../src/mesh/memory/memory-network.js'
import { ClaimProofs } from '../../src/mesh/security/claim-proofs.js'
import { Keyring } from '../../src/mesh/security/keyring.js'
import { generateSecret, readerSecret } from '../../src/mesh/security/secret.js'
import { openSecurity } from '../../src/mesh/security/security.js'
import { SECRETS_MAX } from '../../src/mesh/security/security-limits.js'
import { createStore, createStoreIn } from '../../src/store/store.js'
import type { Store, StoreOptions } from '../../src/store/types.js'
import { realWorld } from '../../src/store/world.js'
import { until } from '../until.js'
import { helloOf, recordOf, secured } from './secured.js'

const CANARY = 'canary-value-4b1d'

describe('a cluster with a secret', () => {
  let secret: string
  let network: MemoryNetwork
  const stores: Store[] = []

  beforeEach(async () => {
    secret = await generateSecret()
    network = memoryNetwork()
  })

  afterEach(() => Promise.all(stores.splice(0).map((store) => store.close())))

  function member(options: Partial<StoreOptions> = {}): Store {
    const store = createStore({ cluster: 'test', secret, transport: network.transport(), ...options })
    stores.push(store)
    return store
  }

  it('shows who knows only its name not one byte of the document, and cannot be met by him', async () => {
    const a = member()
    await a.ready()
    a.usr.set('key', CANARY)
    const outsiders = [
      createStore({ cluster: 'test', transport: network.transport() }),
      createStore({ cluster: 'test', secret: await generateSecret(), transport: network.transport() }),
    ]
    stores.push(...outsiders)
    await Promise.all(outsiders.map((store) => store.ready()))
    // Even told where a member is, and linked to it, they hear its handshake and nothing else.
    const heard: Uint8Array[] = []
    const raw = network.transport().links
    await raw.start('somebody', {
      ...{ linkUp: () => undefined, linkDown: () => undefined, dialFailed: () => undefined },
      ...{ drained: () => undefined, signal: () => undefined },
      frame: (_from, bytes) => heard.push(bytes),
    })
    raw.dial(a.id)
    await until(() => heard.length > 0, 'it answers')
    raw.send(a.id, Uint8Array.of(1, 1, 0, 1, 2, 3), 1)
    await until(() => a.status.lastError?.code === 'ERR_AUTH_FAILED', 'he is refused')
    await raw.close()
    for (const frame of heard) expect(frame[1]).to.equal(2)
    expect(Buffer.concat(heard).includes(CANARY)).to.equal(false)
    for (const store of outsiders) expect([store.usr.size, store.members.size]).to.deep.equal([0, 1])
    expect(a.members.size).to.equal(1)
  })

  it('takes not one of 1,000 writes of a reader whose code was patched to send them', async () => {
    const [a, b] = [member(), member()]
    await until(() => a.members.size === 2 && b.status.name === 'live', 'met')
    a.usr.set('key', 'genuine')
    const readers = await readerSecret(secret)
    const attacker = await secured(network.transport().links, readers)
    const { topic } = await openSecurity({
      ...{ secret: readers, cluster: 'test', kind: 'node', role: undefined, clock: systemClock },
      ...{ transport: network.transport(), seed: new Uint8Array(32), report: () => undefined },
    })
    attacker.links.dial(a.id)
    await until(() => attacker.log.includes(`up ${a.id}`), 'the reader is in')
    const proofs = new ClaimProofs(attacker.identity, (await Keyring.open(secret, 'test')).clusterId)
    const hello = await proofs.sign(helloOf(attacker.id, topic, recordOf({ role: 'reader' })))
    if (hello) attacker.inject(a.id, hello)
    await until(() => a.members.get(attacker.id)?.role === 'reader', 'a member')
    const replica = new Replica({ random: Math.random, wall: () => Date.now() })
    for (let write = 0; write < 1000; write++) {
      replica.commit(planAll([{ type: 'set', key: write % 2 ? 'key' : `key-${write}`, value: 'forged' }]))
      for (const update of replica.exchange.drain()) {
        const origin = write % 3 === 0 ? attacker.id : b.id
        const body = { type: 'update', update } as const
        attacker.inject(a.id, {
          ...{ type: 'gossip', origin, epoch: 1, seq: write + 1, round: 0, ownTree: false, shapes: false },
          body,
        })
        attacker.inject(a.id, { type: 'sync-part', exchange: write, index: 0, last: true, bytes: update })
      }
    }
    await pause(500)
    for (const store of [a, b]) expect(store.usr.snapshot()).to.deep.equal({ key: 'genuine' })
    expect(a.metrics()['readerFramesDropped']).to.be.at.least(2000)
    expect(attacker.log.join(' ')).to.not.include('down')
    await attacker.links.close()
  })

  it('refuses a reader that shows itself as a writer, and its own set throws', async () => {
    const a = member()
    const reader = member({ secret: await readerSecret(secret) })
    await until(() => a.members.get(reader.id)?.role === 'reader', 'the reader is a member')
    expect(() => reader.usr.set('key', 1)).to.throw('ERR_READ_ONLY')
    a.usr.set('key', 1)
    await until(() => reader.usr.get('key') === 1, 'it reads')
  })

  it('rotates its secret 10 times under 100 writes a second: no write and no link is lost', async () => {
    const trio = [member(), member(), member()]
    await until(() => trio.every((store) => store.members.size === 3 && store.status.links === 2), 'a mesh')
    const downs: string[] = []
    for (const store of trio)
      store.members.subscribe((list) => {
        for (const { id, self, direct } of list) if (!self && !direct) downs.push(id)
      })
    let written = 0
    const timer = setInterval(() => {
      trio[written % 3]?.usr.set(`key-${written}`, written)
      written += 1
    }, 10)
    let present = secret
    for (let rotation = 0; rotation < 10; rotation++) {
      const next = await generateSecret(present)
      const old = present
      for (const step of ['install', 'use', 'remove'] as const)
        for (const store of trio) {
          await store.keys[step](step === 'remove' ? old : next)
          await store.keys[step](step === 'remove' ? old : next)
        }
      present = next
      await pause(50)
    }
    clearInterval(timer)
    await until(() => trio.every((store) => store.usr.size === written), 'every write is everywhere')
    expect(written).to.be.above(40)
    expect(downs).to.deep.equal([])
    expect(trio.map((store) => store.status.lastError)).to.deep.equal([undefined, undefined, undefined])
    for (const store of trio) expect(store.keys.list()).to.have.length(1)
    // Who joins now needs the present secret, and gets everything.
    const late = member({ secret: present })
    await until(() => late.usr.size === written, 'a late one reads it all')
  })

  for (const days of [-1, 1])
    it(`takes in a member whose clock is ${days === 1 ? 'a day ahead' : 'a day behind'}, and what it writes`, async () => {
      const [a, b] = [member(), member()]
      await until(() => a.status.name === 'live' && b.status.name === 'live', 'met')
      a.usr.set('of-a', 1)
      const wall = () => Date.now() + days * 86_400_000
      const off = createStoreIn(
        { ...realWorld, clock: { ...realWorld.clock, wall } },
        { cluster: 'test', secret, transport: network.transport() },
      )
      stores.push(off)
      await until(() => off.status.name === 'live' && off.status.links === 2, 'it is in')
      await until(() => [a, b].every((store) => store.members.get(off.id)?.state === 'alive'), 'a member')
      expect(off.usr.get('of-a')).to.equal(1)
      off.usr.set('of-off', 1)
      off.usr.set('of-a', 2)
      await until(
        () => [a, b].every(({ usr }) => usr.get('of-off') === 1 && usr.get('of-a') === 2),
        'its writes',
      )
      // Neither side's clock wins for good.
      b.usr.set('of-off', 3)
      await until(() => off.usr.get('of-off') === 3, 'it is overwritten')
      off.usr.delete('of-off')
      await until(() => [a, b].every(({ usr }) => !usr.has('of-off')), 'and deletes')
      for (const store of [a, b, off]) {
        expect(store.status.lastError).to.equal(undefined)
        expect(store.metrics()).to.include({ offences: 0, membersExpelled: 0 })
      }
    })

  it('refuses garbage for a key, by its kind, and changes nothing', async () => {
    const [a, b] = [member(), member()]
    await until(() => a.status.name === 'live' && b.status.name === 'live', 'met')
    const before = a.keys.list()
    const next = await generateSecret(secret)
    const key = next.slice(0, 43)
    const garbage: Record<string, unknown> = {
      ...{
        nothing: '',
        undefined: undefined,
        null: null,
        number: 43,
        bytes: new Uint8Array(32),
        object: { key },
      },
      ...{ short: key.slice(1), long: `${key}A`, space: ` ${next}`, padded: `${key}=`, line: `${next}\n` },
      ...{
        'not base64url': `+${next.slice(1)}`,
        umlaut: `\u00e4${next.slice(1)}`,
        zero: `\0${next.slice(1)}`,
      },
      ...{ 'another spelling': `${'A'.repeat(42)}B`, 'half an id of a cluster': next.slice(0, -1) },
      ...{ 'an id': before[0]?.id, 'a megabyte': 'A'.repeat(1_048_576) },
      ...{ 'another cluster': await generateSecret(), 'a reader': await readerSecret(next) },
    }
    for (const [what, wrong] of Object.entries(garbage)) {
      const error = await a.keys.install(wrong as string).then(String, (cause: unknown) => cause)
      expect(error, what).to.be.an.instanceOf(UsageError).and.have.property('code', 'ERR_SECRET_INVALID')
      if (typeof wrong === 'string' && wrong.length > 20)
        expect(String(error), what).to.not.include(wrong.trim())
      expect(a.keys.list(), what).to.deep.equal(before)
    }
    for (const wrong of ['', 'unknown0', next, null as unknown as string])
      for (const step of ['use', 'remove'] as const) {
        const code = await a.keys[step](wrong).then(
          () => undefined,
          (error: { code: string }) => error.code,
        )
        // What is not held is removed already.
        expect(code, `${step} ${wrong}`).to.equal(step === 'use' ? 'ERR_KEY_UNKNOWN' : undefined)
        expect(a.keys.list()).to.deep.equal(before)
      }
    // One that is held is no error and no change; one more than fit is an error and no change.
    expect(await a.keys.install(secret)).to.deep.equal(before[0])
    for (let count = 1; count < SECRETS_MAX; count++) await a.keys.install(await generateSecret(secret))
    const full = a.keys.list()
    expect(full).to.have.length(SECRETS_MAX)
    for (let count = 0; count < 9; count++) {
      const error = await a.keys.install(await generateSecret(secret)).then(String, (cause: unknown) => cause)
      expect(error).to.be.an.instanceOf(UsageError).and.have.property('code', 'ERR_FULL')
    }
    expect(await a.keys.install(secret), 'a known one while it is full').to.deep.equal(before[0])
    expect(a.keys.list()).to.deep.equal(full)
    a.usr.set('key', 1)
    await until(() => b.usr.get('key') === 1, 'the link goes on')
    expect([a, b].map(({ status }) => status.lastError)).to.deep.equal([undefined, undefined])
  })

  it('tells a member that missed a rotation which key it lacks', async () => {
    const [a, b] = [member(), member()]
    await until(() => a.status.links === 1 && b.status.links === 1, 'linked')
    const next = await generateSecret(secret)
    const { id } = await a.keys.install(next)
    await a.keys.use(next)
    await a.keys.remove(secret)
    await until(() => b.status.lastError?.code === 'ERR_AUTH_EPOCH', 'it is told')
    expect(b.status.lastError?.message).to.include(id)
    await b.keys.install(next)
    await b.keys.use(next)
    await until(() => b.keys.list()[0]?.id === id, 'it has it')
    a.usr.set('key', 1)
    await until(() => b.usr.get('key') === 1, 'the link goes on')
  })
})

function pause(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis))
}
