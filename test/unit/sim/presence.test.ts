import { expect } from 'chai'
import { DriverCluster, type DriverMember } from '../../../sim/driver-cluster.js'

const bytes = (...values: number[]) => Uint8Array.from(values)

/** What `viewer` sees of `subject`, and of everyone. */
const seen = (viewer: DriverMember, subject: DriverMember) =>
  viewer.driver
    .members()
    .find(({ id }) => id === subject.id)
    ?.presence?.join()
const sees = (viewer: DriverMember, subject: DriverMember, value: number) =>
  seen(viewer, subject) === `${value}`

async function settled(seed: number, count: number): Promise<DriverCluster> {
  const cluster = new DriverCluster({ seed })
  await cluster.grow(count)
  cluster.run(10_000)
  return cluster
}

const at = (cluster: DriverCluster, index: number): DriverMember => {
  const member = cluster.members[index]
  if (!member) throw new Error(`no member ${index}`)
  return member
}

describe('presence in a cluster', () => {
  for (const seed of [1, 2, 3]) {
    it(`reaches everyone, a newcomer too, and goes with its member (seed ${seed})`, async () => {
      const cluster = await settled(seed, 20)
      for (const [index, member] of cluster.members.entries()) member.driver.present(bytes(index))
      const all = () =>
        cluster.members.every((viewer) =>
          cluster.members.every((subject) => seen(viewer, subject) !== undefined),
        )
      cluster.runUntil(all, 2_000, 'everyone sees everyone')
      const newcomer = await cluster.add()
      const seesAll = () =>
        cluster.members.every((subject) => subject === newcomer || seen(newcomer, subject))
      cluster.runUntil(seesAll, 5_000, 'the newcomer sees everyone')
      const [left, died] = [at(cluster, 2), at(cluster, 3)]
      left.leave()
      died.crash()
      cluster.runUntil(() => cluster.knowsExactly(), 15_000, 'both gone')
      for (const viewer of cluster.members) expect(seen(viewer, left)).to.equal(undefined)
    })

    it(`shows the last state after many changes, and costs 5 envelopes a second (seed ${seed})`, async () => {
      const cluster = await settled(seed, 10)
      const writer = at(cluster, 4)
      for (let change = 0; change <= 200; change++) {
        writer.driver.present(bytes(change))
        cluster.run(10)
      }
      const all = () => cluster.members.every((viewer) => sees(viewer, writer, 200))
      cluster.runUntil(all, 1_000, 'the last state everywhere')
      expect(writer.driver.counters.sent_gossip).to.be.lessThan(200)
    })

    it(`comes together again after a split (seed ${seed})`, async () => {
      const cluster = await settled(seed, 12)
      for (const member of cluster.members) member.driver.present(bytes(1))
      cluster.run(2_000)
      const ids = cluster.members.map(({ id }) => id)
      cluster.network.partition(ids.slice(0, 6), ids.slice(6))
      const [left, right] = [at(cluster, 0), at(cluster, 11)]
      cluster.runUntil(() => !seen(left, right) && !seen(right, left), 120_000, 'two halves')
      for (const member of cluster.members) member.driver.present(bytes(2))
      cluster.run(2_000)
      cluster.network.heal()
      const all = () => cluster.members.every((a) => cluster.members.every((b) => sees(a, b, 2)))
      cluster.runUntil(all, 60_000, 'everyone sees everyone again')
    })
  }

  it('is told anew by a member that was away and came back', async () => {
    const cluster = await settled(4, 6)
    const away = at(cluster, 1)
    away.driver.present(bytes(9))
    cluster.run(1_000)
    const others = cluster.members.filter((member) => member !== away)
    cluster.network.partition(
      others.map(({ id }) => id),
      [away.id],
    )
    cluster.runUntil(() => others.every((viewer) => seen(viewer, away) === undefined), 60_000, 'gone')
    cluster.network.heal()
    cluster.runUntil(() => others.every((viewer) => sees(viewer, away, 9)), 60_000, 'back with what it shows')
  })

  it('keeps a frozen member in the lists of all, and shows it as such', async () => {
    const cluster = await settled(5, 10)
    const tab = await cluster.add('browser')
    cluster.run(5_000)
    tab.driver.show('frozen')
    const stateOf = (viewer: DriverMember) => viewer.driver.members().find(({ id }) => id === tab.id)?.state
    const others = cluster.members.filter((member) => member !== tab)
    cluster.runUntil(() => others.every((viewer) => stateOf(viewer) === 'frozen'), 1_000, 'frozen everywhere')
    cluster.network.crash(tab.id)
    cluster.run(80_000)
    expect(others.map(stateOf)).to.deep.equal(others.map(() => 'frozen'))
    cluster.runUntil(() => others.every((viewer) => stateOf(viewer) === undefined), 40_000, 'given up')
  })

  it('tells everyone who is ready', async () => {
    const cluster = await settled(6, 30)
    const readyEverywhere = () =>
      cluster.members.every((viewer) => viewer.driver.members().every(({ ready }) => ready))
    cluster.runUntil(readyEverywhere, 20_000, 'all ready in the eyes of all')
  })
})

describe('messages in a cluster', () => {
  for (const seed of [1, 2, 3]) {
    it(`reach every member, with and without a link, once and unchanged (seed ${seed})`, async () => {
      const cluster = await settled(seed, 40)
      const sender = at(cluster, 7)
      for (const [index, receiver] of cluster.members.entries()) {
        sender.driver.message(receiver.id, bytes(index))
        cluster.run(200)
      }
      cluster.run(1_000)
      const received = cluster.members.map((member) => member.received)
      expect(received).to.deep.equal(
        cluster.members.map((_, index) => [{ from: sender.id, bytes: bytes(index) }]),
      )
    })

    it(`to everyone arrive once at each other member (seed ${seed})`, async () => {
      const cluster = await settled(seed, 40)
      const sender = at(cluster, 7)
      sender.driver.message('', bytes(1))
      cluster.run(2_000)
      for (const member of cluster.members)
        expect(member.received).to.deep.equal(member === sender ? [] : [{ from: sender.id, bytes: bytes(1) }])
    })

    it(`find their way back without a flood (seed ${seed})`, async () => {
      const cluster = await settled(seed, 40)
      const [sender, receiver] = [at(cluster, 7), at(cluster, 30)]
      sender.driver.message(receiver.id, bytes(1))
      cluster.run(1_000)
      const before = cluster.network.delivered.frames
      const floods = () => cluster.members.map(({ driver }) => driver.counters.sent_message ?? 0)
      const start = floods().reduce((sum, count) => sum + count, 0)
      receiver.driver.message(sender.id, bytes(2))
      cluster.run(1_000)
      expect(sender.received.at(-1)).to.deep.equal({ from: receiver.id, bytes: bytes(2) })
      expect(floods().reduce((sum, count) => sum + count, 0) - start).to.be.within(1, 10)
      expect(cluster.network.delivered.frames).to.be.greaterThan(before)
    })
  }
})
