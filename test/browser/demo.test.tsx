import { expect } from 'chai'
import { useLayoutEffect } from 'react'
import { App } from '../../demo/app.js'
import type { Store } from '../../src/index.js'
import { StoreProvider } from '../../src/react.js'
import { until } from '../until.js'
import {
  aloneStore,
  closeStores,
  drawn,
  meetingStores,
  one,
  settled,
  type,
  Uses,
  undraw,
} from './react-page.js'

describe('the demo page', () => {
  afterEach(async () => {
    undraw()
    await closeStores()
  })

  it('shows the members, the keys, who wrote them, and that all hold the same', async () => {
    const [first, second] = meetingStores()
    const page = shown(first)
    second.usr.set('greeting', 'hello')
    await until(() => valueAt(page, 'greeting') === 'hello', 'the key is shown')
    await until(() => one(page, '[data-testid=badge]').textContent === 'Converged', 'the badge says so')
    expect(one(page, '[data-testid=badge]').dataset['converged']).to.equal('true')
    expect(one(page, '[data-testid=converged-at]').textContent).to.match(/Last converged at .+ just now/)
    expect(one(page, '[data-testid=status]').dataset['status']).to.equal('live')
    const members = [...page.querySelectorAll<HTMLElement>('[data-testid=member]')]
    expect(members.map((card) => card.dataset['id'])).to.deep.equal([first.id, second.id])
    expect(members.map((card) => card.dataset['self'])).to.deep.equal(['true', 'false'])
    expect(one(row(page, 'greeting'), '.write-cell').textContent).to.equal('twojust now')
  })

  it('says that nobody is there, and does not claim to have converged', async () => {
    const { store, page } = await alonePage()
    await until(() => store.status.name === 'alone', 'the store has started')
    await until(() => one(page, '[data-testid=status]').dataset['status'] === 'alone', 'the page says so')
    expect(one(page, '[data-testid=badge]').textContent).to.equal('Nobody to compare with')
    expect(page.textContent).to.match(/Nobody else is here yet/)
  })

  it('names a writer that has left as gone', async () => {
    const [first, second] = meetingStores()
    const page = shown(first)
    second.usr.set('greeting', 'hello')
    await until(() => valueAt(page, 'greeting') === 'hello', 'the key is shown')
    await second.close()
    await until(() => row(page, 'greeting').textContent?.includes('gone') ?? false, 'the writer is gone')
    expect(page.querySelectorAll('[data-testid=member]')).to.have.length(1)
  })

  it('adds a text and a JSON value and empties the form', async () => {
    const { store, page } = await alonePage()
    add(page, 'a', 'true')
    expect(store.usr.get('a')).to.equal('true')
    await until(() => field(page, 'add-key').value === '', 'the form is empty')
    choose(page, 'json')
    await settled()
    add(page, 'b', '{"c": [1]}')
    await until(() => valueAt(page, 'b') === '{"c":[1]}', 'the value is shown')
    expect(store.usr.get('b')).to.deep.equal({ c: [1] })
    expect(one(page, '[data-testid=key-count]').textContent).to.equal('2')
  })

  it('says in a sentence what is wrong and keeps what was typed', async () => {
    const { store, page } = await alonePage()
    add(page, 'k'.repeat(600), 'kept')
    await until(() => page.querySelector('[data-testid=add-problem]') !== null, 'the problem is shown')
    const problem = one(page, '[data-testid=add-problem]').textContent ?? ''
    expect(problem)
      .to.match(/512/)
      .and.not.match(/ERR_|\[/)
    expect([field(page, 'add-key').value.length, field(page, 'add-value').value]).to.deep.equal([600, 'kept'])
    expect(store.usr.size).to.equal(0)
  })

  it('edits in place: Enter and leaving write, Escape does not', async () => {
    const { store, page } = await alonePage({ a: 'one' })
    type(await opened(page, 'a'), 'two')
    press(editor(page), 'Enter')
    await until(() => valueAt(page, 'a') === 'two', 'Enter has written')
    type(await opened(page, 'a'), 'three')
    press(editor(page), 'Escape')
    await until(() => valueAt(page, 'a') === 'two', 'Escape shows the old value')
    type(await opened(page, 'a'), 'four')
    editor(page).blur()
    await until(() => valueAt(page, 'a') === 'four', 'leaving has written')
    expect(store.usr.get('a')).to.equal('four')
  })

  it('keeps an edit that is no JSON, with the reason', async () => {
    const { store, page } = await alonePage({ a: { n: 1 } })
    const area = await opened(page, 'a')
    expect(area.value).to.equal('{"n":1}')
    type(area, '{"n":')
    press(area, 'Enter')
    await until(() => page.querySelector('[data-testid=edit-problem]') !== null, 'the problem is shown')
    expect(one(page, '[data-testid=edit-problem]').textContent).to.match(/^This is not JSON: /)
    expect([editor(page).value, store.usr.get('a')]).to.deep.equal(['{"n":', { n: 1 }])
    type(editor(page), '{"n":2}')
    press(editor(page), 'Enter')
    await until(() => valueAt(page, 'a') === '{"n":2}', 'the mended value is written')
  })

  it('keeps a draft whose key is deleted meanwhile', async () => {
    const { store, page } = await alonePage({ a: 'one' })
    type(await opened(page, 'a'), 'draft')
    store.usr.delete('a')
    await until(
      () => row(page, 'a').textContent?.includes('deleted this key meanwhile') ?? false,
      'it is told',
    )
    expect(editor(page).value).to.equal('draft')
    press(editor(page), 'Enter')
    await until(() => valueAt(page, 'a') === 'draft', 'the key is back')
  })

  it('does not write over what came meanwhile when an untouched editor is left', async () => {
    const { store, page } = await alonePage({ a: 'one' })
    await opened(page, 'a')
    store.usr.set('a', 'newer')
    await until(() => row(page, 'a').textContent?.includes('meanwhile') ?? false, 'it is told')
    editor(page).blur()
    await until(() => valueAt(page, 'a') === 'newer', 'the newer value is shown')
    expect(store.usr.get('a')).to.equal('newer')
  })

  it('deletes a key and shows the empty table in words', async () => {
    const { store, page } = await alonePage({ a: 1 })
    await until(() => valueAt(page, 'a') === '1', 'the key is shown')
    one(row(page, 'a'), '[data-testid=delete]').click()
    await until(() => page.querySelector('[data-testid=empty]') !== null, 'the table is empty')
    expect(store.usr.has('a')).to.equal(false)
    expect(document.activeElement?.textContent).to.equal('Keys')
  })

  it('shows bytes and offers no editor for them', async () => {
    const { page } = await alonePage({ a: new Uint8Array([1, 2, 255]) })
    await until(() => valueAt(page, 'a') === '3 B: 01 02 ff', 'the bytes are shown')
    expect(row(page, 'a').querySelector('[data-testid=edit]')).to.equal(null)
  })

  it('draws the first 200 of 2,000 keys and finds the others by the filter', async () => {
    const keys = Array.from({ length: 2000 }, (_, n) => [`load/${String(n).padStart(4, '0')}`, n] as const)
    const { page } = await alonePage(Object.fromEntries(keys))
    await until(() => rows(page).length === 200, 'the first keys are shown')
    expect(one(page, '[data-testid=rest]').textContent).to.match(/^Showing 200 of 2,000 keys/)
    type(field(page, 'filter'), '/19')
    await until(() => rows(page).length === 100, 'the filter is applied')
    expect(rows(page)[0]?.dataset['key']).to.equal('load/1900')
    add(page, 'zebra', 'new')
    await until(() => valueAt(page, 'zebra') === 'new', 'what is added here shows in any case')
    type(field(page, 'filter'), '/18')
    await until(() => rows(page)[0]?.dataset['key'] === 'load/1800', 'another filter is applied')
    expect(rows(page)).to.have.length(100)
    type(field(page, 'filter'), 'nothing')
    await until(() => rows(page).length === 0, 'nothing fits')
    expect(one(page, '[data-testid=empty]').textContent).to.equal(
      'None of the 2,001 keys contains “nothing”.',
    )
  })

  it('misses nothing that is written while it is drawn for the first time', async () => {
    const store = aloneStore()
    // A layout effect runs after the first look at the store and before the subscription to it.
    const write = () => {
      useLayoutEffect(() => store.usr.set('a', 'early'), [])
      return null
    }
    const { container } = drawn(
      <StoreProvider store={store}>
        <App />
        <Uses hooks={write} />
      </StoreProvider>,
    )
    await until(() => valueAt(container, 'a') === 'early', 'the value is shown')
  })
})

function shown(store: Store): HTMLElement {
  return drawn(
    <StoreProvider store={store}>
      <App />
    </StoreProvider>,
  ).container
}

interface AlonePage {
  store: Store
  page: HTMLElement
}

async function alonePage(values: Parameters<Store['usr']['setMany']>[0] = {}): Promise<AlonePage> {
  const store = aloneStore()
  store.usr.setMany(values)
  const page = shown(store)
  await until(() => page.querySelector('[data-testid=add-key]') !== null, 'the page is drawn')
  return { store, page }
}

function rows(page: HTMLElement): HTMLElement[] {
  return [...page.querySelectorAll<HTMLElement>('[data-testid=key-row]')]
}

function row(page: HTMLElement, key: string): HTMLElement {
  return one(page, `[data-testid=key-row][data-key="${key}"]`)
}

function valueAt(page: HTMLElement, key: string): string | null | undefined {
  return page.querySelector(`[data-key="${key}"] [data-testid=value]`)?.textContent
}

function field(page: HTMLElement, testId: string): HTMLInputElement {
  return one(page, `[data-testid=${testId}]`)
}

function editor(page: HTMLElement): HTMLTextAreaElement {
  return one(page, '[data-testid=editor]')
}

async function opened(page: HTMLElement, key: string): Promise<HTMLTextAreaElement> {
  await until(
    () => page.querySelector(`[data-key="${key}"] [data-testid=edit]`) !== null,
    'the value is shown',
  )
  one(row(page, key), '[data-testid=edit]').click()
  await until(
    () => document.activeElement?.matches('[data-testid=editor]') ?? false,
    'the editor has the focus',
  )
  return editor(page)
}

function add(page: HTMLElement, key: string, value: string): void {
  type(field(page, 'add-key'), key)
  type(field(page, 'add-value'), value)
  one(page, '[data-testid=add-button]').click()
}

function choose(page: HTMLElement, form: string): void {
  const select = one<HTMLSelectElement>(page, '[data-testid=add-form]')
  select.value = form
  select.dispatchEvent(new Event('change', { bubbles: true }))
}

function press(element: HTMLElement, key: string): void {
  element.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))
}
