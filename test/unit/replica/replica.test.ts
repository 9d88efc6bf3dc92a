/** What a replica promises to its store: writes, merges, checkpoints, and the document beside them. */

import { expect } from 'chai'
import * as Y from 'yjs'
import { mergeDifference, wholeDifference } from '../../../sim/whole-difference.js'
import { UsageError } from '../../../src/base/errors.js'
import type { MemberRecord } from '../../../src/base/member.js'
import {
  STAMP_LEAD_MILLIS_MAX,
  UPDATE_BYTES_MAX,
  UPDATE_OPERATIONS_MAX,
} from '../../../src/data/data-limits.js'
import type { ChangeEvent, NearlyFull, ReplicaConflict } from '../../../src/data/replica/events.js'
import { planAll } from '../../../src/data/replica/plan.js'
import type { Replica, WriteOperation } from '../../../src/data/replica/replica.js'
import { stampOf } from '../../../src/data/replica/stamp.js'
import { any, envelope, float, gap, item, raw, update } from './raw-update.js'
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
    a.commit(planAll([{ type: 'set', key: 'color', value: { name: 'red' } }]))
    expect(a.get('color')).to.deep.equal({ name: 'red' })
    expect(a.get('color')).to.equal(a.get('color'))
    expect(a.doc.getMap('usr').toJSON()).to.deep.equal({ color: { name: 'red' } })
  })

  it('brings a drained write to another replica', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    a.commit(planAll([{ type: 'set', key: 'color', value: 'red' }]))
    exchange(a, b)
    expect(b.get('color')).to.equal('red')
    expect(sameData(a, b)).to.equal(true)
  })

  it('answers early, and changes nothing, when an update follows a write that it has not seen', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    a.commit(planAll([{ type: 'set', key: 'color', value: 'red' }]))
    a.exchange.drain()
    a.commit(planAll([{ type: 'set', key: 'shape', value: 'round' }]))
    const results = a.exchange.drain().map((update) => b.exchange.receive(update))
    expect(results).to.deep.equal([{ type: 'early' }])
    expect(b.size).to.equal(0)
  })

  it('catches up by a difference, deletes included', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    a.commit(planAll([{ type: 'set', key: 'color', value: 'red' }]))
    exchange(a, b)
    a.commit(planAll([{ type: 'delete', key: 'color' }]))
    a.exchange.drain()
    const difference = wholeDifference(a.exchange, b.exchange.summary())
    expect(difference && mergeDifference(b.exchange, difference)).to.deep.equal({
      type: 'applied',
      news: true,
    })
    expect(b.has('color')).to.equal(false)
    expect(sameData(a, b)).to.equal(true)
  })

  it('writes a checkpoint that a stock Y.Doc opens to the same content', () => {
    const a = replicaAt(1)
    for (let i = 0; i < 50; i++) a.commit(planAll([{ type: 'set', key: `k${i % 7}`, value: i }]))
    a.commit(planAll([{ type: 'delete', key: 'k3' }]))
    const stock = new Y.Doc()
    Y.applyUpdate(stock, a.exchange.checkpoint())
    expect(stock.getMap('usr').toJSON()).to.deep.equal(a.doc.getMap('usr').toJSON())
    expect(stock.store.pendingStructs).to.equal(null)
  })

  it('restores a checkpoint under a new session', () => {
    const a = replicaAt(1)
    a.commit(planAll([{ type: 'set', key: 'color', value: 'red' }]))
    const b = replicaAt(2)
    expect(b.exchange.restore(a.exchange.checkpoint())).to.deep.equal({ type: 'applied', news: true })
    expect(b.session).not.to.equal(a.session)
    expect(sameData(a, b)).to.equal(true)
  })
})

describe('A local write', () => {
  it('is all or nothing when one of its keys or values is refused', () => {
    const a = replicaAt(1)
    const before = a.exchange.digest()
    expect(codeOf(() => a.commit(planAll([set('good', 1), set('', 2)])))).to.equal('ERR_KEY_INVALID')
    expect(codeOf(() => a.commit(planAll([set('good', 1), set('bad', undefined)])))).to.equal(
      'ERR_VALUE_INVALID',
    )
    expect(codeOf(() => a.commit(planAll([set('good', 1), set('bad', 'x'.repeat(70_000))])))).to.equal(
      'ERR_TOO_LARGE',
    )
    expect(a.exchange.digest()).to.deep.equal(before)
    expect(a.exchange.drain()).to.deep.equal([])
  })

  it('is told once per call, with the last value of each key and what stood before', () => {
    const a = replicaAt(1)
    a.commit(planAll([set('k', 1), set('gone', 1)]))
    const events = changesOf(a)
    a.commit(
      planAll([
        set('k', 2),
        set('k', 3),
        { type: 'delete', key: 'gone' },
        set('new', 1),
        { type: 'delete', key: 'new' },
      ]),
    )
    const expected = [
      { key: 'k', value: 3, previous: 1 },
      { key: 'gone', value: undefined, previous: 1 },
    ]
    expect(events).to.deep.equal([{ local: true, changes: expected }])
  })

  it('that deletes what is not there is no write', () => {
    const a = replicaAt(1)
    const events = changesOf(a)
    a.commit(planAll([{ type: 'delete', key: 'k' }]))
    expect(a.exchange.drain()).to.deep.equal([])
    expect(events).to.deep.equal([])
  })

  it('says when there is something to drain', () => {
    const a = replicaAt(1)
    let told = 0
    a.events.on('local', () => told++)
    a.commit(planAll([set('k', 1)]))
    expect(told).to.equal(1)
    expect(a.exchange.drain()).to.have.length(1)
    expect(a.exchange.drain()).to.have.length(0)
  })

  it('has a time and a name', () => {
    const a = replicaAt(1)
    a.commit(planAll([set('j', 1)]))
    a.commit(planAll([set('k', 1)]))
    expect(a.entry('k')).to.deep.equal({ value: 1, at: NOW, dot: { session: a.session, n: 1 } })
    expect(a.entry('absent')).to.equal(undefined)
  })

  it('keeps its own copy of bytes: what the application does to the one it got never travels', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    a.commit(planAll([set('k', new Uint8Array([1, 2, 3]))]))
    const digest = a.exchange.digest()
    const handedOut = a.get('k')
    if (handedOut instanceof Uint8Array) handedOut[0] = 99
    exchange(a, b)
    expect(b.get('k')).to.deep.equal(new Uint8Array([1, 2, 3]))
    expect(b.exchange.digest()).to.deep.equal(digest)
  })
})

describe('A batch', () => {
  it('that fits one update travels as one, also behind other writes', () => {
    const a = replicaAt(1)
    a.commit(planAll(many(1500, 'a')))
    a.commit(planAll(many(1500, 'b')))
    expect(a.exchange.drain()).to.have.length(2)
  })

  it('that does not fit is applied at once here and travels as consecutive updates', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    const events = changesOf(a)
    a.commit(planAll(many(UPDATE_OPERATIONS_MAX + 1)))
    expect(events).to.have.length(1)
    const updates = a.exchange.drain()
    expect(updates).to.have.length(2)
    expect(updates.map((each) => b.exchange.receive(each).type)).to.deep.equal(['applied', 'applied'])
    expect(sameData(a, b)).to.equal(true)
  })

  it('of large values never makes an update beyond its limit', () => {
    const a = replicaAt(1)
    a.commit(planAll(Array.from({ length: 10 }, (_, index) => set(`k${index}`, 'x'.repeat(60_000)))))
    for (const each of a.exchange.drain()) expect(each.length).to.be.at.most(UPDATE_BYTES_MAX)
  })

  it('that must be atomic is refused one write or one byte beyond one update', () => {
    const a = replicaAt(1)
    expect(codeOf(() => a.commit(planAll(many(UPDATE_OPERATIONS_MAX)), { atomic: true }))).to.equal(undefined)
    expect(codeOf(() => a.commit(planAll(many(UPDATE_OPERATIONS_MAX + 1)), { atomic: true }))).to.equal(
      'ERR_TOO_LARGE',
    )
    const large = Array.from({ length: 5 }, (_, index) => set(`k${index}`, 'x'.repeat(60_000)))
    expect(codeOf(() => a.commit(planAll(large), { atomic: true }))).to.equal('ERR_TOO_LARGE')
    expect(codeOf(() => a.commit(planAll(large.slice(0, 4)), { atomic: true }))).to.equal(undefined)
  })

  it('of overwrites kills all that it saw, in whatever piece it travels', () => {
    const [a, b, c] = [replicaAt(1), replicaAt(2), replicaAt(3)]
    a.commit(planAll(many(3000)))
    for (const each of a.exchange.drain()) for (const other of [b, c]) other.exchange.receive(each)
    b.commit(planAll(many(3000).map((each) => ({ type: 'delete', key: each.key }))))
    for (const each of b.exchange.drain()) expect(c.exchange.receive(each).type).to.equal('applied')
    expect(c.size).to.equal(0)
    expect(sameData(b, c)).to.equal(true)
  })
})

describe('A store at its limits', () => {
  it('refuses one key or one byte more, and takes what makes it smaller', () => {
    const a = replicaAt(1, { limits: { keysMax: 2, documentBytesMax: 60 } })
    a.commit(planAll([set('a', 1), set('b', 1)]))
    expect(codeOf(() => a.commit(planAll([set('c', 1)])))).to.equal('ERR_FULL')
    expect(codeOf(() => a.commit(planAll([set('a', 'x'.repeat(60))])))).to.equal('ERR_FULL')
    expect(codeOf(() => a.commit(planAll([{ type: 'delete', key: 'a' }, set('c', 2)])))).to.equal(undefined)
    expect([...a.keys()].sort()).to.deep.equal(['b', 'c'])
  })

  it('merges up to twice of them, then refuses without a blame', () => {
    const a = replicaAt(1, { limits: { keysMax: 2 } })
    const b = replicaAt(2)
    b.commit(planAll(many(4)))
    for (const each of b.exchange.drain())
      expect(a.exchange.receive(each)).to.deep.equal({ type: 'applied', news: true })
    b.commit(planAll([set('more', 1)]))
    for (const each of b.exchange.drain())
      expect(a.exchange.receive(each)).to.deep.equal({ type: 'refused', kind: 'full' })
    expect(a.size).to.equal(4)
    expect(codeOf(() => a.commit(planAll([set('k0', 'other')])))).to.equal(undefined)
  })

  it('lets a session of its own write no more once as many have a name as may, and still reads and merges', () => {
    const a = replicaAt(1, { limits: { sessionsMax: 2 } })
    const others = [2, 3, 4, 5].map((seed) => replicaAt(seed))
    for (const other of others) other.commit(planAll([set(`k${other.session}`, 1)]))
    const [b, c] = others as [Replica, Replica]
    for (const other of [b, c]) exchange(a, other)
    expect(codeOf(() => a.commit(planAll([set('mine', 1)])))).to.equal('ERR_FULL')
    expect(a.sessions).to.equal(2)
    b.commit(planAll([set('more', 1)]))
    exchange(a, b)
    for (const other of others.slice(2)) expect(sync(a, other)).to.deep.equal({ type: 'applied', news: true })
    expect([a.size, a.sessions]).to.deep.equal([5, 4])
  })

  it('merges what has a name when a neighbor knows more sessions than it may know', () => {
    const a = replicaAt(1, { limits: { sessionsMax: 1 } })
    const b = replicaAt(2)
    const others = [3, 4, 5].map((seed) => replicaAt(seed))
    for (const other of others) other.commit(planAll([set(`k${other.session}`, 1)]))
    for (const other of others.slice(0, 2)) sync(a, other)
    for (const other of others) sync(b, other)
    const [known] = others as [Replica]
    known.commit(planAll([set('later', 1)]))
    sync(b, known)
    expect(sync(a, b)).to.deep.equal({ type: 'refused', kind: 'sessions' })
    expect([a.get('later'), a.size, a.sessions]).to.deep.equal([1, 3, 2])
    expect(sync(b, a).type).to.equal('applied')
  })

  it('gives a session a name only when it writes', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    expect(a.exchange.receive(envelope(0, update(a.session, 0, gap(2)))).type).to.equal('applied')
    sync(b, a)
    expect([a.sessions, b.sessions]).to.deep.equal([1, 1])
    expect(a.exchange.known(a.session)).to.equal(0)
  })

  it('tells at 90 %, and again only after it was below', () => {
    const a = replicaAt(1, { limits: { keysMax: 10 } })
    const told: NearlyFull[] = []
    a.events.on('nearly-full', (event) => told.push(event))
    a.commit(planAll(many(8)))
    expect(told).to.deep.equal([])
    a.commit(planAll([set('k8', 1)]))
    a.commit(planAll([set('k9', 1)]))
    expect(told).to.deep.equal([{ of: 'keys', used: 9, limit: 10 }])
    a.commit(
      planAll([
        { type: 'delete', key: 'k8' },
        { type: 'delete', key: 'k9' },
      ]),
    )
    a.commit(planAll([set('k8', 1)]))
    expect(told).to.have.length(2)
  })
})

describe('Two concurrent writes of one key', () => {
  it('have the same winner on both sides, and both are told who lost', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    const told: ReplicaConflict[] = []
    for (const replica of [a, b]) replica.events.on('conflict', (event) => told.push(event))
    a.commit(planAll([set('k', 'a')]))
    b.commit(planAll([set('k', 'b')]))
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
  it('refuse what is too far ahead until the time gets there, and nobody writes it anew', () => {
    let now = NOW
    const lead = STAMP_LEAD_MILLIS_MAX + 60_000
    const a = replicaAt(1, { wall: () => NOW + lead })
    const b = replicaAt(2, { wall: () => now })
    const told: unknown[] = []
    b.events.on('error', ({ code }) => told.push(code))
    a.commit(planAll([set('k', 1)]))
    const [first] = a.exchange.drain() as [Uint8Array]
    expect(b.exchange.receive(first)).to.deep.equal({ type: 'refused', kind: 'clock' })
    expect(sync(b, a)).to.deep.equal({ type: 'refused', kind: 'clock' })
    expect(told).to.deep.equal(['ERR_CLOCK_SKEW'])
    now += 60_001
    expect(sync(b, a)).to.deep.equal({ type: 'applied', news: true })
    expect(b.entry('k')).to.deep.equal(a.entry('k'))
  })

  it('let an entry pass that is as far ahead as is allowed, and what follows it is later', () => {
    const a = replicaAt(1, { wall: () => NOW + STAMP_LEAD_MILLIS_MAX })
    const b = replicaAt(2)
    a.commit(planAll([set('k', 1)]))
    exchange(a, b)
    b.commit(planAll([set('k', 2)]))
    expect(b.entry('k')?.at).to.be.at.least(NOW + STAMP_LEAD_MILLIS_MAX)
    exchange(a, b)
    expect(a.get('k')).to.equal(2)
  })

  it('lose no key when a write follows one that is minutes ahead, and a third one is concurrent to both', () => {
    const [ahead, between, right, witness] = [
      replicaAt(1, { wall: () => NOW + 4 * 60_000 }),
      replicaAt(2, { wall: () => NOW + 2 * 60_000 }),
      replicaAt(3),
      replicaAt(4),
    ] as const
    ahead.commit(planAll([set('k', 'first')]))
    const first = ahead.exchange.drain()
    ahead.commit(planAll([{ type: 'delete', key: 'k' }]))
    between.commit(planAll([set('k', 'third')]))
    const [gone, third] = [ahead.exchange.drain(), between.exchange.drain()]
    for (const each of [...first, ...gone]) right.exchange.receive(each)
    right.commit(planAll([set('k', 'second')]))
    const second = right.exchange.drain()
    for (const each of [...first, ...third, ...gone, ...second]) witness.exchange.receive(each)
    for (const each of third) right.exchange.receive(each)
    sync(right, witness)
    sync(witness, right)
    expect([right.get('k'), witness.get('k'), sameData(right, witness)]).to.deep.equal([
      'second',
      'second',
      true,
    ])
  })

  it('bring nothing back that was deleted or overwritten while the clocks of three hosts were set right', () => {
    let lead = 20 * 60_000
    const hosts = [1, 2, 3].map((seed) => replicaAt(seed, { wall: () => NOW + lead }))
    const [writer, other, away] = hosts as [Replica, Replica, Replica]
    writer.commit(planAll(many(50)))
    for (const host of [other, away]) sync(host, writer)
    lead = 0
    const [newcomer] = [replicaAt(4)]
    away.commit(
      planAll(Array.from({ length: 25 }, (_, i): WriteOperation => ({ type: 'delete', key: `k${i}` }))),
    )
    away.commit(planAll(Array.from({ length: 25 }, (_, i) => set(`k${i + 25}`, 'new'))))
    for (const asker of [newcomer, writer, other, newcomer])
      sync(asker, asker === newcomer ? other : newcomer)
    for (let round = 0; round < 2; round++)
      for (const [asker, answerer] of [
        [other, away],
        [away, writer],
        [writer, other],
        [newcomer, away],
      ] as const)
        sync(asker, answerer)
    for (const member of [...hosts, newcomer]) {
      expect(member.size).to.equal(25)
      for (const key of member.keys()) expect(member.get(key)).to.equal('new')
    }
  })

  it('stay in order through a checkpoint, however far ahead it is, which carries the clock', () => {
    const a = replicaAt(1, { wall: () => NOW + 10 * STAMP_LEAD_MILLIS_MAX })
    a.commit(planAll([set('k', 1)]))
    a.commit(planAll([{ type: 'delete', key: 'k' }]))
    const b = replicaAt(2)
    expect(b.exchange.restore(a.exchange.checkpoint()).type).to.equal('applied')
    b.commit(planAll([set('k', 2)]))
    expect(b.entry('k')?.at).to.be.at.least(NOW + 10 * STAMP_LEAD_MILLIS_MAX)
  })
})

function synced(asker: Replica, answerer: Replica): Replica {
  sync(asker, answerer)
  return asker
}

function restored(checkpoint: Uint8Array): Replica {
  const replica = replicaAt(4)
  replica.exchange.restore(checkpoint)
  return replica
}

/** A replica that deleted its newest keys just now. */
function withDeletes(replica: Replica): Replica {
  replica.commit(planAll(many(3, 'gone')))
  replica.commit(planAll(many(3, 'gone').map(({ key }): WriteOperation => ({ type: 'delete', key }))))
  return replica
}

describe('A sync that tells of deaths', () => {
  for (const [what, victimOf] of [
    ['of a member', (b) => synced(replicaAt(1), b)],
    [
      'of a member that came back with its checkpoint',
      (b) => restored(synced(replicaAt(3), b).exchange.checkpoint()),
    ],
    ['of a member where other keys were deleted', (b) => synced(withDeletes(replicaAt(1)), b)],
  ] as [string, (b: Replica) => Replica][])
    it(`takes nothing ${what} when it claims that everything is gone and brings no write that could have done it, but one key a time`, () => {
      const b = replicaAt(2)
      b.commit(planAll(many(50)))
      const victim = victimOf(b)
      const everythingIsGone = raw(0, 2 ** 53 - 1, 0, 0, 0, 0, 0, 0)
      expect(mergeDifference(victim.exchange, everythingIsGone).type).to.equal('applied')
      expect(victim.size).to.equal(49)
    })

  it('takes as many as it brings writes', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    a.commit(planAll(many(50)))
    sync(b, a)
    b.commit(planAll(many(50).map(({ key }): WriteOperation => ({ type: 'delete', key }))))
    sync(a, b)
    expect([a.size, sameData(a, b)]).to.deep.equal([0, true])
  })

  it('ends as well where a liar told one member of a write, and another one that it was dead', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    const live = many(5).map(({ key }, n) => item({ key, meta: float(stampOf(NOW) + n), value: any(n) }))
    a.exchange.receive(envelope(stampOf(NOW) + 9, update(9, 0, ...live)))
    b.exchange.receive(envelope(stampOf(NOW) + 9, update(9, 0, gap(10))))
    for (let round = 0; round < 10 && !sameData(a, b); round++) {
      sync(a, b)
      sync(b, a)
    }
    expect([sameData(a, b), a.size]).to.deep.equal([true, 0])
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
      writer.commit(planAll([set('k', 'old')]))
      const old = writer.exchange.drain()
      for (const member of [deleter, middle]) for (const each of old) member.exchange.receive(each)
      deleter.commit(planAll([{ type: 'delete', key: 'k' }]))
      if (way === 'sync') sync(middle, deleter)
      else for (const each of deleter.exchange.drain()) middle.exchange.receive(each)
      // From here on only the middle one knows of the delete; it writes, deletes, and crashes as well.
      middle.commit(planAll([set('k', 'new')]))
      const rest = middle.exchange.drain()
      middle.commit(planAll([{ type: 'delete', key: 'k' }]))
      rest.push(...middle.exchange.drain())
      const early = rest.filter((each) => late.exchange.receive(each).type === 'early')
      for (const each of [...old, ...early]) expect(late.exchange.receive(each).type).to.equal('applied')
      expect(late.get('k')).to.equal(undefined)
    })
})

describe('A session that somebody else uses as well', () => {
  it('is left: the own entries go on under a new one, and nothing of the other is lost', () => {
    const a = replicaAt(1, {}, { session: 77 })
    const clone = replicaAt(2, {}, { session: 77 })
    const told: unknown[] = []
    a.events.on('session-forked', (event) => told.push(event))
    a.commit(planAll([set('mine', 'a')]))
    clone.commit(planAll([set('mine', 'a')]))
    clone.commit(planAll([set('theirs', 'clone')]))
    for (const each of clone.exchange.drain()) a.exchange.receive(each)
    expect(told).to.deep.equal([{ before: 77, session: a.session }])
    expect(a.session).not.to.equal(77)
    expect([a.get('mine'), a.get('theirs')]).to.deep.equal(['a', 'clone'])
    expect(a.entry('mine')?.dot.session).to.equal(a.session)
    expect(a.doc.getMap('usr').toJSON()).to.deep.equal({ mine: 'a', theirs: 'clone' })
    const b = replicaAt(3)
    sync(b, a)
    expect(sameData(a, b)).to.equal(true)
  })

  it('is left by a liar as often as it forges, and the rest of what comes with the lie is merged', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    a.commit(planAll([set('mine', 'a')]))
    sync(b, a)
    for (let round = 0; round < 100; round++) {
      const lie = envelope(0, update(a.session, 2 * a.exchange.known(a.session), gap(2 ** 21)))
      for (const replica of [b, a]) expect(replica.exchange.receive(lie).type).to.equal('applied')
      a.commit(planAll([set('mine', round)]))
      b.commit(planAll([set('theirs', round)]))
      for (const [asker, answerer] of [
        [a, b],
        [b, a],
      ] as const)
        expect(sync(asker, answerer).type).to.equal('applied')
      expect([a.get('theirs'), b.get('mine'), sameData(a, b)]).to.deep.equal([round, round, true])
    }
  })

  it('keeps what its owner has written since others were told a lie about it', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    a.commit(planAll([set('before', 1)]))
    exchange(a, b)
    b.exchange.receive(envelope(0, update(a.session, 2 * a.exchange.known(a.session), gap(2 ** 21))))
    a.commit(planAll(many(10)))
    exchange(a, b)
    sync(a, b)
    exchange(a, b)
    expect([a.size, b.size, sameData(a, b)]).to.deep.equal([11, 11, true])
  })

  it('is noticed by a death of a write that was never made', () => {
    const a = replicaAt(1, {}, { session: 77 })
    a.commit(planAll([set('mine', 'a')]))
    expect(a.exchange.receive(envelope(0, update(77, 2, gap(200)))).type).to.equal('applied')
    expect(a.session).not.to.equal(77)
    expect(a.get('mine')).to.equal('a')
  })
})

describe('One dot with two contents', () => {
  /** Two clones that have written equally often, and a member that heard of each of them. */
  function clones(of: (name: string) => WriteOperation) {
    const all = [1, 2, 3, 4].map((seed) => replicaAt(seed, {}, seed < 3 ? { session: 77 } : {}))
    const [a, clone, heardA, heardClone] = all as [Replica, Replica, Replica, Replica]
    const forked: Replica[] = []
    for (const replica of all) replica.events.on('session-forked', () => forked.push(replica))
    a.commit(planAll([of('a')]))
    clone.commit(planAll([of('clone')]))
    exchange(a, heardA)
    exchange(clone, heardClone)
    return { all, a, clone, heardA, heardClone, forked }
  }

  function settle(all: readonly Replica[]): void {
    for (let round = 0; round < 3; round++)
      for (const asker of all)
        for (const answerer of all)
          if (asker !== answerer && !sameData(asker, answerer)) {
            const difference = wholeDifference(
              answerer.exchange,
              asker.exchange.summary(answerer.exchange.digest()),
            )
            if (difference) mergeDifference(asker.exchange, difference)
          }
  }

  for (const [name, of] of [
    ['one key', (value: string) => set('k', value)],
    ['two keys', (value: string) => set(value, 'v')],
  ] as const)
    it(`comes to one, the same everywhere, and both writers hear of it: ${name}`, () => {
      const { all, a, clone, heardA, heardClone, forked } = clones(of)
      settle([heardA, heardClone])
      expect([heardA.size, sameData(heardA, heardClone)]).to.deep.equal([1, true])
      settle(all)
      for (const replica of all) {
        expect(sameData(replica, a)).to.equal(true)
        expect(replica.size).to.equal(1)
        expect(replica.doc.getMap('usr').toJSON()).to.deep.equal(a.doc.getMap('usr').toJSON())
      }
      expect(new Set(forked)).to.deep.equal(new Set([a, clone]))
      expect(new Set([a.session, clone.session, 77]).size).to.equal(3)
    })

  it('comes to one among more than a thousand keys and sessions as well, and after a restart from the log', () => {
    const log: Uint8Array[] = []
    const [a, b] = [replicaAt(1, { record: (record) => log.push(record) }), replicaAt(2)]
    const content = (value: string) =>
      envelope(stampOf(NOW), update(9, 0, item({ key: 'k', meta: float(stampOf(NOW)), value: any(value) })))
    for (const replica of [a, b])
      for (let session = 100; session < 1200; session++)
        replica.exchange.receive(
          envelope(1, update(session, 0, item({ key: `k${session}`, meta: float(1), value: any(1) }))),
        )
    a.exchange.receive(content('one'))
    b.exchange.receive(content('other'))
    settle([a, b])
    expect(sameData(a, b)).to.equal(true)
    const restarted = replicaAt(3)
    expect(restarted.exchange.replay(log)).to.equal(0)
    expect(sameData(restarted, a)).to.equal(true)
  })

  it('is settled at once where the second content comes by broadcast', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    const told = ['one', 'other'].map((value) =>
      envelope(stampOf(NOW), update(9, 0, item({ key: 'k', meta: float(stampOf(NOW)), value: any(value) }))),
    )
    for (const each of told) a.exchange.receive(each)
    for (const each of told.reverse()) b.exchange.receive(each)
    expect([sameData(a, b), a.get('k')]).to.deep.equal([true, b.get('k')])
  })
})

describe('The lifetime of an entry', () => {
  it('travels on with it', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    const meta = new Uint8Array([117, 2, ...float(stampOf(NOW)), ...float(NOW + 1000)])
    a.exchange.receive(envelope(0, update(9, 0, item({ meta }))))
    sync(b, a)
    const c = replicaAt(3)
    c.exchange.restore(b.exchange.checkpoint())
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
    expect(a.exchange.digest()).to.deep.equal(replicaAt(2).exchange.digest())
    expect(a.exchange.drain()).to.deep.equal([])
  })
})
