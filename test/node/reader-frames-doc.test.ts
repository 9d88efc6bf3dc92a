/** The table of docs/SECURITY.md against the table of frames. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { FRAMES } from '../../src/mesh/wire/frames.js'

const text = readFileSync(new URL('../../docs/SECURITY.md', import.meta.url), 'utf8')
const WORDS = { any: 'taken', own: 'its own', never: 'dropped' } as const

describe('docs/SECURITY.md', () => {
  it('says of every frame what a reader may do with it, and of what is not let in that it is dropped', () => {
    const rows = [...text.matchAll(/^\| `([a-z-]+)` \| (taken|its own|dropped) \|/gm)]
    const documented = Object.fromEntries(rows.map(([, type, fate]) => [type, fate]))
    const inTable = Object.entries(FRAMES).map(([type, { fromReader }]) => [type, WORDS[fromReader]])
    expect(documented).to.deep.equal(Object.fromEntries(inTable))
  })
})
