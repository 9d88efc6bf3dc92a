/** Writes measured rows into docs/BENCHMARKS.md: each takes the place of the earlier figure of the same name. */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { BenchRow } from './bench.js'

const FILE = fileURLToPath(new URL('../docs/BENCHMARKS.md', import.meta.url))
const BEGIN = '<!-- figures: npm run bench -- NAME --docs -->'
const END = '<!-- end of figures -->'
const HEAD = [
  '| row | what | figure | target | met | beside it, and what it was measured on | run |',
  '|--:|---|--:|---|---|---|---|',
]

/** Replaces and adds lines; those of other benches stay as they are. */
export async function recordFigures(rows: readonly BenchRow[], size: string): Promise<void> {
  const text = await readFile(FILE, 'utf8')
  const [start, end] = [text.indexOf(BEGIN), text.indexOf(END)]
  if (start < 0 || end < start) throw new Error(`docs/BENCHMARKS.md lacks the lines ${BEGIN} and ${END}`)
  const lines = new Map<string, string>()
  const before = text.slice(start + BEGIN.length, end).split('\n')
  for (const line of before.filter((line) => line.startsWith('|') && !HEAD.includes(line)))
    lines.set(keyOf(line), line)
  for (const row of rows) {
    const line = lineOf(row, size)
    lines.set(keyOf(line), line)
  }
  const sorted = [...lines.values()].sort((a, b) => numberOf(a) - numberOf(b))
  const table = [BEGIN, '', ...HEAD, ...sorted, '', END].join('\n')
  await writeFile(FILE, text.slice(0, start) + table + text.slice(end + END.length))
}

function lineOf(row: BenchRow, size: string): string {
  const value = Number.isInteger(row.value) ? row.value.toLocaleString('en') : row.value.toPrecision(3)
  const date = new Date().toISOString().slice(0, 10)
  const cells = [
    row.row,
    [`\`${row.name}\``, row.contestant, row.what].filter(Boolean).join(' '),
    `${value} ${row.unit}`,
    row.target,
    row.pass ? 'yes' : '**no**',
    row.note ?? '',
    `${date}, ${size}`,
  ]
  return `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`
}

/** The row and what was measured: the same in every run. */
function keyOf(line: string): string {
  return line.split(' | ').slice(0, 2).join(' | ')
}

function numberOf(line: string): number {
  return Number(line.split('|')[1])
}
