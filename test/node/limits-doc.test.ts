/** docs/LIMITS.md against the files that hold the limits. */
import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { limits, limitsDocument } from '../../scripts/limits-doc.mjs'

const root = new URL('../../', import.meta.url)

describe('docs/LIMITS.md', () => {
  it('is what node scripts/limits-doc.mjs makes of the limits', async () => {
    expect(readFileSync(new URL('docs/LIMITS.md', root), 'utf8')).to.equal(await limitsDocument())
  })

  it('names a test for every limit but those of the signaling server, and none that is not there', async () => {
    const all = await limits()
    const untested = all.filter(({ name, tests }) => /^[A-Z]/.test(name) && tests.length === 0)
    expect(untested.map(({ name }) => name)).to.deep.equal([])
    const missing = all
      .flatMap(({ tests }) => tests)
      .filter((name) => !existsSync(new URL(`test/${name}.test.ts`, root)))
    expect(missing).to.deep.equal([])
  })
})
