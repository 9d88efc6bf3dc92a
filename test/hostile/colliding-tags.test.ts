/**
 * A writer makes up an identity or an incarnation whose short name in heartbeats is that of a living member: its leases
 * must go on counting for that one, whoever else bears the name.
 */
import { expect } from 'chai'
import { leaseTag, Roster, type TableEntry } from '../../src/mesh/protocol/liveness/roster.js'
import { EngineLab, recordOf } from './engine-lab.js'

/** `evil` in this incarnation and `victim` in its own have one 32-bit FNV-1a: found in less than a second. */
const VICTIMS = 100
const COLLIDING = 800920019255

function entry(id: string): TableEntry {
  return { id, record: recordOf(1), lease: 0, tag: 0, bucket: 0, leaseAt: 0, suspicion: undefined }
}

describe('names of leases that collide', () => {
  it('end nobody: a tab that raises its lease stays when somebody has an incarnation of the same hash', () => {
    const lab = new EngineLab()
    lab.link('honest')
    const victim = { ...recordOf(9, VICTIMS), kind: 'browser' } as const
    lab.frame('honest', { type: 'member', id: 'victim', record: victim, lease: 2 })
    lab.frame('honest', { type: 'member', id: 'evil', record: recordOf(10, COLLIDING), lease: 2 })
    for (let lease = 4; lease < 20; lease += 2) {
      lab.pass(30_000, ['honest'])
      const tags = [leaseTag('honest', 100), leaseTag('victim', VICTIMS)]
      lab.beat('honest', { leases: tags.map((tag) => ({ tag, lease })) })
    }
    expect(lab.engine.table.get('victim')).to.include({ lease: 18 })
  })

  it('stand for all that bear them, as whoever makes up the name of the next incarnation of another one may come first', () => {
    const roster = new Roster(() => 7)
    const [one, other] = [entry('one'), entry('other')]
    roster.put(one)
    roster.put(other)
    expect(roster.tagged(7)).to.deep.equal([one, other])
    roster.remove(one)
    expect(roster.tagged(7)).to.deep.equal([other])
    roster.remove(other)
    expect(roster.tagged(7)).to.deep.equal([])
  })

  it('are 42 bits of a hash that nobody can turn round: none of 100,000 is another one, none is longer', () => {
    const tags = new Set(Array.from({ length: 100_000 }, (_, incarnation) => leaseTag('member', incarnation)))
    expect(tags.size).to.equal(100_000)
    expect(Math.max(...tags)).to.be.within(2 ** 41, 2 ** 42 - 1)
  })
})
