/**
 * A hostile member, which holds the writers' secret, speaks for another one: messages of the application in its name,
 * changed, re-addressed or said again, and acknowledgements that it did not give.
 */
import { expect } from 'chai'
import { systemClock } from '../../src/base/system-clock.js'
import { type MemoryNetwork, memoryNetwork } from '../../src/mesh/memory/memory-network.js'
import { ClaimProofs } from '../../src/mesh/security/claim-proofs.js'
import { type Identity, identityOf } from '../../src/mesh/security/identity.js'
import { Keyring } from '../../src/mesh/security/keyring.js'
import { generateSecret } from '../../src/mesh/security/secret.js'
import { openSecurity } from '../../src/mesh/security/security.js'
import type { MessageFrame } from '../../src/mesh/wire/claim.js'
import type { AckFrame, Frame } from '../../src/mesh/wire/frame.js'
import { createStore } from '../../src/store/store.js'
import type { Store } from '../../src/store/types.js'
import { until } from '../until.js'
import { helloOf, recordOf, type SecuredMember, secured } from './secured.js'

const OLD = Date.now() - 3_600_000

describe('messages in the name of another member', () => {
  let secret: string
  let network: MemoryNetwork
  let store: Store
  let attacker: SecuredMember
  let victim: Identity
  let author: ClaimProofs
  let proofs: ClaimProofs
  let heard: [from: string, text: string][]
  let record: ReturnType<typeof recordOf>

  beforeEach(async () => {
    secret = await generateSecret()
    network = memoryNetwork()
    victim = await identityOf()
    const { clusterId } = await Keyring.open(secret, 'test')
    author = new ClaimProofs(victim, clusterId)
    store = createStore({ cluster: 'test', secret, transport: network.transport() })
    await store.ready()
    heard = []
    store.on('message', ({ from, bytes }) => heard.push([from, new TextDecoder().decode(bytes)]))
    attacker = await secured(network.transport().links, secret)
    proofs = new ClaimProofs(attacker.identity, clusterId)
    record = recordOf()
    await join()
  })

  afterEach(async () => {
    await attacker.links.close()
    await store.close()
  })

  it('are not heard, and cost their bringer its link', async () => {
    const genuine = await signed(messageTo(store.id, 'genuine'))
    const other = await signed(messageTo(attacker.id, 'for another one'))
    const own = (await proofs.sign(messageTo(store.id, 'lie', attacker.id))) as MessageFrame
    const lies: Record<string, Frame> = {
      'without a proof': messageTo(store.id, 'lie'),
      'with garbage for a proof': { ...messageTo(store.id, 'lie'), proof: new Uint8Array(96).fill(7) },
      'with the proof of its bringer': { ...own, from: victim.id },
      'with other words': { ...genuine, bytes: new TextEncoder().encode('lie') },
      'under another number': { ...genuine, number: genuine.number + 1 },
      'that were for somebody else': { ...other, to: store.id },
      'that were for one, to all': flooded({ ...genuine, to: '' }, victim.id),
      'along the tree': flooded(messageTo(store.id, 'lie'), attacker.id),
      'to all along the tree': flooded(messageTo('', 'lie'), victim.id),
    }
    for (const [name, lie] of Object.entries(lies)) {
      attacker.inject(store.id, lie)
      await until(() => attacker.log.includes(`down ${store.id}`), name)
      await attacker.links.close()
      attacker = await secured(network.transport().links, secret)
      proofs = new ClaimProofs(attacker.identity, (await Keyring.open(secret, 'test')).clusterId)
      await join()
    }
    attacker.inject(store.id, genuine)
    await until(() => heard.length > 0, 'the genuine one is heard')
    expect(heard).to.deep.equal([[victim.id, 'genuine']])
  })

  it('are heard once each, in whatever order and by whatever way they come, and none of an earlier run', async () => {
    const texts = ['first', 'second', 'third']
    const messages = await Promise.all(
      texts.map((text, i) => signed(messageTo(store.id, text, victim.id, i))),
    )
    const old = await signed({ ...messageTo(store.id, 'old'), number: OLD })
    const [first, second, third] = messages as [MessageFrame, MessageFrame, MessageFrame]
    let seq = 0
    for (const message of [second, first, old, third, ...messages, ...messages, old]) {
      attacker.inject(store.id, message)
      attacker.inject(store.id, flooded(message, attacker.id, ++seq))
    }
    await until(() => heard.length >= 3, 'all three are heard')
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(heard.map(([, text]) => text)).to.deep.equal(['second', 'first', 'third'])
    expect(attacker.log).to.not.include(`down ${store.id}`)
  })

  it('do not keep true ones from being heard, whatever number they claim', async () => {
    const last = { ...messageTo(store.id, 'last'), number: record.joined + 2 ** 40 }
    attacker.inject(store.id, await signed(last))
    attacker.inject(store.id, await signed({ ...last, number: Number.MAX_SAFE_INTEGER }))
    attacker.inject(store.id, await signed(messageTo(store.id, 'true')))
    await until(() => heard.length > 0, 'the true one is heard')
    expect(heard.map(([, text]) => text)).to.deep.equal(['true'])
  })

  /** The attacker is a member that has told of the victim. */
  async function join(): Promise<void> {
    attacker.links.dial(store.id)
    await until(() => attacker.log.includes(`up ${store.id}`), 'the attacker is in')
    const { topic } = await openSecurity({
      ...{ secret, cluster: 'test', kind: 'node', role: undefined, clock: systemClock },
      ...{ seed: new Uint8Array(32), report: () => {}, transport: network.transport() },
    })
    const hello = await proofs.sign(helloOf(attacker.id, topic, recordOf()))
    const known = await author.sign({ type: 'member', id: victim.id, record, lease: 1 })
    for (const frame of [hello, known]) if (frame) attacker.inject(store.id, frame)
    await until(() => store.members.get(victim.id) !== undefined, 'the victim is known')
  }

  function messageTo(to: string, text: string, from = victim.id, after = 0): MessageFrame {
    const bytes = new TextEncoder().encode(text)
    return { type: 'message', from, to, hops: 5, number: record.joined + 1 + after, bytes }
  }

  async function signed(message: MessageFrame): Promise<MessageFrame> {
    return (await author.sign(message)) as MessageFrame
  }
})

describe('acknowledgements in the name of another member', () => {
  it('are dropped by the member that asked; true ones come through others', async () => {
    const secret = await generateSecret()
    const network = memoryNetwork()
    const { clusterId } = await Keyring.open(secret, 'test')
    const [asker, liar] = [
      await secured(network.transport().links, secret),
      await secured(network.transport().links, secret),
    ]
    const far = await identityOf()
    liar.links.dial(asker.id)
    await until(() => asker.log.includes(`up ${liar.id}`) && liar.log.includes(`up ${asker.id}`), 'linked')
    const marks = [{ session: 7, n: 1 }]
    const ack: AckFrame = { type: 'ack', from: far.id, to: asker.id, hops: 3, marks }
    const proven = await new ClaimProofs(far, clusterId).signAck(ack)
    const foreign = await new ClaimProofs(liar.identity, clusterId).signAck(ack)
    const elsewhere = { ...ack, to: liar.id }
    for (const lie of [
      ack,
      foreign,
      { ...proven, marks: [{ session: 7, n: 2 }] },
      { ...proven, marks: [{ session: 8, n: 1 }] },
    ])
      liar.inject(asker.id, lie)
    for (const fine of [proven, { ...ack, from: liar.id }, elsewhere]) liar.inject(asker.id, fine)
    await until(() => asker.frames.length >= 3, 'what is true has come')
    expect(asker.frames).to.have.length(3)
    expect(asker.links.counters()).to.include({ acksForged: 4 })
    expect(asker.log).to.not.include(`down ${liar.id}`)
    for (const { links } of [asker, liar]) await links.close()
  })
})

function flooded(body: MessageFrame, origin: string, seq = 1): Frame {
  return { type: 'gossip', origin, epoch: 1, seq, round: 0, ownTree: false, shapes: false, body }
}
