/** Anti-entropy: small and large states, and answers that arrive after the asker went on. */

import { expect } from 'chai'
import fc from 'fast-check'
import { decodeDifference, mergeDifference, wholeDifference } from '../../../sim/whole-difference.js'
import {
  KEYS_MAX,
  MERGE_BYTES_MAX,
  MERGE_ENTRIES_MAX,
  MERGE_SESSIONS_MAX,
  MERGE_STRUCTS_MAX,
  SYNC_PART_BYTES,
  VALUE_BYTES_MAX,
} from '../../../src/data/data-limits.js'
import { planAll } from '../../../src/data/replica/plan.js'
import type { Replica, WriteOperation } from '../../../src/data/replica/replica.js'
import { decodeSummary, KEYS_WHOLE_MAX, SESSIONS_LISTED_MAX } from '../../../src/data/replica/summary.js'
import { raw } from './raw-update.js'
import { exchange, replicaAt, sameData, sync } from './replicas.js'

function fill(replica: Replica, keys: number, value: unknown = 'v'): void {
  const operations = Array.from({ length: keys }, (_, index): WriteOperation => {
    return { type: 'set', key: `key${index}`, value: `${value}${index}` }
  })
  replica.commit(planAll(operations))
}

/** A replica that knows of `sessions` sessions, each with one key of its own. */
function wellTravelled(seed: number, sessions: number): Replica {
  const replica = replicaAt(seed)
  for (let i = 0; i < sessions; i++) {
    const guest = replicaAt(1000 + i)
    guest.commit(planAll([{ type: 'set', key: `guest${i}`, value: i }]))
    for (const update of guest.exchange.drain()) replica.exchange.receive(update)
    guest.destroy()
  }
  return replica
}

function kindOf(result: object): string {
  return 'kind' in result ? String(result.kind) : 'ok'
}

describe('A sync', () => {
  it('moves next to nothing when nothing is missing', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    fill(a, KEYS_WHOLE_MAX + 500)
    sync(b, a)
    const difference = wholeDifference(a.exchange, b.exchange.summary())
    expect(difference?.length).to.be.below(200)
    expect(difference && mergeDifference(b.exchange, difference)).to.deep.equal({
      type: 'applied',
      news: false,
    })
  })

  it('tells of deletes in large states by buckets, without the keys that did not change', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    fill(a, KEYS_WHOLE_MAX + 500)
    sync(b, a)
    a.commit(planAll([{ type: 'delete', key: 'key7' }]))
    a.commit(planAll([{ type: 'set', key: 'key8', value: 'new' }]))
    const difference = wholeDifference(a.exchange, b.exchange.summary())
    expect(difference?.length).to.be.below(300)
    expect(difference && mergeDifference(b.exchange, difference)).to.deep.equal({
      type: 'applied',
      news: true,
    })
    expect([b.has('key7'), b.get('key8')]).to.deep.equal([false, 'new'])
    expect(sameData(a, b)).to.equal(true)
  })

  it('works between members that know more sessions than a summary lists', () => {
    const a = wellTravelled(1, SESSIONS_LISTED_MAX + 10)
    const b = replicaAt(2)
    sync(b, a)
    a.commit(planAll([{ type: 'delete', key: 'guest5' }]))
    b.commit(planAll([{ type: 'set', key: 'guest6', value: 'b' }]))
    expect(b.exchange.summary().length).to.be.below(20_000)
    sync(b, a)
    sync(a, b)
    expect([b.has('guest5'), a.get('guest6')]).to.deep.equal([false, 'b'])
    expect(sameData(a, b)).to.equal(true)
  })

  it('spares what the asker wrote and learned after its summary', () => {
    for (const travels of [3, SESSIONS_LISTED_MAX + 10]) {
      const a = wellTravelled(1, travels)
      const [b, c] = [replicaAt(2), replicaAt(3)]
      sync(b, a)
      const summary = b.exchange.summary()
      const difference = wholeDifference(a.exchange, summary)
      b.commit(planAll([{ type: 'set', key: 'late', value: 1 }]))
      c.commit(planAll([{ type: 'set', key: 'heard', value: 2 }]))
      exchange(b, c)
      expect(difference && mergeDifference(b.exchange, difference).type).to.equal('applied')
      expect([b.get('late'), b.get('heard')]).to.deep.equal([1, 2])
    }
  })

  it('spares what the answerer does not know, when each lacks something', () => {
    for (const travels of [3, SESSIONS_LISTED_MAX + 10]) {
      const a = wellTravelled(1, travels)
      const b = replicaAt(2)
      sync(b, a)
      a.commit(planAll([{ type: 'set', key: 'from a', value: 1 }]))
      b.commit(planAll([{ type: 'set', key: 'from b', value: 2 }]))
      sync(b, a)
      expect([b.get('from a'), b.get('from b')]).to.deep.equal([1, 2])
      sync(a, b)
      expect(sameData(a, b)).to.equal(true)
    }
  })

  it('tells an overwritten value as dead even to one that only lost the broadcast of it', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    a.commit(planAll([{ type: 'set', key: 'k', value: 1 }]))
    exchange(a, b)
    b.commit(planAll([{ type: 'set', key: 'k', value: 2 }]))
    b.exchange.drain()
    expect(sync(a, b)).to.deep.equal({ type: 'applied', news: true })
    expect(a.get('k')).to.equal(2)
  })

  it('leaves what was not drained yet to the broadcast as well, alive', () => {
    const [a, b, c] = [replicaAt(1), replicaAt(2), replicaAt(3)]
    a.commit(planAll([{ type: 'set', key: 'k', value: 1 }]))
    sync(b, a)
    a.commit(planAll([{ type: 'set', key: 'k', value: 2 }]))
    const updates = a.exchange.drain()
    expect(updates).to.have.length(2)
    const [first] = updates
    if (first) c.exchange.receive(first)
    expect(c.get('k')).to.equal(1)
  })
})

/** The parts in which `answerer` tells what `asker` lacks; `between` runs after each. */
function partsFor(asker: Replica, answerer: Replica, between?: (part: number) => void): Uint8Array[] {
  const parts: Uint8Array[] = []
  const told = answerer.exchange.difference(asker.exchange.summary())
  for (let part = told?.next(); part; part = part.done ? undefined : told?.next()) {
    parts.push(part.value)
    between?.(parts.length)
  }
  return parts
}

/** A replica with values of many sizes, gaps between them, and several sessions: some megabytes. */
function richReplica(): Replica {
  const replica = replicaAt(1)
  for (let i = 0; i < 60; i++) {
    const value = ['ascii ', 'ä', '\u20ac'].map((text) => text.repeat(1 + ((i * i * 331) % 5_000)))
    replica.commit(planAll([{ type: 'set', key: `large ${i}`, value }]))
    fill(replica, 40, i)
    if (i % 7 === 0) exchange(replica, otherWriter(i))
  }
  return replica
}

function otherWriter(seed: number): Replica {
  const replica = replicaAt(100 + seed)
  replica.commit(planAll([{ type: 'set', key: `other ${seed}`, value: new Uint8Array(30_000) }]))
  return replica
}

describe('A difference in parts', () => {
  it('shows nothing before all of it has come, and then everything', () => {
    const [a, b] = [richReplica(), replicaAt(2)]
    const parts = partsFor(b, a)
    const intake = b.exchange.takeDifference()
    for (const part of parts) expect(intake.take(part)).to.equal(undefined)
    expect([parts.length > 4, b.size]).to.deep.equal([true, 0])
    expect(intake.merge()).to.deep.equal({ type: 'applied', news: true })
    expect(sameData(a, b)).to.equal(true)
    expect(b.exchange.checkpoint()).to.deep.equal(a.exchange.checkpoint())
  })

  it('has parts that are full and within their limit', () => {
    const lengths = partsFor(replicaAt(2), richReplica()).map(({ length }) => length)
    const last = lengths.pop()
    expect(last).to.be.above(0)
    expect(Math.max(...lengths, last ?? 0)).to.be.at.most(SYNC_PART_BYTES)
    // The first ones grow. A part ends before the value that does not fit.
    expect(Math.min(...lengths.slice(4))).to.be.above(SYNC_PART_BYTES - VALUE_BYTES_MAX - 1024)
  })

  it('is the same where each part lies in the memory of an earlier one', () => {
    const [a, b] = [richReplica(), replicaAt(2)]
    const fresh = partsFor(b, a)
    const told = a.exchange.difference(b.exchange.summary())
    const reused: Uint8Array[] = []
    const memory = new Set<ArrayBufferLike>()
    let before: Uint8Array | undefined
    for (let part = told?.next(); part; part = part.done ? undefined : told?.next(before)) {
      reused.push(part.value.slice())
      before = part.value
      if (!part.done) memory.add(before.buffer)
    }
    expect(reused).to.deep.equal(fresh)
    expect([reused.length > 4, memory.size]).to.deep.equal([true, 1])
  })

  it('tells of the moment in which it was asked for, whatever is written while it is told', () => {
    const [a, b] = [richReplica(), replicaAt(2)]
    const then = a.exchange.digest()
    const parts = partsFor(b, a, (part) => {
      a.commit(planAll([{ type: 'delete', key: `large ${59 - part}` }]))
      a.commit(planAll([{ type: 'set', key: `large ${part}`, value: 'later' }]))
      a.commit(planAll([{ type: 'set', key: `new ${part}`, value: 'later' }]))
    })
    const intake = b.exchange.takeDifference()
    for (const part of parts) intake.take(part)
    intake.merge()
    expect(b.exchange.digest()).to.deep.equal(then)
    sync(b, a)
    expect(sameData(a, b)).to.equal(true)
  })

  it('cuts what follows the writes anywhere', () => {
    const a = richReplica()
    const b = replicaAt(2)
    sync(b, a)
    a.commit(planAll([{ type: 'delete', key: 'large 3' }]))
    const whole = wholeDifference(a.exchange, b.exchange.summary()) ?? new Uint8Array()
    const cut = whole.length - 20
    const intake = b.exchange.takeDifference()
    expect([intake.take(whole.subarray(0, cut)), intake.take(whole.subarray(cut))]).to.deep.equal([
      undefined,
      undefined,
    ])
    expect(intake.merge()).to.deep.equal({ type: 'applied', news: true })
    expect(sameData(a, b)).to.equal(true)
  })

  it('is malformed when a part ends within a write, or the last part is missing', () => {
    const [a, b] = [richReplica(), replicaAt(2)]
    const [first = new Uint8Array()] = partsFor(b, a)
    expect(b.exchange.takeDifference().take(first.subarray(0, first.length - 1))).to.include({
      kind: 'malformed',
    })
    const intake = b.exchange.takeDifference()
    intake.take(first)
    expect(intake.merge()).to.include({ type: 'offence', kind: 'malformed' })
    expect(b.exchange.takeDifference().merge()).to.include({ type: 'offence', kind: 'malformed' })
    expect(b.size).to.equal(0)
  })
})

describe('A summary or a difference', () => {
  it('decodes to a result or an offence, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const result of [decodeSummary(bytes), decodeDifference(bytes)])
          if ('type' in result) expect(result.type).to.equal('offence')
      }),
      { numRuns: 2000 },
    )
  })

  it('decodes to a result or an offence when a valid one was changed in a few bytes, and half of it is never taken', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    fill(a, 20)
    exchange(a, b)
    a.commit(planAll([{ type: 'delete', key: 'key3' }]))
    a.commit(planAll([{ type: 'set', key: 'key4', value: { deep: [1, 2] } }]))
    const valid = wholeDifference(a.exchange, b.exchange.summary()) ?? new Uint8Array()
    const change = fc.tuple(fc.nat(valid.length - 1), fc.nat(255))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = valid.slice()
        for (const [index, byte] of changes) bytes[index] = byte
        const before = b.exchange.digest()
        if (mergeDifference(b.exchange, bytes).type !== 'applied')
          expect(b.exchange.digest()).to.deep.equal(before)
        expect(b.doc.store.pendingStructs).to.equal(null)
      }),
      { numRuns: 500 },
    )
  })

  it('is refused when it is malformed', () => {
    expect(replicaAt(1).exchange.difference(new Uint8Array([1, 2, 3]))).to.equal(undefined)
    expect(kindOf(decodeSummary(raw(1, 2, 0)))).to.equal('malformed')
    expect(kindOf(decodeSummary(raw(1, 0, 2, 9, 1, 9, 2, 0)))).to.equal('malformed')
    expect(kindOf(decodeSummary(raw(1, 1, 0, 0)))).to.equal('malformed')
    expect(kindOf(decodeSummary(raw(1, 0, 0, 0, 7)))).to.equal('trailing')
    expect(kindOf(decodeDifference(raw(1, 1, 0, 0, 0, 0, 0, 2, 9, 1, 0, 9, 1, 0)))).to.equal('malformed')
    expect(kindOf(decodeDifference(raw(1, 1, 0, 1, 9, 1, 0, 2, 0, 0, 0, 0)))).to.equal('limit')
  })

  it('is refused one beyond each of its limits', () => {
    const room = new Uint8Array(4 * MERGE_ENTRIES_MAX)
    expect(kindOf(decodeSummary(raw(1, 0, SESSIONS_LISTED_MAX + 1, room)))).to.equal('limit')
    expect(kindOf(decodeDifference(raw(1, 1, MERGE_SESSIONS_MAX + 2, room)))).to.equal('limit')
    expect(kindOf(decodeDifference(raw(1, 1, 1, MERGE_STRUCTS_MAX + 1, room)))).to.equal('limit')
    expect(kindOf(decodeDifference(raw(1, 1, 0, 0, 0, MERGE_SESSIONS_MAX + 1, room)))).to.equal('limit')
    expect(kindOf(decodeDifference(raw(1, 1, 0, 0, 0, 0, 0, 1, 9, 2 * KEYS_MAX + 1, room)))).to.equal('limit')
    expect(kindOf(decodeDifference(new Uint8Array(MERGE_BYTES_MAX + 1)))).to.equal('limit')
    expect(kindOf(decodeSummary(new Uint8Array(MERGE_BYTES_MAX + 1)))).to.equal('limit')
  })
})
