/** The merge rule by itself: dots, context, and who wins. */
import { expect } from 'chai'
import fc from 'fast-check'
import { BEATEN_KEYS_MAX, BEATEN_MAX } from '../../../src/data/data-limits.js'
import { DottedMap } from '../../../src/data/replica/dotted-map.js'
import { Entry } from '../../../src/data/replica/entry.js'
import type { Incoming, Kill, Run } from '../../../src/data/replica/incoming.js'

function entry(session: number, n: number, stamp: number, key = 'k'): Entry {
  return new Entry({ key, session, n, stamp, value: `${session}/${n}`, bytes: 1 })
}

/** The update that tells of one live write. */
function telling(written: Entry, kills: Kill[] = []): Incoming {
  const { session, n } = written
  return { runs: [{ session, start: n, end: n + 1, entries: [written], dead: [] }], kills }
}

/** The update that tells of one dead write, as a delete makes it. */
function deleting(session: number, n: number, kills: Kill[]): Incoming {
  return { runs: [{ session, start: n, end: n + 1, entries: [], dead: [n, n + 1] }], kills }
}

function kill(session: number, n: number): Kill {
  return { session, ranges: [n, n + 1] }
}

function shown(map: DottedMap): Record<string, unknown> {
  return Object.fromEntries([...map.entries()].map(({ key, value }) => [key, value]))
}

describe('Two concurrent writes', () => {
  it('have one winner, by stamp, then session, then number, in any order of arrival', () => {
    const pairs: [Entry, Entry][] = [
      [entry(1, 0, 9), entry(2, 0, 8)],
      [entry(2, 0, 9), entry(1, 0, 9)],
    ]
    for (const [winner, loser] of pairs) {
      for (const order of [
        [winner, loser],
        [loser, winner],
      ]) {
        const map = new DottedMap()
        const conflicts = order.flatMap((each) => map.merge(telling(new Entry(each.fields))).conflicts)
        expect(map.get('k')?.value).to.equal(winner.value)
        expect(conflicts).to.have.length(1)
        expect(conflicts[0]?.loser.value).to.equal(loser.value)
      }
    }
  })

  it('leave the loser remembered, so that the next write can kill it everywhere', () => {
    const map = new DottedMap()
    map.merge(telling(entry(1, 0, 9)))
    map.merge(telling(entry(2, 0, 8)))
    map.merge(telling(entry(3, 0, 10)))
    expect(map.get('k')?.beaten).to.have.members([1, 0, 2, 0])
  })

  it('are remembered up to a bound, the latest ones', () => {
    const map = new DottedMap()
    map.merge(telling(entry(1, 0, 99)))
    for (let session = 2; session < 20; session++) map.merge(telling(entry(session, 0, 5)))
    expect(map.get('k')?.beaten).to.have.length(2 * BEATEN_MAX)
    expect(map.get('k')?.beaten?.slice(-2)).to.deep.equal([19, 0])
  })
})

describe('A loser whose winner is deleted elsewhere', () => {
  it('is handed to the next write of the key, and so is the winner', () => {
    const map = new DottedMap()
    map.merge(telling(entry(1, 0, 9)))
    map.merge(telling(entry(2, 0, 8)))
    map.merge(deleting(3, 0, [kill(1, 0)]))
    expect(map.get('k')).to.equal(undefined)
    expect(map.takeOrphans('k')).to.deep.equal([2, 0, 1, 0])
    expect(map.takeOrphans('k')).to.equal(undefined)
  })

  it('is inherited by a newcomer', () => {
    const map = new DottedMap()
    map.merge(telling(entry(1, 0, 9)))
    map.merge(telling(entry(2, 0, 8)))
    map.merge(deleting(3, 0, [kill(1, 0)]))
    map.merge(telling(entry(4, 0, 1)))
    expect(map.get('k')?.beaten).to.deep.equal([2, 0, 1, 0])
  })

  it('is forgotten when too many keys have such', () => {
    const map = new DottedMap()
    for (let i = 0; i <= BEATEN_KEYS_MAX; i++) {
      map.merge(telling(entry(1, i, 9, `k${i}`)))
      map.merge(telling(entry(2, i, 8, `k${i}`)))
      map.merge(deleting(3, i, [kill(1, i)]))
    }
    expect(map.takeOrphans('k0')).to.equal(undefined)
    expect(map.takeOrphans(`k${BEATEN_KEYS_MAX}`)).to.deep.equal([2, BEATEN_KEYS_MAX, 1, BEATEN_KEYS_MAX])
  })
})

describe('A delete', () => {
  it('kills exactly what it saw: a concurrent set survives it, whatever the stamps', () => {
    const map = new DottedMap()
    map.merge(telling(entry(1, 0, 100)))
    const survivor = entry(2, 0, 5)
    map.merge(deleting(3, 0, [kill(1, 0)]))
    map.merge(telling(survivor))
    expect(map.get('k')).to.equal(survivor)
  })

  it('takes a dot, so that the digest of a member that missed it differs', () => {
    const [a, b] = [new DottedMap(), new DottedMap()]
    for (const map of [a, b]) map.merge(telling(entry(1, 0, 9)))
    a.delete(a.get('k') ?? entry(0, 0, 0), { session: 3, n: 0 })
    expect(a.known(3)).to.equal(1)
    expect(a.digest.bytes().slice(8)).not.to.deep.equal(b.digest.bytes().slice(8))
  })
})

describe('An update that is not ready', () => {
  it('begins beyond the context', () => {
    const map = new DottedMap()
    expect(map.isReady(telling(entry(1, 1, 9)))).to.equal(false)
    map.merge(telling(entry(1, 0, 9)))
    expect(map.isReady(telling(entry(1, 1, 9)))).to.equal(true)
  })

  it('kills a write that is not known, in another session or in its own', () => {
    const map = new DottedMap()
    expect(map.isReady(telling(entry(1, 0, 9), [kill(2, 0)]))).to.equal(false)
    expect(map.isReady(telling(entry(1, 0, 9), [kill(1, 1)]))).to.equal(false)
    map.merge(telling(entry(2, 0, 9)))
    expect(map.isReady(telling(entry(1, 0, 9), [kill(2, 0)]))).to.equal(true)
  })
})

describe('A merge', () => {
  it('says what it changed: new values with the old ones, keys that went, and no news for what is known', () => {
    const map = new DottedMap()
    map.merge(telling(entry(1, 0, 9)))
    map.merge(telling(entry(1, 1, 9, 'other')))
    const update = telling(entry(2, 0, 1), [kill(1, 0)])
    const merged = map.merge(update)
    expect(merged.set.map(({ value, previous }) => [value, previous?.value])).to.deep.equal([['2/0', '1/0']])
    expect(merged.conflicts).to.deep.equal([])
    expect(map.merge(deleting(3, 0, [kill(1, 1)])).removed.map(({ key }) => key)).to.deep.equal(['other'])
    expect(map.merge(update).news).to.equal(false)
  })

  it('takes only the best of several newcomers of one key', () => {
    const map = new DottedMap()
    const runs: Run[] = [3, 2, 1].map((session) => ({
      session,
      start: 0,
      end: 1,
      entries: [entry(session, 0, 10 + (session % 3))],
      dead: [],
    }))
    const merged = map.merge({ runs, kills: [] })
    expect(merged.set.map(({ session }) => session)).to.deep.equal([2])
    expect(merged.set[0]?.previous).to.equal(undefined)
    expect(map.size).to.equal(1)
  })

  it('finds what a huge forged range kills without walking it', () => {
    const map = new DottedMap()
    for (let n = 0; n < 100; n++) map.merge(telling(entry(1, n, 9, `k${n}`)))
    const run: Run = { session: 1, start: 0, end: 2 ** 40, entries: [], dead: [0, 50, 60, 2 ** 40] }
    const before = Date.now()
    map.merge({ runs: [run], kills: [] })
    expect(Date.now() - before).to.be.below(1000)
    expect(Object.keys(shown(map))).to.have.length(10)
  })
})

/** A step of a random history: a member writes or deletes a key, or hears an update of another one. */
interface Step {
  member: number
  key: number
  kind: 'set' | 'delete' | 'hear'
  index: number
  lead: number
}

/** Plays steps at three members and returns every update that was made, in causal order. */
function play(steps: readonly Step[]): Incoming[] {
  const members = [new DottedMap(), new DottedMap(), new DottedMap()]
  const updates: Incoming[] = []
  for (const { member, key, kind, index, lead } of steps) {
    const map = members[member]
    if (!map) continue
    const session = member + 1
    const n = map.known(session)
    const current = map.get(`k${key}`)
    const dots = current ? [current.session, current.n, ...(current.beaten ?? [])] : []
    const kills: Kill[] = []
    for (let i = 0; i < dots.length; i += 2) kills.push(kill(dots[i] ?? 0, dots[i + 1] ?? 0))
    const heard = updates[index % Math.max(1, updates.length)]
    if (kind === 'hear') {
      if (heard && map.isReady(heard)) map.merge(copyOf(heard))
    } else if (kind === 'set') {
      const written = entry(
        session,
        n,
        Math.max(10 * updates.length + lead, (current?.stamp ?? 0) + 1),
        `k${key}`,
      )
      updates.push(copyOf(telling(written, kills)))
      map.set(written)
    } else if (current) {
      updates.push(deleting(session, n, kills))
      map.delete(current, { session, n })
    }
  }
  return updates
}

/** Entries belong to one map each. */
function copyOf(incoming: Incoming): Incoming {
  const runs = incoming.runs.map((run) => ({
    ...run,
    entries: run.entries.map((each) => new Entry(each.fields)),
  }))
  return { runs, kills: incoming.kills }
}

/** Merges updates in the given order of preference, holding back what is not ready. */
function settle(map: DottedMap, updates: readonly Incoming[]): DottedMap {
  let waiting = [...updates]
  while (waiting.length > 0) {
    const next = waiting.find((update) => map.isReady(update))
    if (!next) throw new Error('nothing is ready')
    map.merge(copyOf(next))
    waiting = waiting.filter((update) => update !== next)
  }
  return map
}

const history = fc.array(
  fc.record({
    member: fc.nat(2),
    key: fc.nat(2),
    kind: fc.constantFrom<Step['kind']>('set', 'set', 'delete', 'hear', 'hear', 'hear'),
    index: fc.nat(30),
    lead: fc.nat(9),
  }),
  { maxLength: 60 },
)

describe('Merging, as properties', () => {
  it('is idempotent: an update that comes again changes nothing', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const updates = play(steps)
        const map = settle(new DottedMap(), updates)
        const before = map.digest.bytes()
        for (const update of updates) expect(map.merge(copyOf(update)).news).to.equal(false)
        expect(map.digest.bytes()).to.deep.equal(before)
      }),
    )
  })

  it('counts in the digest exactly what is there', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const map = settle(new DottedMap(), play(steps))
        const again = new DottedMap()
        for (const each of map.entries()) again.set(new Entry(each.fields))
        for (const [session, known] of map.context) again.advance(session, known)
        expect(again.digest.bytes()).to.deep.equal(map.digest.bytes())
        expect(again.bytes).to.equal(map.bytes)
        expect(again.size).to.equal(map.size)
      }),
    )
  })

  it('is commutative for two concurrent updates', () => {
    fc.assert(
      fc.property(fc.nat(3), fc.nat(3), fc.nat(3), (a, b, base) => {
        const root = entry(9, 0, base)
        const [left, right] = [telling(entry(1, 0, a), [kill(9, 0)]), telling(entry(2, 0, b), [kill(9, 0)])]
        const states = [
          [left, right],
          [right, left],
        ].map((order) => settle(settle(new DottedMap(), [telling(root)]), order))
        expect(states[0]?.digest.bytes()).to.deep.equal(states[1]?.digest.bytes())
      }),
    )
  })
})
