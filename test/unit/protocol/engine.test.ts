import { expect } from 'chai'
import { planAll } from '../../../src/data/replica/plan.js'
import { CACHED_MILLIS } from '../../../src/mesh/protocol/broadcast/message-store.js'
import { DIAL_BACKOFF_MIN_MILLIS } from '../../../src/mesh/protocol/formulas.js'
import { DIAL_MILLIS, HELLO_MILLIS } from '../../../src/mesh/protocol/overlay/dials.js'
import type { Output } from '../../../src/mesh/protocol/step.js'
import { SYNC_WINDOW } from '../../../src/mesh/protocol/sync/sync-exchange.js'
import type { Frame } from '../../../src/mesh/wire/frame.js'
import { claimsTo, Lab, record, sentTo } from './lab.js'

describe('the engine', () => {
  it('introduces itself first on a new link', () => {
    const lab = new Lab()
    const outputs = lab.give({ type: 'link-up', peer: 'a' })
    expect(sentTo(outputs, 'a').map((frame) => frame.type)).to.deep.equal(['hello'])
  })

  it('reads nothing before HELLO: anything else costs the link', () => {
    const lab = new Lab()
    lab.give({ type: 'link-up', peer: 'a' })
    const outputs = lab.frame('a', { type: 'leave', id: 'b', incarnation: 1 })
    expect(outputs).to.deep.include({ type: 'disconnect', peer: 'a' })
    expect(lab.engine.counters.offences).to.equal(1)
  })

  it('refuses a member of another cluster, one that gives a false name, and a second HELLO', () => {
    const wrong: [string, string][] = [
      ['other topic', 'a'],
      ['t', 'somebody else'],
    ]
    for (const [topic, id] of wrong) {
      const lab = new Lab()
      lab.give({ type: 'link-up', peer: 'a' })
      const outputs = lab.frame('a', {
        type: 'hello',
        topic,
        id,
        record: record(7),
        lease: 0,
        links: 0,
        intent: 'join',
      })
      expect(outputs).to.deep.include({ type: 'disconnect', peer: 'a' })
      expect(lab.engine.table.size).to.equal(1)
    }
    const lab = new Lab()
    lab.link('a')
    expect(lab.link('a')).to.satisfy((outputs: Output[]) => outputs.length > 0)
    const again = lab.frame('a', {
      type: 'hello',
      topic: 't',
      id: 'a',
      record: record(7),
      lease: 0,
      links: 0,
      intent: 'join',
    })
    expect(again).to.deep.include({ type: 'disconnect', peer: 'a' })
  })

  it('closes a link whose HELLO does not come', () => {
    const lab = new Lab()
    lab.give({ type: 'link-up', peer: 'a' })
    expect(lab.pass(HELLO_MILLIS - 1)).to.not.deep.include({ type: 'disconnect', peer: 'a' })
    expect(lab.pass(2)).to.deep.include({ type: 'disconnect', peer: 'a' })
  })

  it('refuses a ninth link from a member that has others, and evicts one for a member that has none', () => {
    const lab = new Lab()
    for (let n = 0; n < 8; n++) lab.link(`p${n}`)
    lab.frame('p0', { type: 'member', id: 'full', record: record(8), lease: 0 })
    const refused = lab.link('full', 3)
    expect(sentTo(refused, 'full', 'disconnect')).to.deep.equal([{ type: 'disconnect', reason: 'full' }])
    const forced = lab.link('isolated', 0)
    const evicted = forced.filter((output) => output.type === 'disconnect')
    expect(evicted).to.have.length(1)
    expect(evicted[0]).to.not.deep.equal({ type: 'disconnect', peer: 'isolated' })
    expect(lab.engine.view.size).to.equal(8)
  })

  it('beats about once a second on a silent link, and not on a busy one', () => {
    const lab = new Lab()
    lab.link('a')
    let beats = 0
    for (let second = 0; second < 30; second++) {
      beats += sentTo(lab.pass(1_000), 'a', 'heartbeat').length
      lab.frame('a', {
        type: 'heartbeat',
        digest: lab.replica.exchange.digest(),
        time: lab.now,
        echo: 0,
        visibility: 'visible',
        hasSlot: true,
        announced: [],
        leases: [],
      })
    }
    expect(beats).to.be.within(24, 34)
  })

  it('measures the round trip from the echo, and ignores a nonsensical one', () => {
    const lab = new Lab()
    lab.link('a')
    lab.now = 1_000
    lab.frame('a', {
      type: 'heartbeat',
      digest: lab.replica.exchange.digest(),
      time: 5,
      echo: 960,
      visibility: 'visible',
      hasSlot: true,
      announced: [],
      leases: [],
    })
    expect(lab.engine.view.get('a')?.srtt).to.equal(40)
    lab.frame('a', {
      type: 'heartbeat',
      digest: lab.replica.exchange.digest(),
      time: 6,
      echo: 99_999,
      visibility: 'visible',
      hasSlot: true,
      announced: [],
      leases: [],
    })
    expect(lab.engine.view.get('a')?.srtt).to.equal(40)
  })

  it('drops a silent link, suspects its member aloud, and removes it when it stays silent', () => {
    const lab = new Lab()
    lab.link('a')
    lab.link('b')
    const outputs = lab.beats(5, ['b'])
    expect(claimsTo(outputs, 'b').filter((claim) => claim.type === 'suspect')).to.deep.equal([
      { type: 'suspect', id: 'a', incarnation: 100, by: 'me' },
    ])
    expect(lab.engine.table.get('a')?.suspicion).to.be.an('object')
    lab.beats(7, ['b'])
    expect(lab.engine.table.get('a')).to.equal(undefined)
  })

  it('refutes a rumor of its own death by a greater incarnation', () => {
    const lab = new Lab()
    lab.link('a')
    const outputs = lab.frame('a', { type: 'suspect', id: 'me', incarnation: 100, by: 'x' })
    const answer = claimsTo([...outputs, ...lab.pass(20)], 'a').find((claim) => claim.id === 'me')
    expect(answer).to.have.nested.property('record.incarnation', 101)
    expect(lab.engine.table.get('me')?.suspicion).to.equal(undefined)
  })

  it('believes no claim about an incarnation that it does not hold', () => {
    const lab = new Lab()
    lab.link('a')
    for (const incarnation of [99, 101, Number.MAX_SAFE_INTEGER]) {
      lab.frame('a', { type: 'suspect', id: 'a', incarnation, by: 'x' })
      lab.frame('a', { type: 'leave', id: 'a', incarnation })
    }
    expect(lab.engine.table.get('a')).to.have.property('suspicion', undefined)
  })

  it('does not take back a member that left, until it comes with a greater incarnation', () => {
    const lab = new Lab()
    lab.link('a')
    lab.frame('a', { type: 'member', id: 'b', record: record(8, 5), lease: 0 })
    lab.frame('a', { type: 'leave', id: 'b', incarnation: 5 })
    const stale = lab.frame('a', { type: 'member', id: 'b', record: record(8, 5), lease: 9 })
    expect(lab.engine.table.get('b')).to.equal(undefined)
    expect(sentTo(stale, 'a', 'suspect')).to.have.length(1)
    lab.frame('a', { type: 'member', id: 'b', record: record(8, 6), lease: 0 })
    expect(lab.engine.table.get('b')).to.not.equal(undefined)
  })

  it('suspects itself first after a sleep', () => {
    const lab = new Lab()
    lab.link('a')
    lab.pass(1_000)
    lab.now += 300_000
    const outputs = lab.give({ type: 'tick' })
    expect(outputs).to.not.deep.include({ type: 'disconnect', peer: 'a' })
    expect(lab.engine.table.get('a')).to.have.property('suspicion', undefined)
  })

  it('trusts its table no longer after a long sleep: its neighbors tell it anew, and it tells none of it on', () => {
    const lab = new Lab()
    for (const peer of ['a', 'b']) lab.link(peer)
    lab.frame('a', { type: 'member', id: 'long dead', record: record(8), lease: 0 })
    lab.beats(6, ['a', 'b'])
    lab.now += 3_600_000
    const outputs = lab.give({ type: 'tick' })
    expect(Array.from(lab.engine.table.entries(), ({ id }) => id)).to.deep.equal(['me'])
    expect(sentTo(outputs, 'a', 'digest')).not.to.deep.equal([])
    expect(outputs.map(({ type }) => type)).not.to.include.members(['disconnect', 'gone'])
    const heard = lab.frame('a', { type: 'member', id: 'b', record: record(7), lease: 2 })
    expect(lab.engine.table.get('b')?.lease).to.equal(2)
    expect(claimsTo([...heard, ...lab.pass(100)], 'b')).to.deep.equal([])
  })

  it('passes an update on once, to all but its sender and its origin, and counts the copies', () => {
    const writer = new Lab()
    writer.replica.commit(planAll([{ type: 'set', key: 'k', value: 1 }]))
    const [update = new Uint8Array()] = writer.replica.exchange.drain()
    const lab = new Lab()
    for (const peer of ['a', 'b', 'c']) lab.link(peer)
    const gossip: Frame = {
      type: 'gossip',
      origin: 'c',
      epoch: 9,
      seq: 1,
      round: 0,
      ownTree: false,
      shapes: false,
      body: { type: 'update', update },
    }
    const first = lab.frame('a', gossip)
    const second = lab.frame('b', gossip)
    expect(['a', 'b', 'c'].map((peer) => sentTo(first, peer, 'gossip').length)).to.deep.equal([0, 1, 0])
    expect(['a', 'b', 'c'].flatMap((peer) => sentTo(second, peer, 'gossip'))).to.have.length(0)
    expect(lab.replica.get('k')).to.equal(1)
    expect(lab.engine.counters.duplicates).to.equal(1)
  })

  for (const [writers, gaps, shapesMax] of [
    ['often', [50], 1],
    ['three times in a burst', [50, 50, 12_000], 120 / 3],
    ['as often as makes it busy', [3_000, 3_500], 7],
    ['now and then', [60_000], 0],
  ] as const)
    it(`floods no update, and at most ${shapesMax} empty envelopes in 120 updates of a member that writes ${writers}`, () => {
      const lab = new Lab()
      for (const peer of ['a', 'b', 'c']) lab.link(peer)
      let shapes = 0
      for (let count = 0; count < 120; count++) {
        lab.replica.commit(planAll([{ type: 'set', key: 'k', value: count }]))
        const outputs = lab.give({ type: 'local-updates', updates: lab.replica.exchange.drain() })
        for (const frame of sentTo(outputs, 'a', 'gossip'))
          if (frame.type === 'gossip' && frame.ownTree && frame.shapes) {
            shapes += 1
            expect(frame.body.type).to.equal('beacon')
          }
        for (let left = gaps[count % gaps.length] ?? 0; left > 0; left -= 1_000) {
          for (const peer of ['a', 'b', 'c']) lab.beat(peer)
          lab.pass(Math.min(left, 1_000))
        }
      }
      expect(shapes).to.be.within(Math.sign(shapesMax), shapesMax)
    })

  it('closes the link of a member that sends bytes which are no update, and passes nothing on', () => {
    const lab = new Lab()
    lab.link('a')
    lab.link('b')
    const outputs = lab.frame('a', {
      type: 'gossip',
      origin: 'x',
      epoch: 1,
      seq: 1,
      round: 0,
      ownTree: false,
      shapes: false,
      body: { type: 'update', update: Uint8Array.of(1, 2, 3) },
    })
    expect(outputs).to.deep.include({ type: 'disconnect', peer: 'a' })
    expect(sentTo(outputs, 'b', 'gossip')).to.have.length(0)
  })

  it('sends no broadcasts to a slow link, and compares digests when it has drained', () => {
    const lab = new Lab()
    lab.link('a')
    lab.give({ type: 'slow', peer: 'a' })
    lab.replica.commit(planAll([{ type: 'set', key: 'k', value: 1 }]))
    const skipped = lab.give({ type: 'local-updates', updates: lab.replica.exchange.drain() })
    expect(sentTo(skipped, 'a', 'gossip')).to.have.length(0)
    const drained = lab.give({ type: 'drained', peer: 'a' })
    expect(sentTo(drained, 'a', 'digest')).to.have.length(1)
  })

  it('gives up an update whose predecessor nobody has, and asks for syncs no longer', () => {
    const writer = new Lab()
    const [, second = new Uint8Array()] = [1, 2].flatMap((value) => {
      writer.replica.commit(planAll([{ type: 'set', key: 'k', value }]))
      return writer.replica.exchange.drain()
    })
    const lab = new Lab()
    lab.link('a')
    lab.frame('a', {
      ...{ type: 'gossip', origin: 'gone', epoch: 9, seq: 2, round: 0, ownTree: false, shapes: false },
      body: { type: 'update', update: second },
    })
    expect(lab.engine.counters.held).to.equal(1)
    lab.beats(CACHED_MILLIS / 1_000 + 5, ['a'])
    const { held, syncs } = lab.engine.counters
    expect(held).to.equal(0)
    lab.beats(30, ['a'])
    expect(lab.engine.counters.syncs).to.equal(syncs)
  })

  it('serves two syncs at once and is busy for a third', () => {
    const lab = new Lab()
    const large = Array.from({ length: 20 }, (_, n) => ({
      type: 'set' as const,
      key: `k${n}`,
      value: 'x'.repeat(60_000),
    }))
    for (const write of large) lab.replica.commit(planAll([write]))
    const request: Frame = {
      type: 'sync-request',
      exchange: 1,
      summary: new Lab().replica.exchange.summary(),
    }
    const served = ['a', 'b', 'c'].map((peer) => {
      lab.link(peer)
      return sentTo(lab.frame(peer, request), peer).map((frame) => frame.type)
    })
    const parts = new Array(SYNC_WINDOW).fill('sync-part')
    expect(served).to.deep.equal([parts, parts, ['sync-busy']])
  })

  it('gives up a dial that its transport never answers, and dials again', () => {
    const lab = new Lab()
    const dials = (outputs: Output[]) => outputs.filter((output) => output.type === 'dial').length
    const first = lab.give({ type: 'contacts', contacts: [{ id: 'a', kind: 'node' }] })
    const waiting = lab.pass(DIAL_MILLIS - 1)
    const later = lab.pass(10_000)
    expect([dials(first), dials(waiting), dials(later) > 0]).to.deep.equal([1, 0, true])
  })

  it('gives up the dial of a newcomer to whom the server no longer knows, and dials the next one soon', () => {
    const lab = new Lab()
    const contacts = ['a', 'b', 'c'].map((id) => ({ id, kind: 'node' as const }))
    const dialed = (outputs: Output[]) =>
      outputs.flatMap((output) => (output.type === 'dial' ? [output.peer] : []))
    const first = dialed(lab.give({ type: 'contacts', contacts }))
    const givenUp = first.flatMap((peer) => lab.give({ type: 'absent', peer }))
    for (const peer of first) lab.give({ type: 'dial-failed', peer })
    const next = dialed(lab.pass(DIAL_BACKOFF_MIN_MILLIS))
    expect(givenUp).to.deep.equal(first.map((peer) => ({ type: 'disconnect', peer })))
    expect(next).to.deep.equal(['a', 'b', 'c'].filter((id) => !first.includes(id)))
  })

  it('goes on dialing whom the mesh knows and a server, perhaps a new one, does not', () => {
    const lab = new Lab()
    lab.link('relay')
    lab.frame('relay', { type: 'member', id: 'b', record: record(8), lease: 0 })
    expect(lab.give({ type: 'absent', peer: 'b' })).to.deep.equal([])
    expect(lab.give({ type: 'absent', peer: 'relay' })).to.deep.equal([])
  })

  it('gives up the dial of a member that says goodbye', () => {
    const lab = new Lab()
    lab.link('relay')
    lab.frame('relay', { type: 'member', id: 'b', record: record(8), lease: 0 })
    const outputs = lab.frame('relay', { type: 'leave', id: 'b', incarnation: 100 })
    expect(outputs).to.deep.include({ type: 'disconnect', peer: 'b' })
  })

  it('takes the last write of a member whose goodbye has overtaken it', () => {
    const lab = new Lab()
    lab.link('writer')
    lab.link('relay')
    const writer = new Lab()
    writer.replica.commit(planAll([{ type: 'set', key: 'last', value: 'word' }]))
    const [update = new Uint8Array()] = writer.replica.exchange.drain()
    const envelope = {
      type: 'gossip',
      origin: 'writer',
      epoch: 9,
      round: 0,
      ownTree: false,
      shapes: false,
    } as const
    const goodbye = { type: 'leave', id: 'writer', incarnation: 100 } as const
    lab.frame('relay', { ...envelope, seq: 1, body: { type: 'beacon' } })
    lab.frame('relay', { ...envelope, seq: 3, body: { type: 'claims', claims: [goodbye] } })
    expect(lab.engine.table.get('writer')).to.equal(undefined)
    lab.frame('writer', { ...envelope, seq: 2, body: { type: 'update', update } })
    expect(lab.replica.get('last')).to.equal('word')
  })

  it('says goodbye, and its last writes, along links that only announce as well', () => {
    const lab = new Lab()
    for (const peer of ['a', 'b']) lab.link(peer)
    lab.frame('b', { type: 'prune', tree: 0 })
    lab.replica.commit(planAll([{ type: 'set', key: 'k', value: 1 }]))
    const update = lab.give({ type: 'local-updates', updates: lab.replica.exchange.drain() })
    const last = lab.give({ type: 'leave' })
    const bodies = (outputs: Output[], peer: string) =>
      sentTo(outputs, peer).flatMap((frame) => (frame.type === 'gossip' ? [frame.body.type] : []))
    expect([bodies(update, 'a'), bodies(update, 'b')]).to.deep.equal([['update'], []])
    expect([bodies(last, 'a'), bodies(last, 'b')]).to.deep.equal([['claims'], ['update', 'claims']])
  })

  it('says goodbye to every neighbor and then nothing more', () => {
    const lab = new Lab()
    lab.link('a')
    const outputs = lab.give({ type: 'leave' })
    const goodbye = [...claimsTo(outputs, 'a'), ...sentTo(outputs, 'a', 'disconnect')].map(
      (frame) => frame.type,
    )
    const after = lab.frame('a', { type: 'sync-request', exchange: 1, summary: new Uint8Array() })
    expect([goodbye, after]).to.deep.equal([['leave', 'disconnect'], []])
  })
})
