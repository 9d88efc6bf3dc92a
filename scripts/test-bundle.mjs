/**
 * The plugin of web-test-runner that serves a TypeScript test file as one bundle made by esbuild. One bundler
 * thus resolves the `imports` map with the `browser` condition, CommonJS packages, TSX and `.js` to `.ts` at once,
 * and `npx wtr --files test/unit/x.test.ts` runs a single file.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { simplePeerAlias } from './simple-peer.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

/** @returns {import('@web/test-runner').TestRunnerPlugin} */
export function testBundle() {
  return {
    name: 'test-bundle',
    async serve(context) {
      const path = decodeURIComponent(context.path)
      if (!/^\/test\/.*\.test\.tsx?$/.test(path)) return undefined
      return { body: await bundleOf(join(root, path)), type: 'js' }
    },
  }
}

async function bundleOf(file) {
  const { outputFiles } = await build({
    entryPoints: [file],
    absWorkingDir: root,
    bundle: true,
    // What runs in the tests is what ships.
    alias: simplePeerAlias,
    write: false,
    // Never written; the source map's paths are relative to it.
    outfile: file.replace(/\.tsx?$/, '.js'),
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['browser', 'import', 'development'],
    jsx: 'automatic',
    sourcemap: 'inline',
    define: {
      'process.env.NODE_ENV': '"development"',
      __VUE_OPTIONS_API__: 'false',
      __VUE_PROD_DEVTOOLS__: 'false',
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
    },
    logLevel: 'silent',
  })
  return outputFiles[0].text
}
