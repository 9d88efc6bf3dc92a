/**
 * The arrows of the architecture as rules: a folder imports from the folders named here and from no other, types
 * included. `npm run check -- arrows` runs them; test/node/arrows.test.ts shows that each of them bites.
 */

/** What the mesh knows of the data: the port, and its bounds. */
const DATA_PORT = ['src/data/replica-port.ts', 'src/data/data-limits.ts']

/** What each part may import beside itself: folders, or single files where only a port is meant. */
export const ARROWS = {
  'src/base/': [],
  // What a member holds.
  'src/data/': ['src/base/'],
  // How members reach each other. Of the data it knows the port and its bounds.
  'src/mesh/rate-limit/': ['src/base/'],
  'src/mesh/wire/': ['src/mesh/rate-limit/', 'src/base/', 'src/data/data-limits.ts'],
  'src/mesh/protocol/': ['src/mesh/wire/', 'src/mesh/rate-limit/', 'src/base/', ...DATA_PORT],
  'src/mesh/transport.ts': ['src/mesh/wire/', 'src/base/'],
  'src/mesh/links/': ['src/mesh/wire/', 'src/base/', 'src/mesh/transport.ts'],
  'src/mesh/signaling/': ['src/mesh/wire/', 'src/base/', 'src/mesh/transport.ts'],
  'src/mesh/memory/': ['src/mesh/wire/', 'src/base/', 'src/mesh/transport.ts'],
  'src/mesh/security/': ['src/mesh/wire/', 'src/mesh/rate-limit/', 'src/base/', 'src/mesh/transport.ts'],
  'src/mesh/driver/': [
    'src/mesh/protocol/',
    'src/mesh/wire/',
    'src/mesh/rate-limit/',
    'src/base/',
    'src/mesh/transport.ts',
    ...DATA_PORT,
  ],
  'src/mesh/mesh.ts': [
    'src/mesh/driver/',
    'src/mesh/links/',
    'src/mesh/signaling/',
    'src/mesh/security/',
    'src/mesh/topic.ts',
    'src/mesh/transport.ts',
    'src/base/',
    ...DATA_PORT,
  ],
  'src/mesh/topic.ts': [],
  'src/store/': ['src/mesh/', 'src/data/', 'src/base/'],
  // The one barrel: what is public of the layers, types of ports among it, leaves through it.
  'src/index.ts': ['src/store/', 'src/data/persistence/', 'src/base/', 'src/mesh/transport.ts'],
  'src/react.ts': ['src/store/', 'src/base/'],
  'src/vue.ts': ['src/store/', 'src/base/'],
  'src/awareness.ts': ['src/store/'],
  // The HTTP API of a Node member, over the store's types alone: it is handed its store.
  'src/http/': ['src/store/types.ts', 'src/data/persistence/', 'src/data/data-limits.ts', 'src/base/'],
  'src/node.ts': [
    'src/store/',
    'src/data/persistence/',
    'src/http/',
    'src/mesh/security/secret.ts',
    'src/base/',
  ],
  // What users get of the laboratory: a virtual clock, a process that stops, a trace.
  'src/testing/': ['src/store/', 'src/base/', 'src/mesh/transport.ts', 'src/mesh/memory/'],
  'src/testing.ts': [
    'src/store/',
    'src/testing/',
    'src/base/',
    'src/data/persistence/contract.ts',
    'src/mesh/memory/memory-network.ts',
  ],
  // The laboratory; nothing that is shipped uses it.
  'sim/': ['src/mesh/', 'src/data/', 'src/testing/', 'src/base/'],
  'signaling-server/': ['src/mesh/wire/', 'src/base/'],
  'cli/': ['src/index.ts', 'src/node.ts', 'src/testing.ts', 'src/base/', 'signaling-server/'],
  'examples/': ['src/index.ts', 'src/react.ts', 'src/vue.ts'],
  'demo/': ['src/index.ts', 'src/react.ts', 'src/vue.ts', 'src/testing.ts'],
}

/** Everything that has arrows. Tests, benches and scripts may import what they like and be imported by none of it. */
const OURS = '^(src|sim|signaling-server|cli|demo|examples|bench|test|scripts)/'
const PURE = '^src/(mesh/(protocol|wire|rate-limit)|base)/'
/** Packages that the build inlines. */
const INLINED = '@noble/curves|citty|close-with-grace|jose|pino|prom-client|simple-peer|ws'
const SHIPPED = '^(src|signaling-server|cli|demo|examples)/'

const arrows = Object.entries(ARROWS).map(([part, targets]) => ({
  name: `arrow-${part.replace(/\/$/, '').replaceAll('/', '-')}`,
  comment: `${part} imports from ${targets.length === 0 ? 'nothing of ours' : targets.join(', ')}, and from itself`,
  severity: 'error',
  from: { path: `^${pattern(part)}` },
  to: { path: OURS, pathNot: [part, ...targets].map((target) => `^${pattern(target)}`) },
}))

function pattern(path) {
  return path.endsWith('/') ? path : `${path.replaceAll('.', '\\.')}$`
}

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...arrows,
    {
      name: 'every-source-has-its-arrows',
      comment: 'a new folder or entry under src states in ARROWS what it may import',
      severity: 'error',
      from: { path: '^(src|sim)/', pathNot: Object.keys(ARROWS).map((part) => `^${pattern(part)}`) },
      to: {},
    },
    {
      name: 'the-mesh-is-loaded',
      comment:
        'a page works before the mesh is here: the store knows its types, and imports it when it starts',
      severity: 'error',
      from: { path: '^src/store/' },
      to: { path: '^src/mesh/', dependencyTypesNot: ['type-only', 'dynamic-import'] },
    },
    {
      name: 'yjs-in-its-places',
      comment: 'the document is written in one folder, so that no write slips past the merge rule',
      severity: 'error',
      from: { path: SHIPPED, pathNot: ['^src/data/replica/', '^src/store/store\\.ts$'] },
      to: { path: npm('yjs'), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'yjs-types-in-the-store',
      comment: "yjs' types name the DOM; beyond the store they would reach the pure folders",
      severity: 'error',
      from: { path: SHIPPED, pathNot: ['^src/data/replica/', '^src/store/'] },
      to: { path: npm('yjs') },
    },
    {
      name: 'webrtc-in-the-transport',
      comment: 'one adapter knows simple-peer and the WebRTC of Node',
      severity: 'error',
      from: { path: SHIPPED, pathNot: '^src/mesh/links/' },
      to: { path: npm('simple-peer|@roamhq/wrtc|@types/simple-peer') },
    },
    {
      name: 'pure-folders-use-lib0-alone',
      comment: 'the protocol does no IO: no package but lib0, no module of Node',
      severity: 'error',
      from: { path: PURE },
      to: { path: '.', pathNot: [OURS, npm('lib0')] },
    },
    {
      name: 'node-modules-in-node-files',
      comment: 'what a tab loads imports no module of Node',
      severity: 'error',
      from: { path: '^(src|demo)/', pathNot: ['\\.node\\.ts$', '^src/node\\.ts$'] },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'frameworks-in-their-entries',
      comment: 'the core imports no framework; the demo page goes through the React hooks',
      severity: 'error',
      from: { path: SHIPPED, pathNot: ['^src/(react|vue)\\.ts$', '^(demo|examples)/'] },
      to: { path: npm('react|react-dom|vue|preact|@types/react|@types/react-dom') },
    },
    {
      name: 'shipped-packages-are-declared',
      comment:
        'what is installed for development alone is not there for users, unless the build inlines it (ADR 24)',
      severity: 'error',
      from: { path: '^(src|signaling-server|cli)/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm', 'npm-peer', 'type-only'],
        pathNot: ['/@types/', npm(INLINED)],
      },
    },
    {
      name: 'no-cycles',
      comment: 'also not through types: a cycle is two files that are one',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      comment:
        'a file that imports nothing and that nothing imports is dead, unless a bundler puts it in the place of a package',
      severity: 'error',
      from: { orphan: true, path: SHIPPED, pathNot: '\\.(d\\.ts|cjs)$' },
      to: {},
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      comment: 'an import that leads nowhere',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: '(^|/)node_modules/' },
    exclude: { path: '^(dist|coverage)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.mts', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
    },
  },
}

/** A path inside one of the npm packages that `names` lists, wherever it is installed. */
function npm(names) {
  return `(^|/)node_modules/(${names})/`
}
