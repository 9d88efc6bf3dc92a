/** Compaction: the history goes, the document and everything that watches it stays. */

import { expect } from 'chai'
import * as Y from 'yjs'
import {
  compact,
  compactionNeed,
  compactionObstacle,
  IDLE_HISTORY,
  structCount,
  UNNOTICED_STRUCTS,
  URGENT_FACTOR,
  URGENT_HISTORY,
} from '../../../src/data/replica/compaction.js'
import { planAll } from '../../../src/data/replica/plan.js'
import type { Replica } from '../../../src/data/replica/replica.js'
import { exchange, replicaAt, sameData } from './replicas.js'

function overwrite(replica: Replica, times: number, keys = 10): void {
  for (let i = 0; i < times; i++) replica.commit(planAll([{ type: 'set', key: `k${i % keys}`, value: i }]))
}

/** A replica whose history is due for an idle moment, too large to be dropped by itself: 9,000 keys, k0 to k1099 three times. */
function worn(seed: number): Replica {
  const replica = replicaAt(seed)
  for (const [round, keys] of [9000, 9000, 1100].entries()) {
    replica.commit(
      planAll(
        Array.from({ length: keys }, (_, i) => ({ type: 'set', key: `k${i}`, value: 10_000 * round + i })),
      ),
    )
  }
  return replica
}

function usrOf(replica: Replica): Y.Map<unknown> {
  return replica.doc.getMap('usr')
}

describe('Compaction', () => {
  it('finds this version of yjs as it expects it; if this fails, read src/data/replica/compaction.ts first', () => {
    expect(compactionObstacle()).to.equal(undefined)
  })

  it('drops the history of overwritten and deleted keys without any event', () => {
    const a = worn(1)
    a.commit(planAll([{ type: 'delete', key: 'k3' }]))
    const before = usrOf(a).toJSON()
    let events = 0
    for (const name of ['update', 'beforeTransaction', 'afterTransaction'] as const)
      a.doc.on(name, () => events++)
    expect(structCount(a.doc)).to.be.above(19_000)
    expect(a.compactIfDue()).to.equal(true)
    expect(events).to.equal(0)
    expect(structCount(a.doc)).to.be.below(9010)
    expect(usrOf(a).toJSON()).to.deep.equal(before)
    expect(a.compactIfDue()).to.equal(false)
  })

  it('runs by itself in a store that is never idle', () => {
    const a = replicaAt(1)
    overwrite(a, 20_000)
    expect(structCount(a.doc)).to.be.below(5 * URGENT_HISTORY)
  })

  it('leaves observers in place, and they see each later change once', () => {
    const a = worn(1)
    const seen: unknown[] = []
    usrOf(a).observe((event) => {
      for (const [key, change] of event.changes.keys) seen.push([key, change.action, change.oldValue])
    })
    expect(a.compactIfDue()).to.equal(true)
    a.commit(planAll([{ type: 'set', key: 'k0', value: 'new' }]))
    a.commit(planAll([{ type: 'delete', key: 'k1' }]))
    a.commit(planAll([{ type: 'set', key: 'k1', value: 'again' }]))
    expect(seen).to.deep.equal([
      ['k0', 'update', 20_000],
      ['k1', 'delete', 20_001],
      ['k1', 'add', undefined],
    ])
  })

  it('leaves a document that stock Yjs copies', () => {
    const a = worn(1)
    expect(a.compactIfDue()).to.equal(true)
    overwrite(a, 7)
    const copy = new Y.Doc()
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(a.doc))
    expect(copy.getMap('usr').toJSON()).to.deep.equal(usrOf(a).toJSON())
  })

  it('does not disturb the merge: a deleted key stays deleted, an update still finds its place', () => {
    const [a, b] = [worn(1), replicaAt(2)]
    exchange(a, b)
    a.commit(planAll([{ type: 'delete', key: 'k2' }]))
    expect(a.compactIfDue()).to.equal(true)
    b.compactIfDue()
    b.commit(planAll([{ type: 'set', key: 'k4', value: 'b' }]))
    exchange(a, b)
    expect([a.has('k2'), b.has('k2'), a.get('k4')]).to.deep.equal([false, false, 'b'])
    expect(sameData(a, b)).to.equal(true)
  })

  it('keeps what an UndoManager may bring back', () => {
    const a = worn(1)
    const undo = new Y.UndoManager(usrOf(a), { captureTimeout: 0 })
    a.commit(planAll([{ type: 'set', key: 'k0', value: 'mistake' }]))
    for (let i = 0; i < 100; i++) a.commit(planAll([{ type: 'set', key: 'k0', value: i }]))
    expect(a.compactIfDue()).to.equal(true)
    for (let i = 0; i < 101; i++) undo.undo()
    expect(a.get('k0')).to.equal(20_000)
    undo.destroy()
  })

  it('refuses while a transaction is under way or something alive is elsewhere', () => {
    const doc = new Y.Doc()
    const map = doc.getMap<unknown>('usr')
    map.set('k', 1)
    map.set('k', 2)
    doc.transact(() => expect(compact(doc, [map])).to.equal(false))
    doc.getArray('list').push([1])
    expect(compact(doc, [map])).to.equal(false)
    expect(structCount(doc)).to.equal(3)
  })

  it('waits for an idle moment and an eighth of the live keys in history', () => {
    expect(compactionNeed(100 + IDLE_HISTORY, 100)).to.equal('none')
    expect(compactionNeed(100 + IDLE_HISTORY + 1, 100)).to.equal('idle')
    expect(compactionNeed(9000, 8000)).to.equal('none')
    expect(compactionNeed(9001, 8000)).to.equal('idle')
    expect(compactionNeed(9001, 8000, 8001)).to.equal('none')
  })

  it('waits no longer with as much history as live keys and some more: at four times that in a large store', () => {
    const small = 2 * 100 + URGENT_HISTORY
    expect(compactionNeed(small, 100)).to.equal('idle')
    expect(compactionNeed(small + 1, 100)).to.equal('urgent')
    const live = UNNOTICED_STRUCTS
    const large = live + URGENT_FACTOR * (live + URGENT_HISTORY)
    expect(compactionNeed(large, live)).to.equal('idle')
    expect(compactionNeed(large + 1, live)).to.equal('urgent')
  })

  it('runs by itself after most keys have gone, and is not due again when nothing was left to drop', () => {
    const a = replicaAt(1)
    a.commit(planAll(Array.from({ length: 2000 }, (_, i) => ({ type: 'set', key: `k${i}`, value: i }))))
    expect(a.compactIfDue()).to.equal(false)
    a.commit(planAll(Array.from({ length: 1990 }, (_, i) => ({ type: 'delete', key: `k${i}` }))))
    expect(structCount(a.doc)).to.equal(11)
    expect(a.compactIfDue()).to.equal(false)
  })

  it('keeps a checkpoint and a document small after many overwrites by several writers', () => {
    const writers = [replicaAt(1), replicaAt(2), replicaAt(3)]
    const reader = replicaAt(9)
    for (let i = 0; i < 6000; i++) {
      const writer = writers[i % 3]
      writer?.commit(planAll([{ type: 'set', key: `key${(i * 7) % 100}`, value: '12345678' }]))
      for (const update of writer?.exchange.drain() ?? [])
        for (const other of [...writers, reader]) if (other !== writer) other.exchange.receive(update)
    }
    const fresh = new Y.Doc()
    for (let i = 0; i < 100; i++) fresh.getMap('usr').set(`key${i}`, '12345678')
    reader.compactIfDue()
    const freshBytes = Y.encodeStateAsUpdate(fresh).length
    expect(reader.exchange.checkpoint().length).to.be.below(1.7 * freshBytes)
    expect(writers.every((writer) => sameData(writer, reader))).to.equal(true)
  })
})
