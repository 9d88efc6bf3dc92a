/**
 * A newcomer takes what its first neighbor tells for known to everyone. One that lies uses that to have it remove members
 * that live, which never hear of it.
 */

import { expect } from 'chai'
import { LEASE_MILLIS } from '../../src/mesh/protocol/liveness/leases.js'
import { leaseTag } from '../../src/mesh/protocol/liveness/roster.js'
import { EngineLab, recordOf, sentTo } from './engine-lab.js'

const GREATEST = Number.MAX_SAFE_INTEGER

/** `evil` is the first neighbor of `me`. */
function newcomer(): EngineLab {
  const lab = new EngineLab()
  lab.link('evil')
  lab.link('honest')
  return lab
}

describe('a first neighbor that lies', () => {
  it('cannot doubt a member without that member hearing of it: news of a doubt goes on to all', () => {
    const lab = newcomer()
    lab.frame('evil', { type: 'member', id: 'victim', record: recordOf(9), lease: 0 })
    const doubt = { type: 'suspect', id: 'victim', incarnation: 100, by: 'evil' } as const
    const outputs = [...lab.frame('evil', doubt), ...lab.give({ type: 'tick' })]
    const told = sentTo(outputs, 'honest').flatMap((frame) =>
      frame.type === 'gossip' && frame.body.type === 'claims' ? frame.body.claims : [],
    )
    expect(told).to.deep.equal([doubt])
  })

  it('cannot overstate a lease without its member hearing of it: who tells a lesser one is told the one that is known', () => {
    const lab = newcomer()
    const victim = { ...recordOf(9), kind: 'browser' } as const
    lab.frame('evil', { type: 'member', id: 'victim', record: victim, lease: GREATEST })
    const tag = leaseTag('victim', 100)
    lab.pass(LEASE_MILLIS, ['evil', 'honest'])
    lab.beat('honest', { leases: [{ tag, lease: 2 }] })
    const told = sentTo(lab.pass(2_000, ['evil', 'honest']), 'honest').flatMap((frame) =>
      frame.type === 'heartbeat' ? frame.leases : [],
    )
    expect(told).to.deep.include({ tag, lease: GREATEST })
  })
})
