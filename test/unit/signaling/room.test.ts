/** Rooms and token buckets, without any socket. */
import { expect } from 'chai'
import { type Occupant, Rooms, type Seat } from '../../../signaling-server/room.js'
import { seededRandom } from '../../../src/base/random.js'
import { TokenBucket } from '../../../src/base/token-bucket.js'
import type { ServerMessage } from '../../../src/mesh/wire/signal.js'

class Listener implements Occupant {
  readonly told: ServerMessage[] = []
  readonly lost: string[] = []
  send(message: ServerMessage): void {
    this.told.push(message)
  }
  evicted(topic: string): void {
    this.lost.push(topic)
  }
}

function seat(id: string, kind: Seat['kind'] = 'node', occupant = new Listener()) {
  return { id, kind, occupant }
}

describe('rooms', () => {
  it('choose contacts at random, so that nobody is always met first', () => {
    const rooms = new Rooms(seededRandom(7))
    for (let i = 0; i < 20; i++) rooms.enter('t', seat(`n${i}`))
    const met = new Set<string>()
    for (let i = 0; i < 50; i++) for (const { id } of rooms.contacts('t', 'n0', 2)) met.add(id)
    expect(met.size).to.equal(19)
  })

  it('fill up with browsers where Node members are too few', () => {
    const rooms = new Rooms(seededRandom(7))
    for (const s of [seat('b1', 'browser'), seat('b2', 'browser'), seat('n1'), seat('self')])
      rooms.enter('t', s)
    expect(rooms.contacts('t', 'self', 1)).to.deep.equal([{ id: 'n1', kind: 'node' }])
    expect(rooms.contacts('t', 'self', 8)).to.have.length(3)
  })

  it('name no reader, who can be reached all the same', () => {
    const rooms = new Rooms(seededRandom(7))
    const [writer, reader] = [seat('w'), { ...seat('r'), role: 'reader' as const }]
    for (const one of [writer, reader]) rooms.enter('t', one)
    expect(rooms.contacts('t', 'w')).to.deep.equal([])
    expect(rooms.contacts('t', 'r')).to.deep.equal([{ id: 'w', kind: 'node' }])
    expect(rooms.relay('t', writer, 'r', 'payload')).to.equal(true)
  })

  it('are not emptied by the late leave of a seat that was taken over', () => {
    const rooms = new Rooms(seededRandom(7))
    const older = seat('a')
    const newer = seat('a')
    rooms.enter('t', older)
    rooms.enter('t', newer)
    rooms.leave('t', older)
    expect(older.occupant.lost).to.deep.equal(['t'])
    expect(newer.occupant.lost).to.deep.equal([])
    expect(rooms.list()).to.deep.equal(new Map([['t', ['a']]]))
  })

  it('are gone when the last one leaves', () => {
    const rooms = new Rooms(seededRandom(7))
    const only = seat('a')
    rooms.enter('t', only)
    rooms.leave('t', only)
    rooms.leave('t', only)
    expect(rooms.list().size).to.equal(0)
    expect(rooms.contacts('t', 'a')).to.deep.equal([])
  })

  it('carry no signal to its own sender', () => {
    const rooms = new Rooms(seededRandom(7))
    const a = seat('a')
    rooms.enter('t', a)
    rooms.relay('t', a, 'a', 'x')
    expect(a.occupant.told).to.deep.equal([])
  })
})

describe('a token bucket', () => {
  it('allows the burst, then the rate, and never more than the burst after a pause', () => {
    const bucket = new TokenBucket(10, 3, 0)
    const taken = (now: number) => Array.from({ length: 5 }, () => bucket.take(now)).filter(Boolean).length
    expect(taken(0)).to.equal(3)
    expect(bucket.waitMillis(0)).to.equal(100)
    expect(taken(99)).to.equal(0)
    expect(taken(100)).to.equal(1)
    expect(taken(60_000)).to.equal(3)
  })

  it('gives nothing back for a clock that stands or goes back', () => {
    const bucket = new TokenBucket(10, 1, 1000)
    expect(bucket.take(1000)).to.equal(true)
    expect(bucket.take(500)).to.equal(false)
    expect(bucket.take(500)).to.equal(false)
  })
})
