/** What a reader says in the name of another member, whatever frame it takes: closed by the table of frames. */
import { expect } from 'chai'
import type { Frame } from '../../src/mesh/wire/frame.js'
import { FRAMES, isSpokenBy } from '../../src/mesh/wire/frames.js'
import { frames } from '../fuzz/samples.js'

/** Fields that name a member in whose name something is said. */
const NAMES = ['origin', 'from', 'id', 'by'] as const

/** The frame as `name` would send it, wherever it names its author. */
function spokenAs<T>(value: T, name: string): T {
  if (Array.isArray(value)) return value.map((item) => spokenAs(item, name)) as T
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  const fields = Object.entries(value).map(([key, field]) => {
    if ((NAMES as readonly string[]).includes(key)) return [key, name]
    return [key, key === 'role' ? 'reader' : spokenAs(field, name)]
  })
  return Object.fromEntries(fields)
}

describe('a reader', () => {
  const types = new Set(frames().map(({ type }) => type))

  it('is tried with a sample of every frame there is', () => {
    expect([...types].sort()).to.deep.equal(Object.keys(FRAMES).sort())
  })

  for (const type of types) {
    const samples = () => frames().filter((frame) => frame.type === type)
    const { fromReader } = FRAMES[type]

    if (fromReader !== 'any')
      it(`says no ${type} in the name of another member`, () => {
        for (const frame of samples()) expect(isSpokenBy(spokenAs(frame, 'victim'), 'reader')).to.equal(false)
      })
    else
      it(`names nobody as the author of a ${type}`, () => {
        for (const frame of samples()) expect(NAMES.filter((name) => name in frame)).to.deep.equal([])
      })

    if (fromReader === 'own')
      it(`says a ${type} in its own name`, () => {
        const own = (frame: Frame) => isSpokenBy(spokenAs(frame, 'reader'), 'reader')
        expect(samples().some(own)).to.equal(true)
      })
  }
})
