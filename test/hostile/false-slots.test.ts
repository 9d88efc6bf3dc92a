/** Members that name others as having a slot: what they can make the receiver dial. */
import { expect } from 'chai'
import type { Output } from '../../src/mesh/protocol/step.js'
import { SLOTS_NAMED_MAX } from '../../src/mesh/wire/wire-limits.js'
import { EngineLab } from './engine-lab.js'

const MINUTE = 60_000
const dialed = (outputs: readonly Output[]) =>
  outputs.flatMap((output) => (output.type === 'dial' ? [output.peer] : []))
const full = (others: readonly string[]) => ({ type: 'disconnect', reason: 'full', others }) as const

describe('slots that are not there', () => {
  it('make a writer dial nobody', () => {
    const lab = new EngineLab()
    lab.link('honest')
    lab.link('evil', 'reader')
    const outputs = [...lab.frame('evil', full(['made-up-1', 'made-up-2'])), ...lab.pass(MINUTE, ['honest'])]
    expect(dialed(outputs)).to.not.include('made-up-1')
    expect(dialed(outputs)).to.not.include('made-up-2')
  })

  it('make a reader dial two that name each other no oftener than every 5 s', () => {
    const lab = new EngineLab('reader')
    const pair = ['evil-1', 'evil-2'] as const
    const contacts = pair.map((id) => ({ id, kind: 'browser' }) as const)
    let left = dialed([
      ...lab.give({ type: 'signaling', connected: true }),
      ...lab.give({ type: 'contacts', contacts }),
    ])
    let dials = 0
    while (lab.now < MINUTE) {
      const outputs = left.splice(0).flatMap((id) => {
        dials += 1
        lab.link(id)
        return lab.frame(id, full(pair.filter((other) => other !== id)))
      })
      left = dialed([...outputs, ...lab.pass(100)])
    }
    expect(dials).to.be.within(4, 2 * (MINUTE / 5_000 + 4))
  })

  it('leave a reader with few that it dials, however many are named to it', () => {
    const lab = new EngineLab('reader')
    const isMadeUp = (id: string) => id.startsWith('made-up')
    let most = 0
    const open = new Set<string>()
    for (let round = 0; round < 200; round++) {
      lab.link(`evil-${round}`)
      const named = Array.from({ length: SLOTS_NAMED_MAX }, (_, at) => `made-up-${round}-${at}`)
      const outputs = [...lab.frame(`evil-${round}`, full(named)), ...lab.pass(100)]
      for (const id of dialed(outputs).filter(isMadeUp)) open.add(id)
      for (const output of outputs) if (output.type === 'disconnect') open.delete(output.peer)
      most = Math.max(most, open.size)
    }
    expect(most).to.be.within(1, 4)
  })
})
