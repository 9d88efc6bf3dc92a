/** Records of a log: whatever was merged, a replica that replays them holds the same. */

import { expect } from 'chai'
import { type Random, seededRandom } from '../../../src/base/random.js'
import { planAll } from '../../../src/data/replica/plan.js'
import type { Replica } from '../../../src/data/replica/replica.js'
import { exchange, replicaAt, sameData, sync } from './replicas.js'

const KEYS = 6

/** One member that records, two that do not, and what a disk would hold of the first. */
class Scene {
  readonly log: Uint8Array[] = []
  readonly recording = replicaAt(1, { record: (record) => this.log.push(record) })
  readonly others = [replicaAt(2), replicaAt(3)] as const
  snapshot: Uint8Array | undefined
  readonly #random: Random

  constructor(seed: number) {
    this.#random = seededRandom(seed)
  }

  step(): void {
    const [b, c] = this.others
    const all = [this.recording, b, c]
    const writer = all[this.#below(3)] ?? b
    const [x, y] = [all[this.#below(3)] ?? b, all[this.#below(3)] ?? c]
    switch (this.#below(9)) {
      case 0:
        writer.commit(planAll([{ type: 'delete', key: this.#key() }]))
        break
      case 1:
        if (x !== y) exchange(x, y)
        break
      case 2:
        if (x !== y) sync(x, y)
        break
      case 3:
        this.#takeSnapshot()
        break
      case 4:
        writer.commit(
          planAll([
            { type: 'set', key: this.#key(), value: this.#below(1000) },
            { type: 'delete', key: this.#key() },
          ]),
        )
        break
      default:
        writer.commit(planAll([{ type: 'set', key: this.#key(), value: this.#below(1000) }]))
    }
  }

  /** What a process would find that starts now. */
  restarted(): Replica {
    this.recording.exchange.seal()
    const replica = replicaAt(9)
    if (this.snapshot) replica.exchange.restore(this.snapshot)
    expect(replica.exchange.replay(this.log)).to.equal(0)
    return replica
  }

  #takeSnapshot(): void {
    this.recording.exchange.seal()
    this.snapshot = this.recording.exchange.checkpoint()
    // Records of before the snapshot do no harm: a disk may still hold some of them.
    this.log.splice(0, this.#below(2) * this.log.length)
  }

  #key(): string {
    return `key ${this.#below(KEYS)}`
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }
}

describe('The records of a replica', () => {
  it('restore the same data after any mix of writes, broadcasts, syncs and snapshots', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const scene = new Scene(seed)
      for (let step = 0; step < 40; step++) scene.step()
      const restarted = scene.restarted()
      expect(restarted.doc.getMap('usr').toJSON(), `seed ${seed}`).to.deep.equal(
        scene.recording.doc.getMap('usr').toJSON(),
      )
      expect(sameData(restarted, scene.recording), `seed ${seed}`).to.equal(true)
    }
  })

  it('tell of a death that a sync brought, though a later write stood against it', () => {
    const log: Uint8Array[] = []
    const recording = replicaAt(1, { record: (record) => log.push(record) })
    const other = replicaAt(2)
    recording.commit(planAll([{ type: 'set', key: 'k', value: 'old' }]))
    exchange(recording, other)
    other.commit(planAll([{ type: 'delete', key: 'k' }]))
    sync(recording, other)
    recording.commit(planAll([{ type: 'set', key: 'k', value: 'after' }]))
    recording.exchange.seal()
    const restarted = replicaAt(3)
    expect(restarted.exchange.replay(log)).to.equal(0)
    expect(restarted.get('k')).to.equal('after')
    expect(sameData(restarted, recording)).to.equal(true)
  })

  it('are counted when they are damaged or follow a record that is missing, and change nothing', () => {
    const log: Uint8Array[] = []
    const recording = replicaAt(1, { record: (record) => log.push(record) })
    for (const value of [1, 2, 3]) {
      recording.commit(planAll([{ type: 'set', key: 'k', value }]))
      recording.exchange.seal()
    }
    const restarted = replicaAt(2)
    const [first, second, third] = log as [Uint8Array, Uint8Array, Uint8Array]
    expect(restarted.exchange.replay([first, third, second.subarray(0, -1)])).to.equal(2)
    expect(restarted.get('k')).to.equal(1)
  })

  it('keep the order of merges and own writes, since a value that lost to a deleted one is gone', () => {
    const log: Uint8Array[] = []
    const [recording, b, c] = [
      replicaAt(1, { record: (record) => log.push(record) }),
      replicaAt(2),
      replicaAt(3),
    ]
    for (const value of [1, 2]) b.commit(planAll([{ type: 'set', key: 'k', value }]))
    c.commit(planAll([{ type: 'set', key: 'k', value: 'lower stamp' }]))
    exchange(recording, b)
    recording.commit(planAll([{ type: 'delete', key: 'k' }]))
    sync(recording, c)
    recording.exchange.seal()
    const restarted = replicaAt(9)
    expect(restarted.exchange.replay(log)).to.equal(0)
    expect([restarted.get('k'), recording.get('k')]).to.deep.equal(['lower stamp', 'lower stamp'])
  })

  it('are not made of what was known already', () => {
    const log: Uint8Array[] = []
    const [recording, other] = [replicaAt(1, { record: (record) => log.push(record) }), replicaAt(2)]
    other.commit(planAll([{ type: 'set', key: 'k', value: 1 }]))
    const [update] = other.exchange.drain() as [Uint8Array]
    recording.exchange.receive(update)
    recording.exchange.receive(update)
    sync(recording, other)
    expect(log).to.deep.equal([update])
  })
})
