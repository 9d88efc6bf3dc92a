/**
 * Scuttlebutt (R. van Renesse, D. Dumitriu, V. Gough, C. Thomas: Efficient Reconciliation and Flow Control for Anti-Entropy
 * Protocols, LADIS 2008). What is taken from it: the asker tells the greatest version that it holds of each writer, and is
 * answered with what is newer.
 */

import { expect } from 'chai'
import { mergeDifference, wholeDifference } from '../../sim/whole-difference.js'
import { toHex } from '../../src/base/bytes.js'
import { seededRandom } from '../../src/base/random.js'
import { planAll } from '../../src/data/replica/plan.js'
import { Replica } from '../../src/data/replica/replica.js'

const replicaOf = (seed: number) => new Replica({ random: seededRandom(seed), wall: () => 1_767_225_600_000 })

/** Writes so many keys, and returns the updates. */
function write(replica: Replica, from: number, count: number): readonly Uint8Array[] {
  for (let number = from; number < from + count; number++)
    replica.commit(planAll([{ type: 'set', key: `key ${number}`, value: 'v'.repeat(100) }]))
  return replica.exchange.drain()
}

describe('Scuttlebutt', () => {
  it('"A gossiper never transmits updates that were already known at the receiver"', () => {
    const [holder, asker] = [replicaOf(1), replicaOf(2)]
    for (const update of write(holder, 0, 500)) asker.exchange.receive(update)
    write(holder, 500, 3)
    const difference = wholeDifference(holder.exchange, asker.exchange.summary()) ?? new Uint8Array()
    expect(difference.length).to.be.within(300, 1_000)
    expect(mergeDifference(asker.exchange, difference)).to.deep.equal({ type: 'applied', news: true })
    expect(toHex(asker.exchange.digest())).to.equal(toHex(holder.exchange.digest()))
  })

  it('departs from deltas that are cut to a size, oldest first: a difference is whole, and merged all or nothing', () => {
    const [holder, asker] = [replicaOf(1), replicaOf(2)]
    write(holder, 0, 50)
    const difference = wholeDifference(holder.exchange, asker.exchange.summary()) ?? new Uint8Array()
    const before = toHex(asker.exchange.digest())
    expect(mergeDifference(asker.exchange, difference.subarray(0, difference.length - 40))).to.have.property(
      'type',
      'offence',
    )
    expect(toHex(asker.exchange.digest())).to.equal(before)
  })
})
