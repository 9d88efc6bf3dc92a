/**
 * The build: `node esbuild.config.mjs [--types]`. The library four times, since what it is made of differs: for
 * browsers, for a page without a bundler (one file with everything), for Node (beside the CLI), and without WebRTC for
 * servers that render; the demo page. Every other package is inlined but those that must be there once (ADR 24), and
 * paths are resolved, so that nothing in dist needs the `imports` map.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { fingerprint, writeStamp } from './scripts/built.mjs'
import { simplePeerAlias } from './scripts/simple-peer.mjs'

const root = fileURLToPath(new URL('.', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
/** What is there once, whoever bundles: these are peers, or dependencies beside one. Every other package is inlined. */
const SINGLETONS = ['yjs', 'lib0', 'lib0/*', 'react', 'react/*', 'vue', 'y-protocols/*']
/** What Node may have or not: the WebRTC of the user, and two accelerators that `ws` looks for. */
const OPTIONAL = ['@roamhq/wrtc', 'bufferutil', 'utf-8-validate']

const common = {
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  logLevel: 'warning',
  chunkNames: 'chunks/[name]-[hash]',
}

const LIBRARY = {
  index: 'src/index.ts',
  react: 'src/react.ts',
  vue: 'src/vue.ts',
  awareness: 'src/awareness.ts',
  testing: 'src/testing.ts',
}

const TARGETS = [
  {
    ...common,
    entryPoints: LIBRARY,
    outdir: 'dist/browser',
    platform: 'browser',
    conditions: ['browser'],
    alias: simplePeerAlias,
    external: SINGLETONS,
  },
  {
    ...common,
    // One file for a page without a bundler: everything is in it.
    entryPoints: { 'gossip-kv': 'src/index.ts' },
    outdir: 'dist/standalone',
    splitting: false,
    minify: true,
    platform: 'browser',
    conditions: ['browser'],
    alias: simplePeerAlias,
  },
  {
    ...common,
    // The library for Node and the CLI share their chunks. They lie one folder below dist, beside demo/, wherever the
    // CLI's code for the page ends up.
    entryPoints: {
      ...Object.fromEntries(Object.entries(LIBRARY).map(([name, path]) => [`node/${name}`, path])),
      'node/node': 'src/node.ts',
      'node/signaling-server': 'signaling-server/server.ts',
      'cli/main': 'cli/main.ts',
    },
    outdir: 'dist',
    chunkNames: 'node/[name]-[hash]',
    platform: 'node',
    external: [...SINGLETONS, ...OPTIONAL],
  },
  {
    ...common,
    entryPoints: LIBRARY,
    outdir: 'dist/default',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    alias: simplePeerAlias,
    external: SINGLETONS,
  },
  {
    ...common,
    entryPoints: { main: 'demo/main.tsx' },
    outdir: 'dist/demo',
    platform: 'browser',
    conditions: ['browser'],
    minify: true,
    // The page goes through the React hooks and is drawn by preact, which is a tenth of the size.
    alias: { ...simplePeerAlias, react: 'preact/compat', 'react-dom': 'preact/compat' },
    define: { 'process.env.NODE_ENV': '"production"' },
  },
]

/** Builds everything into dist, which is emptied first. */
async function main({ types }) {
  const made = fingerprint()
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  const packages = new Set()
  for (const target of TARGETS) {
    const { metafile } = await build({ ...target, metafile: true })
    for (const path of Object.keys(metafile.inputs)) {
      const name = /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]
      if (name) packages.add(name)
    }
  }
  writeFileSync(join(root, 'dist', 'LICENSES.txt'), licensesOf([...packages].sort()))
  giveRequire()
  copyPage()
  makeExecutable(join(root, 'dist', 'cli', 'main.js'))
  if (types) declare()
  writeStamp(made, types)
}

/** The licenses of the packages that are inlined, as each of them asks for. */
function licensesOf(packages) {
  const texts = packages.map((name) => {
    const folder = join(root, 'node_modules', name)
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
    const text = file ? readFileSync(join(folder, file), 'utf8').trim() : `License: ${license}`
    return `${name} ${version}\n\n${text}\n`
  })
  return `The files beside this one contain the packages below, under these licenses.\n\n${texts.join('\n---\n\n')}`
}

/** Packages in CommonJS ask for modules of Node through a helper of esbuild, which finds no `require` in a module. */
function giveRequire() {
  const folder = join(root, 'dist', 'node')
  for (const name of readdirSync(folder)) {
    const text = readFileSync(join(folder, name), 'utf8')
    if (!text.includes('typeof require !== "undefined"')) continue
    const require =
      "import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)\n"
    writeFileSync(join(folder, name), require + text)
  }
}

/** Copies what the page has beside its program. */
function copyPage() {
  const from = join(root, 'demo')
  const to = join(root, 'dist', 'demo')
  mkdirSync(to, { recursive: true })
  for (const name of readdirSync(from)) {
    if (!['.html', '.css', '.svg', '.ico', '.webmanifest'].includes(extname(name))) continue
    copyFileSync(join(from, name), join(to, name))
  }
}

function makeExecutable(path) {
  const text = readFileSync(path, 'utf8')
  if (!text.startsWith('#!')) throw new Error('cli/main.ts must begin with "#!/usr/bin/env node"')
  chmodSync(path, 0o755)
}

function declare() {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.types.json'], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) throw new Error('the declarations could not be made; the compiler says why above')
  dropUnreachable(
    join(root, 'dist', 'types'),
    Object.values(manifest.exports).flatMap(({ types }) => types ?? []),
  )
}

/** Deletes the declarations that no entry leads to. */
function dropUnreachable(folder, entries) {
  const reached = new Set()
  const visit = (path) => {
    if (reached.has(path)) return
    reached.add(path)
    for (const [, named] of readFileSync(path, 'utf8').matchAll(
      /(?:from |import\(|import )['"](\.[^'"]+)\.js['"]/g,
    ))
      visit(join(dirname(path), `${named}.d.ts`))
  }
  for (const entry of entries) visit(join(root, entry))
  for (const name of readdirSync(folder, { recursive: true })) {
    const path = join(folder, name)
    if (name.endsWith('.d.ts') && !reached.has(path)) rmSync(path)
  }
}

try {
  await main({ types: process.argv.includes('--types') })
} catch (error) {
  // esbuild and the compiler have printed what is wrong with the sources.
  if (!Array.isArray(error?.errors)) console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
