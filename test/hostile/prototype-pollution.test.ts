/** Keys that reach an object's prototype in careless code, through every door that takes objects from outside. */

import { expect } from 'chai'
import * as encoding from 'lib0/encoding'
import { float, item, pack, run, update } from '../../bench/packing.js'
import { NOW, Victim } from '../../bench/victim.js'
import { GossipKvError } from '../../src/base/errors.js'
import { stampOf } from '../../src/data/replica/stamp.js'
import { createStore, memoryPersistence, type Store, type Value } from '../../src/index.js'
import { decodeFrame } from '../../src/mesh/wire/codec.js'
import { parseClientMessage, parseServerMessage, parseSignal } from '../../src/mesh/wire/signal.js'
import { serveHttp } from '../../src/node.js'
import { shownIn } from '../../src/store/members/presence-board.js'

/** As JSON, since `JSON.parse` makes own properties of what a literal would take for the prototype. */
const PAYLOADS = [
  '{"__proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  '{"prototype":{"polluted":1}}',
  '{"a":{"__proto__":{"polluted":1}}}',
  '{"a":[{"__proto__":{"polluted":1}}]}',
  '[{"constructor":{"prototype":{"polluted":1}}}]',
  '{"__proto__":null}',
  '{"__proto__":[]}',
  '{"\\u005f_proto__":{"polluted":1}}',
  '{"a":1,"__proto__":{"toString":"polluted"}}',
  '{"a":{"b":{"c":{"constructor":{"prototype":{"polluted":1}}}}}}',
  '{"__proto__":{"__proto__":{"polluted":1}}}',
]
const NAMES = ['__proto__', 'constructor', 'prototype']
const CLOCK = stampOf(NOW)

/** As lib0 writes it, own properties of any name included. */
function lib0Any(value: unknown): Uint8Array {
  const encoder = encoding.createEncoder()
  encoding.writeAny(encoder, value as Parameters<typeof encoding.writeAny>[1])
  return encoding.toUint8Array(encoder)
}

/** Everything that could be inherited by everybody. */
function inherited(): string[] {
  return [Object.prototype, Array.prototype, Function.prototype, Map.prototype].flatMap((proto) =>
    Reflect.ownKeys(proto).map(String),
  )
}

function expectPlain(value: unknown): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return
  expect(Object.getPrototypeOf(value)).to.be.oneOf([Object.prototype, Array.prototype])
  for (const key of Object.keys(value)) expect(NAMES).to.not.include(key)
  for (const field of Object.values(value)) expectPlain(field)
}

describe('prototype pollution', () => {
  const before = inherited()
  let store: Store

  beforeEach(async () => {
    store = createStore({ cluster: 'pollution', persistence: memoryPersistence() })
    await store.ready()
  })
  afterEach(async () => {
    await store.close()
    expect(inherited()).to.deep.equal(before)
    expect(Object.assign({}, { polluted: undefined })).to.deep.equal({ polluted: undefined })
    expect('polluted' in {}).to.equal(false)
    expect(`${{}}`).to.equal('[object Object]')
  })

  it('by 12 values is refused, and nothing is written', () => {
    for (const payload of PAYLOADS) {
      const value = JSON.parse(payload) as Value
      for (const write of [
        () => store.usr.set('key', value),
        () => store.usr.setMany({ other: 1, key: value }),
        () => store.usr.update('key', () => value),
      ])
        expect(write, payload).to.throw(GossipKvError, 'ERR_VALUE_INVALID')
    }
    expect(store.usr.size).to.equal(0)
  })

  it('by keys of the map is refused; names that are merely odd are keys like any other', () => {
    for (const name of NAMES) {
      expect(() => store.usr.set(name, 1), name).to.throw(GossipKvError, 'ERR_KEY_INVALID')
      expect(store.usr.snapshot()).to.deep.equal({})
    }
    for (const name of ['toString', 'hasOwnProperty', 'valueOf', '__defineGetter__', 'isPrototypeOf'])
      store.usr.set(name, 'mine')
    expect(store.usr.get('toString')).to.equal('mine')
    expect(store.usr.get('propertyIsEnumerable')).to.equal(undefined)
    expect(Object.keys(store.usr.snapshot()).length).to.equal(5)
  })

  it('by stock writes into the Y.Doc is undone', () => {
    const map = store.doc.getMap('usr')
    for (const payload of PAYLOADS) {
      // Yjs itself refuses some, with an error of its own.
      expect(() => map.set('key', JSON.parse(payload)), payload).to.throw()
      expect(map.size, payload).to.equal(0)
    }
    for (const name of NAMES) expect(() => map.set(name, 1), name).to.throw(GossipKvError, 'ERR_KEY_INVALID')
    expect(store.usr.size).to.equal(0)
    expectPlain(store.usr.snapshot())
    expectPlain(store.sys.snapshot())
  })

  it('by updates of a peer changes nothing', () => {
    for (const payload of PAYLOADS) {
      const victim = new Victim()
      const keys = victim.replica.size
      const value = lib0Any(JSON.parse(payload))
      const bytes = update([run(2 ** 52 + 99, 0, [item({ key: 'key', meta: float(CLOCK), value })])])
      const judgement = victim.judge('update', pack(CLOCK, bytes))
      expect(judgement.outcome, payload).to.match(/^offence/)
      expect(victim.replica.size).to.equal(keys)
    }
    for (const name of NAMES) {
      const bytes = update([
        run(2 ** 52 + 99, 0, [item({ key: name, meta: float(CLOCK), value: lib0Any(1) })]),
      ])
      expect(new Victim().judge('update', pack(CLOCK, bytes)).outcome, name).to.match(/^offence/)
    }
  })

  it('by presence is refused on the way out and shows nothing on the way in', () => {
    for (const payload of PAYLOADS) {
      const value = JSON.parse(payload) as Value
      expect(() => store.presence.set({ cursor: value }), payload).to.throw(
        GossipKvError,
        'ERR_VALUE_INVALID',
      )
      // lib0 itself assigns what it reads, so that the reader sees a changed prototype where one is named.
      expectPlain(shownIn(lib0Any({ cursor: value })))
      expectPlain(shownIn(lib0Any(value)))
    }
  })

  it('by messages at signaling yields only the known fields', () => {
    const shells = [
      '{"type":"join","topic":"t","id":"a","kind":"node",',
      '{"type":"request","session":"s",',
      '{"type":"error","code":"c","message":"m",',
    ]
    const texts = PAYLOADS.flatMap((payload) => [
      payload,
      ...shells.map((shell) => shell + payload.replace(/^[[{]+/, '')),
    ])
    for (const text of texts) {
      for (const read of [parseClientMessage(text), parseServerMessage(text), parseSignal(text)])
        expectPlain(read)
    }
    for (const name of NAMES) {
      const joined = parseClientMessage(`{"type":"join","topic":"${name}","id":"${name}","kind":"node"}`)
      expect(joined === undefined || joined.type === 'join').to.equal(true)
    }
  })

  it('by member records is no record', () => {
    const fields =
      '"port":null,"protocol":"v1","kind":"node","role":"writer","session":1,"incarnation":1,"joined":1'
    for (const meta of PAYLOADS) {
      const record = `{${fields},"meta":${meta}}`
      expect(() => decodeFrame(pack(Uint8Array.of(1, 25, 0), 'other', record, 1, 0)), meta).to.throw(
        GossipKvError,
      )
    }
    const odd = decodeFrameOf(`{${fields},"__proto__":{"polluted":1},"name":"n"}`)
    expectPlain(odd)
  })

  it('by a checkpoint is refused', async () => {
    for (const payload of PAYLOADS) {
      const value = lib0Any(JSON.parse(payload))
      const bytes = update([run(99, 0, [item({ key: 'key', meta: float(CLOCK), value })])])
      const error: unknown = await store.checkpoints.import(bytes).catch((thrown: unknown) => thrown)
      expect(error, payload).to.be.instanceOf(GossipKvError)
    }
    expect(await store.checkpoints.list()).to.deep.equal([])
  })

  it('by HTTP is a 400, in the path and in the body', async () => {
    const server = await serveHttp(store, { writable: true })
    const put = async (key: string, body: string) =>
      (await fetch(`http://127.0.0.1:${server.port}/v1/usr/${key}`, { method: 'PUT', body })).status
    for (const payload of PAYLOADS) expect(await put('key', payload), payload).to.equal(400)
    for (const name of NAMES) expect(await put(name, '1'), name).to.equal(400)
    expect(await put('%5F_proto__', '1')).to.equal(400)
    expect(store.usr.size).to.equal(0)
    await server.close()
  })
})

/** The record in a frame; undefined for one that is refused. */
function decodeFrameOf(record: string): unknown {
  try {
    return decodeFrame(pack(Uint8Array.of(1, 25, 0), 'other', record, 1, 0))
  } catch (error) {
    if (error instanceof GossipKvError) return undefined
    throw error
  }
}
