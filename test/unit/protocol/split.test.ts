/** After a split the halves grow together again: the links across are made anew, not one alone. */
import { expect } from 'chai'
import { engineCluster } from '../../../sim/cluster.js'
import { components, degrees, linksOut } from '../../../sim/overlay.js'
import type { Output } from '../../../src/mesh/protocol/step.js'
import { Lab, record } from './lab.js'

const dialed = (outputs: readonly Output[]) =>
  outputs.flatMap((output) => (output.type === 'dial' ? [output.peer] : []))

const ended = (outputs: readonly Output[]) =>
  outputs.flatMap((output) => (output.type === 'disconnect' ? [output.peer] : []))

const OTHERS = ['a', 'b', 'c', 'd', 'e', 'f']

/** A member, `me`, of a cluster of ten, that has enough links, and has lost the one to `lost`: it fell silent and was buried. */
function bereftOf(lost: string): Lab {
  const lab = new Lab()
  for (const peer of [...OTHERS, lost]) lab.link(peer)
  for (const id of ['p', 'q']) lab.frame('a', { type: 'member', id, record: record(8), lease: 0 })
  lab.beats(15, OTHERS)
  expect([lab.engine.view.has(lost), lab.engine.view.size]).to.deep.equal([false, OTHERS.length])
  return lab
}

/** `peer` is back under a greater incarnation, as `by` tells. */
const revived = (lab: Lab, peer: string, by: string) =>
  lab.frame(by, { type: 'member', id: peer, record: record(7, 200), lease: 0 })

describe('a split', () => {
  for (const [what, millis] of [
    ['5 s', 5_000],
    ['a minute', 60_000],
    ['5 minutes', 5 * 60_000],
    ['20 minutes', 20 * 60_000],
  ] as const)
    it(`of ${what} leaves no seam: the links across are made again, and nobody has more than 8`, () => {
      for (let seed = 1; seed <= 5; seed++) {
        const cluster = engineCluster({ seed })
        cluster.grow(20)
        cluster.run(30_000)
        const [left, right] = [cluster.members.slice(0, 10), cluster.members.slice(10)]
        const before = linksOut(left)
        cluster.partition(left, right)
        cluster.run(millis)
        cluster.heal()
        cluster.run(60_000)
        expect(linksOut(left), `seed ${seed}`).to.be.at.least(0.8 * before)
        expect(degrees(cluster.members).max).to.be.at.most(8)
        // Whoever goes next parts nobody from the others.
        for (const member of cluster.members) {
          const rest = cluster.members.filter((one) => one !== member)
          expect(components(rest).length, `seed ${seed} without ${member.id}`).to.equal(1)
        }
      }
    })

  it('is told from a death: a neighbor that fell silent is dialed when it is back, not before, by the greater of the two', () => {
    for (const [lost, isDialed] of [
      ['g', true],
      ['z', false],
    ] as const) {
      const lab = bereftOf(lost)
      expect(dialed(lab.beats(20, OTHERS))).to.deep.equal([])
      expect(dialed([...revived(lab, lost, 'a'), ...lab.beats(3, OTHERS)])).to.deep.equal(
        isDialed ? [lost] : [],
      )
    }
  })

  it('is healed at the price of links that no tree needs, and of no others', () => {
    for (const spare of [[], ['b', 'd']]) {
      const lab = bereftOf('g')
      for (const peer of spare) lab.frame(peer, { type: 'prune', tree: 0 })
      revived(lab, 'g', 'a')
      lab.beats(2, OTHERS)
      const gone = ended(lab.link('g'))
      expect(gone).to.have.length(spare.length > 0 ? 1 : 0)
      expect(['b', 'd']).to.include.members(gone)
    }
  })
})
