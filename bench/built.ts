/**
 * The sources as esbuild ships them. Benches run under tsx, which keeps the names of functions by a call at each
 * creation of a closure; nobody's program pays for that, so no figure may contain it.
 */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

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
  const outfile = join(folder, `subject-${process.pid}.mjs`)
  await mkdir(folder, { recursive: true })
  try {
    await build({
      absWorkingDir: root,
      entryPoints: ['bench/subject.ts'],
      outfile,
      bundle: true,
      format: 'esm',
      target: 'es2022',
      platform: 'node',
      packages: 'external',
      logLevel: 'warning',
    })
    return (await import(pathToFileURL(outfile).href)) as Subject
  } finally {
    await rm(outfile, { force: true })
  }
}
