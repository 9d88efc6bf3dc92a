import { expect } from 'chai'
import { WallOffset } from '../../../src/protocol/liveness/wall-offset.js'
import { PeerView } from '../../../src/protocol/overlay/peer-view.js'
import type { MemberRecord } from '../../../src/wire/frame.js'
import { WALL_OFFSET_MILLIS_MAX } from '../../../src/wire/limits.js'

const NOW = 1_767_225_600_000
const RECORD: MemberRecord = {
  port: null,
  protocol: 'v1',
  kind: 'node',
  role: 'writer',
  session: 1,
  incarnation: 1,
  joined: 1,
}

/** The correction of a member whose only neighbor says that its clock is `offset` away. */
function correctedBy(offset: number): number {
  const view = new PeerView()
  const neighbor = view.add('other', 'accept', 0)
  view.introduced(neighbor, RECORD)
  const own = new WallOffset(view, () => NOW)
  own.take(neighbor, NOW + offset)
  return own.millis
}

describe('the clock of a neighbor', () => {
  it('is believed up to a day away, and no further', () => {
    expect(correctedBy(-WALL_OFFSET_MILLIS_MAX)).to.equal(-WALL_OFFSET_MILLIS_MAX)
    expect(correctedBy(-WALL_OFFSET_MILLIS_MAX - 1)).to.equal(-WALL_OFFSET_MILLIS_MAX)
  })
})
