/** A neighbor sends small frames whose answers are large, or that others have to carry. */
import { expect } from 'chai'
import { ProtocolError } from '../../src/base/errors.js'
import { decodeFrame, encodeFrame } from '../../src/wire/codec.js'
import type { Frame } from '../../src/wire/frame.js'
import { LIST_ITEMS_MAX } from '../../src/wire/limits.js'
import { bytesOf, EngineLab, recordOf, sentTo } from './engine-lab.js'

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
    lab.replica.write(
      Array.from({ length: 300 }, (_, i) => ({ type: 'set', key: `k${i}`, value: 'x'.repeat(200) }) as const),
    )
    lab.give({ type: 'local-updates', updates: lab.replica.drain() })
    const summary = new EngineLab().replica.summary()
    const { answers } = ask(lab, (exchange) => ({ type: 'sync-request', exchange, summary }))
    const parts = answers.filter(({ type }) => type === 'sync-part').length
    expect(parts).to.be.within(1, 6)
    expect(answers.filter(({ type }) => type === 'sync-busy').length).to.equal(QUESTIONS - parts)
  })

  it('for envelopes get none while the link is behind', () => {
    const lab = new EngineLab()
    lab.link('evil')
    lab.replica.write([{ type: 'set', key: 'large', value: 'x'.repeat(60_000) }])
    const sent = sentTo(lab.give({ type: 'local-updates', updates: lab.replica.drain() }), 'evil')
    const gossip = sent.find((frame) => frame.type === 'gossip')
    expect(gossip?.type).to.equal('gossip')
    lab.give({ type: 'slow', peer: 'evil' })
    const wanted = [{ tag: 1, from: 0, to: 64 }]
    expect(ask(lab, { type: 'graft', tree: 0, wanted }).answers).to.deep.equal([])
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
        wall: 0,
        visibility: 'visible',
        announced: Array.from({ length: items }, (_, i) => ({ tag: i, from: 0, to: 0 })),
        leases: [],
      })
    expect(decodeFrame(beat(LIST_ITEMS_MAX))?.type).to.equal('heartbeat')
    expect(() => decodeFrame(beat(LIST_ITEMS_MAX + 1))).to.throw(ProtocolError, 'ERR_FRAME_MALFORMED')
  })
})
