/**
 * Puts the defaults of src/mesh/protocol/config.ts, with what their comments say, into docs/PROTOCOL.md.
 * `node scripts/protocol-defaults.mjs` writes; a test compares.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const CONFIG = fileURLToPath(new URL('../src/mesh/protocol/config.ts', import.meta.url))
const DOCUMENT = fileURLToPath(new URL('../docs/PROTOCOL.md', import.meta.url))
const BEGIN = '<!-- defaults: node scripts/protocol-defaults.mjs -->'
const END = '<!-- end of defaults -->'

/**
 * Every default: its chapter, name, value in the words of the source, and what its comment says.
 * @returns {{ chapter: string, name: string, value: string, about: string, source: string }[]}
 */
export function protocolDefaults() {
  const [fields = '', values = ''] = readFileSync(CONFIG, 'utf8').split('export const DEFAULT_CONFIG')
  const defaults = new Map(
    [...values.matchAll(/^ {2}(\w+): (.+),$/gm)].map(([, name, value]) => [name, value]),
  )
  const found = []
  let chapter = ''
  let comment = ''
  for (const line of fields.slice(fields.indexOf('export interface')).split('\n')) {
    const name = /^ {2}(\w+): number$/.exec(line)?.[1]
    chapter = /^ {2}\/\/ (\w+)$/.exec(line)?.[1] ?? chapter
    if (name === undefined) {
      if (line.includes('/**')) comment = ''
      comment += `${line.replace(/^\s*(\/\*\*|\*\/|\*)?\s*/, '').replace(/\s*\*\/$/, '')} `
      continue
    }
    const [, about = '', source = ''] = /^(.*?) \[(.*)\]$/.exec(comment.trim()) ?? []
    found.push({ chapter, name, value: defaults.get(name) ?? '', about, source })
    comment = ''
  }
  return found
}

/** The part of the document between its marks, as it should be. */
export function defaultsTable() {
  const all = protocolDefaults()
  return [...new Set(all.map(({ chapter }) => chapter))]
    .map((chapter) =>
      [
        `### ${chapter}`,
        '',
        '| name | default | what it is, and what moves when it moves | source |',
        '|---|--:|---|---|',
        ...all
          .filter((one) => one.chapter === chapter)
          .map(
            ({ name, value, about, source }) =>
              `| \`${name}\` | ${value.replaceAll('_', ',')} | ${about} | ${source} |`,
          ),
      ].join('\n'),
    )
    .join('\n\n')
}

/** The document with the table in its place. */
export function withDefaults(text) {
  const [start, end] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (start < 0 || end < start) throw new Error(`docs/PROTOCOL.md lacks the lines ${BEGIN} and ${END}`)
  return `${text.slice(0, start + BEGIN.length)}\n\n${defaultsTable()}\n\n${text.slice(end)}`
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(DOCUMENT, withDefaults(readFileSync(DOCUMENT, 'utf8')))
