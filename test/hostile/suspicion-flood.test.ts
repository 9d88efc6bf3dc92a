/** A member tells everybody that everybody else is dead. */
import { expect } from 'chai'
import { SUSPICIONS_PER_MINUTE } from '../../src/mesh/rate-limit/rate-limits.js'
import { EngineLab, recordOf } from './engine-lab.js'

const MEMBERS = 200

function labWithMembers(): EngineLab {
  const lab = new EngineLab()
  addMembers(lab)
  return lab
}

function addMembers(lab: EngineLab): void {
  lab.link('evil')
  for (let i = 0; i < MEMBERS; i++)
    lab.frame('evil', { type: 'member', id: `m${i}`, record: recordOf(1000 + i), lease: 1 })
}

describe('a flood of suspicions', () => {
  it('of one watcher counts for 10 members a minute, and no more are buried', () => {
    const lab = labWithMembers()
    for (let i = 0; i < MEMBERS; i++)
      lab.frame('evil', { type: 'suspect', id: `m${i}`, incarnation: 100, by: 'evil' })
    const suspected = [...lab.engine.table.entries()].filter(({ suspicion }) => suspicion).length
    expect(suspected).to.equal(SUSPICIONS_PER_MINUTE)
    expect(lab.engine.counters.accusationsIgnored).to.equal(MEMBERS - SUSPICIONS_PER_MINUTE)
    lab.pass(20_000, ['evil'])
    // Itself, the attacker, and all that it could not accuse.
    expect(lab.engine.table.size).to.equal(2 + MEMBERS - SUSPICIONS_PER_MINUTE)
  })

  it('is carried on to its subjects as often as the cluster has members, and not for ever', () => {
    const lab = new EngineLab()
    lab.link('honest')
    // What the first neighbors tell is known to others; only later ones bring news that is passed on.
    lab.pass(6000, ['honest'])
    addMembers(lab)
    let told = 0
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < MEMBERS; i++) {
        const outputs = lab.frame('evil', { type: 'suspect', id: `m${i}`, incarnation: 100, by: 'evil' })
        told += outputs.filter((output) => output.type === 'send' && output.peer === 'honest').length
      }
    }
    expect(told).to.be.within(MEMBERS, MEMBERS + SUSPICIONS_PER_MINUTE + 10)
  })

  it('by accusers that are no members, or readers, starts no timer and is not carried on', () => {
    const lab = new EngineLab()
    for (const writer of ['evil', 'w1', 'w2', 'w3']) lab.link(writer)
    lab.link('reader', 'reader')
    const alive = ['evil', 'w1', 'w2', 'w3', 'reader']
    lab.pass(6_000, alive)
    lab.frame('evil', { type: 'member', id: 'victim', record: recordOf(9), lease: 1 })
    for (const by of ['invented-1', 'invented-2', 'invented-3', 'reader']) {
      const outputs = lab.frame('evil', { type: 'suspect', id: 'victim', incarnation: 100, by })
      expect(outputs.filter(({ type }) => type === 'send')).to.deep.equal([])
    }
    lab.pass(10_000, alive)
    expect(lab.engine.table.get('victim')).to.have.property('suspicion', undefined)
  })

  it('is confirmed by members alone: with one of them the timer has its full length', () => {
    const lab = new EngineLab()
    for (const writer of ['evil', 'w1', 'w2', 'w3']) lab.link(writer)
    lab.frame('evil', { type: 'member', id: 'victim', record: recordOf(9), lease: 1 })
    for (const by of ['evil', 'invented-1', 'invented-2', 'invented-3'])
      lab.frame('evil', { type: 'suspect', id: 'victim', incarnation: 100, by })
    lab.pass(5_900, ['evil', 'w1', 'w2', 'w3'])
    expect(lab.engine.table.get('victim')?.suspicion?.timer).to.equal(6_000)
    for (const by of ['w1', 'w2']) lab.frame(by, { type: 'suspect', id: 'victim', incarnation: 100, by })
    expect(lab.engine.table.get('victim')?.suspicion?.timer).to.equal(1_400)
  })

  it('does not touch a member that is heard', () => {
    const lab = labWithMembers()
    lab.link('honest')
    for (let by = 0; by < 3; by++)
      lab.frame('evil', { type: 'suspect', id: 'honest', incarnation: 100, by: `m${by}` })
    lab.pass(20_000, ['honest', 'evil'])
    expect(lab.engine.table.get('honest')).to.not.equal(undefined)
  })
})
