/**
 * The build: `node esbuild.config.mjs [--types]`. The library four times, since what it is made of differs: for
 * browsers with simple-peer inlined, for a page without a bundler with everything inlined, for Node with every package
 * left out, and without WebRTC for servers that render; the CLI; the demo page. Paths are resolved here, so that nothing in dist needs the `imports` map.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { fingerprint, writeStamp } from './scripts/built.mjs'
import { simplePeerAlias } from './scripts/simple-peer.mjs'

const root = fileURLToPath(new URL('.', import.meta.url))
const SINGLETONS = ['yjs', 'lib0', 'lib0/*', 'react', 'react/*', 'vue', 'y-protocols/*']

const common = {
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  sourcemap: true,
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
    // One Yjs, one React and one y-protocols per page, whoever bundles; simple-peer is inlined over small modules of our own.
    external: SINGLETONS,
  },
  {
    ...common,
    // One file for a page without a bundler: everything is in it.
    entryPoints: { 'gossip-kv': 'src/index.ts' },
    outdir: 'dist/standalone',
    splitting: false,
    sourcemap: false,
    minify: true,
    platform: 'browser',
    conditions: ['browser'],
    alias: simplePeerAlias,
  },
  {
    ...common,
    entryPoints: { ...LIBRARY, node: 'src/node.ts', 'signaling-server': 'signaling-server/server.ts' },
    outdir: 'dist/node',
    platform: 'node',
    packages: 'external',
  },
  {
    ...common,
    entryPoints: LIBRARY,
    outdir: 'dist/default',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    packages: 'external',
  },
  {
    ...common,
    entryPoints: { main: 'cli/main.ts' },
    outdir: 'dist/cli',
    // Chunks lie beside main.js, so that import.meta.url means the same folder in every command.
    chunkNames: '[name]-[hash]',
    platform: 'node',
    packages: 'external',
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
  for (const target of TARGETS) await build(target)
  copyPage()
  makeExecutable(join(root, 'dist', 'cli', 'main.js'))
  if (types) declare()
  writeStamp(made, types)
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
}

try {
  await main({ types: process.argv.includes('--types') })
} catch (error) {
  // esbuild and the compiler have printed what is wrong with the sources.
  if (!Array.isArray(error?.errors)) console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
