/**
 * The sources as esbuild ships them. Benches run under tsx, which keeps the names of functions by a call at each
 * creation of a closure; nobody's program pays for that, so no figure may contain it.
 */
import { mkdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type BuildOptions, build } from 'esbuild'

/** Everything of `subject.ts`. */
export type Subject = typeof import('./subject.js')

const root = fileURLToPath(new URL('..', import.meta.url))
// Inside of the repository, so that yjs and lib0 are the ones that the bench itself imports.
const folder = join(root, 'node_modules', '.cache', 'gossip-kv-bench')
let subject: Promise<Subject> | undefined

/** Bundles `subject.ts` and imports it, once a process. */
export function builtSubject(): Promise<Subject> {
  subject ??= bundled()
  return subject
}

async function bundled(): Promise<Subject> {
  const outfile = await bundle('bench/subject.ts')
  try {
    return (await import(pathToFileURL(outfile).href)) as Subject
  } finally {
    await rm(outfile, { force: true })
  }
}

/** Bundles a module into a file of its own inside of the repository, which the caller removes. Packages stay outside. */
export async function bundle(entry: string, options: BuildOptions = {}): Promise<string> {
  const outfile = join(folder, `${basename(entry).replace(/\.\w+$/, '')}-${process.pid}.mjs`)
  await mkdir(folder, { recursive: true })
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform: 'node',
    packages: 'external',
    logLevel: 'warning',
    ...options,
  })
  return outfile
}
