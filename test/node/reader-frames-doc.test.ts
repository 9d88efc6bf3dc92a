/** The table of docs/SECURITY.md against what links take of readers. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { READER_FRAMES } from '../../src/mesh/security/secured-link.js'
import { FRAME_TAGS } from '../../src/mesh/wire/frame.js'

const text = readFileSync(new URL('../../docs/SECURITY.md', import.meta.url), 'utf8')

describe('docs/SECURITY.md', () => {
  it('says of every frame what a reader may do with it, and of what is not let in that it is dropped', () => {
    const rows = [...text.matchAll(/^\| `([a-z-]+)` \| (taken|its own|dropped) \|/gm)]
    const documented = Object.fromEntries(rows.map(([, type, fate]) => [type, fate !== 'dropped']))
    const letIn = new Set<string>(READER_FRAMES)
    expect(documented).to.deep.equal(
      Object.fromEntries(Object.keys(FRAME_TAGS).map((type) => [type, letIn.has(type)])),
    )
  })
})
