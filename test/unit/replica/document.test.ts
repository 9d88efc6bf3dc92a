/** The Y.Doc beside the store: what an application may do with it, and what is undone. */

import { expect } from 'chai'
import * as Y from 'yjs'
import { type GossipKvError, UsageError } from '../../../src/base/errors.js'
import { checkSingleYjs } from '../../../src/data/replica/document.js'
import type { ChangeEvent } from '../../../src/data/replica/events.js'
import { planAll } from '../../../src/data/replica/plan.js'
import type { Replica } from '../../../src/data/replica/replica.js'
import { exchange, replicaAt, sameData } from './replicas.js'

function codeOf(call: () => unknown): string | undefined {
  try {
    call()
    return undefined
  } catch (error) {
    return error instanceof UsageError ? error.code : String(error)
  }
}

function usrOf(replica: Replica): Y.Map<unknown> {
  return replica.doc.getMap('usr')
}

function recordOf(replica: Replica): { changes: ChangeEvent[]; errors: string[] } {
  const record = { changes: [] as ChangeEvent[], errors: [] as string[] }
  replica.events.on('change', (event) => record.changes.push(event))
  replica.events.on('error', (error: GossipKvError) => record.errors.push(error.code))
  return record
}

describe('A stock write to the document', () => {
  it('becomes a write of the store and reaches the others', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    usrOf(a).set('color', { name: 'red' })
    exchange(a, b)
    expect(a.get('color')).to.deep.equal({ name: 'red' })
    expect(b.get('color')).to.deep.equal({ name: 'red' })
    expect(sameData(a, b)).to.equal(true)
  })

  it('is frozen like any other value, and the application keeps its own object', () => {
    const a = replicaAt(1)
    const own = { list: [1] }
    usrOf(a).set('color', own)
    own.list.push(2)
    expect(a.get('color')).to.deep.equal({ list: [1] })
    expect(usrOf(a).get('color')).to.equal(a.get('color'))
  })

  it('replaces what it saw, so a concurrent older entry does not come back', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    a.commit(planAll([{ type: 'set', key: 'k', value: 1 }]))
    exchange(a, b)
    usrOf(b).set('k', 2)
    exchange(a, b)
    expect(a.get('k')).to.equal(2)
  })

  it('deletes as well', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    a.commit(planAll([{ type: 'set', key: 'k', value: 1 }]))
    exchange(a, b)
    usrOf(a).delete('k')
    exchange(a, b)
    expect(b.has('k')).to.equal(false)
  })

  it('is told once, with what stood before, and observers see it once', () => {
    const a = replicaAt(1)
    a.commit(planAll([{ type: 'set', key: 'k', value: 1 }]))
    const { changes } = recordOf(a)
    let observed = 0
    usrOf(a).observe(() => observed++)
    usrOf(a).set('k', 2)
    expect(changes).to.deep.equal([{ local: true, changes: [{ key: 'k', value: 2, previous: 1 }] }])
    expect(observed).to.equal(1)
  })

  it('counts also inside of a transaction that wraps writes of the store, in order', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    const { changes } = recordOf(a)
    a.doc.transact(() => {
      usrOf(a).set('k', 'stock first')
      a.commit(planAll([{ type: 'set', key: 'k', value: 'store second' }]))
      usrOf(a).set('j', 'stock')
      a.commit(planAll([{ type: 'set', key: 'j', value: 'store' }]))
      usrOf(a).set('j', 'stock last')
    })
    exchange(a, b)
    expect([b.get('k'), b.get('j')]).to.deep.equal(['store second', 'stock last'])
    expect(changes).to.deep.equal([
      {
        local: true,
        changes: [
          { key: 'k', value: 'store second', previous: undefined },
          { key: 'j', value: 'stock last', previous: undefined },
        ],
      },
    ])
  })

  it('is not overwritten unseen by an update that arrives inside of the same transaction', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    b.commit(planAll([{ type: 'set', key: 'k', value: 'from b' }]))
    const [update] = b.exchange.drain()
    const conflicts: string[] = []
    a.events.on('conflict', ({ key }) => conflicts.push(key))
    a.doc.transact(() => {
      usrOf(a).set('k', 'stock')
      if (update) a.exchange.receive(update)
    })
    expect(conflicts).to.deep.equal(['k'])
    exchange(a, b)
    expect(sameData(a, b)).to.equal(true)
  })

  it('is undone and thrown when it is no plain value', () => {
    const a = replicaAt(1)
    a.commit(planAll([{ type: 'set', key: 'k', value: 1 }]))
    const { changes, errors } = recordOf(a)
    const refused = [new Y.Map(), new Y.Doc(), new Date(), undefined, 5n, Number.NaN, 'x'.repeat(70_000)]
    for (const value of refused) expect(codeOf(() => usrOf(a).set('k', value))).to.match(/^ERR_(VALUE|TOO)/)
    expect(codeOf(() => usrOf(a).set('__proto__', 1))).to.equal('ERR_KEY_INVALID')
    expect(usrOf(a).toJSON()).to.deep.equal({ k: 1 })
    expect(a.get('k')).to.equal(1)
    expect(errors).to.have.length(refused.length + 1)
    expect(changes).to.deep.equal([])
  })

  it('is undone in part: what is plain in the same transaction stays', () => {
    const a = replicaAt(1)
    const write = () =>
      a.doc.transact(() => {
        usrOf(a).set('good', 1)
        usrOf(a).set('bad', new Y.Array())
      })
    expect(codeOf(write)).to.equal('ERR_VALUE_INVALID')
    expect(usrOf(a).toJSON()).to.deep.equal({ good: 1 })
    expect(a.get('good')).to.equal(1)
  })

  it('is undone when the store is full', () => {
    const a = replicaAt(1, { limits: { keysMax: 1 } })
    usrOf(a).set('one', 1)
    expect(codeOf(() => usrOf(a).set('two', 2))).to.equal('ERR_FULL')
    expect(usrOf(a).toJSON()).to.deep.equal({ one: 1 })
  })

  it('to `sys` or to another root is undone', () => {
    const a = replicaAt(1)
    a.projectMembers(new Map())
    expect(codeOf(() => a.doc.getMap('sys').set('members', 'mine'))).to.equal('ERR_SYS_READONLY')
    expect(codeOf(() => a.doc.getMap('sys').set('other', 1))).to.equal('ERR_SYS_READONLY')
    expect(codeOf(() => a.doc.getMap('sys').delete('members'))).to.equal('ERR_SYS_READONLY')
    expect(codeOf(() => a.doc.getText('note').insert(0, 'hello'))).to.equal('ERR_FOREIGN_WRITE')
    expect(codeOf(() => a.doc.getArray('list').push([1, new Y.Map()]))).to.equal('ERR_FOREIGN_WRITE')
    expect(a.doc.getMap('sys').toJSON()).to.deep.equal({ members: {} })
    expect(a.doc.getText('note').toString()).to.equal('')
    expect(a.doc.getArray('list').toJSON()).to.deep.equal([])
  })

  it('of a listener is not blamed on the caller of the store', () => {
    const a = replicaAt(1)
    const { errors } = recordOf(a)
    usrOf(a).observe((event) => {
      if (event.keysChanged.has('k')) usrOf(a).set('bad', new Y.Map())
    })
    a.commit(planAll([{ type: 'set', key: 'k', value: 1 }]))
    expect(errors).to.deep.equal(['ERR_VALUE_INVALID'])
    expect(usrOf(a).toJSON()).to.deep.equal({ k: 1 })
  })
})

describe('The document', () => {
  it('reports an observer that throws, and the write stands', () => {
    const a = replicaAt(1)
    const { changes, errors } = recordOf(a)
    usrOf(a).observe(() => {
      throw new Error('mine')
    })
    a.commit(planAll([{ type: 'set', key: 'k', value: 1 }]))
    expect(errors).to.deep.equal(['ERR_LISTENER_THREW'])
    expect(changes).to.have.length(1)
    expect(a.get('k')).to.equal(1)
  })

  it('lets a listener write again, and tells both in order', () => {
    const a = replicaAt(1)
    const told: string[] = []
    a.events.on('change', ({ changes }) => {
      told.push(...changes.map((change) => change.key))
      if (told.length === 1) a.commit(planAll([{ type: 'set', key: 'second', value: 2 }]))
    })
    a.commit(planAll([{ type: 'set', key: 'first', value: 1 }]))
    expect(told).to.deep.equal(['first', 'second'])
  })

  it('works with an UndoManager: an undo is a write like any other', () => {
    const [a, b] = [replicaAt(1), replicaAt(2)]
    const undo = new Y.UndoManager(usrOf(a), { captureTimeout: 0 })
    a.commit(planAll([{ type: 'set', key: 'k', value: 1 }]))
    a.commit(planAll([{ type: 'set', key: 'k', value: 2 }]))
    exchange(a, b)
    undo.undo()
    exchange(a, b)
    expect([a.get('k'), b.get('k')]).to.deep.equal([1, 1])
    undo.redo()
    exchange(a, b)
    expect([a.get('k'), b.get('k')]).to.deep.equal([2, 2])
    expect(sameData(a, b)).to.equal(true)
    undo.destroy()
  })

  it('must be empty when it is handed in', () => {
    const doc = new Y.Doc()
    doc.getMap('usr').set('k', 1)
    expect(codeOf(() => replicaAt(1, { doc }))).to.equal('ERR_OPTION_INVALID')
  })

  it('keeps its content when the replica lets go of it', () => {
    const a = replicaAt(1)
    a.commit(planAll([{ type: 'set', key: 'k', value: 1 }]))
    a.destroy()
    usrOf(a).set('other', new Y.Map())
    expect(usrOf(a).toJSON()).to.deep.equal({ k: 1, other: {} })
  })
})

describe('Two copies of yjs', () => {
  it('are noticed by the first one that left its mark', () => {
    class OtherDoc {}
    const realm = { [Symbol.for('gossip-kv.yjs')]: OtherDoc }
    expect(codeOf(() => checkSingleYjs(undefined, realm))).to.equal('ERR_DUPLICATE_YJS')
  })

  it('are noticed when a document of the other one is handed in', () => {
    const realm = {}
    expect(codeOf(() => checkSingleYjs(undefined, realm))).to.equal(undefined)
    expect(codeOf(() => checkSingleYjs(new Y.Doc(), realm))).to.equal(undefined)
    expect(codeOf(() => checkSingleYjs({ getMap: () => 1 } as unknown as Y.Doc, realm))).to.equal(
      'ERR_DUPLICATE_YJS',
    )
  })
})
