/** A member sends bytes that no honest member sends, is cut off, comes back, and does it again. */
import { expect } from 'chai'
import { OFFENDERS_MAX, REFUSED_MILLIS } from '../../src/mesh/rate-limit/rate-limits.js'
import { Score } from '../../src/mesh/rate-limit/score.js'
import { EngineLab, isEnded, sentTo } from './engine-lab.js'

describe('malformed bytes, again and again', () => {
  it('end the link each time, and after the tenth the member is refused for 10 minutes', () => {
    const lab = new EngineLab()
    for (let i = 0; i < 10; i++) {
      const up = lab.link('evil')
      expect(sentTo(up, 'evil')[0]?.type, `link ${i}`).to.equal('hello')
      expect(isEnded(lab.give({ type: 'malformed', peer: 'evil' }), 'evil')).to.equal(true)
    }
    expect(lab.engine.counters).to.include({ offences: 10, membersExpelled: 1 })
    const refused = lab.give({ type: 'link-up', peer: 'evil' })
    expect(sentTo(refused, 'evil')).to.deep.equal([{ type: 'disconnect', reason: 'protocol' }])
    expect(isEnded(refused, 'evil')).to.equal(true)
    expect(lab.engine.counters.linksRefused).to.equal(1)
    lab.now += REFUSED_MILLIS
    expect(sentTo(lab.give({ type: 'link-up', peer: 'evil' }), 'evil')[0]?.type).to.equal('hello')
  })

  it('nine times are forgiven after 10 minutes', () => {
    const lab = new EngineLab()
    const offend = () => {
      lab.link('evil')
      lab.give({ type: 'malformed', peer: 'evil' })
    }
    for (let i = 0; i < 9; i++) offend()
    lab.now += REFUSED_MILLIS
    offend()
    expect(lab.engine.refuses('evil', lab.now)).to.equal(false)
  })

  it('one signature that does not verify is enough', () => {
    const lab = new EngineLab()
    lab.link('evil')
    lab.give({ type: 'malformed', peer: 'evil', kind: 'signature' })
    expect(lab.engine.refuses('evil', lab.now)).to.equal(true)
  })

  it('before HELLO count against nobody: they may be sent in anyone’s name', () => {
    const lab = new EngineLab()
    for (let i = 0; i < 20; i++) {
      lab.give({ type: 'link-up', peer: 'victim' })
      expect(isEnded(lab.give({ type: 'malformed', peer: 'victim' }), 'victim')).to.equal(true)
    }
    expect(lab.engine.refuses('victim', lab.now)).to.equal(false)
  })

  it('make a refused member neither dialed nor heard through the mesh', () => {
    const lab = new EngineLab()
    lab.link('honest')
    lab.link('evil')
    lab.give({ type: 'malformed', peer: 'evil', kind: 'signature' })
    const offered = lab.give({ type: 'contacts', contacts: [{ id: 'evil', kind: 'node' }] })
    const payload = JSON.stringify({ type: 'request', session: 's' })
    const heard = lab.frame('honest', { type: 'signal', from: 'evil', to: 'me', hops: 3, payload })
    lab.pass(60_000, ['honest'])
    expect([...offered, ...heard].filter(({ type }) => type === 'dial' || type === 'signal')).to.deep.equal(
      [],
    )
  })

  it('of ever new members are remembered within bounds, the latest longest', () => {
    const score = new Score()
    for (let i = 0; i <= OFFENDERS_MAX; i++) score.add(`m${i}`, 'signature', i)
    expect(score.refused).to.equal(OFFENDERS_MAX)
    expect([score.isRefused('m0', OFFENDERS_MAX), score.isRefused('m1', OFFENDERS_MAX)]).to.deep.equal([
      false,
      true,
    ])
  })
})

describe('links that never say HELLO', () => {
  const SILENT = Array.from({ length: 16 }, (_, i) => `silent${i}`)

  it('are 16 at once at most: the oldest makes way for the next one', () => {
    const lab = new EngineLab()
    lab.link('honest')
    for (const peer of SILENT) expect(isEnded(lab.give({ type: 'link-up', peer }), peer)).to.equal(false)
    const next = lab.link('newcomer')
    expect([isEnded(next, 'silent0'), isEnded(next, 'newcomer')]).to.deep.equal([true, false])
    expect(lab.engine.view.get('newcomer')?.record).to.not.equal(undefined)
    expect(lab.engine.counters.linksRefused).to.equal(1)
    lab.give({ type: 'link-down', peer: 'newcomer' })
    lab.pass(6000, ['honest'])
    expect(lab.engine.view.size).to.equal(1)
    expect(sentTo(lab.link('newcomer'), 'newcomer')[0]?.type).to.equal('hello')
  })

  it('dialed again every 5 s, keep nobody from dialing, from being taken in, and from noticing that it has no link', () => {
    const lab = new EngineLab()
    for (const peer of SILENT) lab.give({ type: 'link-up', peer })
    const outputs = lab.give({ type: 'contacts', contacts: [{ id: 'writer', kind: 'node' }] })
    expect(
      outputs.some((output) => output.type === 'dial' && output.peer === 'writer'),
      'it dials',
    ).to.equal(true)
    for (const peer of SILENT) lab.give({ type: 'link-up', peer: `more-${peer}` })
    const up = lab.link('writer')
    expect(isEnded(up, 'writer'), 'its own dial is no stranger').to.equal(false)
    expect(sentTo(up, 'writer')[0]).to.include({ type: 'hello', links: 0 })
    expect(lab.engine.view.get('writer')?.record).to.not.equal(undefined)
    for (let i = 0; i < 7; i++) expect(isEnded(lab.link(`w${i}`), `w${i}`), `w${i}`).to.equal(false)
  })
})
