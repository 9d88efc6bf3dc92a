/**
 * Row 23: what a page loads that calls `createStore({ cluster, signaling })`, minified and compressed, file by file as
 * esbuild splits it: before there is a store that works, and until the store can be linked. Secrets, a persistence and
 * checkpoints load more, when they are used. The React and Vue entries are measured by size-limit, and beside it all
 * y-webrtc in the same measure.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import type { Bench, BenchRow } from './bench.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const PAGE = `import { createStore } from 'gossip-kv'
globalThis.store = createStore({ cluster: 'demo', signaling: 'wss://signaling.example' })`
const YJS = ['yjs', 'lib0', 'lib0/*']
const MESH = /\/mesh-[^/]*$/
/** The entries that size-limit measures, by the first word of their name in .size-limit.json. */
const ENTRIES = ['React', 'Vue']
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
  about: 'kB of a page until it has a store and until it is linked, and of the React and Vue entries',
  async *run() {
    runNode('esbuild.config.mjs')
    const measured = JSON.parse(runNode('node_modules/size-limit/bin.js', '--json')) as Measured[]
    const alone = await pageBytes(YJS)
    const whole = await pageBytes([])
    const later = measured.filter(({ name }) => LATER.test(name)).map(inWords)
    yield rowOf('first load', alone.first, 34, 'without yjs and lib0')
    yield rowOf('until linked', alone.linked, 60, ['without yjs and lib0', await peer(), ...later].join('; '))
    yield rowOf(
      'until linked, with yjs and lib0',
      whole.linked,
      undefined,
      `first load ${kB(whole.first)} kB`,
    )
    for (const first of ENTRIES) {
      const found = measured.find(({ name }) => name.startsWith(first))
      if (!found) throw new Error(`.size-limit.json has no entry that begins with ${first}`)
      yield rowOf(`${first} entry`, found.size, 2)
    }
  },
}

function rowOf(what: string, bytes: number, kilobytesMax: number | undefined, note?: string): BenchRow {
  const value = kB(bytes)
  return {
    row: 23,
    name: 'bundle',
    what,
    value,
    unit: 'kB',
    target: kilobytesMax === undefined ? 'none' : `<= ${kilobytesMax} kB`,
    pass: value <= (kilobytesMax ?? Number.POSITIVE_INFINITY),
    ...(note && { note }),
  }
}

/** What the files of the page have in bytes: those that its script imports, and those that the mesh adds. */
async function pageBytes(external: string[]): Promise<{ first: number; linked: number }> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    stdin: { contents: PAGE, resolveDir: root },
    alias: { 'gossip-kv': './dist/browser/index.js' },
    bundle: true,
    splitting: true,
    minify: true,
    metafile: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    outdir: 'page',
    external,
    logLevel: 'error',
  })
  const sizes = new Map(outputFiles.map(({ path, contents }) => [path.slice(root.length), gzipped(contents)]))
  const { outputs } = metafile
  const reached = new Set<string>()
  const reach = (path: string): number => {
    if (reached.has(path)) return 0
    reached.add(path)
    const imports = outputs[path]?.imports.filter((one) => one.kind === 'import-statement' && !one.external)
    return (imports ?? []).reduce((all, one) => all + reach(one.path), sizes.get(path) ?? 0)
  }
  const mesh = Object.keys(outputs).find((path) => MESH.test(path))
  if (mesh === undefined) throw new Error('the build has no chunk of the mesh')
  const first = reach('page/stdin.js')
  return { first, linked: first + reach(mesh) }
}

function inWords({ name, size }: Measured): string {
  return `${name.split(',')[0]} ${kB(size)} kB more when loaded`
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
  return `y-webrtc with simple-peer and y-protocols ${kB(gzipped(outputFiles[0]?.contents))} kB`
}

function gzipped(contents: Uint8Array | undefined): number {
  return gzipSync(contents ?? '', { level: 9 }).length
}

function kB(bytes: number): number {
  return Number((bytes / 1000).toFixed(1))
}

function runNode(...args: string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  if (stdout === '' && stderr !== '') throw new Error(stderr)
  return stdout
}
