/** A writer says that others have gone, handed their links over, or are worth less than itself: nobody but itself goes. */
import { expect } from 'chai'
import { DISCONNECT_REASONS } from '../../src/mesh/wire/frame.js'
import { EngineLab, isEnded, recordOf } from './engine-lab.js'

const GREATEST = Number.MAX_SAFE_INTEGER
const OTHERS = ['honest', 'third']

/** `me` with links to `evil` and to all of OTHERS, of which each is in its second incarnation. */
function linked(): EngineLab {
  const lab = new EngineLab()
  for (const peer of ['evil', ...OTHERS]) lab.link(peer)
  for (const id of OTHERS) lab.frame(id, { type: 'member', id, record: recordOf(7, 200), lease: 0 })
  return lab
}

/** That all of OTHERS are members and neighbors. */
function expectAll(lab: EngineLab): void {
  for (const id of OTHERS) {
    expect(lab.engine.table.get(id), id).to.deep.include({ suspicion: undefined })
    expect(lab.engine.view.get(id)?.record, id).to.not.equal(undefined)
  }
}

describe('what a neighbor says of others', () => {
  it('under an incarnation that is over, or to come, is no goodbye', () => {
    const lab = linked()
    for (const id of [...OTHERS, 'me'])
      for (const incarnation of [100, 199, 201, GREATEST])
        lab.frame('evil', { type: 'leave', id, incarnation })
    lab.pass(5_000, ['evil', ...OTHERS])
    expectAll(lab)
  })

  it('ends no link but its own, for whatever reason it ends that', () => {
    for (const reason of DISCONNECT_REASONS) {
      const lab = linked()
      const outputs = lab.frame('evil', { type: 'disconnect', reason })
      for (const id of OTHERS) expect(isEnded(outputs, id), reason).to.equal(false)
      lab.pass(5_000, OTHERS)
      expectAll(lab)
    }
  })

  it('hands over no link that it was not offered, and none that is not one too many', () => {
    const lab = linked()
    for (const member of OTHERS)
      for (const step of ['offer', 'done', 'failed'] as const)
        lab.frame('evil', { type: 'interleave', step, member })
    lab.pass(5_000, ['evil', ...OTHERS])
    expectAll(lab)
  })

  it('weighs no more when its own numbers are the greatest, and ends with its silence', () => {
    const lab = linked()
    const record = { ...recordOf(8, GREATEST - 1), joined: GREATEST - 1 }
    lab.frame('evil', { type: 'member', id: 'evil', record, lease: GREATEST })
    lab.frame('evil', {
      type: 'presence',
      id: 'evil',
      version: GREATEST,
      frozen: false,
      state: new Uint8Array(),
    })
    lab.pass(40_000, OTHERS)
    expect(lab.engine.table.get('evil')).to.equal(undefined)
    expectAll(lab)
  })
})
