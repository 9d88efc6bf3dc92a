/** One that was away tells of many that the others have buried, and each of these says so. */
import { expect } from 'chai'
import type { Output } from '../../../src/mesh/protocol/step.js'
import { EngineLab, recordOf } from '../../hostile/engine-lab.js'

const NEIGHBORS = ['a', 'b', 'c', 'd', 'e', 'f'] as const
const DEAD = Array.from({ length: 100 }, (_, at) => `dead-${at}`)

const doubtsTold = (outputs: readonly Output[]) => {
  const told = new Map<string, number>()
  const envelopes = new Set<number>()
  for (const output of outputs) {
    if (output.type !== 'send' || output.frame.type !== 'gossip' || output.frame.origin !== 'me') continue
    const { seq, body } = output.frame
    if (envelopes.has(seq) || body.type !== 'claims') continue
    envelopes.add(seq)
    for (const claim of body.claims)
      if (claim.type === 'suspect') told.set(claim.id, (told.get(claim.id) ?? 0) + 1)
  }
  return told
}

describe('many doubts of the same members', () => {
  it('are told to all, once each beside those that count: their subjects can answer one as well as six', () => {
    const lab = new EngineLab()
    for (const neighbor of NEIGHBORS) lab.link(neighbor)
    for (const id of DEAD) lab.frame('a', { type: 'member', id, record: recordOf(1), lease: 0 })
    const outputs = NEIGHBORS.flatMap((by) =>
      DEAD.flatMap((id) => lab.frame(by, { type: 'suspect', id, incarnation: 100, by })),
    )
    const told = doubtsTold([...outputs, ...lab.pass(2_000, NEIGHBORS)])
    expect(told.size, 'each subject hears of it').to.equal(DEAD.length)
    const floods = [...told.values()].reduce((sum, count) => sum + count, 0)
    expect(floods).to.be.at.most(1.5 * DEAD.length)
  })
})
