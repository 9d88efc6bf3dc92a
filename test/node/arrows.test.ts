/**
 * The arrows bite: in a tree of its own, with the real rules, every import that the architecture does not name
 * is refused and every one that it names is let through.
 */
import { execFile } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const repository = fileURLToPath(new URL('../..', import.meta.url))

/** Which part may import which, as docs/ARCHITECTURE.md draws it; the port files stand for themselves. */
const MAY_IMPORT: Record<string, string[]> = {
  'src/base/': [],
  'src/data/': ['src/base/'],
  'src/mesh/rate-limit/': ['src/base/'],
  'src/mesh/wire/': ['src/mesh/rate-limit/', 'src/base/'],
  'src/mesh/protocol/': ['src/mesh/wire/', 'src/mesh/rate-limit/', 'src/base/', 'src/data/replica-port.ts'],
  'src/mesh/links/': ['src/mesh/wire/', 'src/base/', 'src/mesh/transport.ts'],
  'src/mesh/signaling/': ['src/mesh/wire/', 'src/base/', 'src/mesh/transport.ts'],
  'src/mesh/memory/': ['src/mesh/wire/', 'src/base/', 'src/mesh/transport.ts'],
  'src/mesh/security/': ['src/mesh/wire/', 'src/mesh/rate-limit/', 'src/base/', 'src/mesh/transport.ts'],
  'src/mesh/driver/': [
    'src/mesh/protocol/',
    'src/mesh/wire/',
    'src/mesh/rate-limit/',
    'src/base/',
    'src/data/replica-port.ts',
    'src/mesh/transport.ts',
  ],
  'src/store/': ['src/mesh/', 'src/data/', 'src/base/'],
  'src/http/': ['src/base/'],
  'sim/': ['src/mesh/', 'src/data/', 'src/base/'],
  'signaling-server/': ['src/mesh/wire/', 'src/base/'],
}

/** A rule, files it must refuse, files it must let through, and files that only have to be there. */
interface Planted {
  rule: string
  refused: Record<string, string>
  allowed: Record<string, string>
  around?: Record<string, string>
}

const PLANTED: Planted[] = [
  {
    rule: 'the-mesh-is-loaded',
    refused: { 'src/store/linked.ts': "import '../mesh/driver/planted.js'" },
    allowed: {
      'src/store/typed.ts': "import type { P } from '../mesh/driver/planted.js'\nexport type Q = P",
      'src/store/later.ts': "await import('../mesh/driver/planted.js')",
    },
  },
  {
    rule: 'yjs-in-its-places',
    refused: { 'src/mesh/driver/yjs.ts': "import 'yjs'", 'cli/yjs.ts': "import * as Y from 'yjs'\nvoid Y" },
    allowed: { 'src/data/replica/yjs.ts': "import 'yjs'", 'src/store/store.ts': "import 'yjs'" },
  },
  {
    rule: 'yjs-types-in-the-store',
    refused: { 'src/mesh/wire/yjs-type.ts': "import type { Doc } from 'yjs'\nexport type D = Doc" },
    allowed: { 'src/store/yjs-type.ts': "import type { Doc } from 'yjs'\nexport type D = Doc" },
  },
  {
    rule: 'webrtc-in-the-transport',
    refused: { 'src/store/peer.ts': "import 'simple-peer'", 'cli/peer.ts': "import '@roamhq/wrtc'" },
    allowed: { 'src/mesh/links/peer.ts': "import 'simple-peer'\nimport '@roamhq/wrtc'" },
  },
  {
    rule: 'pure-folders-use-lib0-alone',
    refused: { 'src/mesh/protocol/package.ts': "import 'ws'", 'src/base/node.ts': "import 'node:fs'" },
    allowed: { 'src/mesh/wire/package.ts': "import 'lib0/encoding'" },
  },
  {
    rule: 'node-modules-in-node-files',
    refused: { 'src/store/files.ts': "import 'node:fs'" },
    allowed: { 'src/data/persistence/files.node.ts': "import 'node:fs'", 'cli/files.ts': "import 'node:fs'" },
  },
  {
    rule: 'frameworks-in-their-entries',
    refused: { 'src/store/hooks.ts': "import 'react'" },
    allowed: {
      'src/react.ts': "import 'react'",
      'src/vue.ts': "import 'vue'",
      'demo/page.ts': "import 'react'",
    },
  },
  {
    rule: 'shipped-packages-are-declared',
    refused: { 'cli/development.ts': "import 'chai'" },
    allowed: { 'cli/declared.ts': "import 'pino'", 'demo/bundled.ts': "import 'preact'" },
  },
  {
    rule: 'every-source-has-its-arrows',
    refused: { 'src/utilities/anything.ts': "import '../base/planted.js'" },
    allowed: { 'src/testing.ts': 'export {}' },
  },
  {
    rule: 'no-cycles',
    refused: { 'src/data/replica/egg.ts': "import type { Hen } from './hen.js'\nexport type E = Hen" },
    allowed: { 'src/data/replica/nest.ts': "import './egg.js'" },
    // A cycle is reported once, at the file that comes first.
    around: { 'src/data/replica/hen.ts': "import './egg.js'" },
  },
  {
    rule: 'no-orphans',
    refused: { 'src/testing/alone.ts': 'export const alone = 1' },
    allowed: { 'src/testing/together.ts': "import '../base/planted.js'" },
  },
  {
    rule: 'no-unresolvable',
    refused: { 'src/testing/nowhere.ts': "import './nowhere-at-all.js'" },
    allowed: { 'src/testing/somewhere.ts': "import './together.js'" },
  },
]

const parts = Object.keys(MAY_IMPORT)
const portFiles = ['src/data/replica-port.ts', 'src/mesh/transport.ts']

describe('the rules of the architecture', () => {
  let folder = ''
  let violations: { rule: string; from: string; to: string }[] = []

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gossip-kv-arrows-'))
    await plantTree(folder)
    violations = await cruise(folder)
  })

  after(() => rm(folder, { recursive: true, force: true }))

  for (const part of parts) {
    it(`let ${part} import only what its arrows name`, () => {
      const targets = [...parts.map(plantedIn), ...portFiles].filter((target) => !target.startsWith(part))
      const permitted = targets.filter((target) =>
        MAY_IMPORT[part]?.some((allowed) => target.startsWith(allowed)),
      )
      const rule = `arrow-${part.slice(0, -1).replaceAll('/', '-')}`
      const refused = violations.filter(
        (violation) => violation.rule === rule && violation.from === matrixIn(part),
      )
      const expected = targets.filter((target) => !permitted.includes(target))
      expect(refused.map(({ to }) => to)).to.have.members(expected)
      expect(expected).to.have.length.above(0)
    })
  }

  for (const { rule, refused, allowed } of PLANTED) {
    it(`enforce ${rule}`, () => {
      const offenders = new Set(
        violations.filter((violation) => violation.rule === rule).map(({ from }) => from),
      )
      expect([...offenders]).to.include.members(Object.keys(refused))
      for (const file of Object.keys(allowed)) expect(offenders.has(file), file).to.equal(false)
    })
  }
})

function plantedIn(part: string): string {
  return `${part}planted.ts`
}

function matrixIn(part: string): string {
  return `${part}matrix.ts`
}

/** A tree in which every part tries to import every other, and every rule about packages is broken and kept. */
async function plantTree(folder: string): Promise<void> {
  const files = new Map<string, string>()
  for (const part of parts) {
    const targets = [...parts.map(plantedIn), ...portFiles]
    const imports = targets.map((target) => `import type {} from '${importPath(matrixIn(part), target)}'`)
    files.set(matrixIn(part), imports.join('\n'))
    files.set(plantedIn(part), 'export {}')
  }
  for (const port of portFiles) files.set(port, 'export {}')
  for (const { refused, allowed, around } of PLANTED)
    for (const [path, text] of Object.entries({ ...refused, ...allowed, ...around })) files.set(path, text)
  for (const [path, text] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), `${text}\n`)
  }
  for (const name of ['package.json', 'tsconfig.json', '.dependency-cruiser.mjs'])
    await copyFile(join(repository, name), join(folder, name))
  await symlink(join(repository, 'node_modules'), join(folder, 'node_modules'))
}

function importPath(from: string, to: string): string {
  const path = relative(dirname(from), to).replace(/\.ts$/, '.js')
  return path.startsWith('.') ? path : `./${path}`
}

/** Runs the checker as `npm run check` does and answers what it refuses. */
async function cruise(folder: string): Promise<{ rule: string; from: string; to: string }[]> {
  const program = join(repository, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
  const args = [
    program,
    '--config',
    '.dependency-cruiser.mjs',
    '--output-type',
    'json',
    'src',
    'sim',
    'signaling-server',
  ]
  const output = await new Promise<string>((resolve) => {
    // A run that finds something ends with its number, which execFile takes for an error.
    execFile(
      process.execPath,
      [...args, 'cli', 'demo'],
      { cwd: folder, maxBuffer: 64 * 1024 * 1024 },
      (_error, stdout) => resolve(stdout),
    )
  })
  const { summary } = JSON.parse(output) as {
    summary: { violations: { from: string; to: string; rule: { name: string } }[] }
  }
  return summary.violations.map(({ from, to, rule }) => ({ rule: rule.name, from, to }))
}
