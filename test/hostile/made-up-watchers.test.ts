/** A writer makes up members, which then doubt a living one, at once and each time that it has answered. */
import { expect } from 'chai'
import { Cluster, engineFactory } from '../../sim/cluster.js'
import type { SimMember } from '../../sim/member.js'
import type { Seat } from '../../sim/seat.js'
import { Engine } from '../../src/mesh/protocol/engine.js'
import type { Input, Output } from '../../src/mesh/protocol/step.js'
import type { Claim } from '../../src/mesh/wire/claim.js'
import type { Frame } from '../../src/mesh/wire/frame.js'
import { EngineLab, recordOf, sentTo } from './engine-lab.js'

const WATCHERS = 60
const SECONDS = 20

/** Passes nothing on, and doubts nobody by itself. */
class Keeper extends Engine {
  override handle(input: Input, now: number): Output[] {
    return super.handle(input, now).filter((output) => output.type !== 'send' || isOwn(output.frame))
  }
}

function isOwn(frame: Frame): boolean {
  return frame.type !== 'gossip' || (frame.round === 0 && frame.body.type !== 'claims')
}

class Attack {
  readonly cluster: Cluster<Engine>
  readonly evil: SimMember<Engine>
  readonly victim: SimMember<Engine>
  #seq = 0

  constructor(seed: number, members: number) {
    const honest = engineFactory()
    const makeEngine = (seat: Seat) =>
      seat.index === 0 ? new Keeper({ ...seat, topic: 'sim' }) : honest(seat)
    this.cluster = new Cluster({ seed, makeEngine })
    this.cluster.grow(members, 200)
    this.cluster.run(20_000)
    const [evil, victim] = this.cluster.members
    if (!evil || !victim) throw new Error('two members')
    this.evil = evil
    this.victim = victim
    this.tell(
      Array.from({ length: WATCHERS }, (_, i) => {
        return { type: 'member', id: `w${i}`, record: recordOf(10 + i), lease: 0 } as const
      }),
    )
    this.cluster.run(2_000)
  }

  /** Each neighbor of the liar but the victim itself hears it, in an envelope under the victim's name. */
  tell(claims: readonly Claim[]): void {
    const body = { type: 'claims', claims } as const
    const name = { origin: this.victim.id, epoch: 7, seq: ++this.#seq, round: 1 }
    for (const peer of this.evil.links.keys()) {
      if (peer === this.victim.id) continue
      const frame = { type: 'gossip', ...name, ownTree: false, shapes: false, body } as const
      this.cluster.find(peer)?.give({ type: 'frame', peer: this.evil.id, frame })
    }
  }

  /** Three doubts of every incarnation that the liar hears of; returns who did not list the victim at some time. */
  run(): Set<string> {
    const without = new Set<string>()
    let [watcher, last] = [0, 0]
    for (let step = 0; step < 50 * SECONDS; step++) {
      const known = this.evil.engine.table.get(this.victim.id)?.record.incarnation ?? 0
      if (known > last) {
        last = known
        const by = [0, 1, 2].map(() => `w${watcher++ % WATCHERS}`)
        this.tell(by.map((one) => ({ type: 'suspect', id: this.victim.id, incarnation: known, by: one })))
      }
      this.cluster.run(20)
      for (const { id, engine } of this.cluster.members)
        if (!engine.table.get(this.victim.id)) without.add(id)
    }
    return without
  }
}

describe('watchers that a writer made up', () => {
  for (const members of [3, 6, 20])
    it(`bury nobody in a cluster of ${members}: who is doubted hears of it, and answers in time, each time`, () => {
      for (let seed = 1; seed <= 8; seed++) {
        const attack = new Attack(seed, members)
        const before = attack.victim.engine.table.selfRecord.incarnation
        expect([seed, ...attack.run()]).to.deep.equal([seed])
        expect(attack.victim.engine.table.selfRecord.incarnation).to.be.above(before)
      }
    })

  it('cannot hide a doubt from its subject: it is passed on to the one under whose name it comes', () => {
    const lab = new EngineLab()
    for (const peer of ['evil', 'victim']) lab.link(peer)
    const doubt = { type: 'suspect', id: 'victim', incarnation: 100, by: 'evil' } as const
    const name = { origin: 'victim', epoch: 7, seq: 1, round: 1, ownTree: false, shapes: false }
    const body = { type: 'claims', claims: [doubt] } as const
    const outputs = lab.frame('evil', { type: 'gossip', ...name, body })
    expect(sentTo(outputs, 'victim')).to.have.length(1)
  })
})
