import { expect } from 'chai'
import { Checker } from '../../../sim/checker.js'
import { engineCluster } from '../../../sim/cluster.js'

describe('a cluster whose signaling server is dead', () => {
  for (const seed of [1, 2, 3]) {
    it(`replaces crashed and departed members, delivers, and keeps its degree (seed ${seed})`, () => {
      const cluster = engineCluster({ seed })
      const checker = new Checker(cluster)
      cluster.grow(30, 200)
      cluster.run(5_000)
      cluster.network.signaling.turn(false)
      for (let gone = 0; gone < 12; gone++) {
        if (gone % 3 === 0) cluster.leave(cluster.pick())
        else cluster.crash(cluster.pick())
        cluster.pick().write()
        cluster.run(3_000)
      }
      cluster.run(30_000)
      expect([...checker.broken, ...checker.unsettled()]).to.deep.equal([])
      expect(checker.delivery.misses(15_000)).to.deep.equal([])
      expect(checker.deaths.falseDeaths).to.have.length(0)
    })

    it(`takes no newcomer, which knows nobody, until the server is back (seed ${seed})`, () => {
      const cluster = engineCluster({ seed })
      const checker = new Checker(cluster)
      cluster.grow(10, 200)
      cluster.network.signaling.turn(false)
      const newcomer = cluster.add()
      cluster.run(30_000)
      expect(newcomer.links.size).to.equal(0)
      cluster.network.signaling.turn(true)
      expect(cluster.runUntil(() => checker.unsettled().length === 0, 30_000, 500)).to.be.a('number')
    })
  }
})
