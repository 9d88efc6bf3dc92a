/** How local writes are named, and what leaves when two of them meet something else. */

import { expect } from 'chai'
import { repeating } from '../../../sim/oracle/repeating.js'
import { Emitter } from '../../../src/base/emitter.js'
import { seededRandom } from '../../../src/base/random.js'
import { SESSION_WRITES_MAX } from '../../../src/data/data-limits.js'
import { DottedMap } from '../../../src/data/replica/dotted-map.js'
import { Entry } from '../../../src/data/replica/entry.js'
import { decodeEnvelope } from '../../../src/data/replica/envelope.js'
import type { ReplicaEvents } from '../../../src/data/replica/events.js'
import type { Incoming } from '../../../src/data/replica/incoming.js'
import { LocalWrites } from '../../../src/data/replica/local-writes.js'
import { Notices } from '../../../src/data/replica/notices.js'
import type { PlannedWrite } from '../../../src/data/replica/plan.js'
import { HybridClock, stampOf } from '../../../src/data/replica/stamp.js'
import type { Value } from '../../../src/data/replica/value.js'
import { NOW } from './replicas.js'

function build(): { map: DottedMap; writes: LocalWrites } {
  const map = new DottedMap()
  const events = new Emitter<ReplicaEvents>((error) => {
    throw error
  })
  const parts = { map, clock: new HybridClock(), notices: new Notices(events) }
  return { map, writes: new LocalWrites({ ...parts, random: repeating(5, seededRandom(1)) }) }
}

function planned(key: string, value: Value | undefined): PlannedWrite {
  return { key, value, bytes: 10, encoded: undefined }
}

/** Each update as its runs and deaths. */
function told(updates: readonly Uint8Array[]): unknown[] {
  return updates.map((bytes) => {
    const envelope = decodeEnvelope(bytes)
    if ('type' in envelope) throw new Error(envelope.kind)
    const { runs, kills } = envelope.update
    return {
      runs: runs.map(({ session, start, end, entries }) => [
        session,
        start,
        end,
        entries.map(({ value }) => value),
      ]),
      kills: kills.map(({ session, ranges }) => [session, ...ranges]),
    }
  })
}

function foreign(session: number, n: number, key: string, stamp: number): Incoming {
  const entry = new Entry({ key, session, n, stamp, value: 'foreign', bytes: 1 })
  return { runs: [{ session, start: n, end: n + 1, entries: [entry], dead: [] }], kills: [] }
}

describe('Local writes', () => {
  it('that were overwritten before they left travel as dead dots', () => {
    const { writes } = build()
    writes.apply(planned('k', 1), NOW)
    writes.apply(planned('k', 2), NOW)
    writes.apply(planned('j', 3), NOW)
    expect(told(writes.drain())).to.deep.equal([{ runs: [[5, 0, 3, [2, 3]]], kills: [] }])
  })

  it('kill what they replace: own ones that have left, those of others, and what these had beaten', () => {
    const { map, writes } = build()
    writes.apply(planned('k', 1), NOW)
    writes.drain()
    map.merge(foreign(7, 0, 'k', stampOf(NOW) + 50))
    map.merge(foreign(6, 0, 'k', stampOf(NOW) - 50))
    writes.apply(planned('k', 2), NOW)
    const kills = [
      [7, 0, 1],
      [6, 0, 1],
      [5, 0, 1],
    ]
    expect(told(writes.drain())).to.deep.equal([{ runs: [[5, 1, 2, [2]]], kills }])
  })

  it('kill what once lost under a key that is absent now, and what was deleted there', () => {
    const { map, writes } = build()
    map.merge(foreign(7, 0, 'k', 60))
    map.merge(foreign(6, 0, 'k', 50))
    map.merge({ runs: [], kills: [{ session: 7, ranges: [0, 1] }] })
    writes.apply(planned('k', 2), NOW)
    const kills = [
      [7, 0, 1],
      [6, 0, 1],
    ]
    expect(told(writes.drain())).to.deep.equal([{ runs: [[5, 0, 1, [2]]], kills }])
  })

  it('leave alive before they lose against a newcomer', () => {
    const { map, writes } = build()
    writes.apply(planned('k', 1), NOW)
    map.merge(foreign(7, 0, 'k', stampOf(NOW) + 50))
    expect(map.get('k')?.value).to.equal('foreign')
    expect(told(writes.drain())).to.deep.equal([{ runs: [[5, 0, 1, [1]]], kills: [] }])
  })

  it('go on under a new session when the counter of theirs has ended', () => {
    const { map, writes } = build()
    map.advance(5, SESSION_WRITES_MAX - 1)
    expect(writes.apply(planned('k', 1), NOW)).to.include({ session: 5, n: SESSION_WRITES_MAX - 1 })
    const next = writes.apply(planned('k', 2), NOW)
    expect(next).to.include({ session: writes.session, n: 0 })
    expect(writes.session).not.to.equal(5)
  })
})
