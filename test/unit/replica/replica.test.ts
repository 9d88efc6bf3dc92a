/** What a replica promises to its store: writes, merges, checkpoints, and the document beside them. */
import { expect } from 'chai'
import * as Y from 'yjs'
import { UsageError } from '../../../src/base/errors.js'
import type { ChangeEvent, NearlyFull, ReplicaConflict } from '../../../src/replica/events.js'
import type { Replica, WriteOperation } from '../../../src/replica/replica.js'
import { stampOf } from '../../../src/replica/stamp.js'
import { counterKey } from '../../../src/replica/update-reader.js'
import { mergeDifference, wholeDifference } from '../../../src/sim/whole-difference.js'
import type { MemberRecord } from '../../../src/wire/frame.js'
import {
  CLOCK_LEAD_MILLIS_MAX,
  FORK_PAUSE_MILLIS_MAX,
  FORKS_FREE,
  STAMP_LEAD_MILLIS_MAX,
  UPDATE_BYTES_MAX,
  UPDATE_OPERATIONS_MAX,
} from '../../../src/wire/limits.js'
import { any, envelope, float, gap, item, update } from './raw-update.js'
import { exchange, NOW, replicaAt, sameData, sync } from './replicas.js'

function set(key: string, value: unknown): WriteOperation {
  return { type: 'set', key, value } as WriteOperation
}

function codeOf(call: () => unknown): string | undefined {
  try {
    call()
    return undefined
  } catch (error) {
    return error instanceof UsageError ? error.code : String(error)
  }
}

function many(count: number, prefix = 'k'): WriteOperation[] {
  return Array.from({ length: count }, (_, index) => set(`${prefix}${index}`, index))
}

function changesOf(replica: Replica): ChangeEvent[] {
  const events: ChangeEvent[] = []
  replica.events.on('change', (event) => events.push(event))
  return events
}

describe('A replica', () => {
  it('shows a local write at once, in itself and in the document', () => {
    const a = replicaAt(1)
    a.write([{ type: 'set', key: 'color', value: { name: 'red' } }])
    expect(a.get('color')).to.deep.equal({ name: 'red' })
    expect(a.get('color')).to.equal(a.get('color'))
    expect(a.doc.getMap('usr').toJSON()).to.deep.equal({ color: { name: 'red' } })
  })

  it('brings a drained write to another replica', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    a.write([{ type: 'set', key: 'color', value: 'red' }])
    exchange(a, b)
    expect(b.get('color')).to.equal('red')
    expect(sameData(a, b)).to.equal(true)
  })

  it('answers early, and changes nothing, when an update follows a write that it has not seen', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    a.write([{ type: 'set', key: 'color', value: 'red' }])
    a.drain()
    a.write([{ type: 'set', key: 'shape', value: 'round' }])
    const results = a.drain().map((update) => b.receive(update))
    expect(results).to.deep.equal([{ type: 'early' }])
    expect(b.size).to.equal(0)
  })

  it('catches up by a difference, deletes included', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    a.write([{ type: 'set', key: 'color', value: 'red' }])
    exchange(a, b)
    a.write([{ type: 'delete', key: 'color' }])
    a.drain()
    const difference = wholeDifference(a, b.summary())
    expect(difference && mergeDifference(b, difference)).to.deep.equal({ type: 'applied', news: true })
    expect(b.has('color')).to.equal(false)
    expect(sameData(a, b)).to.equal(true)
  })

  it('writes a checkpoint that a stock Y.Doc opens to the same content', () => {
    const a = replicaAt(1)
    for (let i = 0; i < 50; i++) a.write([{ type: 'set', key: `k${i % 7}`, value: i }])
    a.write([{ type: 'delete', key: 'k3' }])
    const stock = new Y.Doc()
    Y.applyUpdate(stock, a.checkpoint())
    expect(stock.getMap('usr').toJSON()).to.deep.equal(a.doc.getMap('usr').toJSON())
    expect(stock.store.pendingStructs).to.equal(null)
  })

  it('restores a checkpoint under a new session', () => {
    const a = replicaAt(1)
    a.write([{ type: 'set', key: 'color', value: 'red' }])
    const b = replicaAt(2)
    expect(b.restore(a.checkpoint())).to.deep.equal({ type: 'applied', news: true })
    expect(b.session).not.to.equal(a.session)
    expect(sameData(a, b)).to.equal(true)
  })
})

describe('A local write', () => {
  it('is all or nothing when one of its keys or values is refused', () => {
    const a = replicaAt(1)
    const before = a.digest()
    expect(codeOf(() => a.write([set('good', 1), set('', 2)]))).to.equal('ERR_KEY_INVALID')
    expect(codeOf(() => a.write([set('good', 1), set('bad', undefined)]))).to.equal('ERR_VALUE_INVALID')
    expect(codeOf(() => a.write([set('good', 1), set('bad', 'x'.repeat(70_000))]))).to.equal('ERR_TOO_LARGE')
    expect(a.digest()).to.deep.equal(before)
    expect(a.drain()).to.deep.equal([])
  })

  it('is told once per call, with the last value of each key and what stood before', () => {
    const a = replicaAt(1)
    a.write([set('k', 1), set('gone', 1)])
    const events = changesOf(a)
    a.write([
      set('k', 2),
      set('k', 3),
      { type: 'delete', key: 'gone' },
      set('new', 1),
      { type: 'delete', key: 'new' },
    ])
    const expected = [
      { key: 'k', value: 3, previous: 1 },
      { key: 'gone', value: undefined, previous: 1 },
    ]
    expect(events).to.deep.equal([{ local: true, changes: expected }])
  })

  it('that deletes what is not there is no write', () => {
    const a = replicaAt(1)
    const events = changesOf(a)
    a.write([{ type: 'delete', key: 'k' }])
    expect(a.drain()).to.deep.equal([])
    expect(events).to.deep.equal([])
  })

  it('says when there is something to drain', () => {
    const a = replicaAt(1)
    let told = 0
    a.events.on('local', () => told++)
    a.write([set('k', 1)])
    expect(told).to.equal(1)
    expect(a.drain()).to.have.length(1)
    expect(a.drain()).to.have.length(0)
  })

  it('has a time and a name', () => {
    const a = replicaAt(1)
    a.write([set('j', 1)])
    a.write([set('k', 1)])
    expect(a.entry('k')).to.deep.equal({ value: 1, at: NOW, dot: { session: a.session, n: 1 } })
    expect(a.entry('absent')).to.equal(undefined)
  })

  it('keeps its own copy of bytes: what the application does to the one it got never travels', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    a.write([set('k', new Uint8Array([1, 2, 3]))])
    const digest = a.digest()
    const handedOut = a.get('k')
    if (handedOut instanceof Uint8Array) handedOut[0] = 99
    exchange(a, b)
    expect(b.get('k')).to.deep.equal(new Uint8Array([1, 2, 3]))
    expect(b.digest()).to.deep.equal(digest)
  })
})

describe('A batch', () => {
  it('that fits one update travels as one, also behind other writes', () => {
    const a = replicaAt(1)
    a.write(many(1500, 'a'))
    a.write(many(1500, 'b'))
    expect(a.drain()).to.have.length(2)
  })

  it('that does not fit is applied at once here and travels as consecutive updates', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    const events = changesOf(a)
    a.write(many(UPDATE_OPERATIONS_MAX + 1))
    expect(events).to.have.length(1)
    const updates = a.drain()
    expect(updates).to.have.length(2)
    expect(updates.map((each) => b.receive(each).type)).to.deep.equal(['applied', 'applied'])
    expect(sameData(a, b)).to.equal(true)
  })

  it('of large values never makes an update beyond its limit', () => {
    const a = replicaAt(1)
    a.write(Array.from({ length: 10 }, (_, index) => set(`k${index}`, 'x'.repeat(60_000))))
    for (const each of a.drain()) expect(each.length).to.be.at.most(UPDATE_BYTES_MAX)
  })

  it('that must be atomic is refused one write or one byte beyond one update', () => {
    const a = replicaAt(1)
    expect(codeOf(() => a.write(many(UPDATE_OPERATIONS_MAX), { atomic: true }))).to.equal(undefined)
    expect(codeOf(() => a.write(many(UPDATE_OPERATIONS_MAX + 1), { atomic: true }))).to.equal('ERR_TOO_LARGE')
    const large = Array.from({ length: 5 }, (_, index) => set(`k${index}`, 'x'.repeat(60_000)))
    expect(codeOf(() => a.write(large, { atomic: true }))).to.equal('ERR_TOO_LARGE')
    expect(codeOf(() => a.write(large.slice(0, 4), { atomic: true }))).to.equal(undefined)
  })

  it('of overwrites kills all that it saw, in whatever piece it travels', () => {
    const [a, b, c] = [replicaAt(1), replicaAt(2), replicaAt(3)]
    a.write(many(3000))
    for (const each of a.drain()) for (const other of [b, c]) other.receive(each)
    b.write(many(3000).map((each) => ({ type: 'delete', key: each.key })))
    for (const each of b.drain()) expect(c.receive(each).type).to.equal('applied')
    expect(c.size).to.equal(0)
    expect(sameData(b, c)).to.equal(true)
  })
})

describe('A store at its limits', () => {
  it('refuses one key or one byte more, and takes what makes it smaller', () => {
    const a = replicaAt(1, { limits: { keysMax: 2, documentBytesMax: 60 } })
    a.write([set('a', 1), set('b', 1)])
    expect(codeOf(() => a.write([set('c', 1)]))).to.equal('ERR_FULL')
    expect(codeOf(() => a.write([set('a', 'x'.repeat(60))]))).to.equal('ERR_FULL')
    expect(codeOf(() => a.write([{ type: 'delete', key: 'a' }, set('c', 2)]))).to.equal(undefined)
    expect([...a.keys()].sort()).to.deep.equal(['b', 'c'])
  })

  it('merges up to twice of them, then refuses without a blame', () => {
    const a = replicaAt(1, { limits: { keysMax: 2 } })
    const b = replicaAt(2)
    b.write(many(4))
    for (const each of b.drain()) expect(a.receive(each)).to.deep.equal({ type: 'applied', news: true })
    b.write([set('more', 1)])
    for (const each of b.drain()) expect(a.receive(each)).to.deep.equal({ type: 'refused', kind: 'full' })
    expect(a.size).to.equal(4)
    expect(codeOf(() => a.write([set('k0', 'other')]))).to.equal(undefined)
  })

  it('refuses one session more than it may know', () => {
    const a = replicaAt(1, { limits: { sessionsMax: 2 } })
    const results = [2, 3, 4].map((seed) => {
      const b = replicaAt(seed)
      b.write([set(`k${seed}`, 1)])
      return b.drain().map((each) => a.receive(each))
    })
    expect(results.flat()).to.deep.equal([
      { type: 'applied', news: true },
      { type: 'applied', news: true },
      { type: 'refused', kind: 'sessions' },
    ])
  })

  it('tells at 90 %, and again only after it was below', () => {
    const a = replicaAt(1, { limits: { keysMax: 10 } })
    const told: NearlyFull[] = []
    a.events.on('nearly-full', (event) => told.push(event))
    a.write(many(8))
    expect(told).to.deep.equal([])
    a.write([set('k8', 1)])
    a.write([set('k9', 1)])
    expect(told).to.deep.equal([{ of: 'keys', used: 9, limit: 10 }])
    a.write([
      { type: 'delete', key: 'k8' },
      { type: 'delete', key: 'k9' },
    ])
    a.write([set('k8', 1)])
    expect(told).to.have.length(2)
  })
})

describe('Two concurrent writes of one key', () => {
  it('have the same winner on both sides, and both are told who lost', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    const told: ReplicaConflict[] = []
    for (const replica of [a, b]) replica.events.on('conflict', (event) => told.push(event))
    a.write([set('k', 'a')])
    b.write([set('k', 'b')])
    exchange(a, b)
    expect(a.get('k')).to.equal(b.get('k'))
    expect(told).to.have.length(2)
    expect(told[0]).to.deep.equal(told[1])
    expect(new Set([told[0]?.winner.session, told[0]?.loser.session])).to.deep.equal(
      new Set([a.session, b.session]),
    )
  })
})

describe('Clocks that differ', () => {
  it('refuse an entry too far ahead, which its holder writes again when it hears of it', () => {
    let wallOfA = NOW + STAMP_LEAD_MILLIS_MAX + 60_000
    const a = replicaAt(1, { wall: () => wallOfA })
    const b = replicaAt(2)
    a.write([set('k', 1)])
    for (const each of a.drain()) expect(b.receive(each)).to.deep.equal({ type: 'refused', kind: 'clock' })
    // Meanwhile the clock of `a` was corrected by those of its neighbors.
    wallOfA = NOW
    expect(sync(b, a)).to.deep.equal({ type: 'applied', news: true })
    expect(b.get('k')).to.equal(1)
    expect(b.entry('k')?.at).to.be.at.most(NOW + CLOCK_LEAD_MILLIS_MAX)
    expect(sameData(a, b)).to.equal(true)
  })

  it('let an entry pass that is as far ahead as is allowed', () => {
    const a = replicaAt(1, { wall: () => NOW + STAMP_LEAD_MILLIS_MAX })
    const b = replicaAt(2)
    a.write([set('k', 1)])
    exchange(a, b)
    expect(b.get('k')).to.equal(1)
    b.write([set('k', 2)])
    exchange(a, b)
    expect(a.get('k')).to.equal(2)
  })

  it('do not hinder a checkpoint: what is too far ahead in it is written again', () => {
    const a = replicaAt(1, { wall: () => NOW + 3_600_000 })
    a.write([set('k', 1)])
    const b = replicaAt(2)
    expect(b.restore(a.checkpoint()).type).to.equal('applied')
    expect(b.get('k')).to.equal(1)
    expect(b.entry('k')?.dot.session).to.equal(b.session)
    const c = replicaAt(3)
    expect(sync(c, b).type).to.equal('applied')
    expect(c.get('k')).to.equal(1)
  })

  it('stay in order through a checkpoint, which carries the clock', () => {
    const a = replicaAt(1, { wall: () => NOW + 30_000 })
    a.write([set('k', 1)])
    a.write([{ type: 'delete', key: 'k' }])
    const b = replicaAt(2)
    b.restore(a.checkpoint())
    b.write([set('k', 2)])
    expect(b.entry('k')?.at).to.be.at.least(NOW + 30_000)
  })
})

describe('A key that was deleted elsewhere', () => {
  for (const way of ['sync', 'broadcast'] as const)
    it(`is written anew with the deaths that came by ${way}, so that what was deleted cannot come after it`, () => {
      const [writer, deleter, middle, late] = [1, 2, 3, 4].map((seed) => replicaAt(seed)) as [
        Replica,
        Replica,
        Replica,
        Replica,
      ]
      writer.write([set('k', 'old')])
      const old = writer.drain()
      for (const member of [deleter, middle]) for (const each of old) member.receive(each)
      deleter.write([{ type: 'delete', key: 'k' }])
      if (way === 'sync') sync(middle, deleter)
      else for (const each of deleter.drain()) middle.receive(each)
      // From here on only the middle one knows of the delete; it writes, deletes, and crashes as well.
      middle.write([set('k', 'new')])
      const rest = middle.drain()
      middle.write([{ type: 'delete', key: 'k' }])
      rest.push(...middle.drain())
      const early = rest.filter((each) => late.receive(each).type === 'early')
      for (const each of [...old, ...early]) expect(late.receive(each).type).to.equal('applied')
      expect(late.get('k')).to.equal(undefined)
    })
})

describe('A session that somebody else uses as well', () => {
  it('is left: the own entries go on under a new one, and nothing of the other is lost', () => {
    const a = replicaAt(1, {}, { session: 77 })
    const clone = replicaAt(2, {}, { session: 77 })
    const told: unknown[] = []
    a.events.on('session-forked', (event) => told.push(event))
    a.write([set('mine', 'a')])
    clone.write([set('mine', 'a')])
    clone.write([set('theirs', 'clone')])
    for (const each of clone.drain()) a.receive(each)
    expect(told).to.deep.equal([{ before: 77, session: a.session }])
    expect(a.session).not.to.equal(77)
    expect([a.get('mine'), a.get('theirs')]).to.deep.equal(['a', 'clone'])
    expect(a.entry('mine')?.dot.session).to.equal(a.session)
    expect(a.doc.getMap('usr').toJSON()).to.deep.equal({ mine: 'a', theirs: 'clone' })
    const b = replicaAt(3)
    sync(b, a)
    expect(sameData(a, b)).to.equal(true)
  })

  it('is left by a liar as often as it forges, but not for ever: three times, then with growing pauses', () => {
    let now = NOW
    const [a, b] = [replicaAt(1, { wall: () => now }), replicaAt(2, { wall: () => now })]
    a.write([set('mine', 'a')])
    a.drain()
    let refused = 0
    for (let second = 0; second < 3600; second++) {
      now += 1000
      const result = a.receive(envelope(0, update(a.session, 2 * a.known(a.session), gap(2))))
      if (result.type === 'refused') refused++
    }
    // 3 at once, 10 in pauses that double from a second, one in ten minutes from then on.
    expect(a.sessions).to.be.at.most(FORKS_FREE + 10 + 6)
    expect(refused).to.be.above(3500)
    expect(a.get('mine')).to.equal('a')
    sync(b, a)
    now += FORK_PAUSE_MILLIS_MAX + 1
    for (const each of b.drain()) expect(a.receive(each).type).to.equal('applied')
    b.write([set('theirs', 'b')])
    sync(a, b)
    expect([a.get('theirs'), sameData(a, b)]).to.deep.equal(['b', true])
  })

  it('is noticed by a death of a write that was never made', () => {
    const a = replicaAt(1, {}, { session: 77 })
    a.write([set('mine', 'a')])
    expect(a.receive(envelope(0, update(77, 2, gap(200)))).type).to.equal('applied')
    expect(a.session).not.to.equal(77)
    expect(a.get('mine')).to.equal('a')
  })
})

describe('Cells of the library', () => {
  it('are merged and kept, and hidden from everybody else', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    const key = counterKey('visits', 9)
    const events = changesOf(a)
    const cell = item({ key, meta: float(stampOf(NOW)), value: any(5) })
    expect(a.receive(envelope(0, update(9, 0, cell)))).to.deep.equal({ type: 'applied', news: true })
    expect([a.size, [...a.keys()], a.has(key), a.get(key), a.entry(key)]).to.deep.equal([
      0,
      [],
      false,
      undefined,
      undefined,
    ])
    expect(events).to.deep.equal([])
    expect(codeOf(() => a.write([set(key, 1)]))).to.equal('ERR_KEY_INVALID')
    sync(b, a)
    expect(sameData(a, b)).to.equal(true)
  })
})

describe('The lifetime of an entry', () => {
  it('travels on with it', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    const meta = new Uint8Array([117, 2, ...float(stampOf(NOW)), ...float(NOW + 1000)])
    a.receive(envelope(0, update(9, 0, item({ meta }))))
    sync(b, a)
    const c = replicaAt(3)
    c.restore(b.checkpoint())
    expect(sameData(a, c)).to.equal(true)
  })
})

describe('The member table', () => {
  const record: MemberRecord = {
    port: null,
    protocol: 'v1',
    kind: 'browser',
    role: 'writer',
    session: 5,
    incarnation: 1,
    joined: NOW,
    meta: { color: 'red' },
  }

  it('is one plain object in `sys`, frozen, written only when it changes', () => {
    const a = replicaAt(1)
    let observed = 0
    a.doc.getMap('sys').observe(() => observed++)
    a.projectMembers(
      new Map([
        ['b', record],
        ['a', { ...record, session: 6 }],
      ]),
    )
    a.projectMembers(
      new Map([
        ['a', { ...record, session: 6 }],
        ['b', { ...record, meta: { color: 'red' } }],
      ]),
    )
    expect(observed).to.equal(1)
    const members = a.doc.getMap('sys').get('members')
    expect(members).to.deep.equal({ a: { ...record, session: 6 }, b: record })
    expect(Object.isFrozen(members)).to.equal(true)
    a.projectMembers(new Map([['a', { ...record, session: 7 }]]))
    expect(observed).to.equal(2)
    expect(a.doc.getMap('sys').toJSON()).to.deep.equal({ members: { a: { ...record, session: 7 } } })
  })

  it('costs no dot and is in no digest', () => {
    const a = replicaAt(1)
    a.projectMembers(new Map([['a', record]]))
    expect(a.digest()).to.deep.equal(replicaAt(2).digest())
    expect(a.drain()).to.deep.equal([])
  })
})
