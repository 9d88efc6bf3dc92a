import { expect } from 'chai'
import { PRESENCE_BYTES_MAX } from '../../../src/base/member-limits.js'
import { LEASE_MILLIS } from '../../../src/mesh/protocol/liveness/leases.js'
import { PRESENCE_JOIN_MILLIS } from '../../../src/mesh/protocol/liveness/presence-table.js'
import { HUMBLE_MILLIS } from '../../../src/mesh/protocol/liveness/watch.js'
import { PRESENCES_BYTES_MAX } from '../../../src/mesh/protocol/protocol-limits.js'
import type { Output } from '../../../src/mesh/protocol/step.js'
import { SPREAD_MILLIS } from '../../../src/mesh/protocol/sync/anti-entropy.js'
import type { Claim, PresenceFrame } from '../../../src/mesh/wire/claim.js'
import type { GossipFrame } from '../../../src/mesh/wire/frame.js'
import { claimsTo, Lab, record, sentTo } from './lab.js'

const presenceOf = (id: string, version: number, state = [1], frozen = false): PresenceFrame => ({
  type: 'presence',
  id,
  version,
  frozen,
  state: Uint8Array.from(state),
})

let seq = 0
const envelope = (origin: string, ...claims: Claim[]): GossipFrame => ({
  type: 'gossip',
  origin,
  epoch: 1,
  seq: ++seq,
  round: 0,
  ownTree: false,
  shapes: false,
  body: { type: 'claims', claims },
})

const told = (outputs: readonly Output[], peer = 'a') =>
  claimsTo(outputs, peer).flatMap((claim) => (claim.type === 'presence' ? [claim] : []))

describe('presence in the engine', () => {
  it('takes what a member shows from its owner alone', () => {
    const lab = new Lab()
    lab.link('a')
    lab.link('b')
    lab.frame('a', envelope('a', presenceOf('b', 10), presenceOf('a', 10, [2])))
    expect(lab.engine.presence.get('b')).to.equal(undefined)
    expect(lab.engine.presence.get('a')?.state).to.deep.equal(Uint8Array.of(2))
  })

  it('keeps the greatest version, and nothing of a stranger or of an earlier run', () => {
    const lab = new Lab()
    lab.link('a')
    for (const [version, state] of [
      [10, 1],
      [12, 2],
      [11, 3],
      [12, 4],
    ] as const)
      lab.frame('a', envelope('a', presenceOf('a', version, [state])))
    expect(lab.engine.presence.get('a')?.state).to.deep.equal(Uint8Array.of(2))
    lab.frame('a', envelope('stranger', presenceOf('stranger', 10)))
    expect(lab.engine.presence.get('stranger')).to.equal(undefined)
    const rejoined = { ...record(9, 500), joined: 400 }
    lab.frame('a', { type: 'member', id: 'a', record: rejoined, lease: 0 })
    expect(lab.engine.presence.get('a')).to.equal(undefined)
    lab.frame('a', envelope('a', presenceOf('a', 399)))
    expect(lab.engine.presence.get('a')).to.equal(undefined)
    lab.frame('a', envelope('a', presenceOf('a', 400)))
    expect(lab.engine.presence.get('a')?.version).to.equal(400)
  })

  it('forgets it when its member leaves', () => {
    const lab = new Lab()
    lab.link('a')
    lab.frame('a', envelope('a', presenceOf('a', 10)))
    const outputs = lab.frame('a', { type: 'leave', id: 'a', incarnation: 100 })
    expect(lab.engine.presence.get('a')).to.equal(undefined)
    expect(outputs).to.deep.include({ type: 'gone', id: 'a', how: 'left' })
  })

  it('tells the last of many changes, at most 5 a second', () => {
    const lab = new Lab()
    lab.link('a')
    lab.pass(1_000)
    const outputs: Output[] = []
    for (let change = 0; change < 100; change++) {
      outputs.push(...lab.give({ type: 'presence', state: Uint8Array.of(change) }), ...lab.pass(10))
    }
    outputs.push(...lab.pass(500))
    const changes = told(outputs)
    expect(changes.length).to.be.within(5, 7)
    expect(changes.at(-1)?.state).to.deep.equal(Uint8Array.of(99))
    const versions = changes.map(({ version }) => version)
    expect(versions).to.deep.equal([...new Set(versions)].sort((x, y) => x - y))
  })

  it('waits after its first link until its record is known, and tells again whoever lost it', () => {
    const lab = new Lab()
    lab.give({ type: 'presence', state: Uint8Array.of(7) })
    lab.pass(60_000)
    expect(told(lab.link('a'))).to.deep.equal([])
    expect(told(lab.pass(PRESENCE_JOIN_MILLIS - 1))).to.deep.equal([])
    const [first] = told(lab.pass(50))
    expect(first?.state).to.deep.equal(Uint8Array.of(7))
    lab.give({ type: 'link-down', peer: 'a' })
    lab.pass(5_000)
    lab.link('b')
    const [second] = told(lab.pass(1_000), 'b')
    expect(second?.state).to.deep.equal(Uint8Array.of(7))
    expect(second?.version).to.be.greaterThan(first?.version ?? Number.POSITIVE_INFINITY)
  })

  it('tells it again after it had to refute its death', () => {
    const lab = new Lab()
    lab.link('a')
    lab.give({ type: 'presence', state: Uint8Array.of(7) })
    lab.pass(2_000)
    const { incarnation } = lab.engine.table.selfRecord
    const outputs = lab.frame('a', envelope('b', { type: 'suspect', id: 'me', incarnation, by: 'b' }))
    expect(told([...outputs, ...lab.pass(1_000)]).map(({ state }) => [...state])).to.deep.equal([[7]])
  })

  it('overrules a state that others show in its name', () => {
    const lab = new Lab()
    lab.link('a')
    lab.give({ type: 'presence', state: Uint8Array.of(7) })
    lab.pass(2_000)
    lab.frame('a', presenceOf('me', 1_000_000, [6]))
    const [answer] = told(lab.pass(1_000))
    expect(answer?.state).to.deep.equal(Uint8Array.of(7))
    expect(answer?.version).to.be.greaterThan(1_000_000)
  })

  it('repairs it by the digest of the member table', () => {
    const knows = new Lab()
    const lacks = new Lab()
    for (const lab of [knows, lacks]) {
      lab.link('a')
      lab.link('b')
    }
    knows.frame('a', envelope('a', presenceOf('a', 10)))
    const digests = [knows, lacks].map((lab) => sentTo(lab.link('c'), 'c', 'digest')[0])
    expect(digests[0]).to.not.deep.equal(digests[1])
    const [asked] = sentTo(lacks.frame('b', digests[0] ?? presenceOf('x', 0)), 'b', 'members')
    const repair = sentTo(knows.frame('b', asked ?? presenceOf('x', 0)), 'b', 'presence')
    expect(repair).to.have.length(1)
    const outputs = lacks.frame('b', repair[0] ?? presenceOf('x', 0))
    expect(lacks.engine.presence.get('a')?.version).to.equal(10)
    // The others are to compare as well.
    expect(sentTo([...outputs, ...lacks.pass(SPREAD_MILLIS)], 'a', 'digest')).to.have.length(1)
  })

  it('keeps no more than fits, and compares equal to members that keep more', () => {
    const lab = new Lab()
    lab.link('a')
    const members = PRESENCES_BYTES_MAX / PRESENCE_BYTES_MAX
    const state = Array.from({ length: PRESENCE_BYTES_MAX }, () => 1)
    for (let n = 0; n <= members; n++) {
      lab.frame('a', { type: 'member', id: `m${n}`, record: record(n + 10), lease: 0 })
      lab.frame('a', envelope(`m${n}`, presenceOf(`m${n}`, 10, state)))
    }
    expect(lab.engine.presence.get(`m${members - 1}`)?.state.length).to.equal(PRESENCE_BYTES_MAX)
    expect(lab.engine.presence.get(`m${members}`)).to.deep.include({ version: 10, state: new Uint8Array() })
    lab.frame('a', { type: 'leave', id: 'm0', incarnation: 100 })
    lab.frame('a', envelope(`m${members}`, presenceOf(`m${members}`, 11, state)))
    expect(lab.engine.presence.get(`m${members}`)?.state.length).to.equal(PRESENCE_BYTES_MAX)
  })
})

describe('pages that are stopped', () => {
  it('excuses the silence of a frozen page for 90 s, also when its link breaks, and no longer', () => {
    const lab = new Lab()
    for (const peer of ['a', 'b', 'c']) lab.link(peer)
    lab.frame('a', envelope('a', presenceOf('a', 10, [], true)))
    lab.give({ type: 'link-down', peer: 'a' })
    lab.frame('b', envelope('b', { type: 'suspect', id: 'a', incarnation: 100, by: 'b' }))
    const alive = () => {
      for (const peer of ['b', 'c']) lab.frame(peer, { type: 'prune', tree: 5 })
      return lab.pass(1_000)
    }
    const suspicions = (outputs: readonly Output[]) =>
      claimsTo(outputs, 'b').filter(({ type }) => type === 'suspect')
    for (let seconds = 1; seconds < 90; seconds++) expect(suspicions(alive())).to.deep.equal([])
    expect(lab.engine.table.get('a')?.suspicion).to.equal(undefined)
    const after = [...alive(), ...alive()]
    expect(suspicions(after)).to.have.length(1)
    for (let seconds = 0; seconds < 7; seconds++) after.push(...alive())
    expect(after).to.deep.include({ type: 'gone', id: 'a', how: 'dead' })
  })

  it('says at once that it is being stopped, in one envelope that needs no timer', () => {
    const lab = new Lab()
    lab.link('a')
    lab.pass(3_000)
    expect(told(lab.give({ type: 'visibility', visibility: 'frozen' }))).to.have.length(1)
    const back = lab.give({ type: 'visibility', visibility: 'visible' })
    expect(told([...back, ...lab.pass(20)]).map(({ frozen }) => frozen)).to.deep.equal([false])
  })

  it('says nothing of a page that was never stopped', () => {
    const lab = new Lab()
    lab.link('a')
    const hidden = lab.give({ type: 'visibility', visibility: 'hidden' })
    expect(sentTo(hidden, 'a', 'heartbeat')).to.have.length(1)
    expect(told([...hidden, ...lab.pass(1_000)])).to.deep.equal([])
  })

  it('compares first after a sleep, and accuses nobody for 10 s, whichever input wakes it', () => {
    const lab = new Lab()
    for (const peer of ['a', 'b', 'c']) lab.link(peer)
    lab.pass(2_000)
    lab.now += 60_000
    const woken = lab.give({ type: 'link-down', peer: 'a' })
    expect(sentTo(woken, 'b', 'digest')).to.have.length(1)
    const later = lab.pass(HUMBLE_MILLIS - 1_000)
    expect(claimsTo([...woken, ...later], 'b').filter(({ type }) => type === 'suspect')).to.deep.equal([])
  })
})

describe('readiness in the engine', () => {
  it('is told by an odd lease once the data equals that of a neighbor', () => {
    const lab = new Lab()
    expect(lab.engine.table.leases.ready).to.equal(false)
    lab.link('a')
    expect(lab.engine.table.leases.ready).to.equal(false)
    lab.frame('a', { type: 'digest', replica: lab.replica.exchange.digest(), members: 0, ask: false })
    expect(lab.engine.table.leases.ready).to.equal(true)
    const leases = sentTo(lab.pass(2_000), 'a', 'heartbeat').flatMap((beat) =>
      beat.type === 'heartbeat' ? beat.leases : [],
    )
    expect(leases.map(({ lease }) => lease)).to.deep.equal([1])
    lab.pass(LEASE_MILLIS)
    expect(lab.engine.table.selfLease).to.equal(3)
  })

  it('comes without others when signaling names nobody', () => {
    const lab = new Lab()
    lab.give({ type: 'contacts', contacts: [] })
    expect(lab.engine.table.leases.ready).to.equal(true)
  })
})
