/**
 * Clusters of one name and different secrets, and one without, at one real signaling server over real WebRTC: they never
 * meet, nobody hears of it, and no mail of one reaches another, whatever its members try.
 */
import { expect } from 'chai'
import { createSignalingServer, type SignalingServer } from '../../signaling-server/server.js'
import { createStore } from '../../src/index.js'
import { generateSecret } from '../../src/node.js'
import type { Store } from '../../src/store/types.js'
import { RawClient } from '../node/signaling/harness.js'
import { until } from '../until.js'

describe('clusters of one name', () => {
  const stores: Store[] = []
  let server: SignalingServer

  beforeEach(async () => {
    server = await createSignalingServer({ metrics: true })
  })
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()))
    await server.close()
  })

  /** Two members of the cluster `shop`, and the codes of all errors that they tell. */
  function pair(secret: string | undefined) {
    const errors: string[] = []
    const two = [1, 2].map(() => {
      const store = createStore({
        cluster: 'shop',
        signaling: server.url,
        ...(secret === undefined ? { security: 'open' as const } : { secret }),
      })
      store.on('error', ({ code }) => errors.push(code))
      stores.push(store)
      return store
    })
    return { two, errors, ids: () => two.map(({ id }) => id) }
  }

  it('and different secrets live side by side', async () => {
    const secrets = [await generateSecret(), await generateSecret(), undefined]
    const pairs = secrets.map(pair)
    const isPair = ({ two }: (typeof pairs)[number]) =>
      two.every(({ status, members }) => status.name === 'live' && members.size === 2)
    await until(() => pairs.every(isPair), 'each pair has met')
    for (const [index, { two }] of pairs.entries()) two[0]?.usr.set('key', `of-${index}`)
    const hasAll = () =>
      pairs.every(({ two }, index) => two.every(({ usr }) => usr.get('key') === `of-${index}`))
    await until(hasAll, 'each pair has its own value')
    // A member without links asks who is there again and again; these ask as often as settled ones do.
    await pause(3_000)
    expect(pairs.every(isPair) && hasAll()).to.equal(true)
    for (const { two, errors } of pairs) {
      expect(errors).to.deep.equal([])
      for (const store of two) {
        const { authRefused = 0, signalingMalformed, handshakesRefused } = store.metrics()
        expect([authRefused, signalingMalformed, handshakesRefused]).to.deep.equal([0, 0, 0])
        expect(store.status.lastError).to.equal(undefined)
      }
    }
    // Each has a topic of its own, and a topic none but its members.
    const topics = [...server.topics()].map(([topic, ids]) => ({ topic, ids: [...ids].sort() }))
    expect(topics.map(({ ids }) => ids)).to.have.deep.members(pairs.map(({ ids }) => ids().sort()))
  })

  it('get no mail of one another, not even of a member that knows the topic and the ids', async () => {
    const [shop, other] = [pair(await generateSecret()), pair(await generateSecret())]
    const isMet = ({ two }: typeof shop) => two.every(({ status }) => status.name === 'live')
    await until(() => isMet(shop) && isMet(other), 'each pair has met')
    const [victim] = shop.two
    const topicOf = (id: string) => [...server.topics()].find(([, ids]) => ids.includes(id))?.[0] ?? ''
    const signal = (topic: string, to: string) =>
      ({
        type: 'signal',
        topic,
        to,
        payload: JSON.stringify({ type: 'request', session: 'abcdefghijk' }),
      }) as const
    // What the two said to each other when they were linked already is dropped as well.
    await pause(1_000)
    const refused = () => victim?.metrics()['signalsRefused'] ?? 0
    const [refusedBefore, { absent }] = [refused(), await delivered(server)]
    // From its own topic it reaches nobody of the other one.
    const [own, theirs] = [topicOf(other.two[0]?.id ?? ''), topicOf(victim?.id ?? '')]
    expect(own).to.not.equal(theirs)
    const neighbor = await RawClient.join(server.url, own, 'neighbor')
    for (const topic of [own, theirs]) neighbor.say(signal(topic, victim?.id ?? ''))
    await until(async () => (await delivered(server)).absent > absent, 'the server has read it')
    expect(refused()).to.equal(refusedBefore)
    // In the other one, whose name it must have been told, it is heard by nobody: what it says is not sealed.
    const intruder = await RawClient.join(server.url, theirs, 'intruder')
    intruder.say(signal(theirs, victim?.id ?? ''))
    await until(() => refused() === refusedBefore + 1, 'it is dropped and counted')
    await pause(500)
    for (const { two, errors } of [shop, other]) {
      expect(
        errors.filter((code) => code.startsWith('ERR_AUTH') || code.startsWith('ERR_SIGNAL_')),
      ).to.deep.equal([])
      for (const store of two) expect([store.members.size, store.status.links]).to.deep.equal([2, 1])
    }
    for (const client of [neighbor, intruder]) client.socket.close()
  })
})

/** Signals that the server has passed on, and those whose receiver was not there. */
async function delivered(server: SignalingServer): Promise<{ present: number; absent: number }> {
  const text = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text()
  const count = (target: string) =>
    Number(new RegExp(`signals_total\\{target="${target}"\\} (\\d+)`).exec(text)?.[1] ?? 0)
  return { present: count('present'), absent: count('absent') }
}

function pause(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis))
}
