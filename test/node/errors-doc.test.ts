/** docs/ERRORS.md against the union of codes, and the union against the source. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

/** The codes of the union with the group that the comment above them names. */
function codesInSource(): [code: string, group: string][] {
  const union = /export type ErrorCode =\n([\s\S]*?)\n\n/.exec(read('src/base/errors.ts'))?.[1] ?? ''
  let group = ''
  return union.split('\n').flatMap((line): [string, string][] => {
    group = /\/\/ (\w+)/.exec(line)?.[1] ?? group
    const code = /'(ERR_\w+)'/.exec(line)?.[1]
    return code === undefined ? [] : [[code, group]]
  })
}

/** The headings of the document with the chapter that they stand in. */
function codesInDocument(): { code: string; group: string; text: string }[] {
  return read('docs/ERRORS.md')
    .split(/^## /m)
    .slice(1)
    .flatMap((chapter) => {
      const [group = '', ...rest] = chapter.split('\n')
      return rest
        .join('\n')
        .split(/^### /m)
        .slice(1)
        .map((part) => {
          const [code = '', ...text] = part.split('\n')
          return { code, group, text: text.join(' ').trim() }
        })
    })
}

/** Every code that a source file names in quotes, as it does to make an error of it. */
function codesInUse(): Set<string> {
  const files = ['src', 'cli', 'signaling-server'].flatMap((folder) =>
    readdirSync(new URL(`../../${folder}`, import.meta.url), { recursive: true })
      .map((name) => `${folder}/${String(name).replaceAll('\\', '/')}`)
      .filter((name) => /\.tsx?$/.test(name) && name !== 'src/base/errors.ts'),
  )
  return new Set(files.flatMap((file) => read(file).match(/(?<=')ERR_\w+(?=')/g) ?? []))
}

describe('docs/ERRORS.md', () => {
  it('has one heading for each code, in the chapter of its class, and no other', () => {
    const source = codesInSource()
    expect(source.length).to.be.above(30)
    expect(codesInDocument().map(({ code, group }) => `${group} ${code}`)).to.deep.equal(
      source.map(([code, group]) => `${group} ${code}`),
    )
  })

  it('says more than a word about each', () => {
    for (const { code, text } of codesInDocument()) expect(text.split('.').length, code).to.be.above(2)
  })

  it('knows no code that nothing makes an error of', () => {
    const used = codesInUse()
    expect(codesInSource().filter(([code]) => !used.has(code))).to.deep.equal([])
  })
})
