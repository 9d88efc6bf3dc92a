/**
 * Members that hold a secret have others check signatures: a reader tells ever newer claims about itself, and claims of
 * identities that it made up, each with a valid signature. What is counted is the signatures that a cluster checks.
 */
import { expect } from 'chai'
import { systemClock } from '../../src/base/system-clock.js'
import { memoryNetwork } from '../../src/mesh/memory/memory-network.js'
import { ClaimProofs } from '../../src/mesh/security/claim-proofs.js'
import { identityOf } from '../../src/mesh/security/identity.js'
import { generateSecret, readerSecret } from '../../src/mesh/security/secret.js'
import { openSecurity } from '../../src/mesh/security/security.js'
import { createStore } from '../../src/store/store.js'
import type { Store } from '../../src/store/types.js'
import { until } from '../until.js'
import { helloOf, recordOf, type SecuredMember, secured } from './secured.js'

const MEMBERS = 6
const FRAMES = 1_200

describe('a flood of signatures', function () {
  this.timeout(60_000)
  const stores: Store[] = []
  let checks = 0
  const { subtle } = globalThis.crypto
  const { verify } = subtle

  before(() => {
    subtle.verify = (...given: Parameters<typeof verify>) => {
      if ((given[0] as { name?: string }).name === 'Ed25519' || given[0] === 'Ed25519') checks += 1
      return verify.apply(subtle, given)
    }
  })
  after(() => {
    subtle.verify = verify
  })
  afterEach(() => Promise.all(stores.splice(0).map((store) => store.close())))

  /** Six writers, and somebody with the secret of this role that is linked to all of them. */
  async function setting(role: 'reader' | 'writer'): Promise<{ attacker: SecuredMember; topic: string }> {
    const network = memoryNetwork()
    const secret = await generateSecret()
    for (let n = 0; n < MEMBERS; n++)
      stores.push(createStore({ cluster: 'test', secret, transport: network.transport() }))
    await until(
      () => stores.every(({ members }) => members.size === MEMBERS),
      'all met',
      () => stores.map(({ members }) => members.size),
    )
    const own = role === 'reader' ? await readerSecret(secret) : secret
    const attacker = await secured(network.transport().links, own)
    const { topic } = await openSecurity({
      ...{ secret: own, cluster: 'test', role: undefined, clock: systemClock },
      ...{ transport: memoryNetwork().transport(), seed: new Uint8Array(32), report: () => undefined },
    })
    for (const { id } of stores) attacker.links.dial(id)
    await until(() => attacker.log.length === MEMBERS, 'it is in')
    for (const { id } of stores) await attacker.say(id, helloOf(attacker.id, topic, recordOf({ role })))
    await until(() => stores.every(({ members }) => members.get(attacker.id)?.direct), 'a neighbor')
    // What they tell each other of it has come.
    await pause(500)
    checks = 0
    return { attacker, topic }
  }

  it('of identities that a reader made up costs none: it speaks of itself alone', async () => {
    const { attacker } = await setting('reader')
    const { incarnation, clusterId } = { ...recordOf(), clusterId: attacker.clusterId }
    const [victim = ''] = stores.map(({ id }) => id)
    for (let n = 0; n < 100; n++) {
      const made = await identityOf()
      const claim = {
        type: 'member',
        id: made.id,
        record: recordOf({ role: 'reader', incarnation }),
        lease: 1,
      } as const
      const signed = (await new ClaimProofs(made, clusterId).sign(claim)) as typeof claim
      const claims = [
        signed,
        { type: 'suspect', id: attacker.id, incarnation, by: made.id, proof: new Uint8Array(96) },
      ] as const
      attacker.inject(victim, signed)
      for (const [at, one] of claims.entries())
        attacker.inject(victim, {
          ...{
            type: 'gossip',
            origin: attacker.id,
            epoch: 1,
            seq: 2 * n + at,
            round: 0,
            ownTree: false,
            shapes: false,
          },
          body: { type: 'claims', claims: [one] },
        })
    }
    await pause(300)
    expect(checks).to.equal(0)
    expect(stores[0]?.metrics()['readerFramesDropped']).to.equal(300)
    expect(stores[0]?.members.size).to.equal(MEMBERS + 1)
  })

  it('that a reader signs about itself costs each member a hundred checks at once, and few a second from then on', async () => {
    const { attacker } = await setting('reader')
    const started = performance.now()
    const { incarnation } = recordOf()
    for (let n = 1; n <= FRAMES; n++) {
      const record = recordOf({ role: 'reader', incarnation: incarnation + n })
      await attacker.say(stores[n % MEMBERS]?.id ?? '', {
        ...{ type: 'gossip', origin: attacker.id, epoch: 1, seq: n, round: 0, ownTree: false, shapes: false },
        body: { type: 'claims', claims: [{ type: 'member', id: attacker.id, record, lease: 1 }] },
      })
      if (n % 4 === 0) await pause(10)
    }
    await pause(500)
    const seconds = (performance.now() - started) / 1000
    console.log(`      ${checks} checks of ${FRAMES} claims by ${MEMBERS} members in ${seconds.toFixed(1)} s`)
    expect(checks).to.be.below(MEMBERS * (120 + 60 * seconds))
    expect(attacker.log.join()).to.not.include('down')
  })
})

function pause(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis))
}
