/**
 * SWIM (A. Das, I. Gupta, A. Motivala: SWIM: Scalable Weakly-consistent Infection-style Process Group Membership Protocol, DSN
 * 2002) and Lifeguard (A. Dadgar, J. Phillips, J. Currey: Lifeguard: Local Health Awareness for More Accurate Failure Detection,
 * arXiv 1707.00788). Each title quotes the sentence that the test holds the engine to; a departure names the reason.
 */
import { expect } from 'chai'
import { type Cluster, engineCluster } from '../../sim/cluster.js'
import { Deaths } from '../../sim/deaths.js'
import type { Engine } from '../../src/mesh/protocol/engine.js'
import { suspicionMillis } from '../../src/mesh/protocol/liveness/suspicions.js'
import { FRAMES } from '../../src/mesh/wire/frames.js'
import { claimsTo, Lab } from '../unit/protocol/lab.js'

function formed(size: number, seed: number): { cluster: Cluster<Engine>; deaths: Deaths } {
  const cluster = engineCluster({ seed })
  cluster.grow(size, 100)
  cluster.run(30_000)
  const deaths = new Deaths(cluster)
  cluster.observers.push(deaths)
  return { cluster, deaths }
}

function detectionOf(size: number): number {
  const { cluster, deaths } = formed(size, 1)
  for (let crash = 0; crash < 6; crash++) {
    cluster.crash(cluster.pick())
    cluster.run(10_000)
    cluster.add()
    cluster.run(10_000)
  }
  return deaths.detection.mean
}

function framesOf(size: number): number {
  const { cluster } = formed(size, 2)
  const sent = () =>
    cluster.members.reduce(
      (sum, { engine }) => sum + [...engine.sentFrames.values()].reduce((a, b) => a + b, 0),
      0,
    )
  const before = sent()
  cluster.run(20_000)
  return (sent() - before) / 20 / size
}

describe('SWIM', () => {
  it('"Both the expected time to first detection of each process failure, and the expected message load per member, do not vary with group size"', () => {
    const [small, large] = [detectionOf(15), detectionOf(60)]
    expect(large / small).to.be.within(0.75, 1.33)
    expect(framesOf(60) / framesOf(15)).to.be.within(0.75, 1.33)
  })

  it('"allow group members to suspect a process before declaring it as failed - this allows the system to discover and rectify false failure detections"', () => {
    const { cluster, deaths } = formed(15, 3)
    const sleeper = cluster.pick()
    sleeper.pause(2_900)
    const others = cluster.members.filter((member) => member !== sleeper)
    const isSuspected = () =>
      others.some(({ engine }) => engine.table.get(sleeper.id)?.suspicion !== undefined)
    expect(cluster.runUntil(isSuspected, 5_000, 50)).to.be.a('number')
    cluster.run(15_000)
    expect(isSuspected()).to.equal(false)
    expect(deaths.falseDeaths.filter(({ subject }) => subject === sleeper)).to.have.length(0)
  })

  it('raises an incarnation only at its owner, and only when that one is suspected in it (section 4.2, in our words)', () => {
    const lab = new Lab()
    lab.link('a')
    const own = lab.engine.table.selfRecord.incarnation
    lab.frame('a', { type: 'suspect', id: 'me', incarnation: own - 1, by: 'a' })
    expect(lab.engine.table.selfRecord.incarnation).to.equal(own)
    lab.frame('a', { type: 'suspect', id: 'me', incarnation: own, by: 'a' })
    const outputs = lab.pass(20)
    expect(lab.engine.table.selfRecord.incarnation).to.equal(own + 1)
    expect(
      claimsTo(outputs, 'a').some((claim) => claim.type === 'member' && claim.record.incarnation === own + 1),
    ).to.equal(true)
  })

  it('departs from probing a random member each period: neighbors watch each other, and those of a silent one ask it by flooding a doubt, not by ping-req (ADR 4)', () => {
    // There is an `ack`, which acknowledges writes.
    for (const type of ['ping', 'ping-req', 'dead']) expect(FRAMES).to.not.have.property(type)
  })
})

describe('Lifeguard', () => {
  const MIN = 1_000
  const MAX = 5_000
  const table: [confirmations: number, k: number, millis: number][] = [
    [0, 3, 5_000],
    [1, 3, 3_000],
    [2, 3, 1_830],
    [3, 3, 1_000],
    [9, 3, 1_000],
    [0, 0, 1_000],
    [1, 2, 2_476],
  ]
  for (const [confirmations, k, millis] of table)
    it(`shrinks a suspicion from Max to Min as Max - (Max - Min) log(C + 1) / log(K + 1), Lifeguard in our words and as memberlist computes it: ${millis} ms for C = ${confirmations}, K = ${k}`, () => {
      expect(suspicionMillis(confirmations, k, MIN, MAX)).to.equal(millis)
    })

  it('"an episode of slow message processing at a given member is likely to impact multiple of its interactions": a watcher that misses half of its neighbors accuses none (section IV)', () => {
    const lab = new Lab()
    for (const id of ['a', 'b', 'c', 'd']) lab.link(id)
    const outputs = lab.pass(10_000)
    expect(claimsTo(outputs, 'a').filter(({ type }) => type === 'suspect')).to.deep.equal([])
  })
})
