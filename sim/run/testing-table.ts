/** Tables in docs/TESTING.md that searches write, each between its two markers. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const DOCUMENT = fileURLToPath(new URL('../../docs/TESTING.md', import.meta.url))

/**
 * Puts the lines of a table between its markers.
 * @throws Error when the document lacks the markers
 */
export function writeTable(marks: { start: string; end: string }, lines: readonly string[]): void {
  const text = readFileSync(DOCUMENT, 'utf8')
  const [start, end] = [text.indexOf(marks.start), text.indexOf(marks.end)]
  if (start < 0 || end < start)
    throw new Error(`docs/TESTING.md lacks the lines ${marks.start} and ${marks.end}`)
  const table = ['', '', ...lines, '', ''].join('\n')
  writeFileSync(DOCUMENT, text.slice(0, start + marks.start.length) + table + text.slice(end))
}
