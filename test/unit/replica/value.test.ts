/** What may be stored, and what is refused with a reason. */
import { expect } from 'chai'
import * as encoding from 'lib0/encoding'
import { UsageError } from '../../../src/base/errors.js'
import { KEY_BYTES_MAX, VALUE_BYTES_MAX, VALUE_DEPTH_MAX } from '../../../src/data/data-limits.js'
import { checkKey, cloneValue, type Measure, utf8Length } from '../../../src/data/replica/value.js'

const LONE_SURROGATE = 'a\ud800b'

function codeOf(call: () => unknown): string | undefined {
  try {
    call()
    return undefined
  } catch (error) {
    return error instanceof UsageError ? error.code : String(error)
  }
}

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let i = 0; i < depth; i++) value = [value]
  return value
}

describe('A key', () => {
  it('is measured in bytes of UTF-8', () => {
    expect(checkKey('a')).to.equal(1)
    expect(checkKey('ä€😀')).to.equal(9)
    expect(checkKey('k'.repeat(KEY_BYTES_MAX))).to.equal(KEY_BYTES_MAX)
  })

  it('is refused when it is one byte too long, also when its characters are few enough', () => {
    expect(codeOf(() => checkKey('k'.repeat(KEY_BYTES_MAX + 1)))).to.equal('ERR_KEY_INVALID')
    expect(codeOf(() => checkKey('ä'.repeat(KEY_BYTES_MAX / 2 + 1)))).to.equal('ERR_KEY_INVALID')
  })

  it('is refused when it is empty, no string, half a character, or reaches a prototype', () => {
    for (const key of ['', 7, undefined, LONE_SURROGATE, '__proto__', 'constructor', 'prototype'])
      expect(
        codeOf(() => checkKey(key)),
        String(key),
      ).to.equal('ERR_KEY_INVALID')
  })

  it('is well-formed exactly when each surrogate has its other half', () => {
    expect(utf8Length('😀')).to.equal(4)
    for (const text of ['\ud800', '\udc00', '\udc00\ud800', 'x\ud83d', '\ud83d\ud83d'])
      expect(utf8Length(text), JSON.stringify(text)).to.equal(-1)
  })
})

describe('A value', () => {
  it('is cloned and frozen, deeply', () => {
    const source = { list: [1, { deep: true }] }
    const clone = cloneValue(source)
    source.list.push(2)
    expect(clone).to.deep.equal({ list: [1, { deep: true }] })
    expect(Object.isFrozen(clone)).to.equal(true)
    expect(Object.isFrozen(Reflect.get(clone as object, 'list')[1])).to.equal(true)
  })

  it('keeps bytes as a copy of its own, plain also when they came as a subclass', () => {
    class Special extends Uint8Array {}
    const source = Special.from([1, 2, 3])
    const clone = cloneValue(source)
    source[0] = 9
    expect(clone).to.deep.equal(new Uint8Array([1, 2, 3]))
    expect(Object.getPrototypeOf(clone)).to.equal(Uint8Array.prototype)
  })

  it('has one zero', () => {
    expect(Object.is(cloneValue(-0), 0)).to.equal(true)
  })

  it('is refused when it is not JSON', () => {
    const cyclic: unknown[] = []
    cyclic.push(cyclic)
    const refused = [
      undefined,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      1n,
      () => 1,
      Symbol('s'),
      new Date(0),
      new Map(),
      new (class Point {})(),
      new Float64Array(1),
      [undefined],
      { a: undefined },
      { [Symbol('s')]: 1 },
      LONE_SURROGATE,
      { [LONE_SURROGATE]: 1 },
      JSON.parse('{"__proto__":1}'),
      { a: { constructor: 1 } },
      cyclic,
    ]
    for (const value of refused) expect(codeOf(() => cloneValue(value))).to.equal('ERR_VALUE_INVALID')
  })

  it('is refused one level too deep', () => {
    expect(codeOf(() => cloneValue(nested(VALUE_DEPTH_MAX)))).to.equal(undefined)
    expect(codeOf(() => cloneValue(nested(VALUE_DEPTH_MAX + 1)))).to.equal('ERR_VALUE_INVALID')
  })

  it('is refused one byte too large, as text, as bytes and in sum', () => {
    // One byte of type and three of length come before the content.
    const room = VALUE_BYTES_MAX - 4
    expect(codeOf(() => cloneValue('x'.repeat(room)))).to.equal(undefined)
    expect(codeOf(() => cloneValue('x'.repeat(room + 1)))).to.equal('ERR_TOO_LARGE')
    expect(codeOf(() => cloneValue(new Uint8Array(room)))).to.equal(undefined)
    expect(codeOf(() => cloneValue(new Uint8Array(room + 1)))).to.equal('ERR_TOO_LARGE')
    expect(codeOf(() => cloneValue(Array.from({ length: VALUE_BYTES_MAX }, () => 0)))).to.equal(
      'ERR_TOO_LARGE',
    )
    expect(codeOf(() => cloneValue({ a: 'x'.repeat(room / 2), b: 'x'.repeat(room / 2) }))).to.equal(
      'ERR_TOO_LARGE',
    )
  })

  it('is measured as it is encoded', () => {
    const measure: Measure = { bytes: 0, binary: false }
    const values = [
      null,
      true,
      'ä'.repeat(100),
      0,
      63,
      64,
      -8191,
      8192,
      2 ** 31 - 1,
      -(2 ** 31),
      0.1,
      2 ** 40,
    ]
    for (const value of [...values, values, { a: values, ö: new Uint8Array(300) }]) {
      const clone = cloneValue(value, measure)
      const encoder = encoding.createEncoder()
      encoding.writeAny(encoder, clone as Parameters<typeof encoding.writeAny>[1])
      expect(measure.bytes).to.be.at.least(encoding.length(encoder))
      expect(measure.bytes - encoding.length(encoder)).to.be.at.most(8)
    }
  })
})
