/** Acknowledgements at the size of a cluster where most members are no neighbors. */
import { expect } from 'chai'
import { DriverCluster } from '../../../sim/driver-cluster.js'
import type { AckSides } from '../../../src/mesh/driver/driver-types.js'

describe('acknowledgements among 100 members', () => {
  it('come from all of them within a second, and cost each member a few small frames', async () => {
    const cluster = new DriverCluster({ seed: 11 })
    await cluster.grow(100)
    cluster.runUntil(() => cluster.knowsExactly(), 60_000, 'everybody knows everybody')
    cluster.run(10_000)
    const [writer] = cluster.members
    if (writer === undefined) throw new Error('no members')
    const sent = () =>
      cluster.members.reduce((sum, { driver }) => {
        const { sent_ack = 0, 'sent_ack-request': direct = 0 } = driver.counters
        return sum + sent_ack + direct
      }, 0)
    const ask = (acks: number) => {
      const found: { sides?: AckSides } = {}
      writer.driver.awaitAcks(acks, (sides) => {
        found.sides = sides
      })
      return found
    }

    writer.set('key', 1)
    const all = ask(Number.POSITIVE_INFINITY)
    const lacking = () => cluster.members.filter(({ replica }) => replica.get('key') !== 1).length
    const took = cluster.runUntil(() => all.sides !== undefined, 10_000, '99 acknowledgements')
    expect(lacking()).to.equal(0)
    expect(all.sides?.acked).to.have.length(99)
    expect(took).to.be.at.most(1_000)
    const framesPerMember = sent() / 100
    expect(framesPerMember).to.be.at.most(8)

    // What was asked a second time, after half a second, is still being answered.
    cluster.run(1_000)
    writer.set('key', 2)
    const before = sent()
    const few = ask(2)
    cluster.runUntil(() => few.sides !== undefined, 1_000, 'two acknowledgements')
    cluster.run(1_000)
    // Neighbors are asked and answer, nobody else.
    expect(sent() - before).to.be.at.most(2 * 9)

    const crashed = cluster.members.slice(40, 50)
    for (const member of crashed) member.crash()
    writer.set('key', 3)
    const most = ask(89)
    cluster.runUntil(() => most.sides !== undefined, 10_000, '89 acknowledgements')
    expect(most.sides?.acked).to.have.length(89)
    for (const { id } of crashed) expect(most.sides?.acked).to.not.include(id)
  })
})
