/** A neighbor sends small frames whose answers are large, or that others have to carry. */

import { expect } from 'chai'
import { hash32 } from '../../src/base/bytes.js'
import { ProtocolError } from '../../src/base/errors.js'
import { SYNC_PART_BYTES_MAX } from '../../src/data/data-limits.js'
import { planAll } from '../../src/data/replica/plan.js'
import { SYNC_WINDOW } from '../../src/mesh/protocol/sync/sync-exchange.js'
import { decodeFrame, encodeFrame } from '../../src/mesh/wire/codec.js'
import type { Frame } from '../../src/mesh/wire/frame.js'
import { LIST_ITEMS_MAX } from '../../src/mesh/wire/wire-limits.js'
import { bytesOf, EngineLab, isEnded, recordOf, sentTo } from './engine-lab.js'

const QUESTIONS = 1000

/** Sends the same frame many times within one second; returns what came back to the asker and all that went out. */
function ask(lab: EngineLab, frame: Frame | ((i: number) => Frame), count = QUESTIONS) {
  const outputs = Array.from({ length: count }, (_, i) => {
    lab.now += 1000 / count
    return lab.frame('evil', typeof frame === 'function' ? frame(i) : frame)
  }).flat()
  return { outputs, answers: sentTo(outputs, 'evil') }
}

describe('small questions with large answers', () => {
  it('for the member table are answered twice a second, after a few at once', () => {
    const lab = new EngineLab()
    lab.link('evil')
    for (let i = 0; i < 1000; i++)
      lab.frame('evil', { type: 'member', id: `m${i}`, record: recordOf(i + 10), lease: 1 })
    const { answers } = ask(lab, { type: 'members', buckets: Array<number>(64).fill(0), ask: true })
    const tables = answers.filter(({ type }) => type === 'members').length
    expect(tables).to.be.within(1, 10)
    expect(bytesOf(answers)).to.be.below(10 * 1000 * 200)
    expect(lab.engine.counters.answersRefused).to.equal(QUESTIONS - tables)
  })

  it('for the whole document are answered twice a second; the others hear that it is busy', () => {
    const lab = new EngineLab()
    lab.link('evil')
    lab.replica.commit(
      planAll(
        Array.from(
          { length: 300 },
          (_, i) => ({ type: 'set', key: `k${i}`, value: 'x'.repeat(200) }) as const,
        ),
      ),
    )
    lab.give({ type: 'local-updates', updates: lab.replica.exchange.drain() })
    const summary = new EngineLab().replica.exchange.summary()
    const { answers } = ask(lab, (exchange) => ({ type: 'sync-request', exchange, summary }))
    const whole = answers.filter((frame) => frame.type === 'sync-part' && frame.last).length
    expect(whole).to.be.within(1, 6)
    expect(answers.filter(({ type }) => type === 'sync-busy').length).to.equal(QUESTIONS - whole)
  })

  it('for envelopes get none while the link is behind', () => {
    const lab = new EngineLab()
    lab.link('evil')
    lab.replica.commit(planAll([{ type: 'set', key: 'large', value: 'x'.repeat(60_000) }]))
    const sent = sentTo(lab.give({ type: 'local-updates', updates: lab.replica.exchange.drain() }), 'evil')
    const gossip = sent.find((frame) => frame.type === 'gossip')
    expect(gossip?.type).to.equal('gossip')
    lab.give({ type: 'slow', peer: 'evil' })
    const wanted = [{ tag: 1, from: 0, to: 64 }]
    expect(ask(lab, { type: 'graft', tree: 0, wanted }).answers).to.deep.equal([])
  })

  it('for envelopes are answered with few, however often they name them', () => {
    const lab = new EngineLab()
    lab.link('evil')
    lab.link('honest')
    for (let i = 0; i < 20; i++) {
      lab.replica.commit(planAll([{ type: 'set', key: `k${i}`, value: 'x'.repeat(60_000) }]))
      lab.give({ type: 'local-updates', updates: lab.replica.exchange.drain() })
    }
    lab.pass(2000, ['evil', 'honest'])
    const first = lab.replica.commit(planAll([{ type: 'set', key: 'last', value: 1 }]))
    expect(first).to.not.equal(null)
    const [gossip] = sentTo(
      lab.give({ type: 'local-updates', updates: lab.replica.exchange.drain() }),
      'honest',
    ).filter((frame) => frame.type === 'gossip')
    const tag = gossip?.type === 'gossip' ? hash32(`${gossip.origin}:${gossip.epoch}`) : 0
    const run = { tag, from: 1, to: 21 }
    const once = sentTo(lab.frame('evil', { type: 'graft', tree: 0, wanted: [run] }), 'evil')
    expect(once.length).to.equal(21)
    const wanted = Array.from({ length: LIST_ITEMS_MAX }, () => run)
    expect(sentTo(lab.frame('evil', { type: 'graft', tree: 0, wanted }), 'evil').length).to.be.below(70)
  })

  it('for the rest of a sync get no more at once than what is to be on its way', () => {
    const lab = new EngineLab()
    lab.link('evil')
    for (let i = 0; i < 40; i++)
      lab.replica.commit(planAll([{ type: 'set', key: `k${i}`, value: `${i}`.padEnd(60_000, 'x') }]))
    lab.give({ type: 'local-updates', updates: lab.replica.exchange.drain() })
    const summary = new EngineLab().replica.exchange.summary()
    const first = sentTo(lab.frame('evil', { type: 'sync-request', exchange: 1, summary }), 'evil')
    const parts = first.filter(({ type }) => type === 'sync-part').length
    const rest = sentTo(
      lab.frame('evil', { type: 'sync-pull', exchange: 1, next: Number.MAX_SAFE_INTEGER }),
      'evil',
    )
    expect([parts, rest.length]).to.deep.equal([SYNC_WINDOW, SYNC_WINDOW])
  })

  for (const excess of [0, 1])
    it(`take ${SYNC_PART_BYTES_MAX} bytes of a sync in one part, and not one more: ${excess} more`, () => {
      const lab = new EngineLab()
      lab.link('evil')
      const digest = { type: 'digest', replica: new Uint8Array(16).fill(9), members: 1, ask: false } as const
      const asked = sentTo(lab.frame('evil', digest), 'evil').find(({ type }) => type === 'sync-request')
      const exchange = asked?.type === 'sync-request' ? asked.exchange : 0
      const bytes = new Uint8Array(SYNC_PART_BYTES_MAX + excess)
      const part = { type: 'sync-part', exchange, index: 0, last: false, bytes } as const
      // It fits a frame: the bound is one of its own.
      const outputs = lab.frame('evil', decodeFrame(encodeFrame(part)) ?? part)
      expect(isEnded(outputs, 'evil')).to.equal(excess > 0)
      expect(lab.engine.counters.offences).to.equal(excess)
    })

  it('are not made of announcements: of a heartbeat so many are looked at, whatever it names', () => {
    for (const [tagOf, looksMax] of [[(i: number) => i, 16] as const, [() => 5, 1] as const]) {
      const lab = new EngineLab()
      lab.link('evil')
      let looks = 0
      const announced = Array.from({ length: LIST_ITEMS_MAX }, (_, i) => ({
        tag: tagOf(i),
        from: 0,
        get to() {
          looks += 1
          return 1000
        },
      }))
      lab.beat('evil', { announced })
      expect(looks).to.be.within(1, looksMax)
    }
  })

  it('that hand over links make it dial one member for each neighbor, whatever they name', () => {
    const lab = new EngineLab()
    lab.link('evil')
    const { outputs, answers } = ask(lab, (i) => ({
      type: 'interleave',
      step: 'offer',
      member: `made-up-${i}`,
    }))
    expect(outputs.filter(({ type }) => type === 'dial').length).to.equal(1)
    expect(answers.filter((frame) => frame.type === 'interleave' && frame.step === 'failed').length).to.equal(
      QUESTIONS - 1,
    )
  })

  it('carry at most 120 signals a second of one neighbor to others', () => {
    const lab = new EngineLab()
    lab.link('evil')
    lab.link('target')
    const { outputs } = ask(lab, {
      type: 'signal',
      from: 'evil',
      to: 'target',
      hops: 9,
      payload: 'x'.repeat(1000),
    })
    expect(sentTo(outputs, 'target').length).to.be.within(1, 121)
  })

  it('leave an honest neighbor its answers', () => {
    const lab = new EngineLab()
    lab.link('evil')
    lab.link('honest')
    ask(lab, { type: 'members', buckets: [1], ask: true })
    const answer = lab.frame('honest', { type: 'members', buckets: [1], ask: true })
    expect(sentTo(answer, 'honest').some(({ type }) => type === 'members')).to.equal(true)
  })

  it('are no questions when their lists are longer than any member sends', () => {
    const beat = (items: number) =>
      encodeFrame({
        type: 'heartbeat',
        digest: new Uint8Array(16),
        time: 1,
        echo: 0,
        visibility: 'visible',
        hasSlot: true,
        announced: Array.from({ length: items }, (_, i) => ({ tag: i, from: 0, to: 0 })),
        leases: [],
      })
    expect(decodeFrame(beat(LIST_ITEMS_MAX))?.type).to.equal('heartbeat')
    expect(() => decodeFrame(beat(LIST_ITEMS_MAX + 1))).to.throw(ProtocolError, 'ERR_FRAME_MALFORMED')
  })
})
