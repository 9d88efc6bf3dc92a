/** What waits for the next heartbeat of a link. */
import { expect } from 'chai'
import * as fc from 'fast-check'
import { News } from '../../../src/mesh/protocol/overlay/news.js'

type Item = { tag: number; value: number }
const item = fc.record({ tag: fc.integer({ min: 0, max: 20 }), value: fc.integer() })
const latest = () => new News<Item>((_earlier, later) => later)

describe('news for a neighbor', () => {
  it('are what a Map would hold, in its order, whenever they are read', () => {
    const steps = fc.array(fc.record({ item, isRead: fc.boolean() }), { maxLength: 200 })
    fc.assert(
      fc.property(steps, (steps) => {
        const [news, model] = [latest(), new Map<number, Item>()]
        for (const { item, isRead } of steps) {
          news.add(item)
          model.set(item.tag, item)
          if (isRead) expect(news.size).to.equal(model.size)
          expect(news.get(item.tag)).to.equal(item)
        }
        expect(news.take()).to.deep.equal([...model.values()])
        expect(news.size).to.equal(0)
      }),
    )
  })

  it('take no more room than their tags, however often one is added and nobody reads', () => {
    let combined = 0
    const news = new News<Item>((_earlier, later) => {
      combined += 1
      return later
    })
    for (let value = 0; value < 10_000; value++) news.add({ tag: value % 3, value })
    expect(combined).to.be.greaterThan(8_000)
    expect(news.take().map(({ value }) => value)).to.deep.equal([9_999, 9_997, 9_998])
  })
})
