/** A peer offers more than this member holds, again and again. */

import { expect } from 'chai'
import type { ReceiveResult } from '../../src/data/replica-port.js'
import { SYNC_FULL_MILLIS } from '../../src/mesh/protocol/sync/anti-entropy.js'
import { EngineLab, recordOf, sentTo } from './engine-lab.js'

describe('a difference that does not fit', () => {
  it('is asked for again after 10 s, when it is refused for another reason than a full store', () => {
    const lab = new EngineLab()
    const refused: ReceiveResult = { type: 'refused', kind: 'clock' }
    lab.replica.exchange.takeDifference = () => ({ take: () => undefined, merge: () => refused })
    lab.link('ahead')
    const tell = () => {
      const digest = { replica: new Uint8Array(16).fill(9), members: 1, ask: false }
      const outputs = lab.frame('ahead', { type: 'digest', ...digest })
      return sentTo(outputs, 'ahead').find(({ type }) => type === 'sync-request')
    }
    const request = tell()
    if (request?.type !== 'sync-request') throw new Error('no request')
    const { exchange } = request
    lab.frame('ahead', { type: 'sync-part', exchange, index: 0, last: true, bytes: new Uint8Array(8) })
    expect(tell()).to.equal(undefined)
    for (let second = 0; second < 11; second++) {
      lab.now += 1000
      lab.beat('ahead')
    }
    expect(tell()?.type).to.equal('sync-request')
  })

  it('is not asked for again of that neighbor for 10 minutes', () => {
    const lab = new EngineLab()
    const refused: ReceiveResult = { type: 'refused', kind: 'full' }
    lab.replica.exchange.takeDifference = () => ({ take: () => undefined, merge: () => refused })
    lab.link('large')
    let asked = 0
    let exchange = 0
    const look = (outputs: ReturnType<typeof lab.give>) => {
      for (const frame of sentTo(outputs, 'large'))
        if (frame.type === 'sync-request') {
          asked++
          exchange = frame.exchange
        }
    }
    const tell = () =>
      look(
        lab.frame('large', { type: 'digest', replica: new Uint8Array(16).fill(9), members: 1, ask: false }),
      )
    tell()
    expect(asked).to.equal(1)
    lab.frame('large', { type: 'sync-part', exchange, index: 0, last: true, bytes: new Uint8Array(8) })
    expect(lab.engine.counters.refusals).to.equal(1)
    for (let second = 0; second < SYNC_FULL_MILLIS / 1000 - 2; second++) {
      lab.now += 1000
      lab.beat('large')
      // Its lease rises, so that it stays a member.
      if (second % 10 === 0)
        lab.frame('large', { type: 'member', id: 'large', record: recordOf(7), lease: second + 1 })
      if (second % 10 === 0) tell()
      // It cannot buy an earlier question by saying that it was busy.
      lab.frame('large', { type: 'sync-busy', exchange })
      look(lab.give({ type: 'tick' }))
    }
    expect(asked).to.equal(1)
    lab.now += 3000
    tell()
    expect(asked).to.equal(2)
  })
})
