/** Anti-entropy: small and large states, and answers that arrive after the asker went on. */
import { expect } from 'chai'
import fc from 'fast-check'
import {
  decodeDifference,
  decodeSummary,
  KEYS_WHOLE_MAX,
  REFUSED_TOLD_MAX,
  SESSIONS_LISTED_MAX,
} from '../../../src/replica/difference.js'
import type { Replica, WriteOperation } from '../../../src/replica/replica.js'
import {
  KEYS_MAX,
  MERGE_BYTES_MAX,
  MERGE_ENTRIES_MAX,
  MERGE_STRUCTS_MAX,
  SESSIONS_MAX,
} from '../../../src/wire/limits.js'
import { raw } from './raw-update.js'
import { exchange, replicaAt, sameData, sync } from './replicas.js'

function fill(replica: Replica, keys: number, value: unknown = 'v'): void {
  const operations = Array.from({ length: keys }, (_, index): WriteOperation => {
    return { type: 'set', key: `key${index}`, value: `${value}${index}` }
  })
  replica.write(operations)
}

/** A replica that knows of `sessions` sessions, each with one key of its own. */
function wellTravelled(seed: number, sessions: number): Replica {
  const replica = replicaAt(seed)
  for (let i = 0; i < sessions; i++) {
    const guest = replicaAt(1000 + i)
    guest.write([{ type: 'set', key: `guest${i}`, value: i }])
    for (const update of guest.drain()) replica.receive(update)
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
    const difference = a.difference(b.summary())
    expect(difference?.length).to.be.below(200)
    expect(difference && b.receiveDifference(difference)).to.deep.equal({ type: 'applied', news: false })
  })

  it('tells of deletes in large states by buckets, without the keys that did not change', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    fill(a, KEYS_WHOLE_MAX + 500)
    sync(b, a)
    a.write([{ type: 'delete', key: 'key7' }])
    a.write([{ type: 'set', key: 'key8', value: 'new' }])
    const difference = a.difference(b.summary())
    expect(difference?.length).to.be.below(300)
    expect(difference && b.receiveDifference(difference)).to.deep.equal({ type: 'applied', news: true })
    expect([b.has('key7'), b.get('key8')]).to.deep.equal([false, 'new'])
    expect(sameData(a, b)).to.equal(true)
  })

  it('works between members that know more sessions than a summary lists', () => {
    const a = wellTravelled(1, SESSIONS_LISTED_MAX + 10)
    const b = replicaAt(2)
    sync(b, a)
    a.write([{ type: 'delete', key: 'guest5' }])
    b.write([{ type: 'set', key: 'guest6', value: 'b' }])
    expect(b.summary().length).to.be.below(20_000)
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
      const summary = b.summary()
      const difference = a.difference(summary)
      b.write([{ type: 'set', key: 'late', value: 1 }])
      c.write([{ type: 'set', key: 'heard', value: 2 }])
      exchange(b, c)
      expect(difference && b.receiveDifference(difference).type).to.equal('applied')
      expect([b.get('late'), b.get('heard')]).to.deep.equal([1, 2])
    }
  })

  it('spares what the answerer does not know, when each lacks something', () => {
    for (const travels of [3, SESSIONS_LISTED_MAX + 10]) {
      const a = wellTravelled(1, travels)
      const b = replicaAt(2)
      sync(b, a)
      a.write([{ type: 'set', key: 'from a', value: 1 }])
      b.write([{ type: 'set', key: 'from b', value: 2 }])
      sync(b, a)
      expect([b.get('from a'), b.get('from b')]).to.deep.equal([1, 2])
      sync(a, b)
      expect(sameData(a, b)).to.equal(true)
    }
  })

  it('tells an overwritten value as dead even to one that only lost the broadcast of it', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    a.write([{ type: 'set', key: 'k', value: 1 }])
    exchange(a, b)
    b.write([{ type: 'set', key: 'k', value: 2 }])
    b.drain()
    expect(sync(a, b)).to.deep.equal({ type: 'applied', news: true })
    expect(a.get('k')).to.equal(2)
  })

  it('leaves what was not drained yet to the broadcast as well, alive', () => {
    const [a, b, c] = [replicaAt(1), replicaAt(2), replicaAt(3)]
    a.write([{ type: 'set', key: 'k', value: 1 }])
    sync(b, a)
    a.write([{ type: 'set', key: 'k', value: 2 }])
    const updates = a.drain()
    expect(updates).to.have.length(2)
    const [first] = updates
    if (first) c.receive(first)
    expect(c.get('k')).to.equal(1)
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
    a.write([{ type: 'delete', key: 'key3' }])
    a.write([{ type: 'set', key: 'key4', value: { deep: [1, 2] } }])
    const valid = a.difference(b.summary()) ?? new Uint8Array()
    const change = fc.tuple(fc.nat(valid.length - 1), fc.nat(255))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = valid.slice()
        for (const [index, byte] of changes) bytes[index] = byte
        const before = b.digest()
        if (b.receiveDifference(bytes).type !== 'applied') expect(b.digest()).to.deep.equal(before)
        expect(b.doc.store.pendingStructs).to.equal(null)
      }),
      { numRuns: 500 },
    )
  })

  it('is refused when it is malformed', () => {
    expect(replicaAt(1).difference(new Uint8Array([1, 2, 3]))).to.equal(undefined)
    expect(kindOf(decodeSummary(raw(1, 2, 0)))).to.equal('malformed')
    expect(kindOf(decodeSummary(raw(1, 0, 2, 9, 1, 9, 2, 0, 0)))).to.equal('malformed')
    expect(kindOf(decodeSummary(raw(1, 1, 0, 0)))).to.equal('malformed')
    expect(kindOf(decodeSummary(raw(1, 0, 0, 0, 0, 7)))).to.equal('trailing')
    expect(kindOf(decodeDifference(raw(1, 1, 0, 0, 0, 0, 0, 2, 9, 1, 0, 9, 1, 0)))).to.equal('malformed')
    expect(kindOf(decodeDifference(raw(1, 1, 0, 1, 9, 1, 0, 2, 0, 0, 0, 0)))).to.equal('limit')
  })

  it('is refused one beyond each of its limits', () => {
    const room = new Uint8Array(4 * MERGE_ENTRIES_MAX)
    expect(kindOf(decodeSummary(raw(1, 0, SESSIONS_LISTED_MAX + 1, room)))).to.equal('limit')
    expect(kindOf(decodeSummary(raw(1, 0, 0, 0, REFUSED_TOLD_MAX + 1, room)))).to.equal('limit')
    expect(kindOf(decodeDifference(raw(1, 1, SESSIONS_MAX + 2, room)))).to.equal('limit')
    expect(kindOf(decodeDifference(raw(1, 1, 1, MERGE_STRUCTS_MAX + 1, room)))).to.equal('limit')
    expect(kindOf(decodeDifference(raw(1, 1, 0, 0, 0, SESSIONS_MAX + 1, room)))).to.equal('limit')
    expect(kindOf(decodeDifference(raw(1, 1, 0, 0, 0, 0, 0, 1, 9, 2 * KEYS_MAX + 1, room)))).to.equal('limit')
    expect(kindOf(decodeDifference(new Uint8Array(MERGE_BYTES_MAX + 1)))).to.equal('limit')
    expect(kindOf(decodeSummary(new Uint8Array(MERGE_BYTES_MAX + 1)))).to.equal('limit')
  })
})
