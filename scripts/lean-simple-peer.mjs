/**
 * The esbuild plugin of every build for browsers: takes simple-peer's source in place of its bundled file, which
 * carries copies of Node's stream and buffer, and gives it the parts of simple-peer-parts.mjs for them.
 */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const source = createRequire(import.meta.url).resolve('simple-peer')
const parts = fileURLToPath(new URL('./simple-peer-parts.mjs', import.meta.url))

/** @type {import('esbuild').Plugin} */
export const leanSimplePeer = {
  name: 'lean-simple-peer',
  setup(build) {
    build.onResolve({ filter: /^simple-peer\/simplepeer\.min\.js$/ }, () => ({ path: source }))
    build.onResolve({ filter: /^(readable-stream|buffer|randombytes|debug)$/ }, ({ path, importer }) =>
      importer === source ? { path, namespace: 'simple-peer-part' } : undefined,
    )
    build.onLoad({ filter: /.*/, namespace: 'simple-peer-part' }, ({ path }) => {
      const isFunction = path === 'randombytes' || path === 'debug'
      const contents = `module.exports = require(${JSON.stringify(parts)})${isFunction ? `.${path}` : ''}`
      return { contents, resolveDir: fileURLToPath(new URL('.', import.meta.url)) }
    })
  },
}
