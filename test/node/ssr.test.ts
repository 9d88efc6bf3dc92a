import { expect } from 'chai'
import { createElement, type ReactNode } from 'react'
import { renderToString } from 'react-dom/server'
import { createSSRApp, defineComponent, h } from 'vue'
import { renderToString as renderVue } from 'vue/server-renderer'
import { createStore, type Store } from '../../src/index.js'
import * as react from '../../src/react.js'
import * as vue from '../../src/vue.js'

describe('rendering on a server', () => {
  const stores: Store[] = []

  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()))
  })

  function aloneStore(): Store {
    const store = createStore({ cluster: 'server', autoStart: false })
    stores.push(store)
    return store
  }

  it('runs without a window', () => {
    expect(typeof window).to.equal('undefined')
    expect(typeof document).to.equal('undefined')
  })

  it('draws the fallback of a React provider with options and opens nothing', () => {
    const opened: string[] = []
    const child = (): ReactNode => {
      opened.push(react.useStore().id)
      return 'child'
    }
    const options = { cluster: 'server', signaling: 'ws://127.0.0.1:1/signaling' }
    const element = createElement(
      react.StoreProvider,
      { options, fallback: 'wait' },
      createElement(Uses, { hooks: child }),
    )
    expect(renderToString(element)).to.equal('wait')
    expect(opened).to.deep.equal([])
  })

  it('draws the children of a React provider with options and no fallback, and starts nothing', () => {
    const stores: Store[] = []
    const child = (): ReactNode => {
      stores.push(react.useStore())
      return `child ${react.useValue('greeting', 'nothing')} ${react.useStatus().name}`
    }
    const options = { cluster: 'server', signaling: 'ws://127.0.0.1:1/signaling' }
    const element = createElement(react.StoreProvider, { options }, createElement(Uses, { hooks: child }))
    expect(renderToString(element)).to.equal('child nothing idle')
    expect(stores.map(({ status }) => status.name)).to.deep.equal(['idle'])
  })

  it('draws the fallbacks of the React hooks, whatever the store holds, so that hydration sees the same', () => {
    const store = aloneStore()
    store.usr.set('greeting', 'hello')
    const page = (): ReactNode => {
      const [text] = react.useValueState('greeting', 'nothing')
      const seen = [text, react.useValue('greeting') === undefined, react.useEntries().length]
      return [...seen, react.useMembers().length, react.useStatus().name, react.useSelf() === undefined].join(
        ' ',
      )
    }
    const element = createElement(react.StoreProvider, { store }, createElement(Uses, { hooks: page }))
    expect(renderToString(element)).to.equal('nothing true 0 0 idle true')
  })

  it('throws for React hooks without a provider', () => {
    expect(() => renderToString(createElement(Uses, { hooks: () => react.useStore().id }))).to.throw(
      /ERR_CONTEXT_MISSING/,
    )
  })

  it('draws Vue composables with a store that was never started', async () => {
    let store: Store | undefined
    const Page = defineComponent(() => {
      store = vue.useStore()
      const text = vue.useValueModel('greeting', 'nothing')
      const entries = vue.useEntries()
      const status = vue.useStatus()
      return () => h('p', [text.value, entries.value.length, status.value.name].join(' '))
    })
    const app = createSSRApp(Page).use(
      vue.createGossipKv({ cluster: 'server', signaling: 'ws://127.0.0.1:1/s' }),
    )
    expect(await renderVue(app)).to.equal('<p>nothing 0 idle</p>')
    expect(store?.status.name).to.equal('idle')
  })

  it('leaves no subscription of Vue behind on a store that outlives the rendering', async () => {
    const store = aloneStore()
    store.usr.set('greeting', 'hello')
    let subscribed = 0
    const usr = new Proxy(store.usr, {
      get(kv, name) {
        const member: unknown = Reflect.get(kv, name, kv)
        if (typeof member !== 'function') return member
        if (name !== 'subscribe') return member.bind(kv)
        return (...args: unknown[]) => {
          subscribed++
          const off = member.apply(kv, args) as () => void
          return () => {
            subscribed--
            off()
          }
        }
      },
    })
    const watched = new Proxy(store, {
      get: (target, name) => (name === 'usr' ? usr : Reflect.get(target, name, target)),
    })
    const most: number[] = []
    const Page = defineComponent(() => {
      const text = vue.useValue('greeting', 'nothing')
      const entries = vue.useEntries()
      most.push(subscribed)
      return () => h('p', `${text.value} ${entries.value.length}`)
    })
    expect(await renderVue(createSSRApp(Page).use(vue.createGossipKv(watched)))).to.equal('<p>hello 1</p>')
    expect([most, subscribed]).to.deep.equal([[2], 0])
  })
})

/** A component that is nothing but the hooks that a test calls in it. */
function Uses({ hooks }: { hooks: () => ReactNode }): ReactNode {
  return hooks()
}
