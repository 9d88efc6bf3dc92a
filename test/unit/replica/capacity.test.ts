/** When a store tells that it fills up. */
import { expect } from 'chai'
import { SESSIONS_MAX } from '../../../src/data/data-limits.js'
import { Capacity, SESSIONS_WARNED } from '../../../src/data/replica/capacity.js'
import { DottedMap } from '../../../src/data/replica/dotted-map.js'
import type { NearlyFull } from '../../../src/data/replica/events.js'

function told(room: Capacity): NearlyFull[] {
  const events: NearlyFull[] = []
  room.tellNearlyFull((event) => events.push(event))
  return events
}

describe('The room of a store', () => {
  it('is told to shrink by sessions long before it refuses new ones', () => {
    const map = new DottedMap()
    const room = new Capacity(map)
    for (let session = 1; session < SESSIONS_WARNED; session++) map.advance(session, 1)
    expect(told(room)).to.deep.equal([])
    map.advance(SESSIONS_WARNED, 1)
    expect(told(room)).to.deep.equal([{ of: 'sessions', used: SESSIONS_WARNED, limit: SESSIONS_MAX }])
    expect(told(room)).to.deep.equal([])
  })
})
