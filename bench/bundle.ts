/**
 * Row 23: what a page loads, minified and compressed, without yjs and lib0. The built package is measured by
 * size-limit, entry by entry as .size-limit.json lists them. Beside it: y-webrtc's own entry in the same measure.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import type { Bench, BenchRow } from './bench.js'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The entries that row 23 speaks of, by the first word of their name in .size-limit.json. */
const ENTRIES = [
  { what: 'core and simple-peer', first: 'core', kilobytesMax: 55 },
  { what: 'React entry', first: 'React', kilobytesMax: 2 },
  { what: 'Vue entry', first: 'Vue', kilobytesMax: 2 },
]

/** Chunks that a page loads when it first uses them. */
const LATER = /, (loaded|which only a secret loads)/

interface Measured {
  name: string
  /** Bytes after gzip. */
  size: number
}

/** What a page has to load. */
export const bundle: Bench = {
  name: 'bundle',
  rows: [23],
  about: 'kB of the core with simple-peer, and of the React and Vue entries, minified and compressed',
  async *run() {
    runNode('esbuild.config.mjs')
    const measured = JSON.parse(runNode('node_modules/size-limit/bin.js', '--json')) as Measured[]
    const later = measured.filter(({ name }) => LATER.test(name)).map(inWords)
    for (const { what, first, kilobytesMax } of ENTRIES) {
      const found = measured.find(({ name }) => name.startsWith(first))
      if (!found) throw new Error(`.size-limit.json has no entry that begins with ${first}`)
      const note = first === 'core' ? [await peer(), ...later].join('; ') : undefined
      yield rowOf(what, found.size, kilobytesMax, note)
    }
  },
}

function rowOf(what: string, bytes: number, kilobytesMax: number, note: string | undefined): BenchRow {
  const value = Number((bytes / 1000).toFixed(2))
  const target = `<= ${kilobytesMax} kB`
  return {
    row: 23,
    name: 'bundle',
    what,
    value,
    unit: 'kB',
    target,
    pass: value <= kilobytesMax,
    ...(note && { note }),
  }
}

function inWords({ name, size }: Measured): string {
  return `${name.split(',')[0]} ${(size / 1000).toFixed(1)} kB more when loaded`
}

/** y-webrtc with the simple-peer that it imports, measured the same way. */
async function peer(): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: { contents: "export * from 'y-webrtc'", resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    external: ['yjs', 'lib0/*'],
  })
  const bytes = gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length
  return `y-webrtc with simple-peer and y-protocols ${(bytes / 1000).toFixed(1)} kB`
}

function runNode(...args: string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  if (stdout === '' && stderr !== '') throw new Error(stderr)
  return stdout
}
