/** A member tells of members that do not exist, until the table is full. */
import { expect } from 'chai'
import { MEMBERS_MAX } from '../../src/base/member-limits.js'
import { EngineLab, isEnded, recordOf, sentTo } from './engine-lab.js'

describe('a flood of made-up members', () => {
  it('fills the table to 10,000 and no further; newcomers are told why they are not taken in', () => {
    const lab = new EngineLab()
    lab.link('evil')
    for (let i = 0; i < 2 * MEMBERS_MAX; i++)
      lab.frame('evil', { type: 'member', id: `made-up-${i}`, record: recordOf(i + 10), lease: 1 })
    expect(lab.engine.table.size).to.equal(MEMBERS_MAX)
    expect(lab.engine.counters.membersRefused).to.equal(MEMBERS_MAX + 2)
    const up = lab.give({ type: 'link-up', peer: 'newcomer' })
    const answer = [...up, ...lab.hello('newcomer')]
    expect(sentTo(answer, 'newcomer').at(-1)).to.deep.equal({ type: 'disconnect', reason: 'members' })
    expect(isEnded(answer, 'newcomer')).to.equal(true)
  })

  it('is forgotten once nobody renews their leases', () => {
    const lab = new EngineLab()
    lab.link('evil')
    for (let i = 0; i < 500; i++)
      lab.frame('evil', { type: 'member', id: `made-up-${i}`, record: recordOf(i + 10), lease: 1 })
    lab.pass(10 * 60_000, ['evil'])
    expect(lab.engine.table.size).to.be.at.most(2)
  })

  it('gives the one that was refused a typed error', () => {
    const lab = new EngineLab()
    lab.link('full')
    const outputs = lab.frame('full', { type: 'disconnect', reason: 'members' })
    expect(outputs.filter(({ type }) => type === 'refused')).to.deep.equal([
      { type: 'refused', peer: 'full', reason: 'members' },
    ])
  })
})
