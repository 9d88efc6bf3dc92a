/** Types of simple-peer.mjs, for TypeScript that imports it. */

export const simplePeerAlias: Record<string, string>
