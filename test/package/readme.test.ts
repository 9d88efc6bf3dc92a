import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type InstalledPackage, installPackage } from './installed-package.js'

const readme = fileURLToPath(new URL('../../README.md', import.meta.url))

describe('the README', () => {
  let installed: InstalledPackage

  before(async () => {
    installed = await installPackage()
  })

  after(() => installed.remove())

  it('has a first example of 12 lines that prints what it says', async () => {
    const example = await firstExample()
    const printed = await installed.run(example)
    expect(example.trim().split('\n')).to.have.length(12)
    expect(printed.split('\n')).to.deep.equal(promisedOutput(example))
  })

  it('has a first example that ends with what is missing where @roamhq/wrtc is not installed', async () => {
    await rm(join(installed.folder, 'node_modules', '@roamhq', 'wrtc'))
    const { stderr } = await installed.run(await firstExample()).catch((failure) => failure)
    expect(stderr).to.match(/Uncaught|throw|Node\.js v/)
    expect(codesIn(stderr)).to.deep.equal(new Set(['ERR_WEBRTC_UNAVAILABLE']))
  })
})

/** The codes of this library; Node has codes of the same form. */
function codesIn(text: string): Set<string> {
  return new Set(text.match(/(?<=\[gossip-kv )ERR_\w+/g))
}

async function firstExample(): Promise<string> {
  const text = await readFile(readme, 'utf8')
  const example = /```js\n([\s\S]*?)```/.exec(text)?.[1]
  if (example === undefined) throw new Error('README.md holds no js example')
  return example
}

/** What stands behind `console.log(...) //` in the example. */
function promisedOutput(example: string): string[] {
  return [...example.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map((match) => match[1] ?? '')
}
