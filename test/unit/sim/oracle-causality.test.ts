/** What the oracle allows and what it does not, without a replica: its judgements by hand. */
import { expect } from 'chai'
import { Causality, Knowledge, type Write } from '../../../sim/oracle/causality.js'
import { repeating } from '../../../sim/oracle/repeating.js'
import { WriteSet } from '../../../sim/oracle/write-set.js'
import { random53, seededRandom } from '../../../src/base/random.js'

const KEY = 'color'

/** Two members of one oracle; each write gets the next stamp unless it is given one. */
function scene() {
  const causality = new Causality()
  const [a, b] = [new Knowledge(), new Knowledge()]
  const write = (by: Knowledge, type: 'set' | 'delete', stamp = causality.writes.length): Write =>
    causality.record(by, { key: KEY, type, stamp, session: 1, n: causality.writes.length, value: `${stamp}` })
  const verdict = (visible: Write | 'unknown' | undefined) => {
    const all = a.clone()
    causality.unite(all, b)
    return causality.verdict(all, KEY, visible)
  }
  return { causality, a, b, write, verdict }
}

describe('The causal oracle', () => {
  it('calls a key lost that is absent though nobody deleted it', () => {
    const { a, write, verdict } = scene()
    const set = write(a, 'set')
    expect([verdict(undefined), verdict(set)]).to.deep.equal(['lost', undefined])
  })

  it('calls a value stale that a survivor overwrote, and one that nobody living has seen', () => {
    const { a, write, verdict } = scene()
    const first = write(a, 'set')
    const second = write(a, 'set')
    expect([verdict(first), verdict('unknown'), verdict(second)]).to.deep.equal(['stale', 'stale', undefined])
  })

  it('calls a deleted value stale, and its absence right', () => {
    const { a, write, verdict } = scene()
    const set = write(a, 'set')
    write(a, 'delete')
    expect([verdict(set), verdict(undefined)]).to.deep.equal(['stale', undefined])
  })

  it('forgets a write that nobody living has seen', () => {
    const { a, write, verdict } = scene()
    const first = write(a, 'set')
    write(new Knowledge(), 'set')
    expect(verdict(first)).to.equal(undefined)
  })

  it('lets a concurrent set survive a delete', () => {
    const { a, b, write, verdict } = scene()
    write(a, 'set')
    const concurrent = write(b, 'set')
    write(a, 'delete')
    expect([verdict(concurrent), verdict(undefined)]).to.deep.equal([undefined, 'lost'])
  })

  it('lets a set be gone that had lost to the deleted value where both stood', () => {
    const { causality, a, b, write, verdict } = scene()
    const loser = write(b, 'set', 1)
    const winner = write(a, 'set', 2)
    causality.learn(b, [winner])
    write(a, 'delete')
    expect([verdict(undefined), verdict(loser)]).to.deep.equal([undefined, 'misjudged'])
  })

  it('lets a set lose, or not, to a value whose delete has not come yet, though a later write has: it may tell of that death', () => {
    const { causality, a, b, write, verdict } = scene()
    const loser = write(b, 'set', 1)
    const winner = write(a, 'set', 2)
    write(a, 'delete')
    const later = write(a, 'set', 0)
    causality.learn(b, [later])
    causality.learn(b, [winner])
    write(a, 'delete')
    expect([verdict(undefined), verdict(loser), verdict(winner)]).to.deep.equal([
      undefined,
      undefined,
      'stale',
    ])
  })

  it('does not let what was overwritten on its way beat anything', () => {
    const { causality, a, b, write, verdict } = scene()
    const small = write(b, 'set', 1)
    const transient = [write(a, 'set', 5), write(a, 'delete')]
    causality.learn(b, transient)
    expect(verdict(small)).to.equal(undefined)
  })

  it('gives two concurrent sets one winner, by stamp', () => {
    const { a, b, write, verdict } = scene()
    const later = write(a, 'set', 9)
    const earlier = write(b, 'set', 3)
    expect([verdict(later), verdict(earlier)]).to.deep.equal([undefined, 'misjudged'])
  })
})

describe('A set of writes', () => {
  it('picks what is in it and in another one and in none of the rest', () => {
    const numbers = [0, 31, 32, 63, 64, 100]
    const [all, some, none] = [new WriteSet(), new WriteSet(), new WriteSet()]
    for (const number of numbers) all.add(number)
    for (const number of [31, 32, 100, 7]) some.add(number)
    none.add(32)
    expect(all.pick(some, [none])).to.deep.equal([31, 100])
    expect(all.pick(all, [])).to.deep.equal(numbers)
    expect(all.intersection(some).pick(all, [])).to.deep.equal([31, 32, 100])
    expect([all.has(64), all.has(65), all.has(10_000)]).to.deep.equal([true, false, false])
  })
})

describe('Chance that repeats a session', () => {
  it('draws the given session first and others after it', () => {
    const random = seededRandom(3)
    for (let i = 0; i < 1_000; i++) {
      const session = random53(random)
      const again = repeating(session, random)
      expect(random53(again)).to.equal(session)
      expect(random53(again)).not.to.equal(session)
    }
  })
})
