/** Whatever an application does to the document by itself, document and table show the same, and others get it. */

import { expect } from 'chai'
import * as Y from 'yjs'
import { planAll } from '../../../src/data/replica/plan.js'
import type { Replica } from '../../../src/data/replica/replica.js'
import { replicaAt, sameData, sync } from './replicas.js'

type Act = (usr: Y.Map<unknown>, doc: Y.Doc) => void

/** What may not stay, with the code that says so. */
const REFUSED: readonly [name: string, code: string, act: Act][] = [
  ['a nested map', 'ERR_VALUE_INVALID', (usr) => usr.set('x', new Y.Map())],
  ['a nested text', 'ERR_VALUE_INVALID', (usr) => usr.set('x', new Y.Text('a'))],
  ['a subdocument', 'ERR_VALUE_INVALID', (usr) => usr.set('x', new Y.Doc())],
  ['a Date', 'ERR_VALUE_INVALID', (usr) => usr.set('x', new Date(0))],
  ['undefined', 'ERR_VALUE_INVALID', (usr) => usr.set('x', undefined)],
  ['NaN', 'ERR_VALUE_INVALID', (usr) => usr.set('x', Number.NaN)],
  ['a bigint', 'ERR_VALUE_INVALID', (usr) => usr.set('x', 10n)],
  ['half of a surrogate pair', 'ERR_VALUE_INVALID', (usr) => usr.set('x', '\udc00')],
  ['a huge text', 'ERR_TOO_LARGE', (usr) => usr.set('x', 'a'.repeat(70_000))],
  ['half of a surrogate pair as key', 'ERR_KEY_INVALID', (usr) => usr.set('\ud800', 1)],
  ['no key', 'ERR_KEY_INVALID', (usr) => usr.set('', 1)],
  ['__proto__', 'ERR_KEY_INVALID', (usr) => usr.set('__proto__', 1)],
  ['sys', 'ERR_SYS_READONLY', (_, doc) => doc.getMap('sys').set('y', 1)],
  ['another map', 'ERR_FOREIGN_WRITE', (_, doc) => doc.getMap('other').set('y', 1)],
  ['a text beside it', 'ERR_FOREIGN_WRITE', (_, doc) => doc.getText('text').insert(0, 'a')],
  ['a list beside it', 'ERR_FOREIGN_WRITE', (_, doc) => doc.getArray('list').push([1])],
  ['XML', 'ERR_FOREIGN_WRITE', (_, doc) => doc.getXmlFragment('xml').insert(0, [new Y.XmlText('a')])],
]

/** The ways in which an application comes to it. */
const WAYS: readonly [name: string, run: (replica: Replica, act: () => void) => void][] = [
  ['directly', (_, act) => act()],
  [
    'inside of a transaction with good writes',
    ({ doc }, act) =>
      doc.transact(() => {
        doc.getMap('usr').set('before', 2)
        act()
        doc.getMap('usr').set('after', 3)
      }),
  ],
  [
    'in an observer of a write of the store',
    (replica, act) => {
      let isFirst = true
      replica.doc.getMap('usr').observe(() => {
        if (isFirst) {
          isFirst = false
          act()
        }
      })
      replica.commit(planAll([{ type: 'set', key: 'seen', value: 4 }]))
    },
  ],
]

function expectOneTruth(replica: Replica): void {
  const shown = Object.fromEntries([...replica.keys()].map((key) => [key, replica.get(key)]))
  expect(replica.doc.getMap('usr').toJSON()).to.deep.equal(shown)
  const other = replicaAt(2)
  sync(other, replica)
  expect(sameData(replica, other)).to.equal(true)
  expect(other.doc.getMap('usr').toJSON()).to.deep.equal(shown)
}

describe('A stock write', () => {
  for (const [way, run] of WAYS)
    for (const [name, code, act] of REFUSED)
      it(`of ${name} ${way} is undone and told as ${code}`, () => {
        const replica = replicaAt(1)
        replica.commit(planAll([{ type: 'set', key: 'kept', value: 1 }]))
        const told: string[] = []
        replica.events.on('error', (error) => told.push(error.code))
        try {
          run(replica, () => act(replica.doc.getMap('usr'), replica.doc))
        } catch (error) {
          told.push(String(Reflect.get(Object(error), 'code')))
        }
        expect(new Set(told)).to.deep.equal(new Set([code]))
        expect(replica.get('kept')).to.equal(1)
        expect(replica.doc.getMap('sys').toJSON()).to.deep.equal({})
        expectOneTruth(replica)
      })

  it('that clears the map deletes every key', () => {
    const replica = replicaAt(1)
    replica.commit(planAll(['a', 'b'].map((key) => ({ type: 'set', key, value: 1 }))))
    replica.doc.getMap('usr').clear()
    expect(replica.size).to.equal(0)
    expectOneTruth(replica)
  })

  it('is undone and redone by an UndoManager across compactions, a thousand times', () => {
    const replica = replicaAt(1)
    const usr = replica.doc.getMap<unknown>('usr')
    const manager = new Y.UndoManager(usr, { captureTimeout: 0, trackedOrigins: new Set([null]) })
    usr.set('stock', 1)
    replica.commit(planAll([{ type: 'set', key: 'stock', value: 2 }]))
    usr.delete('stock')
    for (let i = 0; i < 1000; i++) replica.commit(planAll([{ type: 'set', key: `k${i % 3}`, value: i }]))
    replica.compactIfDue()
    const last = usr.toJSON()
    while (manager.undo()) expect(replica.size).to.be.at.most(4)
    expect(usr.toJSON()).to.deep.equal({})
    expectOneTruth(replica)
    while (manager.redo()) expect(replica.size).to.be.at.most(4)
    expect(usr.toJSON()).to.deep.equal(last)
    expectOneTruth(replica)
    manager.destroy()
  })
})
