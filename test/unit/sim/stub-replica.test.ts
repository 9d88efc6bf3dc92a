import { expect } from 'chai'
import { type MergeListener, StubReplica } from '../../../sim/stub-replica.js'
import { mergeDifference, wholeDifference } from '../../../sim/whole-difference.js'
import { toHex } from '../../../src/base/bytes.js'

const silent: MergeListener = { wrote() {}, merged() {} }
const stub = (session: number, listener = silent) => new StubReplica(session, 10, listener)
const digest = (replica: StubReplica) => toHex(replica.digest())

/** `count` writes of `replica`, one update each. */
function updates(replica: StubReplica, count: number): Uint8Array[] {
  return Array.from({ length: count }, () => {
    replica.writeOne()
    return replica.drain()
  }).flat()
}

describe('the stub replica', () => {
  it('takes updates in order, says early to a gap, and knows again what it has', () => {
    const a = stub(1)
    const b = stub(2)
    const [first, second, third] = updates(a, 3)
    if (!first || !second || !third) throw new Error('three updates')
    expect(b.receive(second)).to.deep.equal({ type: 'early' })
    expect(b.receive(first)).to.deep.equal({ type: 'applied', news: true })
    expect(b.receive(second)).to.deep.equal({ type: 'applied', news: true })
    expect(b.receive(second)).to.deep.equal({ type: 'applied', news: false })
    expect(digest(b)).not.to.equal(digest(a))
    b.receive(third)
    expect(digest(b)).to.equal(digest(a))
  })

  it('drains several writes as one update, and nothing twice', () => {
    const a = stub(1)
    a.writeOne()
    a.writeOne()
    const drained = a.drain()
    expect(drained).to.have.length(1)
    expect(a.drain()).to.deep.equal([])
    const b = stub(2)
    for (const update of drained) b.receive(update)
    expect(b.has(1)).to.equal(2)
  })

  it('has equal digests exactly for equal sets of writes', () => {
    const seen = new Map<string, string>()
    for (let ofOne = 0; ofOne < 12; ofOne++) {
      for (let ofTwo = 0; ofTwo < 12; ofTwo++) {
        const reader = stub(3)
        // In either order the set is the same.
        for (const update of [...updates(stub(1), ofOne), ...updates(stub(2), ofTwo)]) reader.receive(update)
        const other = stub(4)
        for (const update of [...updates(stub(2), ofTwo), ...updates(stub(1), ofOne)]) other.receive(update)
        expect(digest(other)).to.equal(digest(reader))
        expect(seen.get(digest(reader)), `${ofOne} and ${ofTwo}`).to.equal(undefined)
        seen.set(digest(reader), `${ofOne} and ${ofTwo}`)
      }
    }
  })

  it('brings another one up to date by a difference, and tells by which way writes came', () => {
    const ways: string[] = []
    const merged: MergeListener['merged'] = (session, from, to, way) =>
      ways.push(`${session}:${from}-${to} ${way}`)
    const a = stub(1)
    const b = stub(2, { wrote() {}, merged })
    const [first] = updates(a, 4)
    if (first) b.receive(first)
    const difference = wholeDifference(a, b.summary())
    if (difference) expect(mergeDifference(b, difference)).to.deep.equal({ type: 'applied', news: true })
    expect(ways).to.deep.equal(['1:1-1 broadcast', '1:2-4 sync'])
    expect(digest(b)).to.equal(digest(a))
  })

  it('calls bytes that are no update an offence', () => {
    expect(stub(1).receive(new Uint8Array([255, 255, 255]))).to.deep.equal({
      type: 'offence',
      kind: 'malformed',
    })
  })
})
