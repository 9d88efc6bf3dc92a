/**
 * A hostile member, which holds the secret and whose code was patched, shows things in the name of another one: over
 * real WebRTC links, with everything real but signaling, which lies in memory.
 */
import { expect } from 'chai'
import { seededRandom } from '../../src/base/random.js'
import { systemClock } from '../../src/base/system-clock.js'
import { createWebRtcLinks } from '../../src/mesh/links/webrtc-links.js'
import { memoryNetwork } from '../../src/mesh/memory/memory-network.js'
import { ClaimProofs } from '../../src/mesh/security/claim-proofs.js'
import { type Identity, identityOf } from '../../src/mesh/security/identity.js'
import { Keyring } from '../../src/mesh/security/keyring.js'
import { generateSecret } from '../../src/mesh/security/secret.js'
import { openSecurity } from '../../src/mesh/security/security.js'
import type { Claim, PresenceFrame } from '../../src/mesh/wire/claim.js'
import type { Frame } from '../../src/mesh/wire/frame.js'
import { createStore } from '../../src/store/store.js'
import type { Store } from '../../src/store/types.js'
import { until } from '../until.js'
import { helloOf, recordOf, type SecuredMember, secured } from './secured.js'

describe('presence of another member', () => {
  let secret: string
  let network: ReturnType<typeof memoryNetwork>
  let stores: Store[] = []

  beforeEach(async () => {
    secret = await generateSecret()
    network = memoryNetwork()
    stores = [store('victim', 1), store('witness', 2)]
    await until(() => stores.every(({ members, status }) => members.size === 2 && status.links === 1), 'met')
  })
  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()))
  })

  it('cannot be written by a member that holds the secret, in a frame or in a broadcast', async () => {
    const [victim, witness] = stores
    if (!victim || !witness) throw new Error('there are two')
    victim.presence.set({ cursor: 'genuine' })
    await until(() => witness.presence.get(victim.id)?.['cursor'] === 'genuine', 'shown')
    const wrong: unknown[] = []
    const look = () => {
      for (const store of stores) {
        const shown = store.presence.get(victim.id)?.['cursor']
        if (shown !== 'genuine') wrong.push(shown)
      }
    }
    const offs = stores.map((store) => store.presence.subscribe(look))
    const watch = setInterval(look, 2)
    for (const [index, [name, forge]] of Object.entries(FORGERIES).entries()) {
      const attacker = await insider(witness, 10 + index)
      const clusterId = (await Keyring.open(secret, 'test')).clusterId
      const frame = await forge(attacker.identity, victim.id, clusterId)
      attacker.inject(witness.id, frame)
      await until(() => attacker.log.includes(`down ${witness.id}`), `${name} costs the link`)
      await attacker.links.close()
    }
    clearInterval(watch)
    for (const off of offs) off()
    look()
    expect(wrong).to.deep.equal([])
    victim.presence.set({ cursor: 'genuine', next: 1 })
    await until(() => witness.presence.get(victim.id)?.['next'] === 1, 'its own changes go on')
  })

  function links(seed: number) {
    return createWebRtcLinks({
      random: seededRandom(seed),
      clock: systemClock,
      allowAddresses: ['loopback'],
    })
  }

  function store(name: string, seed: number): Store {
    const { signaling } = network.transport()
    return createStore({ cluster: 'test', secret, name, transport: { links: links(seed), signaling } })
  }

  /** A member that is let in under its own name over WebRTC, and said HELLO. */
  async function insider(witness: Store, seed: number): Promise<SecuredMember> {
    const identity = await identityOf()
    const keyring = await Keyring.open(secret, 'test')
    const { signaling } = network.transport()
    const attacker = await secured(links(seed), secret, {
      identity,
      signal: (peer, signal) => signaling.send(peer, signal),
    })
    signaling.start({ id: identity.id, kind: 'node' }, keyring.primary.topic, {
      state: () => undefined,
      contacts: () => undefined,
      signal: (from, signal) => attacker.links.receiveSignal(from, signal),
      absent: () => undefined,
    })
    await new Promise((resolve) => setTimeout(resolve, 20))
    attacker.links.dial(witness.id)
    await until(() => attacker.log.includes(`up ${witness.id}`), 'the insider is in')
    const { topic } = await openSecurity({
      ...{ secret, cluster: 'test', kind: 'node', role: undefined, clock: systemClock },
      ...{ transport: memoryNetwork().transport(), seed: new Uint8Array(32), report: () => undefined },
    })
    const proofs = new ClaimProofs(identity, keyring.clusterId)
    const hello = await proofs.sign(helloOf(identity.id, topic, recordOf({ name: 'insider' })))
    if (hello) attacker.inject(witness.id, hello)
    await until(() => witness.members.get(identity.id) !== undefined, 'the insider is a member')
    return attacker
  }
})

type Forgery = (own: Identity, victim: string, clusterId: string) => Promise<Frame>

/** `{ cursor: 'forged' }` as lib0 writes it, later than everything genuine. */
function lie(victim: string): PresenceFrame {
  const state = Uint8Array.of(118, 1, 6, ...Buffer.from('cursor'), 119, 6, ...Buffer.from('forged'))
  return { type: 'presence', id: victim, version: Date.now() + 60_000, frozen: false, state }
}

/** Signed with the own key under the name of the victim. */
async function posing(own: Identity, victim: string, clusterId: string): Promise<PresenceFrame> {
  return (await new ClaimProofs({ ...own, id: victim }, clusterId).sign(lie(victim))) as PresenceFrame
}

function broadcast(own: Identity, claim: Claim): Frame {
  return {
    ...{ type: 'gossip', origin: own.id, epoch: 1, seq: 1, round: 0, ownTree: false, shapes: false },
    body: { type: 'claims', claims: [claim] },
  }
}

const FORGERIES: Readonly<Record<string, Forgery>> = {
  'a frame without a proof': async (_own, victim) => lie(victim),
  'a frame with garbage for a proof': async (_own, victim) => ({
    ...lie(victim),
    proof: new Uint8Array(96).fill(7),
  }),
  'a frame under the own key': posing,
  'a broadcast without a proof': async (own, victim) => broadcast(own, lie(victim)),
  'a broadcast under the own key': async (own, victim, clusterId) =>
    broadcast(own, await posing(own, victim, clusterId)),
}
