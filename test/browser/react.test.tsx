import { expect } from 'chai'
import { useLayoutEffect } from 'react'
import { Note } from '../../examples/react/note.js'
import { UsageError } from '../../src/index.js'
import {
  type SetValue,
  StoreProvider,
  useEntries,
  useMember,
  useMembers,
  usePresence,
  useSelect,
  useSelf,
  useStatus,
  useSynced,
  useValue,
  useValueState,
} from '../../src/react.js'
import { until } from '../until.js'
import {
  aloneStore,
  Boundary,
  closeStores,
  drawn,
  meetingStores,
  one,
  settled,
  type,
  Uses,
  undraw,
} from './react-page.js'

describe('the React hooks', () => {
  afterEach(async () => {
    undraw()
    await closeStores()
  })

  it('show in one tab what is typed in another', async () => {
    const [first, second] = meetingStores()
    const here = drawn(
      <StoreProvider store={first}>
        <Note />
      </StoreProvider>,
    ).container
    const there = drawn(
      <StoreProvider store={second}>
        <Note />
      </StoreProvider>,
    ).container
    await until(() => there.textContent?.includes('Members: 2') ?? false, 'both are members')
    type(one<HTMLInputElement>(here, 'input'), 'hello')
    await until(() => one<HTMLInputElement>(there, 'input').value === 'hello', 'the text is there')
    type(one<HTMLInputElement>(there, 'input'), 'hello you')
    await until(() => one<HTMLInputElement>(here, 'input').value === 'hello you', 'the answer is here')
  })

  it('show what the others show of themselves, and change what this member shows', async () => {
    const [first, second] = meetingStores()
    let renders = 0
    const cursor = () => {
      renders++
      const { self, others, set } = usePresence()
      return (
        <button type="button" onClick={() => set({ cursor: 5 })}>
          {JSON.stringify([self, others.map(({ state }) => state)])}
        </button>
      )
    }
    const { container } = drawn(
      <StoreProvider store={first}>
        <Uses hooks={cursor} />
      </StoreProvider>,
    )
    second.presence.set({ cursor: 7 })
    await until(() => container.textContent === '[{},[{"cursor":7}]]', 'the cursor of the other')
    one(container, 'button').click()
    await until(() => container.textContent === '[{"cursor":5},[{"cursor":7}]]', 'the own cursor')
    await until(() => second.presence.get(first.id)?.cursor === 5, 'the cursor there')
    await settled()
    const before = renders
    first.usr.set('k', 1)
    await settled()
    expect(renders).to.equal(before)
    await second.close()
    await until(() => container.textContent === '[{"cursor":5},[]]', 'the other is gone')
  })

  it('render a selection only when its result changes', async () => {
    const store = aloneStore()
    let renders = 0
    const count = () => {
      renders++
      return (
        <p>
          {useSelect((keys) => Object.keys(keys).filter((key) => key.startsWith('a/')), sameLists).join()}
        </p>
      )
    }
    const { container } = drawn(
      <StoreProvider store={store}>
        <Uses hooks={count} />
      </StoreProvider>,
    )
    await settled()
    const before = renders
    store.usr.set('b/1', 1)
    await settled()
    expect(renders).to.equal(before)
    store.usr.set('a/1', 1)
    await until(() => container.textContent === 'a/1', 'the key')
    expect(renders).to.equal(before + 1)
  })

  it('render a component only when what it shows changes', async () => {
    const store = aloneStore()
    const renders = { value: 0, entries: 0, synced: 0 }
    const value = () => {
      renders.value++
      return <p>{String(useValue('a'))}</p>
    }
    const entries = () => {
      renders.entries++
      return <p>{useEntries({ prefix: 'list/' }).length}</p>
    }
    const synced = () => {
      renders.synced++
      return <p>{String(useSynced())}</p>
    }
    drawn(
      <StoreProvider store={store}>
        <Uses hooks={value} />
        <Uses hooks={entries} />
        <Uses hooks={synced} />
      </StoreProvider>,
    )
    await settled()
    expect(renders).to.deep.equal({ value: 1, entries: 1, synced: 1 })
    const before = { ...renders }
    store.usr.set('b', 1)
    await settled()
    expect(renders).to.deep.equal(before)
    store.usr.batch(() => {
      for (const key of ['a', 'list/1', 'list/2', 'list/3']) store.usr.set(key, key)
    })
    await settled()
    expect(renders).to.deep.equal({
      value: before.value + 1,
      entries: before.entries + 1,
      synced: before.synced,
    })
  })

  it('give the same objects until something changes', async () => {
    const store = aloneStore()
    store.usr.set('list/a', { n: 1 })
    store.usr.set('list/b', { n: 2 })
    const seen: unknown[][] = []
    const at = (turn: number) => {
      const probe = () => {
        seen.push([useValue('list/a'), useEntries({ prefix: 'list/' }), useMembers(), useStatus(), turn])
        return null
      }
      return (
        <StoreProvider store={store}>
          <Uses hooks={probe} />
        </StoreProvider>
      )
    }
    const page = drawn(at(1))
    await until(() => store.status.name === 'alone', 'the store has started')
    await settled()
    page.draw(at(2))
    await settled()
    const [old = [], now = []] = seen.slice(-2)
    expect(now[4]).to.equal(2)
    expect(old.slice(0, 4).every((value, index) => value === now[index])).to.equal(true)
    expect(now.slice(0, 4).every((value) => Object.isFrozen(value))).to.equal(true)
  })

  it('keep the pairs of a list that did not change', async () => {
    const store = aloneStore()
    store.usr.setMany({ 'list/a': [1], 'list/b': [2], other: 3 })
    let entries: ReturnType<typeof useEntries> = []
    const probe = () => {
      entries = useEntries({ prefix: 'list/' })
      return null
    }
    drawn(
      <StoreProvider store={store}>
        <Uses hooks={probe} />
      </StoreProvider>,
    )
    await settled()
    const before = entries
    expect(before.map(([key]) => key)).to.deep.equal(['list/a', 'list/b'])
    store.usr.set('list/b', [4])
    await until(() => entries !== before, 'the list is another')
    expect(entries[0]).to.equal(before[0])
    expect(entries[1]).to.deep.equal(['list/b', [4]])
  })

  it('miss nothing that is written between the first render and the subscription', async () => {
    const store = aloneStore()
    store.usr.set('a', 'old')
    const show = () => {
      useLayoutEffect(() => store.usr.set('a', 'new'), [])
      return `${useValue('a')} ${JSON.stringify(useEntries())}`
    }
    const { container } = drawn(
      <StoreProvider store={store}>
        <Uses hooks={show} />
      </StoreProvider>,
    )
    await until(() => container.textContent === 'new [["a","new"]]', 'the new value is shown')
  })

  it('set a value directly or from the current one, and tell null from nothing', async () => {
    const store = aloneStore()
    let set: SetValue<number | null> = () => undefined
    const counter = () => {
      const [n, setN] = useValueState<number | null>('n', 7)
      set = setN
      return <p>{String(n)}</p>
    }
    const { container } = drawn(
      <StoreProvider store={store}>
        <Uses hooks={counter} />
      </StoreProvider>,
    )
    await until(() => container.textContent === '7', 'the fallback is shown')
    set((n) => (n ?? 0) + 1)
    set((n) => (n ?? 0) + 1)
    await until(() => container.textContent === '9', 'both updates counted')
    set(null)
    await until(() => container.textContent === 'null', 'null is a value')
  })

  it('follow another key when the argument changes', async () => {
    const store = aloneStore()
    store.usr.setMany({ a: 'A', b: 'B' })
    let set: SetValue<string> = () => undefined
    const show = (name: string) => {
      const [text, setText] = useValueState(name, '')
      set = setText
      return text
    }
    const at = (name: string) => (
      <StoreProvider store={store}>
        <Uses hooks={() => show(name)} />
      </StoreProvider>
    )
    const page = drawn(at('a'))
    await until(() => page.container.textContent === 'A', 'the first key')
    page.draw(at('b'))
    await until(() => page.container.textContent === 'B', 'the second key')
    store.usr.set('b', 'B2')
    await until(() => page.container.textContent === 'B2', 'its change')
    set((text) => `${text}!`)
    expect([store.usr.get('a'), store.usr.get('b')]).to.deep.equal(['A', 'B2!'])
  })

  it('show members, oneself and the status as they change', async () => {
    const [first, second] = meetingStores()
    const show = () => {
      const other = useMember(second.id)
      return <p>{`${useSelf()?.name} ${other?.name} ${useStatus().name} ${useSynced()}`}</p>
    }
    const { container } = drawn(
      <StoreProvider store={first}>
        <Uses hooks={show} />
      </StoreProvider>,
    )
    await until(() => container.textContent === 'one two live true', 'they are linked and synced')
    await second.close()
    await until(() => container.textContent?.startsWith('one undefined alone') ?? false, 'the other has left')
  })

  it('say what is missing outside of a provider', async () => {
    const caught: unknown[] = []
    drawn(
      <Boundary caught={caught}>
        <Uses hooks={() => String(useValue('a'))} />
      </Boundary>,
    )
    await until(() => caught.length > 0, 'the error is caught')
    expect(caught[0]).to.be.instanceOf(UsageError)
    expect(caught[0]).to.have.property('code', 'ERR_CONTEXT_MISSING')
  })
})

function sameLists(a: readonly string[], b: readonly string[]): boolean {
  return a.join() === b.join()
}
