/** A sync in parts, as both ends see it. */

import { expect } from 'chai'
import { planAll } from '../../../src/data/replica/plan.js'
import type { Output } from '../../../src/mesh/protocol/step.js'
import type { Frame } from '../../../src/mesh/wire/frame.js'
import { Lab, sentTo } from './lab.js'

type Part = Extract<Frame, { type: 'sync-part' }>

/** A member with about a megabyte, linked to `a`. */
function rich(): Lab {
  const lab = new Lab()
  for (let n = 0; n < 20; n++)
    lab.replica.commit(planAll([{ type: 'set', key: `k${n}`, value: 'x'.repeat(60_000) }]))
  lab.link('a')
  return lab
}

/** A member that has asked `a` for what it lacks, and under which number. */
function asking(): { lab: Lab; exchange: number } {
  const lab = new Lab()
  lab.link('a')
  const outputs = lab.frame('a', {
    type: 'digest',
    replica: new Uint8Array(16).fill(7),
    members: 0,
    ask: false,
  })
  const request = sentTo(outputs, 'a').find((frame) => frame.type === 'sync-request')
  return { lab, exchange: request?.type === 'sync-request' ? request.exchange : -1 }
}

/** As they leave: the memory of a part that has arrived is used again. */
const partsIn = (outputs: Output[]) =>
  sentTo(outputs, 'a')
    .filter((frame): frame is Part => frame.type === 'sync-part')
    .map((part) => ({ ...part, bytes: part.bytes.slice() }))

/** All parts of what `lab` tells a newcomer, pulled one at a time. */
function pulled(lab: Lab, exchange: number): Part[] {
  const parts = partsIn(
    lab.frame('a', { type: 'sync-request', exchange, summary: new Lab().replica.exchange.summary() }),
  )
  for (let next = 1; parts.at(-1)?.last === false; next++)
    parts.push(...partsIn(lab.frame('a', { type: 'sync-pull', exchange, next })))
  return parts
}

describe('a sync', () => {
  it('is not asked of a newcomer that knows nothing', () => {
    const asked = [0, 7].map((byte) => {
      const lab = rich()
      const replica = new Uint8Array(16).fill(byte)
      const outputs = lab.frame('a', { type: 'digest', replica, members: 0, ask: false })
      return sentTo(outputs, 'a').filter(({ type }) => type === 'sync-request').length
    })
    expect(asked).to.deep.equal([0, 1])
    expect(new Lab().replica.exchange.digest()).to.deep.equal(new Uint8Array(16))
  })
})

describe('a sync in parts', () => {
  it('has four parts on their way, and a pull for each that comes brings one more, to the last', () => {
    const lab = rich()
    const request: Frame = {
      type: 'sync-request',
      exchange: 4,
      summary: new Lab().replica.exchange.summary(),
    }
    const first = partsIn(lab.frame('a', request))
    const second = partsIn(lab.frame('a', { type: 'sync-pull', exchange: 4, next: 1 }))
    expect([...first, ...second].map(({ index, last }) => [index, last])).to.deep.equal([
      [0, false],
      [1, false],
      [2, false],
      [3, false],
      [4, false],
    ])
    const all = pulled(rich(), 4)
    expect(all.map(({ index }) => index)).to.deep.equal(all.map((_, i) => i))
    expect(all.filter(({ last }) => last)).to.have.length(1)
  })

  it('puts a part into the memory of one that has come, and into that of no other', () => {
    const memoryOf = (outputs: Output[]) =>
      sentTo(outputs, 'a').flatMap((frame) => (frame.type === 'sync-part' ? [frame.bytes.buffer] : []))
    const lab = rich()
    const request: Frame = {
      type: 'sync-request',
      exchange: 4,
      summary: new Lab().replica.exchange.summary(),
    }
    const first = memoryOf(lab.frame('a', request))
    expect(new Set(first).size).to.equal(4)
    const again = memoryOf(lab.frame('a', { type: 'sync-pull', exchange: 4, next: 0 }))
    const later = memoryOf(lab.frame('a', { type: 'sync-pull', exchange: 4, next: 2 }))
    expect([again.length, new Set(later).size]).to.deep.equal([0, 2])
    expect(later.map((memory) => first.indexOf(memory)).sort()).to.deep.equal([0, 1])
  })

  it('is merged with the last part, and pulled until then', () => {
    const { lab, exchange } = asking()
    const parts = pulled(rich(), exchange)
    const sizes = parts.map((part) => {
      const outputs = lab.frame('a', part)
      const pulls = sentTo(outputs, 'a').filter(({ type }) => type === 'sync-pull').length
      return [pulls, lab.replica.size]
    })
    expect(sizes.pop()).to.deep.equal([0, 20])
    expect(sizes).to.deep.equal(sizes.map(() => [1, 0]))
  })

  for (const [what, spoil] of [
    ['a part that is left out', ([first, , ...others]: Part[]) => [first, ...others]],
    ['a part that comes twice', ([first, ...others]: Part[]) => [first, first, ...others]],
    ['a part that is cut', ([first, second, ...others]: Part[]) => [first, cut(second), ...others]],
  ] as const)
    it(`ends with ${what}, which is an offence, and leaves nothing behind`, () => {
      const { lab, exchange } = asking()
      const before = lab.engine.counters.offences
      for (const part of spoil(pulled(rich(), exchange))) if (part) lab.frame('a', part)
      expect(lab.engine.counters.offences).to.equal(before + 1)
      expect(lab.replica.size).to.equal(0)
    })
})

function cut(part: Part | undefined): Part | undefined {
  return part && { ...part, bytes: part.bytes.subarray(0, part.bytes.length - 1) }
}
