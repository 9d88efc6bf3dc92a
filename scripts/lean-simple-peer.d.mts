/** Types of lean-simple-peer.mjs, for TypeScript that imports it. */
import type { Plugin } from 'esbuild'

export const leanSimplePeer: Plugin
