/** Every named attack, once: what must come of it, and that nothing else does. */

import { expect } from 'chai'
import { ATTACKS, isExpected } from '../../../bench/attacks.js'
import { any, float, item, kill, pack, run, update } from '../../../bench/packing.js'
import { PlainVictim } from '../../../bench/plain-victim.js'
import { NOW, peerUpdate, Victim } from '../../../bench/victim.js'
import { STAMP_LEAD_MILLIS_MAX } from '../../../src/data/data-limits.js'
import { planAll } from '../../../src/data/replica/plan.js'

describe('A replica under attack', () => {
  it('takes the honest update that the attacks are made from', () => {
    const { replica, scene } = new Victim()
    expect(replica.get('peer-1')).to.equal(1)
    expect(replica.exchange.receive(pack(scene.clock, peerUpdate()))).to.deep.equal({
      type: 'applied',
      news: false,
    })
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

  it('does not follow a bare clock of 2^53 - 1', () => {
    const { replica } = new Victim()
    replica.exchange.receive(pack(Number.MAX_SAFE_INTEGER, update([])))
    replica.commit(planAll([{ type: 'set', key: 'after', value: 1 }]))
    expect(replica.entry('after')?.at).to.equal(NOW)
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

describe('The judge of attacks', () => {
  it('calls it half-applied when something was merged that was not accepted', () => {
    const { replica, judge, next } = scenario()
    const receive = replica.exchange.receive.bind(replica.exchange)
    replica.exchange.receive = (bytes) => {
      receive(bytes)
      return { type: 'early' }
    }
    expect(judge(next)).to.include({ outcome: 'early', half: true })
  })

  it('calls it half-applied when something was accepted that the document does not show', () => {
    const { replica, judge, next } = scenario()
    const receive = replica.exchange.receive.bind(replica.exchange)
    replica.exchange.receive = (bytes) => {
      const result = receive(bytes)
      replica.doc.getMap('usr')._map.delete('next')
      return result
    }
    expect(judge(next)).to.include({ outcome: 'applied', half: true })
  })

  it('finds nothing wrong with an honest update', () => {
    const { judge, next } = scenario()
    expect(judge(next)).to.include({
      outcome: 'applied',
      half: false,
      pending: false,
      roots: false,
      touched: true,
    })
  })

  it('sees what plain Yjs does with the same bytes', () => {
    const { own, peer } = new Victim().scene
    const all = update([], [kill(peer.session, [0, 2 * 8000]), kill(own.session, [0, 2 * 8000])])
    expect(new PlainVictim().judge('v1', all)).to.include({ pending: true, emptied: true })
    const gap = update([run(peer.session, 99, [item({ key: 'a', meta: float(1) })])])
    expect(new PlainVictim().judge('v1', gap)).to.include({ pending: true, half: false })
    const root = update([run(5, 0, [item({ root: 'evil', key: 'a', meta: float(1) })])])
    expect(new PlainVictim().judge('v1', pack(root.slice(0, -1), 9))).to.include({ half: true, roots: true })
  })
})

/** A victim, and an honest update that is news to it. */
function scenario() {
  const victim = new Victim()
  const { peer, clock } = victim.scene
  const entry = item({ key: 'next', meta: float(clock + 1), value: any('peer') })
  const next = pack(clock + 1, update([run(peer.session, 2 * peer.known, [entry])]))
  return { replica: victim.replica, judge: (bytes: Uint8Array) => victim.judge('update', bytes), next }
}

/** The next honest write of the peer is taken, and so is an own one, with a time that others take. */
function expectToLiveOn({ replica, scene }: Victim): void {
  const { peer, clock } = scene
  const next = item({ key: 'next', meta: float(clock + 1), value: any('peer') })
  const result = replica.exchange.receive(
    pack(clock + 1, update([run(peer.session, 2 * peer.known, [next])])),
  )
  expect(result).to.deep.equal({ type: 'applied', news: true })
  replica.commit(planAll([{ type: 'set', key: 'mine', value: 'own' }]))
  expect(replica.doc.getMap('usr').get('next')).to.equal('peer')
  expect(replica.get('mine')).to.equal('own')
  expect(replica.entry('mine')?.at).to.be.at.most(NOW + STAMP_LEAD_MILLIS_MAX)
}
