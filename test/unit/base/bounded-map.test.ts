/** The map that everything is kept in that others can make grow. */
import { expect } from 'chai'
import { BoundedMap } from '../../../src/base/bounded-map.js'

describe('a bounded map', () => {
  it('lets the entry go that was set the longest ago, and tells of it', () => {
    const evicted: [string, number][] = []
    const map = new BoundedMap<string, number>(2, (key, value) => evicted.push([key, value]))
    map.set('a', 1).set('b', 2).set('a', 3).set('c', 4)
    expect([...map]).to.deep.equal([
      ['a', 3],
      ['c', 4],
    ])
    expect(evicted).to.deep.equal([['b', 2]])
  })

  it('tells of no entry that is deleted or set anew', () => {
    const map = new BoundedMap<string, number>(1, () => expect.fail('nothing was evicted'))
    map.set('a', 1).set('a', 2)
    map.delete('a')
    map.set('b', 3)
    expect([...map.values()]).to.deep.equal([3])
  })
})
