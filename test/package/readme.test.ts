import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type InstalledPackage, installPackage } from './installed-package.js'

const readme = fileURLToPath(new URL('../../README.md', import.meta.url))

describe('the README', () => {
  let installed: InstalledPackage

  before(async function () {
    this.timeout(60_000)
    installed = await installPackage()
  })

  after(() => installed.remove())

  it('has a first example of 12 lines that prints what it says', async () => {
    const example = await firstExample()
    const printed = await installed.run(example)
    expect(example.trim().split('\n')).to.have.length(12)
    expect(printed.split('\n')).to.deep.equal(promisedOutput(example))
  }).timeout(60_000)
})

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
