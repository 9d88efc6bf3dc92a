/** The map of the engine's tables: a Map in all but its costs. */
import { expect } from 'chai'
import * as fc from 'fast-check'
import { TagMap } from '../../../src/base/tag-map.js'

/** Few keys, so that they meet; some that begin their search at the same place, some at the ends of the range. */
const key = fc.constantFrom(
  0,
  1,
  2,
  3,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32 + 1,
  2 ** 52 + 1,
  Number.MAX_SAFE_INTEGER,
  ...Array.from({ length: 40 }, (_, i) => (i << 24) >>> 0),
)
const step = fc.record({ key, value: fc.integer(), isSet: fc.boolean() })

describe('a map from hashes', () => {
  it('holds what a Map would hold, whatever is set and deleted', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), fc.nat(100), (steps, expected) => {
        const [map, model] = [new TagMap<number>(expected), new Map<number, number>()]
        for (const { key, value, isSet } of steps) {
          if (isSet) map.set(key, value)
          else map.delete(key)
          if (isSet) model.set(key, value)
          else model.delete(key)
        }
        expect(map.size).to.equal(model.size)
        for (const { key } of steps) expect(map.get(key)).to.equal(model.get(key))
      }),
    )
  })
})
