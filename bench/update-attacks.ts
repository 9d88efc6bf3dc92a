/** The attacks by broadcasts: counts that lie, deletes, gaps, stamps, roots, keys, limits and order. */
import * as Y from 'yjs'
import { type Attack, byUpdate, type Scene } from './attack.js'
import { any, dead, float, type ItemParts, item, kill, pack, run, update } from './packing.js'

const STRANGER = 0x1234567890abc
const FAR = Number.MAX_SAFE_INTEGER
const COUNTER_MAX = 2 ** 40

/** One item of an unknown session. */
function oneItem(parts: Partial<ItemParts>): (scene: Scene) => Uint8Array {
  return ({ stamp }) => update([run(STRANGER, 0, [item({ key: 'a', meta: float(stamp), ...parts })])])
}

function items(count: number, stamp: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) =>
    item({ key: `k${i % 9}`, meta: float(stamp), value: any(i) }),
  )
}

const COUNTS: readonly Attack[] = [
  byUpdate('8 bytes that claim 2^25 structs', 'offence limit', () => pack(1, 2 ** 25, 1, 0, 0)),
  byUpdate('a claim of 2^31 sessions', 'offence limit', () => pack(2 ** 31, 1, 1, 0)),
  byUpdate('a claim of 60 sessions in no bytes', 'offence malformed', () => pack(60)),
  byUpdate('a claim of 4,000 structs in no bytes', 'offence malformed', () => pack(1, 4000, 7, 0, 0, 2, 0)),
  byUpdate('a claim of 2^30 sessions with dead dots', 'offence limit', () => pack(0, 2 ** 30)),
  byUpdate('a claim of 2^40 dead ranges', 'offence malformed', () => pack(0, 1, 7, COUNTER_MAX)),
  byUpdate('a number of ten bytes', 'offence malformed', () =>
    pack(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 255, 1)),
  ),
  byUpdate('no bytes at all', 'offence malformed', () => new Uint8Array()),
  byUpdate('a text of 2^31 bytes', 'offence value', oneItem({ value: pack(119, 2 ** 31) })),
  byUpdate('bytes of 2^31 bytes', 'offence limit', oneItem({ value: pack(116, 2 ** 31) })),
  byUpdate('an array of 2^31 elements', 'offence limit', oneItem({ value: pack(117, 2 ** 31) })),
  byUpdate('an object of 2^31 keys', 'offence limit', oneItem({ value: pack(118, 2 ** 31) })),
  byUpdate('a key of 2^31 bytes', 'offence key', oneItem({ key: pack(2 ** 31) })),
]

const DELETES: readonly Attack[] = [
  byUpdate('14 bytes that delete more than there is', 'early', ({ peer }) =>
    update([], [kill(peer.session, [0, 2 * 8000])]),
  ),
  byUpdate('killed future dots of another session', 'early', ({ peer }) =>
    update([], [kill(peer.session, [2 * peer.known, 2])]),
  ),
  byUpdate(
    'killed future dots of the own session',
    'early',
    ({ own }) => update([], [kill(own.session, [2 * own.known + 8, 2])]),
    { forks: true },
  ),
  byUpdate('killed dots of a session that nobody knows', 'early', () => update([], [kill(STRANGER, [0, 2])])),
  byUpdate('dead dots up to 2^40', 'early', ({ peer }) =>
    update([], [kill(peer.session, [0, 2 * COUNTER_MAX])]),
  ),
  byUpdate('dead dots beyond 2^40', 'offence counter', ({ peer }) =>
    update([], [kill(peer.session, [0, 2 * COUNTER_MAX + 2])]),
  ),
  byUpdate('half of a dot killed, from its middle', 'offence malformed', ({ peer }) =>
    update([], [kill(peer.session, [1, 2])]),
  ),
  byUpdate('half of a dot killed, up to its middle', 'offence malformed', ({ peer }) =>
    update([], [kill(peer.session, [0, 1])]),
  ),
  byUpdate('ranges that overlap', 'offence malformed', ({ peer }) =>
    update([], [kill(peer.session, [0, 4], [2, 4])]),
  ),
  byUpdate('an empty range', 'offence malformed', ({ peer }) => update([], [kill(peer.session, [0, 0])])),
  byUpdate('a session without ranges', 'offence malformed', ({ peer }) => update([], [kill(peer.session)])),
  byUpdate('a dot that is alive and killed at once', 'offence malformed', ({ stamp }) =>
    update([run(STRANGER, 0, items(1, stamp))], [kill(STRANGER, [0, 2])]),
  ),
]

const DOTS: readonly Attack[] = [
  byUpdate('a gap before the first write', 'early', ({ peer, stamp }) =>
    update([run(peer.session, 2 * peer.known + 6, items(1, stamp))]),
  ),
  byUpdate(
    'a live dot of the own session',
    'applied',
    ({ own, stamp }) => update([run(own.session, 2 * own.known, items(1, stamp))]),
    {
      forks: true,
    },
  ),
  byUpdate('a claimed context of 2^40', 'offence gap', () =>
    update([run(STRANGER, 0, [dead(2 * COUNTER_MAX)])]),
  ),
  byUpdate('a claimed context beyond 2^40', 'offence counter', () =>
    update([run(STRANGER, 2 * COUNTER_MAX, [dead(2)])]),
  ),
  byUpdate('a session that begins beyond every counter', 'offence counter', ({ stamp }) =>
    update([run(STRANGER, FAR - 1, items(1, stamp))]),
  ),
  byUpdate('a run that begins in the middle of a dot', 'offence malformed', ({ stamp }) =>
    update([run(STRANGER, 1, items(1, stamp))]),
  ),
  byUpdate('an odd run of dead clocks', 'offence malformed', () => update([run(STRANGER, 0, [dead(3)])])),
  byUpdate('an empty run of dead clocks', 'offence malformed', () => update([run(STRANGER, 0, [dead(0)])])),
  byUpdate('two runs of dead clocks in a row', 'offence malformed', () =>
    update([run(STRANGER, 0, [dead(2), dead(2)])]),
  ),
  byUpdate('a session without structs', 'offence malformed', () =>
    pack(update([run(STRANGER, 0, [])]), 0, 0, 0),
  ),
  byUpdate('a session twice', 'offence malformed', ({ stamp }) =>
    update([run(STRANGER, 0, items(1, stamp)), run(STRANGER, 2, items(1, stamp))]),
  ),
  byUpdate('sessions in the wrong order', 'offence malformed', ({ stamp }) =>
    update([run(5, 0, items(1, stamp)), run(9, 0, items(1, stamp))]),
  ),
  byUpdate('the session that carries clocks', 'offence session', () => update([run(0, 0, [dead(FAR)])])),
]

const STAMPS: readonly Attack[] = [
  ...[Number.POSITIVE_INFINITY, Number.NaN, -1, -0, 0.5, 2 ** 53].map((stamp) =>
    byUpdate(
      `a stamp of ${Object.is(stamp, -0) ? '-0' : stamp}`,
      'offence meta',
      oneItem({ meta: float(stamp) }),
    ),
  ),
  byUpdate('a stamp in another form', 'offence meta', oneItem({ meta: any(5) })),
  byUpdate('a stamp of 2^53 - 1', 'refused clock', oneItem({ meta: float(FAR) })),
  byUpdate('an infinite expiry', 'offence meta', ({ stamp }) =>
    update([
      run(STRANGER, 0, [
        item({ key: 'a', meta: pack(117, 2, float(stamp), float(Number.POSITIVE_INFINITY)) }),
      ]),
    ]),
  ),
  {
    ...byUpdate('a bare clock of 2^53 - 1', 'refused clock', () => update([])),
    bytes: () => pack(FAR, update([])),
  },
  {
    ...byUpdate('a number behind the update, as generations had one', 'offence trailing', () => update([])),
    bytes: ({ clock }) => pack(clock, update([]), 5 * 2 ** 32),
  },
  {
    ...byUpdate('a bare clock beyond 2^53', 'offence malformed', () => update([])),
    bytes: () => pack(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 31), update([])),
  },
]

const ROOTS: readonly Attack[] = [
  ...['sys', 'evil', 'us', 'users', ''].map((root) =>
    byUpdate(`a write to the root "${root}"`, 'offence root', oneItem({ root })),
  ),
  byUpdate('a write into an item', 'offence root', oneItem({ parent: 0, root: pack(7, 0) })),
  byUpdate('an element of a list', 'offence content', ({ stamp }) =>
    update([run(STRANGER, 0, [pack(Uint8Array.of(0x08), 1, 'usr', 2, float(stamp), any('x'))])]),
  ),
]

/** Content as Yjs numbers it, under a key and without origins; the rest of each is what Yjs expects there. */
const CONTENTS: readonly (readonly [string, number, Uint8Array])[] = [
  ['deleted content', 0x21, pack(2)],
  ['JSON content', 0x22, pack(2, '1', '2')],
  ['binary content', 0x23, pack(2, Uint8Array.of(1, 2))],
  ['a text', 0x24, pack('ab')],
  ['an embed', 0x25, pack('{}')],
  ['a format', 0x26, pack('bold', 'true')],
  ['a nested map', 0x27, pack(1)],
  ['a nested list', 0x27, pack(0)],
  ['a subdocument', 0x29, pack('guid', any({}))],
  ['a skip', 0x2a, pack(2)],
]

const CONTENT: readonly Attack[] = [
  ...CONTENTS.map(([name, info, content]) =>
    byUpdate(`${name} in place of a value`, 'offence content', () =>
      update([run(STRANGER, 0, [pack(info, 1, 'usr', 'a', content)])]),
    ),
  ),
  byUpdate('an item with a left origin', 'offence content', ({ peer, stamp }) =>
    update([run(STRANGER, 0, [pack(Uint8Array.of(0xa8), peer.session, 0, 2, float(stamp), any('x'))])]),
  ),
  byUpdate('an item with a right origin', 'offence content', ({ peer, stamp }) =>
    update([run(STRANGER, 0, [pack(Uint8Array.of(0x68), peer.session, 0, 2, float(stamp), any('x'))])]),
  ),
  byUpdate(
    'a value without a stamp',
    'offence content',
    oneItem({ arity: 1, meta: any('x'), value: new Uint8Array() }),
  ),
  byUpdate('three values', 'offence content', oneItem({ arity: 3, value: pack(any('x'), any('y')) })),
]

const KEYS: readonly Attack[] = [
  byUpdate('an empty key', 'offence key', oneItem({ key: '' })),
  byUpdate('a key of 513 bytes', 'offence key', oneItem({ key: 'k'.repeat(513) })),
  ...['__proto__', 'constructor', 'prototype'].map((key) =>
    byUpdate(`the key ${key}`, 'offence key', oneItem({ key })),
  ),
  byUpdate(
    'a key with half of a surrogate pair',
    'offence malformed',
    oneItem({ key: pack(3, Uint8Array.of(0xed, 0xa0, 0x80)) }),
  ),
  byUpdate(
    'a key in overlong UTF-8',
    'offence malformed',
    oneItem({ key: pack(2, Uint8Array.of(0xc0, 0x80)) }),
  ),
]

const VALUES: readonly Attack[] = [
  byUpdate('the value undefined', 'offence value', oneItem({ value: any(undefined) })),
  byUpdate('a big integer', 'offence value', oneItem({ value: pack(122, new Uint8Array(8)) })),
  byUpdate('the value NaN', 'offence value', oneItem({ value: float(Number.NaN) })),
  byUpdate('the value Infinity', 'offence value', oneItem({ value: float(Number.POSITIVE_INFINITY) })),
  byUpdate('the value -0', 'offence value', oneItem({ value: float(-0) })),
  byUpdate(
    'a value that nests 33 deep',
    'offence value',
    oneItem({ value: pack(...Array(33).fill([117, 1]).flat(), 126) }),
  ),
  byUpdate('a value with __proto__', 'offence value', oneItem({ value: pack(118, 1, '__proto__', 126) })),
  byUpdate('a value with a key twice', 'offence value', oneItem({ value: pack(118, 2, 'a', 126, 'a', 120) })),
  byUpdate('a value above 64 KiB', 'offence value', oneItem({ value: any('x'.repeat(64 * 1024)) })),
]

const LIMITS: readonly Attack[] = [
  byUpdate('65 sessions at once', 'offence limit', ({ stamp }) =>
    update(Array.from({ length: 65 }, (_, i) => run(1000 - i, 0, items(1, stamp)))),
  ),
  byUpdate('4,097 structs', 'offence limit', ({ stamp }) => update([run(STRANGER, 0, items(4097, stamp))])),
  byUpdate('more than 256 KiB', 'offence limit', ({ stamp }) =>
    update([
      run(STRANGER, 0, Array(5).fill(item({ key: 'a', meta: float(stamp), value: any('x'.repeat(60_000)) }))),
    ]),
  ),
  byUpdate('a gap of more than 2^20 dots', 'offence gap', ({ stamp }) =>
    update([run(STRANGER, 0, [dead(2 * (2 ** 20 + 3)), ...items(1, stamp)])]),
  ),
  byUpdate('a byte beyond the end', 'offence trailing', ({ stamp }) =>
    pack(update([run(STRANGER, 0, items(1, stamp))]), 0),
  ),
  byUpdate('a second update beyond the end', 'offence trailing', ({ stamp }) =>
    pack(update([run(STRANGER, 0, items(1, stamp))]), update([run(STRANGER, 2, items(1, stamp))])),
  ),
  byUpdate('an update that was cut', 'offence malformed', ({ stamp }) =>
    update([run(STRANGER, 0, items(3, stamp))]).slice(0, -9),
  ),
]

/** A Yjs v2 update of 27 bytes whose run lengths claim 2^23 structs. */
function slowV2(): Uint8Array {
  const empty = pack(0)
  const column = (bytes: Uint8Array) => pack(bytes.length, bytes)
  const client = pack(Uint8Array.of(2))
  // Run length encoding without a last count repeats its value for ever: GC structs of length 1.
  const infos = pack(0)
  const lengths = pack(Uint8Array.of(0x41), 2 ** 23)
  const columns = [empty, column(client), empty, empty, column(infos), column(pack(0, 0)), empty, empty]
  return pack(0, ...columns, column(lengths), pack(1, 2 ** 23, 0, 0))
}

function stockV2(): Uint8Array {
  const doc = new Y.Doc()
  doc.clientID = 77
  doc.getMap('usr').set('a', 1)
  return Y.encodeStateAsUpdateV2(doc)
}

function stockV1(): Uint8Array {
  const doc = new Y.Doc()
  doc.clientID = 77
  doc.getMap('usr').set('a', 1)
  doc.getMap('usr').set('a', 2)
  return Y.encodeStateAsUpdate(doc)
}

const FORMATS: readonly Attack[] = [
  byUpdate('an update of stock Yjs', 'offence', stockV1),
  byUpdate('a v2 update', 'offence', stockV2, { plain: { format: 'v2', bytes: stockV2 } }),
  byUpdate('a small v2 update that claims millions of structs', 'offence', slowV2, {
    plain: { format: 'v2', bytes: slowV2 },
  }),
]

/** Every attack that comes as a broadcast. */
export const UPDATE_ATTACKS: readonly Attack[] = [
  ...COUNTS,
  ...DELETES,
  ...DOTS,
  ...STAMPS,
  ...ROOTS,
  ...CONTENT,
  ...KEYS,
  ...VALUES,
  ...LIMITS,
  ...FORMATS,
]
