/** docs/PROTOCOL.md against the code. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { protocolDefaults, withDefaults } from '../../../scripts/protocol-defaults.mjs'
import { DEFAULT_CONFIG } from '../../../src/mesh/protocol/config.js'
import { ACKNOWLEDGE, BEGIN, CONTINUE, END, WHOLE } from '../../../src/mesh/wire/fragment.js'
import { DISCONNECT_REASONS, LINK_INTENTS, PROTOCOL_VERSION } from '../../../src/mesh/wire/frame.js'
import { FRAMES } from '../../../src/mesh/wire/frames.js'
import { FRAME_BYTES_MAX } from '../../../src/mesh/wire/wire-limits.js'
import { GOLDEN_FRAMES, type Golden } from '../../unit/wire/golden-frames.js'
import { EquationDecoder, equationsIn, type Fields } from './equations.js'

const page = readFileSync(new URL('../../../docs/PROTOCOL.md', import.meta.url), 'utf8')
const equations = equationsIn(page, 'equations')
const choices = (name: string) => equations.get(name)?.right.split(' | ')
const tagged = (of: typeof equations) =>
  Object.fromEntries([...of].flatMap(([name, { tag }]) => (tag === undefined ? [] : [[name, tag]])))

describe('docs/PROTOCOL.md', () => {
  it('has an equation for each type of frame, with its number, and for no other', () => {
    expect(tagged(equations)).to.deep.equal(
      Object.fromEntries(Object.entries(FRAMES).map(([type, { tag }]) => [type, tag])),
    )
  })

  for (const [type, goldens] of Object.entries<Golden[]>(GOLDEN_FRAMES))
    it(`says what the golden bytes of ${type} say, to the last byte`, () => {
      expect(goldens.length).to.be.above(0)
      for (const { frame, hex } of goldens) {
        const decoder = new EquationDecoder(equations, Uint8Array.from(Buffer.from(hex, 'hex')))
        const head = ['byte', 'byte', 'byte'].map((part) => decoder.value(part))
        expect(head).to.deep.equal([PROTOCOL_VERSION, equations.get(type)?.tag, 0])
        expect(decoder.read(type)).to.deep.equal(asEquationsHaveIt(frame))
        expect(decoder.hasMore).to.equal(false)
      }
    })

  it('lists every choice in its order', () => {
    expect(choices('intent')).to.deep.equal([...LINK_INTENTS])
    expect(choices('reason')).to.deep.equal([...DISCONNECT_REASONS])
  })

  it('numbers the chunks of a message as the code does, and names the bound of a frame', () => {
    const chunks = { whole: WHOLE, begin: BEGIN, continue: CONTINUE, acknowledge: ACKNOWLEDGE, end: END }
    expect(tagged(equationsIn(page, 'chunks'))).to.deep.equal(chunks)
    expect(page).to.include(`at most ${FRAME_BYTES_MAX.toLocaleString('en')} bytes`)
  })

  it('holds the defaults as the code has them; `node scripts/protocol-defaults.mjs` writes them', () => {
    expect(protocolDefaults().map(({ name }) => name)).to.deep.equal(Object.keys(DEFAULT_CONFIG))
    expect(withDefaults(page)).to.equal(page)
  })

  it('says of each default what moves when it moves and where it comes from', () => {
    const SOURCE = /^(HyParView 2007|Plumtree 2007|SWIM 2002|Lifeguard 2017|RFC \d+), section|^measured: /
    for (const { name, about, source } of protocolDefaults()) {
      expect(about, name).to.match(/\b(More|Less|more|less)\b|the same/i)
      expect(source, name).to.match(SOURCE)
    }
  })
})

/** A frame without its types, runs by their length, and what is a bit as a bit: what the bytes hold. */
function asEquationsHaveIt(value: unknown): unknown {
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(asEquationsHaveIt)
  const { type: _type, to, visibility, ...rest } = value as Fields
  if (visibility) Object.assign(rest, { hidden: visibility === 'hidden', frozen: visibility === 'frozen' })
  const fields = Object.fromEntries(
    Object.entries(rest).map(([name, field]) => [name, asEquationsHaveIt(field)]),
  )
  if (typeof to !== 'number') return to === undefined ? fields : { ...fields, to }
  return { ...fields, more: to - Number(rest['from']) }
}
