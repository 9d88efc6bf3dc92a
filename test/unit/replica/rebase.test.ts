/** New generations: old sessions lose their names, and nobody loses or regains a key by it. */
import { expect } from 'chai'
import fc from 'fast-check'
import * as encoding from 'lib0/encoding'
import { seededRandom } from '../../../src/base/random.js'
import { BoundedReader, Refusal } from '../../../src/replica/bounded-reader.js'
import { Lineage, readLineage, writeLineage } from '../../../src/replica/lineage.js'
import type { Replica } from '../../../src/replica/replica.js'
import { mergeDifference, wholeDifference } from '../../../src/sim/whole-difference.js'
import { GENERATION_LEAD_MAX, GENERATIONS_KEPT } from '../../../src/wire/limits.js'
import { raw } from './raw-update.js'
import { exchange, replicaAt, sameData, sync } from './replicas.js'

function set(replica: Replica, key: string, value: string): void {
  replica.write([{ type: 'set', key, value }])
}

function remove(replica: Replica, key: string): void {
  replica.write([{ type: 'delete', key }])
}

/** Both ask the other one until they agree. */
function meet(a: Replica, b: Replica): void {
  for (let round = 0; round < 3; round++) {
    sync(a, b)
    sync(b, a)
  }
  expect(sameData(a, b)).to.equal(true)
}

function shown(replica: Replica): Record<string, unknown> {
  return Object.fromEntries([...replica.keys()].sort().map((key) => [key, replica.get(key)]))
}

/** Members that each wrote key `a` once: all of their sessions but the last one's are finished. */
function crowd(size: number): Replica[] {
  const members = Array.from({ length: size }, (_, i) => replicaAt(100 + i))
  const [first] = members
  for (const member of members) {
    if (first && member !== first) sync(member, first)
    set(member, 'a', 'last')
    for (const update of member.drain()) first?.receive(update)
  }
  return members
}

describe('A new generation', () => {
  it('has no name for sessions of which nothing is alive, and the same data', () => {
    const [first] = crowd(200)
    if (!first) return
    const before = first.summary().length
    expect(first.rebase()).to.equal(199)
    expect(first.generation).to.equal(1)
    expect(first.summary().length).to.be.below(before / 10)
    expect(first.get('a')).to.equal('last')
    expect(first.doc.getMap('usr').toJSON()).to.deep.equal({ a: 'last' })
  })

  it('is followed by whoever syncs, under a new session, and is told', () => {
    const [first, second] = crowd(2)
    if (!first || !second) return
    meet(first, second)
    const told: unknown[] = []
    second.events.on('rebased', (event) => told.push(event))
    const session = second.session
    first.rebase()
    expect(sameData(first, second)).to.equal(false)
    meet(first, second)
    expect(second.session).not.to.equal(session)
    expect(told).to.deep.equal([{ generation: 1, session: second.session }])
    set(second, 'b', 'new')
    exchange(first, second)
    expect(first.get('b')).to.equal('new')
  })

  it('gets the sets and deletes that its founder had not seen', () => {
    const [a, b, c] = [replicaAt(1), replicaAt(2), replicaAt(3)]
    for (const key of ['kept', 'gone', 'over']) set(a, key, 'old')
    meet(a, b)
    meet(b, c)
    set(b, 'over', 'by b')
    remove(b, 'gone')
    set(b, 'fresh', 'by b')
    // The third one alone hears of them.
    for (const update of b.drain()) c.receive(update)
    a.rebase()
    meet(a, c)
    expect(shown(a)).to.deep.equal({ fresh: 'by b', kept: 'old', over: 'by b' })
    meet(b, c)
    meet(a, b)
    expect(shown(a)).to.deep.equal({ fresh: 'by b', kept: 'old', over: 'by b' })
  })

  it('does not get back what was deleted before it or after it', () => {
    const [a, b, away] = [replicaAt(1), replicaAt(2), replicaAt(3)]
    set(a, 'before', 'old')
    set(b, 'after', 'old')
    meet(a, b)
    meet(a, away)
    remove(b, 'before')
    meet(a, b)
    a.rebase()
    meet(a, b)
    remove(b, 'after')
    meet(a, b)
    meet(away, a)
    expect(shown(away)).to.deep.equal({})
  })

  it('refuses broadcasts of the one before, and waits for what follows a later one', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    set(b, 'k', 'old')
    const old = b.drain()
    meet(a, b)
    remove(a, 'k')
    a.rebase()
    for (const update of old) expect(a.receive(update)).to.deep.equal({ type: 'refused', kind: 'generation' })
    set(a, 'l', 'new')
    const next = a.drain()
    for (const update of next) expect(b.receive(update)).to.deep.equal({ type: 'early' })
    meet(a, b)
    expect(shown(b)).to.deep.equal({ l: 'new' })
  })

  it('has no names for old losers either: the next write of their key is taken by broadcast', () => {
    const [a, b, c] = [replicaAt(1), replicaAt(2), replicaAt(3)]
    set(b, 'k', 'loser')
    set(c, 'k', 'loses too, or wins')
    meet(a, b)
    meet(a, c)
    meet(b, c)
    a.rebase()
    meet(a, b)
    set(a, 'k', 'next')
    for (const update of a.drain()) expect(b.receive(update)).to.deep.equal({ type: 'applied', news: true })
  })

  it('has one winner among those that were begun at once, and loses nothing of the others', () => {
    const [a, b, c] = [replicaAt(1), replicaAt(2), replicaAt(3)]
    set(c, 'k', 'old')
    meet(a, c)
    meet(b, c)
    set(a, 'a', 'unsynced')
    set(b, 'b', 'unsynced')
    set(c, 'k', 'newer')
    a.rebase()
    b.rebase()
    set(a, 'a', 'in the first')
    set(b, 'b', 'in the second')
    meet(c, a)
    meet(a, b)
    meet(b, c)
    meet(a, c)
    const all = { a: 'in the first', b: 'in the second', k: 'newer' }
    for (const member of [a, b, c]) expect(shown(member)).to.deep.equal(all)
  })

  it('is in a checkpoint, and an older checkpoint is merged into it', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    set(a, 'gone', 'old')
    set(a, 'kept', 'old')
    const older = a.checkpoint()
    meet(a, b)
    remove(a, 'gone')
    a.rebase()
    b.restore(a.checkpoint())
    meet(a, b)
    expect(b.generation).to.equal(1)
    expect(b.restore(older)).to.deep.equal({ type: 'applied', news: false })
    const restored = replicaAt(4)
    restored.restore(a.checkpoint())
    expect(restored.generation).to.equal(1)
    expect(shown(restored)).to.deep.equal({ kept: 'old' })
    const late = replicaAt(5)
    late.restore(older)
    set(late, 'late', 'unsynced')
    meet(late, a)
    expect(shown(a)).to.deep.equal({ kept: 'old', late: 'unsynced' })
  })

  it('takes in a member that is too far behind with its own writes of which no summary told', () => {
    const [a, far] = [replicaAt(1), replicaAt(2)]
    set(far, 'heard', 'deleted since')
    meet(a, far)
    meet(a, far)
    set(far, 'unheard', 'brought along')
    far.drain()
    remove(a, 'heard')
    for (let i = 0; i <= GENERATIONS_KEPT; i++) {
      set(a, 'k', `${i}`)
      a.rebase()
    }
    meet(far, a)
    expect(shown(far)).to.deep.equal({ k: `${GENERATIONS_KEPT}`, unheard: 'brought along' })
    expect(far.doc.getMap('usr').toJSON()).to.deep.equal(shown(far))
  })

  it('is not believed when it is too far ahead', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    set(b, 'k', 'v')
    for (let i = 0; i < GENERATION_LEAD_MAX; i++) a.rebase()
    const difference = wholeDifference(a, b.summary())
    a.rebase()
    expect(sync(b, a)).to.deep.equal({ type: 'refused', kind: 'generation' })
    expect(b.get('k')).to.equal('v')
    expect(difference && mergeDifference(b, difference).type).to.equal('applied')
  })
})

describe('The lineage of a generation', () => {
  const random = seededRandom(1)

  /** What comes of bytes: the lineage, or the rule that they break. */
  function read(...fields: Parameters<typeof raw>): Lineage | string {
    try {
      return readLineage(new BoundedReader(raw(...fields)))
    } catch (error) {
      return error instanceof Refusal ? error.kind : 'thrown'
    }
  }

  it('comes back as it was written', () => {
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.nat().map(String), fc.integer({ min: 1 }))), (steps) => {
        let lineage = new Lineage()
        for (const step of steps) {
          const dropped = new Map(
            Object.entries(step).map(([session, known]) => [1 + Number(session), known]),
          )
          lineage = lineage.next(dropped, random)
        }
        const encoder = encoding.createEncoder()
        writeLineage(encoder, lineage)
        expect(readLineage(new BoundedReader(encoding.toUint8Array(encoder)))).to.deep.equal(lineage)
        expect(lineage.steps.length).to.equal(Math.min(steps.length, GENERATIONS_KEPT))
      }),
      { numRuns: 100 },
    )
  })

  it('is refused when it is too long, has a gap, or names what nobody can forget', () => {
    const id = 2 ** 32
    expect(read(GENERATIONS_KEPT + 1, new Uint8Array(99))).to.equal('limit')
    expect(read(1, id - 1, 0, 1, 0)).to.equal('trailing')
    expect(read(1, 3 * id, id, 1, 0)).to.equal('malformed')
    expect(read(2, id, 0, 1, 0, 2 * id, id + 1, 1, 0)).to.equal('malformed')
    expect(read(1, id, 0, 3, 1, 7, 0)).to.equal('malformed')
    expect(read(1, id, 0, 2, 1, 7)).to.equal('malformed')
    expect(read(1, id, 0, 2, 0, 7)).to.equal('trailing')
    expect(read(1, id, 0, 99)).to.equal('malformed')
    expect(read(1, id, 0, 3, 1, 7, 5)).to.be.instanceOf(Lineage)
  })
})
