/** Every named attack, once: what must come of it, and that nothing else does. */
import { expect } from 'chai'
import { ATTACKS, isExpected } from '../../../bench/attacks.js'
import { any, float, item, pack, run, update } from '../../../bench/packing.js'
import { NOW, peerUpdate, Victim } from '../../../bench/victim.js'
import { CLOCK_LEAD_MILLIS_MAX } from '../../../src/wire/limits.js'

describe('A replica under attack', () => {
  it('takes the honest update that the attacks are made from', () => {
    const { replica, scene } = new Victim()
    expect(replica.get('peer-1')).to.equal(1)
    expect(replica.receive(pack(scene.clock, peerUpdate()))).to.deep.equal({ type: 'applied', news: false })
  })

  it('counts attacks by unique names', () => {
    expect(new Set(ATTACKS.map(({ name }) => name)).size).to.equal(ATTACKS.length)
  })

  for (const attack of ATTACKS) {
    it(`answers "${attack.expected}" to ${attack.name}`, () => {
      const victim = new Victim()
      const judgement = victim.judge(attack.through, attack.bytes(victim.scene))
      expect(isExpected(attack, judgement), judgement.outcome).to.equal(true)
      const { half, pending, roots, threw, forked } = judgement
      expect({ half, pending, roots, threw, forked }).to.deep.equal({
        half: false,
        pending: false,
        roots: false,
        threw: false,
        forked: attack.forks ?? false,
      })
      expectToLiveOn(victim)
    })
  }

  it('follows a bare clock of 2^53 - 1 by a minute at most', () => {
    const { replica } = new Victim()
    replica.receive(pack(Number.MAX_SAFE_INTEGER, update([])))
    replica.write([{ type: 'set', key: 'after', value: 1 }])
    expect(replica.entry('after')?.at).to.equal(NOW + CLOCK_LEAD_MILLIS_MAX)
  })

  it('keeps its own entries when somebody writes under its session', () => {
    const victim = new Victim()
    const { own, clock } = victim.scene
    const stranger = item({ key: 'theirs', meta: float(clock), value: any(1) })
    victim.judge('update', pack(clock, update([run(own.session, 2 * own.known, [stranger])])))
    expect(victim.replica.session).not.to.equal(own.session)
    expect(victim.replica.get('own-3')).to.equal('value 3')
    expect(victim.replica.get('theirs')).to.equal(1)
  })
})

/** The next honest write of the peer is taken, and so is an own one, with a time that others take. */
function expectToLiveOn({ replica, scene }: Victim): void {
  const { peer, clock } = scene
  const next = item({ key: 'next', meta: float(clock + 1), value: any('peer') })
  const result = replica.receive(pack(clock + 1, update([run(peer.session, 2 * peer.known, [next])])))
  expect(result).to.deep.equal({ type: 'applied', news: true })
  replica.write([{ type: 'set', key: 'mine', value: 'own' }])
  expect(replica.doc.getMap('usr').get('next')).to.equal('peer')
  expect(replica.get('mine')).to.equal('own')
  expect(replica.entry('mine')?.at).to.be.at.most(NOW + CLOCK_LEAD_MILLIS_MAX)
}
