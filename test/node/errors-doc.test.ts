/** docs/ERRORS.md against the catalogue, and the catalogue against the source. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { catalogue, errorsDoc } from '../../scripts/errors-doc.mjs'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

/** Every code that a source file names in quotes, as it does to make an error of it, with the class that it makes. */
function madeInSource(): [group: string, code: string][] {
  const files = ['src', 'cli', 'signaling-server'].flatMap((folder) =>
    readdirSync(new URL(`../../${folder}`, import.meta.url), { recursive: true })
      .map((name) => `${folder}/${String(name).replaceAll('\\', '/')}`)
      .filter((name) => /\.tsx?$/.test(name)),
  )
  return files.flatMap((file) =>
    [...read(file).matchAll(/new (\w+Error)\(\s*'(ERR_\w+)'/g)].map(
      ([, group = '', code = '']) => [group, code] as [string, string],
    ),
  )
}

/** Codes in quotes, wherever they stand. */
function named(): Set<string> {
  const files = ['src', 'cli', 'signaling-server'].flatMap((folder) =>
    readdirSync(new URL(`../../${folder}`, import.meta.url), { recursive: true })
      .map((name) => `${folder}/${String(name).replaceAll('\\', '/')}`)
      .filter((name) => /\.tsx?$/.test(name)),
  )
  return new Set(files.flatMap((file) => read(file).match(/(?<=')ERR_\w+(?=')/g) ?? []))
}

describe('docs/ERRORS.md', () => {
  it('is what the catalogue says; `node scripts/errors-doc.mjs` writes it', () => {
    expect(read('docs/ERRORS.md')).to.equal(errorsDoc())
  })

  it('has an entry of the same class for each code that an error is made of', () => {
    const groups = new Map(catalogue().map(({ code, group }) => [code, group]))
    expect(groups.size).to.be.above(50)
    const made = madeInSource()
    expect(made.length).to.be.above(100)
    const classOf = (group: string) => (group === 'ReplicationError' ? 'TransportError' : group)
    expect(made.filter(([group, code]) => groups.get(code) !== classOf(group))).to.deep.equal([])
  })

  it('knows no code that nothing makes an error of', () => {
    const used = named()
    expect(catalogue().filter(({ code }) => !used.has(code))).to.deep.equal([])
  })
})
