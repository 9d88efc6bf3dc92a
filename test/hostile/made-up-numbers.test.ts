/**
 * A neighbor tells numbers of another member that are not that member's: leases and incarnations that could never rise
 * any more, so that the living would count as gone. Neither is signed by whom it is about.
 */

import { expect } from 'chai'
import { DEFAULT_CONFIG } from '../../src/mesh/protocol/config.js'
import { LEASE_MILLIS } from '../../src/mesh/protocol/liveness/leases.js'
import { REFUTE_MILLIS } from '../../src/mesh/protocol/liveness/refutation.js'
import { leaseTag } from '../../src/mesh/protocol/liveness/roster.js'
import type { Output } from '../../src/mesh/protocol/step.js'
import { decodeFrame, encodeFrame } from '../../src/mesh/wire/codec.js'
import type { Frame, GossipFrame } from '../../src/mesh/wire/frame.js'
import { EngineLab, recordOf, sentTo } from './engine-lab.js'

const GREATEST = Number.MAX_SAFE_INTEGER
const { leasesMissed } = DEFAULT_CONFIG
describe('made-up numbers of other members', () => {
  let lab: EngineLab

  beforeEach(() => {
    lab = new EngineLab()
    lab.link('honest')
    lab.link('evil')
  })

  it('do not take the next incarnation from a member that is doubted under the greatest one', () => {
    for (const by of ['evil', 'somebody']) {
      lab.frame('evil', { type: 'suspect', id: 'me', incarnation: GREATEST, by })
      lab.frame('evil', { type: 'suspect', id: 'me', incarnation: GREATEST - 1, by })
      lab.pass(2 * REFUTE_MILLIS, ['honest', 'evil'])
    }
    lab.frame('evil', { type: 'suspect', id: 'me', incarnation: 100, by: 'evil' })
    lab.pass(2 * REFUTE_MILLIS, ['honest', 'evil'])
    expect(lab.engine.table.selfRecord.incarnation).to.equal(101)
  })

  it('lift its incarnation to a day above its start and no further, so that its next run gets above it', () => {
    const day = 24 * 3_600_000
    for (let times = 0; times < 5; times++) {
      const { incarnation } = lab.engine.table.selfRecord
      lab.frame('evil', { type: 'suspect', id: 'me', incarnation: incarnation + day, by: 'evil' })
      lab.frame('evil', { type: 'suspect', id: 'me', incarnation: incarnation + day / 2, by: 'evil' })
      lab.pass(2 * REFUTE_MILLIS, ['honest', 'evil'])
    }
    const { incarnation, joined } = lab.engine.table.selfRecord
    expect(incarnation).to.be.within(joined + day / 2, joined + day + 10)
  })

  it('never make its own record one that others cannot read', () => {
    for (const incarnation of [GREATEST, GREATEST - 1, GREATEST - 2])
      lab.frame('evil', { type: 'member', id: 'me', record: recordOf(1, incarnation), lease: 1 })
    lab.pass(2 * REFUTE_MILLIS, ['honest', 'evil'])
    const record = lab.engine.table.selfRecord
    const frame = { type: 'member', id: 'me', record, lease: 0 } as const
    expect(decodeFrame(encodeFrame(frame))).to.deep.equal(frame)
  })

  it('are passed on as leases until their member hears of them, which then takes a new incarnation', () => {
    const { incarnation } = recordOf(7)
    const lease = { tag: leaseTag('honest', incarnation), lease: GREATEST }
    lab.link('third')
    lab.beat('evil', { leases: [lease] })
    expect(leasesIn(passOutputs(lab, 2000), 'honest')).to.deep.include(lease)
    const own = { tag: leaseTag('me', 100), lease: GREATEST }
    lab.beat('evil', { leases: [own] })
    const told = passOutputs(lab, LEASE_MILLIS + 1000)
    expect(lab.engine.table.selfRecord.incarnation).to.equal(101)
    expect(claimsIn(told, 'honest')).to.deep.include({ id: 'me', incarnation: 101 })
    expect(lab.engine.table.selfLease).to.be.within(1, 9)
    const next = passOutputs(lab, LEASE_MILLIS + 1000)
    expect([lab.engine.table.selfRecord.incarnation, claimsIn(next, 'honest')]).to.deep.equal([101, []])
  })

  it('reach their member also when they come in a record', () => {
    const { record } = lab.engine.table.get('me') ?? { record: recordOf(1) }
    lab.frame('evil', { type: 'member', id: 'me', record, lease: GREATEST })
    lab.pass(LEASE_MILLIS + 1000, ['honest', 'evil'])
    expect(lab.engine.table.selfRecord.incarnation).to.equal(101)
    lab.frame('evil', { type: 'member', id: 'honest', record: recordOf(7), lease: GREATEST })
    const lease = { tag: leaseTag('honest', 100), lease: GREATEST }
    expect(leasesIn(passOutputs(lab, 2000), 'honest')).to.deep.include(lease)
  })

  it('do not lengthen the life of anybody, nor end it, when a reader tells them', () => {
    lab.link('reader', 'reader')
    lab.frame('honest', { type: 'member', id: 'far', record: recordOf(8), lease: 1 })
    const tag = (id: string) => leaseTag(id, 100)
    for (let told = 1; told < leasesMissed * (LEASE_MILLIS / 1000); told++) {
      const leases = [
        { tag: tag('far'), lease: 1 + told },
        { tag: tag('honest'), lease: GREATEST },
        { tag: tag('me'), lease: GREATEST },
        { tag: tag('reader'), lease: told },
      ]
      lab.beat('reader', { leases })
      lab.pass(1000, ['honest', 'evil'])
      if (told === 1)
        expect(['far', 'honest', 'reader'].map((id) => lab.engine.table.get(id)?.lease)).to.deep.equal([
          1, 0, 1,
        ])
    }
    lab.pass(LEASE_MILLIS, ['honest', 'evil'])
    expect(lab.engine.table.get('far')).to.equal(undefined)
    expect(lab.engine.table.selfRecord.incarnation).to.equal(100)
  })
})

/** What goes out while time passes and the neighbors beat. */
function passOutputs(lab: EngineLab, millis: number): Output[] {
  const outputs: Output[] = []
  for (const end = lab.now + millis; lab.now < end; ) {
    lab.now += 100
    if (lab.now % 1000 === 0) for (const peer of ['honest', 'evil']) outputs.push(...lab.beat(peer))
    outputs.push(...lab.give({ type: 'tick' }))
  }
  return outputs
}

function leasesIn(outputs: readonly Output[], peer: string) {
  return sentTo(outputs, peer).flatMap((frame: Frame) => (frame.type === 'heartbeat' ? frame.leases : []))
}

function claimsIn(outputs: readonly Output[], peer: string) {
  return sentTo(outputs, peer)
    .filter((frame): frame is GossipFrame => frame.type === 'gossip')
    .flatMap(({ body }) => (body.type === 'claims' ? body.claims : []))
    .flatMap((claim) =>
      claim.type === 'member' && claim.id === 'me'
        ? [{ id: 'me', incarnation: claim.record.incarnation }]
        : [],
    )
}
