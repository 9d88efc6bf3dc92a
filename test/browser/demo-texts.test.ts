import { expect } from 'chai'
import { addressForAnotherTab, optionsFromAddress } from '../../demo/address.js'
import { agoText, countText, plainText, sizeText } from '../../demo/plain-text.js'
import { readTable, type Table } from '../../demo/rows.js'
import { formOf, parseText, shownText, textOf } from '../../demo/value-text.js'
import { createStore, type Store, UsageError, type Value } from '../../src/index.js'

describe('what the demo page reads and writes', () => {
  it('uses a row again until its write changes, so that other rows are not drawn again', async () => {
    const store = createStore({ cluster: 'rows', name: 'me' })
    await store.ready()
    store.usr.setMany({ a: 1, b: 2 })
    const before = tableOf(store, { rows: [], matching: 0, total: 0 })
    // The same value anew is a new write: who and when change.
    store.usr.set('b', 2)
    const after = tableOf(store, before)
    expect(after.rows[0]).to.equal(before.rows[0])
    expect(after.rows[1]).to.not.equal(before.rows[1])
    expect(
      after.rows.map(({ key, value, writer }) => [key, value, writer?.name, writer?.self]),
    ).to.deep.equal([
      ['a', 1, 'me', true],
      ['b', 2, 'me', true],
    ])
    await store.close()
  })

  it('reads back every value from the text that its editor begins with', () => {
    const values: Value[] = [
      '',
      'text',
      '"quoted"',
      'null',
      null,
      true,
      -1.5,
      [],
      [1, ['a']],
      { a: { b: null } },
    ]
    for (const value of values) {
      const form = formOf(value)
      expect(form === undefined ? form : parseText(textOf(value), form)).to.deep.equal(value)
    }
  })

  it('offers no editor for what JSON cannot hold, at any depth', () => {
    expect(formOf(new Uint8Array(1))).to.equal(undefined)
    expect(formOf({ a: [new Uint8Array(1)] })).to.equal(undefined)
    expect(shownText({ a: [new Uint8Array([171])] })).to.equal('{"a":["1 B: ab"]}')
  })

  it('shortens what is too long for a table', () => {
    expect(shownText('x'.repeat(60 * 1024))).to.match(/^x{240}\.\.\. \(60\.0 KiB\)$/)
  })

  it('tells ages, sizes, counts and errors in plain words', () => {
    expect([0, 1999, 12_000, 200_000, 7_300_000].map((age) => agoText(1e12 - age, 1e12))).to.deep.equal([
      'just now',
      'just now',
      '12 s ago',
      '3 min ago',
      '2 h ago',
    ])
    expect(agoText(1e12 + 5000, 1e12), 'a clock that is ahead').to.equal('just now')
    expect([1023, 1024, 3 * 1024 * 1024].map(sizeText)).to.deep.equal(['1023 B', '1.0 KiB', '3.0 MiB'])
    expect([countText(1, 'key'), countText(2000, 'key')]).to.deep.equal(['1 key', '2,000 keys'])
    const error = new UsageError('ERR_FULL', 'It is full', { why: 'Much is in it', fix: 'Delete' })
    expect(plainText(error)).to.equal('It is full. Much is in it. Delete.')
  })

  it('takes cluster and name from the address and signals at its own origin', () => {
    const address = new URL('https://example.org:8443/?cluster=c&name=n&signaling=wss://elsewhere.example')
    expect(optionsFromAddress(address)).to.deep.equal({
      cluster: 'c',
      name: 'n',
      signaling: 'wss://example.org:8443/signaling',
    })
    expect(addressForAnotherTab(address)).to.equal('/?cluster=c&signaling=wss%3A%2F%2Felsewhere.example')
    const plain = optionsFromAddress(new URL('http://localhost:8080/?name='))
    expect([plain.cluster, plain.signaling]).to.deep.equal(['demo', 'ws://localhost:8080/signaling'])
    expect(plain.name).to.match(/^[A-Z][a-z]+ [A-Z][a-z]+$/)
  })
})

function tableOf(store: Store, before: Table): Table {
  const query = { filter: '', rowsMax: 200, added: undefined, pinned: new Set<string>() }
  return readTable(store.usr, store.members.list(), query, before)
}
