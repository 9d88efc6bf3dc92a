/** docs/LIMITS.md against the constants. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { SIGNALING_LIMITS } from '../../signaling-server/limits.js'
import * as forbidden from '../../src/base/forbidden-keys.js'
import * as member from '../../src/base/member-limits.js'
import * as data from '../../src/data/data-limits.js'
import * as links from '../../src/mesh/links/link-limits.js'
import * as protocol from '../../src/mesh/protocol/protocol-limits.js'
import * as rates from '../../src/mesh/rate-limit/rate-limits.js'
import * as security from '../../src/mesh/security/security-limits.js'
import * as wire from '../../src/mesh/wire/wire-limits.js'

const limits = { ...forbidden, ...member, ...data, ...links, ...protocol, ...rates, ...security, ...wire }
const root = new URL('../../', import.meta.url)
const text = readFileSync(new URL('docs/LIMITS.md', root), 'utf8')

describe('docs/LIMITS.md', () => {
  it('names every limit of the wire and of the signaling server', () => {
    const names = [...Object.keys(limits), ...Object.keys(SIGNALING_LIMITS)]
    expect(names.filter((name) => !text.includes(`\`${name}\``))).to.deep.equal([])
  })

  it('names no test that is not there', () => {
    const files = readdirSync(new URL('test/', root), { recursive: true }).map((name) =>
      String(name).replaceAll('\\', '/'),
    )
    const cells = [...text.matchAll(/\| ((?:unit|node|hostile)\/[^|]*?) \|/g)].map(([, cell]) => cell ?? '')
    const tests = cells.flatMap((cell) => {
      const folder = cell.slice(0, cell.lastIndexOf('/', cell.includes(',') ? cell.indexOf(',') : undefined))
      return cell.split(', ').map((name) => (name.includes('/') ? name : `${folder}/${name}`))
    })
    expect(tests.length).to.be.above(40)
    const missing = tests.filter((name) => !files.some((file) => file === `${name}.test.ts` || file === name))
    expect(missing).to.deep.equal([])
  })
})
