import { expect } from 'chai'
import { createApp, defineComponent, effectScope, h, nextTick, ref, shallowRef } from 'vue'
import { Note } from '../../examples/vue/note.js'
import { createStore, type Store, UsageError } from '../../src/index.js'
import { memoryNetwork } from '../../src/mesh/memory/memory-network.js'
import {
  createGossipKv,
  provideStore,
  useEntries,
  useMember,
  useMembers,
  usePresence,
  useSelect,
  useSelf,
  useStatus,
  useStore,
  useSynced,
  useValue,
  useValueModel,
  useValueState,
} from '../../src/vue.js'
import { until } from '../until.js'

describe('the Vue composables', () => {
  const open: { unmount(): void }[] = []
  const stores: Store[] = []

  afterEach(async () => {
    for (const app of open.splice(0)) app.unmount()
    document.body.replaceChildren()
    await Promise.all(stores.splice(0).map((store) => store.close()))
  })

  function aloneStore(): Store {
    const store = createStore({ cluster: 'composables' })
    stores.push(store)
    return store
  }

  function meetingStores(): [Store, Store] {
    const network = memoryNetwork()
    const pair = ['one', 'two'].map((name) =>
      createStore({ cluster: 'composables', name, transport: network.transport() }),
    ) as [Store, Store]
    stores.push(...pair)
    return pair
  }

  /** Mounts a component and gives its container. */
  function mounted(component: ReturnType<typeof defineComponent>, store: Store): HTMLElement {
    const container = document.body.appendChild(document.createElement('div'))
    const app = createApp(component).use(createGossipKv(store))
    app.mount(container)
    open.push(app)
    return container
  }

  /** Runs `setup` in a component below `store` and gives what it made. */
  function within<T>(store: Store, setup: () => T): T {
    const made: T[] = []
    mounted(
      defineComponent(() => {
        made.push(setup())
        return () => null
      }),
      store,
    )
    return made[0] as T
  }

  it('show in one tab what is typed in another', async () => {
    const [first, second] = meetingStores()
    const here = mounted(Note, first)
    const there = mounted(Note, second)
    await until(() => there.textContent?.includes('Members: 2') ?? false, 'both are members')
    type(here, 'hello')
    await until(() => there.querySelector('input')?.value === 'hello', 'the text is there')
    type(there, 'hello you')
    await until(() => here.querySelector('input')?.value === 'hello you', 'the answer is here')
  })

  it('show what the others show of themselves, and change what this member shows', async () => {
    const [first, second] = meetingStores()
    const { self, others, set } = within(first, () => usePresence())
    second.presence.set({ cursor: 7 })
    await until(() => others.value[0]?.state.cursor === 7, 'the cursor of the other')
    set({ cursor: 5 })
    await until(() => self.value.cursor === 5, 'the own cursor')
    await until(() => second.presence.get(first.id)?.cursor === 5, 'the cursor there')
    await second.close()
    await until(() => others.value.length === 0, 'the other is gone')
  })

  it('keep a selection until its result changes', () => {
    const store = aloneStore()
    const sum = within(store, () =>
      useSelect(
        (keys) => Object.keys(keys).filter((key) => key.startsWith('a/')),
        (a, b) => a.join() === b.join(),
      ),
    )
    const before = sum.value
    store.usr.set('b/1', 1)
    expect(sum.value).to.equal(before)
    store.usr.set('a/1', 1)
    expect(sum.value).to.deep.equal(['a/1'])
  })

  it('give a value with its setter, which takes a function too', () => {
    const store = aloneStore()
    const [count, setCount] = within(store, () => useValueState('count', 0))
    expect(count.value).to.equal(0)
    setCount(2)
    setCount((current) => current + 1)
    expect([count.value, store.usr.get('count')]).to.deep.equal([3, 3])
  })

  it('follow a key that is a reference, and tell null from nothing', () => {
    const store = aloneStore()
    store.usr.setMany({ a: 1, b: null })
    const key = ref('a')
    const value = within(store, () => useValue<number | null>(key, 7))
    expect(value.value).to.equal(1)
    store.usr.set('a', 2)
    expect(value.value).to.equal(2)
    key.value = 'b'
    expect(value.value).to.equal(null)
    store.usr.set('a', 3)
    expect(value.value).to.equal(null)
    key.value = 'c'
    expect(value.value).to.equal(7)
  })

  it('write through a model', async () => {
    const store = aloneStore()
    const count = within(store, () => useValueModel('count', 0))
    count.value++
    count.value++
    expect(store.usr.get('count')).to.equal(2)
    store.usr.set('count', 10)
    expect(count.value).to.equal(10)
    expect(() => {
      count.value = Symbol('no') as unknown as number
    }).to.throw(UsageError)
  })

  it('give lists that stay the same objects until they change', () => {
    const store = aloneStore()
    store.usr.setMany({ 'list/a': [1], 'list/b': [2] })
    const prefix = ref('list/')
    const entries = within(store, () => useEntries({ prefix }))
    const before = entries.value
    expect(before.map(([key]) => key)).to.deep.equal(['list/a', 'list/b'])
    store.usr.set('other', 1)
    expect(entries.value).to.equal(before)
    store.usr.set('list/b', [3])
    expect(entries.value).to.not.equal(before)
    expect(entries.value[0]).to.equal(before[0])
    prefix.value = 'oth'
    expect(entries.value).to.deep.equal([['other', 1]])
  })

  it('render once for a transaction', async () => {
    const store = aloneStore()
    let renders = 0
    const container = mounted(
      defineComponent(() => {
        const entries = useEntries()
        return () => {
          renders++
          return h('p', entries.value.length)
        }
      }),
      store,
    )
    await nextTick()
    const before = renders
    store.usr.setMany({ a: 1, b: 2, c: 3 })
    await nextTick()
    expect(container.textContent).to.equal('3')
    expect(renders).to.equal(before + 1)
  })

  it('end with their component', async () => {
    const store = aloneStore()
    const shown = shallowRef(true)
    let value: { value: unknown } = { value: undefined }
    const Child = defineComponent(() => {
      value = useValue('a')
      return () => null
    })
    mounted(
      defineComponent(() => () => (shown.value ? h(Child) : null)),
      store,
    )
    store.usr.set('a', 1)
    expect(value.value).to.equal(1)
    shown.value = false
    await nextTick()
    store.usr.set('a', 2)
    expect(value.value).to.equal(1)
  })

  it('work in a scope of their own below an app', () => {
    const store = aloneStore()
    const app = createApp({ render: () => null }).use(createGossipKv(store))
    const scope = effectScope()
    const value = app.runWithContext(() => scope.run(() => useValue('a', 0)))
    store.usr.set('a', 1)
    expect(value?.value).to.equal(1)
    scope.stop()
    store.usr.set('a', 2)
    expect(value?.value).to.equal(1)
  })

  it('show members, oneself and the status as they change', async () => {
    const [first, second] = meetingStores()
    const seen = within(first, () => ({
      members: useMembers(),
      self: useSelf(),
      other: useMember(() => second.id),
      status: useStatus(),
      synced: useSynced(),
    }))
    await until(() => seen.status.value.name === 'live' && seen.synced.value, 'they are linked and synced')
    expect(seen.members.value).to.have.length(2)
    expect([seen.self.value?.name, seen.other.value?.name]).to.deep.equal(['one', 'two'])
    await second.close()
    await until(() => seen.other.value === undefined, 'the other has left')
  })

  it('take the nearest store', () => {
    const outer = aloneStore()
    const inner = aloneStore()
    const seen: Store[] = []
    const Child = defineComponent(() => {
      seen.push(useStore())
      return () => null
    })
    mounted(
      defineComponent(() => {
        provideStore(inner)
        return () => h(Child)
      }),
      outer,
    )
    expect(seen).to.deep.equal([inner])
  })

  it('say what is missing without a store', () => {
    const app = createApp({ render: () => null })
    expect(() => app.runWithContext(() => useValue('a')))
      .to.throw(UsageError)
      .with.property('code', 'ERR_CONTEXT_MISSING')
  })
})

describe('the Vue plugin with options', () => {
  it('opens one store and closes it with the app', async () => {
    let store: Store | undefined
    const container = document.createElement('div')
    const app = createApp(
      defineComponent(() => {
        store = useStore()
        return () => null
      }),
    ).use(createGossipKv({ cluster: 'plugin' }))
    app.mount(container)
    await store?.ready()
    expect(store?.status.name).to.equal('alone')
    app.unmount()
    await until(() => store?.status.name === 'closed', 'the store is closed')
  })

  it('throws for wrong options when it is installed', () => {
    expect(() => createApp({}).use(createGossipKv({ cluster: '' })))
      .to.throw(UsageError)
      .with.property('code', 'ERR_OPTION_INVALID')
  })
})

function type(container: HTMLElement, text: string): void {
  const field = container.querySelector('input')
  if (field === null) throw new Error('there is no field')
  field.value = text
  field.dispatchEvent(new Event('input'))
}
