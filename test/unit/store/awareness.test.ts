import { expect } from 'chai'
import type { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { UsageError } from '../../../src/base/errors.js'
import { memoryNetwork } from '../../../src/mesh/memory/memory-network.js'
import { awareness, clientIdOf } from '../../../src/store/members/editor-awareness.js'
import type { Store } from '../../../src/store/types.js'
import { until } from '../../until.js'
import { closeStores, storeOn, twoStores } from './cluster-of-stores.js'

/** What `viewer` knows of `member`. */
const seen = (viewer: Awareness, member: Store) => viewer.getStates().get(clientIdOf(member.id))

describe('awareness over presence', () => {
  afterEach(closeStores)

  it('is made lazily on store.doc, once, and gives bindings what they expect', () => {
    const store = storeOn(memoryNetwork(), { awareness })
    const made = store.presence.awareness
    expect(store.presence.awareness).to.equal(made)
    expect(made.doc).to.equal(store.doc)
    made.setLocalStateField('user', { name: 'Ada' })
    expect(made.getLocalState()).to.deep.equal({ user: { name: 'Ada' } })
    expect(store.presence.get()).to.deep.equal({ awareness: { user: { name: 'Ada' } } })
  })

  it('says how to have it when the store was made without', () => {
    const store = storeOn(memoryNetwork())
    expect(() => store.presence.awareness)
      .to.throw(UsageError)
      .with.property('code', 'ERR_AWARENESS_MISSING')
  })

  it('shows the others under client ids that are made of their member ids, whatever they claim', async () => {
    const { a, b } = await twoStores()
    const [here, there] = [awareness(a), awareness(b)]
    const changes: { added: number[]; updated: number[]; removed: number[] }[] = []
    there.on('change', (change: (typeof changes)[number]) => changes.push(change))
    here.setLocalState({ cursor: 1, clientID: there.clientID })
    await until(() => seen(there, a)?.cursor === 1, 'the cursor')
    here.setLocalStateField('cursor', 2)
    await until(() => seen(there, a)?.cursor === 2, 'the next cursor')
    expect([...there.getStates().keys()].sort()).to.deep.equal([there.clientID, clientIdOf(a.id)].sort())
    expect(changes.at(-1)?.updated).to.deep.equal([clientIdOf(a.id)])
    await a.close()
    await until(() => there.getStates().size === 1, 'gone with a')
    expect(there.meta.size).to.equal(1)
    expect(changes.at(-1)?.removed).to.deep.equal([clientIdOf(a.id)])
  })

  it('carries relative positions, which are instances of a class, through JSON as y-protocols does', async () => {
    const { a, b } = await twoStores()
    const doc = new Y.Doc()
    const text = doc.getText('t')
    text.insert(0, 'hello')
    const here = awareness(a, doc)
    const there = awareness(b, new Y.Doc())
    here.setLocalStateField('cursor', { anchor: Y.createRelativePositionFromTypeIndex(text, 2) })
    await until(() => seen(there, a)?.cursor !== undefined, 'the cursor')
    const position = Y.createRelativePositionFromJSON(seen(there, a)?.cursor.anchor)
    expect(Y.createAbsolutePositionFromRelativePosition(position, doc)?.index).to.equal(2)
  })

  it('keeps several documents apart by the field that carries each', async () => {
    const { a, b } = await twoStores()
    const [one, two] = [awareness(a, new Y.Doc(), 'one'), awareness(a, new Y.Doc(), 'two')]
    const [oneThere, twoThere] = [awareness(b, new Y.Doc(), 'one'), awareness(b, new Y.Doc(), 'two')]
    one.setLocalState({ n: 1 })
    two.setLocalState({ n: 2 })
    await until(() => seen(oneThere, a)?.n === 1 && seen(twoThere, a)?.n === 2, 'both')
    expect(() => awareness(a, new Y.Doc(), 'one'))
      .to.throw(UsageError)
      .with.property('code', 'ERR_OPTION_INVALID')
    one.destroy()
    await until(() => seen(oneThere, a) === undefined, 'the first is gone')
    expect(seen(twoThere, a)?.n).to.equal(2)
    awareness(a, new Y.Doc(), 'one').setLocalState({ n: 3 })
    await until(() => seen(oneThere, a)?.n === 3, 'a new one')
  })

  it('takes a cleared state away, and shows a later one again', async () => {
    const { a, b } = await twoStores()
    const [here, there] = [awareness(a), awareness(b)]
    await until(() => seen(there, a) !== undefined, 'here')
    here.setLocalState(null)
    await until(() => seen(there, a) === undefined, 'cleared')
    here.setLocalState({ n: 1 })
    await until(() => seen(there, a)?.n === 1, 'again')
  })

  it('ignores states that are no objects', async () => {
    const { a, b } = await twoStores()
    const there = awareness(b)
    for (const state of [null, 7, 'text', [1], Uint8Array.of(1)]) a.presence.set({ awareness: state })
    a.presence.set({ done: true })
    await until(() => b.presence.get(a.id)?.done === true, 'the last one')
    expect(there.getStates().size).to.equal(1)
  })

  it('shows a live member again that y-protocols took for outdated', async () => {
    const { a, b } = await twoStores()
    const [here, there] = [awareness(a), awareness(b)]
    here.setLocalState({ n: 1 })
    await until(() => seen(there, a)?.n === 1, 'the state')
    // As its own timer does after 30 s without a renewal.
    const client = clientIdOf(a.id)
    there.states.delete(client)
    there.emit('update', [{ added: [], updated: [], removed: [client] }, 'timeout'])
    expect(seen(there, a)?.n).to.equal(1)
  })

  it('throws what does not fit into 4 KiB at whoever sets it', () => {
    const made = awareness(storeOn(memoryNetwork()))
    expect(() => made.setLocalState({ text: 'x'.repeat(5_000) }))
      .to.throw(UsageError)
      .with.property('code', 'ERR_TOO_LARGE')
    // As its own timer does to renew it, where nobody could catch anything.
    made.setLocalState(made.getLocalState())
    made.setLocalState({ text: 'fits' })
    expect(made.getLocalState()).to.deep.equal({ text: 'fits' })
  })

  it('lets an editor move its cursor while its store is being closed, and after that', async () => {
    const store = storeOn(memoryNetwork(), { awareness })
    const shown = store.presence.awareness
    const closing = store.close()
    shown.setLocalStateField('cursor', 1)
    await closing
    shown.setLocalStateField('cursor', 2)
    expect(shown.getLocalState()).to.equal(null)
  })

  it('ends with its store, and is refused after that', async () => {
    const store = storeOn(memoryNetwork())
    const made = awareness(store)
    let ended = 0
    made.on('destroy', () => ended++)
    await store.close()
    expect(ended).to.equal(1)
    expect(made.getLocalState()).to.equal(null)
    expect(() => awareness(store))
      .to.throw(UsageError)
      .with.property('code', 'ERR_STORE_CLOSED')
  })
})

describe('client ids', () => {
  it('are the same everywhere and of 53 bits', () => {
    expect(clientIdOf('abc')).to.equal(clientIdOf('abc'))
    const ids = new Set(Array.from({ length: 10_000 }, (_, n) => clientIdOf(`member ${n}`)))
    expect(ids.size).to.equal(10_000)
    for (const id of ids) expect(Number.isSafeInteger(id) && id >= 0).to.equal(true)
  })
})
