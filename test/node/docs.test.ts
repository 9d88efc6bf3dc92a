/** The documents against the repository: what they name is there. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const filesIn = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true }).map((name) => `${folder}/${String(name)}`)

const documents = ['README.md', 'CONTRIBUTING.md', ...filesIn('docs').filter((path) => path.endsWith('.md'))]
const sources = filesIn('src')
  .filter((path) => path.endsWith('.ts'))
  .map(read)
const architecture = read('docs/ARCHITECTURE.md')

/** What stands in backticks, outside of blocks. */
const quoted = (text: string) =>
  [...text.replace(/```[\s\S]*?```/g, '').matchAll(/`([^`]+)`/g)].map(([, words = '']) => words)

/** The source of a class or an interface, up to the brace that ends it. */
function bodyOf(name: string): string {
  const begin = new RegExp(`^export (class|interface) ${name}\\b`, 'm')
  const source = sources.find((text) => begin.test(text)) ?? ''
  const from = source.search(begin)
  return from < 0 ? '' : source.slice(from, source.indexOf('\n}', from))
}

/** Whether the source has the call: `Class.method`, or a function by its name. */
function isCall(call: string): boolean {
  const [owner = '', method] = call.split('.')
  if (method !== undefined)
    return new RegExp(`^  (async |readonly |get )?${method}\\b[(:<= ]`, 'm').test(bodyOf(owner))
  return sources.some((text) =>
    new RegExp(`^export (async )?(function|class|const) ${owner}\\b`, 'm').test(text),
  )
}

/** Paths in backticks with the places where they may be: at the root, or after the first path of their line. */
function pathsOf(document: string) {
  return read(document)
    .split('\n')
    .flatMap((line) => {
      const named = quoted(line).filter((words) => /^(?!gossip-kv)[\w.-]+(\/[\w.-]*|\.ts)+$/.test(words))
      const first = named.find((path) => path.startsWith('src/')) ?? '.'
      return named.map((path) => ({ path, places: ['.', first, dirname(first)] }))
    })
}

/** A document whose links into the repository are paths. */
const localLinks = (path: string) =>
  read(path).replaceAll(
    /\]\(https:\/\/(github|raw\.githubusercontent)\.com\/gossip-kv\/gossip-kv\/(blob\/)?main\//g,
    '](',
  )

describe('the documents', () => {
  it('link from the README, which npm shows elsewhere, by whole addresses', () => {
    expect(read('README.md').match(/\]\((?!https:|#)[^)]*\)/g)).to.equal(null)
  })

  it('link to nothing that is not there', () => {
    const links = documents.flatMap((path) =>
      [...localLinks(path).matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(([, link = '']) =>
        join(dirname(path), link),
      ),
    )
    expect(links).to.have.length.above(60)
    expect(links.filter((link) => !existsSync(join(root, link)))).to.deep.equal([])
  })

  for (const document of ['CONTRIBUTING.md', 'docs/ARCHITECTURE.md', 'docs/GLOSSARY.md']) {
    it(`${document} names folders and files that are there`, () => {
      const paths = pathsOf(document)
      const missing = paths.filter(
        ({ path, places }) => !places.some((place) => existsSync(join(root, place, path))),
      )
      expect(paths).to.have.length.above(10)
      expect(missing.map(({ path }) => path)).to.deep.equal([])
    })
  }
})

describe('docs/adr/', () => {
  const decisions = documents.filter((path) => /^docs\/adr\/\d/.test(path)).sort()
  const titled = decisions.map((path) => {
    const [, number = '', title = ''] = /^# (\d+)\. (.*)/.exec(read(path)) ?? []
    return { path, number: Number(number), title }
  })

  it('is numbered without a gap, and its index lists each decision by its title', () => {
    expect(titled.map(({ number }) => number)).to.deep.equal(decisions.map((_, index) => index + 1))
    for (const { path, number, title } of titled)
      expect(read('docs/adr/README.md')).to.include(
        `${number}. [${title}](${path.slice('docs/adr/'.length)})`,
      )
  })

  it('holds every decision that the documents and the source cite', () => {
    const cited = [...documents.map(read), ...sources].flatMap((text) => [...text.matchAll(/\bADR (\d+)/g)])
    expect(cited).to.have.length.above(20)
    expect(
      cited.filter(([, number]) => Number(number) > decisions.length).map(([words]) => words),
    ).to.deep.equal([])
  })
})

describe('docs/ARCHITECTURE.md', () => {
  it('names calls that the source has', () => {
    const calls = quoted(architecture).filter((words) =>
      /^([A-Z]\w*\.\w+|[A-Za-z]+[a-z][A-Z]\w*)(\(\))?$/.test(words),
    )
    expect(calls).to.have.length.above(15)
    expect(calls.filter((call) => !isCall(call.replace('()', '')))).to.deep.equal([])
  })

  for (const title of ['A local `set` on its way out', 'A frame on its way in']) {
    it(`follows "${title}" in at most eight stops, each with a call`, () => {
      const [, chapter = ''] = architecture.split(`## ${title}\n`)
      const stops = (chapter.split('\n## ')[0] ?? '').match(/^\d+\. .*/gm) ?? []
      expect(stops.length).to.be.within(5, 8)
      for (const stop of stops) expect(isCall(quoted(stop)[0] ?? ''), stop).to.equal(true)
    })
  }
})
