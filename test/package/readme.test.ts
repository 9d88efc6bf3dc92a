/** The first example of the README, run as printed after exactly the installs that stand above it. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type InstalledPackage, installPackage } from './installed-package.js'

const readme = readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8')
const example = found(/```js\n([\s\S]*?)```/)
const [own, ...others] = found(/npm i ([^#\n]*)/)
  .trim()
  .split(' ')

describe('the README', () => {
  let installed: InstalledPackage | undefined

  afterEach(async () => {
    await installed?.remove()
    installed = undefined
  })

  it('names what to install: this package, yjs, and WebRTC for Node', () => {
    expect([own, ...others]).to.deep.equal(['gossip-kv', 'yjs', '@roamhq/wrtc'])
  })

  it('has a first example of ten lines that prints what it says after these installs', async () => {
    installed = await installPackage(others)
    const printed = await installed.run(example)
    expect(example.trim().split('\n')).to.have.length(10)
    expect(printed.split('\n')).to.deep.equal(promisedOutput())
  })

  it('has a first example that ends with what is missing where @roamhq/wrtc is not installed', async () => {
    installed = await installPackage(['yjs'])
    const { stderr } = await installed.run(example).catch((failure) => failure)
    expect(stderr).to.match(/Uncaught|throw|Node\.js v/)
    expect(codesIn(stderr)).to.deep.equal(new Set(['ERR_WEBRTC_UNAVAILABLE']))
  })
})

/** The codes of this library; Node has codes of the same form. */
function codesIn(text: string): Set<string> {
  return new Set(text.match(/(?<=\[gossip-kv )ERR_\w+/g))
}

function found(pattern: RegExp): string {
  const match = pattern.exec(readme)?.[1]
  if (match === undefined) throw new Error(`README.md holds nothing like ${pattern}`)
  return match
}

/** What stands behind `console.log(...) //` in the example. */
function promisedOutput(): string[] {
  return [...example.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map((match) => match[1] ?? '')
}
