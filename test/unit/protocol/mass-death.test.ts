/** Half of a cluster dies at once: the others find each other, and notice the dead that have no watcher left. */
import { expect } from 'chai'
import { engineCluster } from '../../../sim/cluster.js'
import { Deaths } from '../../../sim/deaths.js'
import { Histogram } from '../../../sim/histogram.js'
import type { Output } from '../../../src/mesh/protocol/step.js'
import { claimsTo, Lab, record } from './lab.js'

const dialed = (outputs: readonly Output[]) =>
  outputs.flatMap((output) => (output.type === 'dial' ? [output.peer] : []))

const suspected = (outputs: readonly Output[], peer: string) =>
  claimsTo(outputs, peer).flatMap((claim) => (claim.type === 'suspect' ? [claim.id] : []))

/** A member with a link to each of `peers`, the first of which told it of `others` more. */
function knowing(others: number, ...peers: string[]): Lab {
  const lab = new Lab()
  for (const peer of peers) lab.link(peer)
  for (let n = 0; n < others; n++)
    lab.frame(peers[0] ?? '', { type: 'member', id: `m${n}`, record: record(20 + n), lease: 0 })
  return lab
}

describe('a member that has lost all its links', () => {
  it('dials members of its table that signaling has just named before all others', () => {
    const lab = knowing(30, 'a')
    const first = [...dialed(lab.pass(5_000)), ...dialed(lab.give({ type: 'link-down', peer: 'a' }))]
    expect(first, 'they do not answer').to.have.length(2)
    const named = ['m0', 'm1', 'm2', 'm3'].filter((id) => !first.includes(id)).slice(0, 2)
    lab.give({ type: 'contacts', contacts: named.map((id) => ({ id, kind: 'node' as const })) })
    for (const peer of first) lab.give({ type: 'dial-failed', peer })
    expect(dialed(lab.pass(1_000))).to.have.members(named)
  })
})

describe('a member that is dialed, and that signaling does not have', () => {
  it('is suspected aloud, as nobody may watch it any more', () => {
    const lab = knowing(10, 'a')
    const [dead = ''] = dialed(lab.beats(5, ['a']))
    expect(suspected([...lab.give({ type: 'absent', peer: dead }), ...lab.pass(100)], 'a')).to.deep.equal([
      dead,
    ])
  })

  it('is not suspected when it was not dialed, whatever signaling says', () => {
    const lab = knowing(10, 'a')
    const dials = dialed(lab.beats(5, ['a']))
    const absent = Array.from({ length: 10 }, (_, n) => `m${n}`).filter((id) => !dials.includes(id))
    const outputs = absent.flatMap((peer) => lab.give({ type: 'absent', peer }))
    expect(suspected([...outputs, ...lab.pass(100)], 'a')).to.deep.equal([])
  })

  it('is dialed no longer once it is known to be dead', () => {
    const lab = knowing(10, 'a')
    const [dead = ''] = dialed(lab.beats(5, ['a']))
    lab.give({ type: 'absent', peer: dead })
    const outputs = lab.beats(7, ['a'])
    expect(outputs).to.deep.include({ type: 'gone', id: dead, how: 'dead' })
    expect(outputs).to.deep.include({ type: 'disconnect', peer: dead })
  })
})

describe('half of a cluster of a hundred that dies at once', function () {
  this.timeout(120_000)

  it('is noticed by the others within 20 s, in 99 of 100 pairs', () => {
    const times = new Histogram()
    for (let seed = 1; seed <= 24; seed++) {
      const cluster = engineCluster({ seed })
      cluster.grow(100, 20)
      cluster.run(60_000)
      const deaths = new Deaths(cluster, times)
      cluster.observers.push(deaths)
      for (let crash = 0; crash < 50; crash++) cluster.crash(cluster.pick())
      cluster.run(90_000)
      expect(deaths.ghosts, `seed ${seed}`).to.equal(0)
    }
    expect(times.percentile(0.99)).to.be.at.most(20_000)
  })
})
