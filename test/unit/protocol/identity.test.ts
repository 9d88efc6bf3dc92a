/** Who may say that this member runs elsewhere as well: only who holds its key, which a fresh question shows. */
import { expect } from 'chai'
import type { Output } from '../../../src/mesh/protocol/step.js'
import { claimsTo, Lab, record } from './lab.js'

const isDisplaced = (outputs: readonly Output[]) => outputs.some(({ type }) => type === 'displaced')

/** The record of another run of `me`, as a neighbor passes it on. */
const otherRun = (incarnation: number, joined = 2) =>
  ({ type: 'member', id: 'me', record: { ...record(99, incarnation), joined }, lease: 0 }) as const

/** The incarnation of the member in `lab` as `b` was told it last. */
function toldIncarnation(lab: Lab, outputs: readonly Output[]): number {
  const own = claimsTo(outputs, 'b').flatMap((claim) =>
    claim.type === 'member' && claim.id === 'me' ? [claim] : [],
  )
  return own.at(-1)?.record.incarnation ?? lab.engine.table.selfRecord.incarnation
}

describe('another run of this member', () => {
  it('that joined later is asked by an incarnation drawn at random, and displaces this one by answering', () => {
    const lab = new Lab()
    lab.link('b')
    const asked = [...lab.frame('b', otherRun(500)), ...lab.pass(50)]
    expect(isDisplaced(asked)).to.equal(false)
    const question = toldIncarnation(lab, asked)
    expect(question)
      .to.be.above(501)
      .and.below(501 + 2 ** 22)
    const answered = lab.frame('b', otherRun(question + 1))
    expect(answered.filter(({ type }) => type === 'displaced')).to.have.length(1)
    expect(lab.engine.view.size).to.equal(0)
    expect(claimsTo(answered, 'b'), 'no goodbye in the name of both').to.deep.equal([])
    expect([
      ...lab.give({ type: 'contacts', contacts: [{ id: 'c', kind: 'node' }] }),
      ...lab.pass(60_000),
    ]).to.deep.equal([])
  })

  it('displaces this one as well when others doubted the answer before it was heard, but not from far above', () => {
    for (const [lead, isAnswer] of [
      [16, true],
      [17, false],
    ] as const) {
      const lab = new Lab()
      lab.link('b')
      const question = toldIncarnation(lab, [...lab.frame('b', otherRun(500)), ...lab.pass(50)])
      expect(isDisplaced(lab.frame('b', otherRun(question + lead))), `${lead} above`).to.equal(isAnswer)
    }
  })

  it('is not made of records that were signed before: replayed in whatever order, they displace nobody', () => {
    const lab = new Lab()
    lab.link('b')
    // Every record of an earlier run whose clock was ahead, and others from far ahead.
    const signed = Array.from({ length: 50 }, (_, index) => 101 + index)
    for (let ahead = 1; ahead < 50; ahead++) signed.push(ahead * 2 ** 20)
    for (const incarnation of signed) {
      const outputs = [...lab.frame('b', otherRun(incarnation)), ...lab.beats(1, ['b'])]
      expect(isDisplaced(outputs), `${incarnation}`).to.equal(false)
    }
    expect(lab.engine.view.size).to.equal(1)
  })

  it('that joined earlier is answered and no more: this one goes on', () => {
    const lab = new Lab()
    lab.link('b')
    for (let round = 0; round < 20; round++) {
      const own = lab.engine.table.selfRecord.incarnation
      const outputs = [...lab.frame('b', otherRun(own + 1, 0)), ...lab.beats(1, ['b'])]
      expect(isDisplaced(outputs)).to.equal(false)
      expect(lab.engine.table.selfRecord.incarnation).to.equal(own + 2)
    }
  })
})

describe('two runs of another member', () => {
  it('that rose to one number do not both stand: the later does, and who knows the earlier is told', () => {
    const run = (session: number, joined: number) =>
      ({ type: 'member', id: 'x', record: { ...record(session), joined }, lease: 0 }) as const
    const earlier = run(50, 1)
    const later = run(40, 2)
    for (const order of [
      [earlier, later],
      [later, earlier],
    ]) {
      const lab = new Lab()
      lab.link('b')
      lab.beats(6, ['b'])
      lab.link('a')
      const told = order.flatMap((claim) => [...lab.frame('a', claim), ...lab.pass(100)])
      expect(lab.engine.table.get('x')?.record).to.deep.equal(later.record)
      const peer = order[1] === later ? 'b' : 'a'
      const records = claimsTo(told, peer).filter(({ id }) => id === 'x')
      expect(records.at(-1)).to.deep.include({ type: 'member', record: later.record })
    }
  })
})
