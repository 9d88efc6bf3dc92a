/**
 * Makes docs/LIMITS.md of the files that hold the limits: what each is, what happens beyond it, and which tests show it.
 * `node scripts/limits-doc.mjs` writes; a test compares. The comment of a limit reads
 * "What it is. Beyond it: what happens (`counter`)." A test that does not name the constant stands behind `@test`.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))
const DOCUMENT = `${root}docs/LIMITS.md`
const TESTS_MAX = 3

/** The files, in the order of the document, with their chapters. */
const CHAPTERS = [
  ['src/data/data-limits.ts', 'Data'],
  ['src/base/forbidden-keys.ts', 'Data'],
  ['src/base/member-limits.ts', 'Members'],
  ['src/mesh/protocol/protocol-limits.ts', 'Members'],
  ['src/mesh/wire/wire-limits.ts', 'Frames and signals'],
  ['src/mesh/links/link-limits.ts', 'Links'],
  ['src/mesh/rate-limit/rate-limits.ts', 'Rates'],
  ['src/mesh/security/security-limits.ts', 'With a secret'],
  ['signaling-server/limits.ts', 'Signaling server'],
]

const INTRO = `# Limits

<!-- made by node scripts/limits-doc.mjs out of the files that it names -->

Nothing that comes from outside is allocated before it is measured. Each limit is a named constant in the room that it
protects, is enforced where the bytes come in, and has a test one over it. What is over a limit is counted: the name in
brackets is a counter of \`store.metrics()\`, or a metric of the signaling server.

An *offence* is what no honest member ever sends: it is counted in \`offences\` (in \`malformedFrames\` where a frame cannot
be read), the link ends at once, and the member scores. Everything else that is refused depends on the state of this
member and costs the other one nothing but the refusal.`

/** What the text of a chapter says beside its table. */
const NOTES = {
  Links:
    'Addresses of ICE candidates are let in as the option `allowAddresses` says (`candidatesRefused`); a signal that fits no attempt is dropped (`signalsRefused`). An answer larger than its question is given as often as `src/mesh/rate-limit/rate-limiter.ts` says (`answersRefused`).',
  'With a secret':
    '[SECURITY.md](SECURITY.md) says what these are for. A peer may begin 16 handshakes in an open link, and one a second; beyond it the link ends.',
  'Signaling server':
    'Each can be set by the option `limits`. A socket that breaks one is ended; others do not notice. The tests are those of `test/node/signaling` and `test/hostile`. Metrics begin with `gossip_kv_signaling_`. Tokens (`signaling-server/tokens.ts`) and TURN credentials (`turn.ts`) have bounds of their own.',
}

const HTTP = `## HTTP of a member

A body has at most 512 KiB (a value of 64 KiB in the widest JSON), 413 beyond it; request line and headers 16 KiB in 5 s (431,
408). Keys are percent-encoded in the path and mean a key, never a file. Only \`localhost\` and loopback addresses are answered when
it listens on loopback. A request to change something that says that it comes from a page (\`Origin\`) is refused (403), on every address.`

/** Every limit: its chapter, name, value, and what its comment says. */
export async function limits() {
  const values = await valuesOf(CHAPTERS.map(([file]) => file))
  const tests = testFiles()
  return CHAPTERS.flatMap(([file, chapter]) =>
    commentsIn(file).map(({ name, comment }) => {
      const [, text, tagged] = /^(.*?)(?: @test (.*))?$/.exec(comment)
      const [about, beyond = ''] = text.split(' Beyond it: ')
      const named = tests.filter(({ words }) => words.has(name)).map(({ name: test }) => test)
      return {
        chapter,
        file,
        name,
        value: inWords(name, values[name]),
        about,
        beyond: beyond.replace(/\.$/, ''),
        tests: tagged?.split(', ') ?? named.slice(0, TESTS_MAX),
      }
    }),
  )
}

/** The document as it should be. */
export async function limitsDocument() {
  const all = await limits()
  const chapters = [...new Set(all.map(({ chapter }) => chapter))].map((chapter) => {
    const rows = all.filter((limit) => limit.chapter === chapter)
    const files = [...new Set(rows.map(({ file }) => `\`${file}\``))].join(', ')
    return [`## ${chapter}`, [`In ${files}.`, NOTES[chapter] ?? ''].join(' ').trim(), tableOf(rows)].join(
      '\n\n',
    )
  })
  return `${[INTRO, ...chapters, HTTP].join('\n\n')}\n`
}

function tableOf(rows) {
  const withTests = rows.some(({ tests }) => tests.length > 0)
  const cells = rows.map(({ name, value, about, beyond, tests }) => [
    about.replace(/\.$/, '').replaceAll('|', '\\|'),
    value,
    `\`${name}\``,
    beyond,
    ...(withTests ? [tests.join(', ')] : []),
  ])
  const head = ['limit', 'value', 'name', 'beyond it', ...(withTests ? ['tests'] : [])]
  return [head, head.map(() => '---'), ...cells].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

/** The limits that a file exports, each with its comment in one line; those of the signaling server are fields. */
function commentsIn(file) {
  const text = readFileSync(root + file, 'utf8')
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const fields = tree.statements.filter(ts.isInterfaceDeclaration).flatMap(({ members }) => [...members])
  const constants = tree.statements.filter(ts.isVariableStatement)
  return (fields.length > 0 ? fields : constants).map((node) => {
    const named = ts.isVariableStatement(node) ? node.declarationList.declarations[0] : node
    const comment = ts.getLeadingCommentRanges(text, node.pos)?.at(-1)
    if (comment === undefined) throw new Error(`${file}: ${named.name.getText()} says nothing about itself`)
    const lines = text.slice(comment.pos, comment.end).split('\n')
    return {
      name: named.name.getText(),
      comment: lines
        .map((line) => line.replace(/\s*\*\/$/, '').replace(/^\s*\/?\*+ ?/, ''))
        .join(' ')
        .trim(),
    }
  })
}

async function valuesOf(files) {
  const contents = files.map((file) => `export * from './${file}'`).join('\n')
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    format: 'esm',
    write: false,
  })
  const url = `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
  const { SIGNALING_LIMITS, ...constants } = await import(url)
  return { ...SIGNALING_LIMITS, ...constants }
}

/** The tests that can show a limit, with the words in them. */
function testFiles() {
  return readdirSync(`${root}test`, { recursive: true })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => /^(unit|node|hostile)\/.*\.test\.ts$/.test(name))
    .sort()
    .map((name) => ({
      name: name.replace(/\.test\.ts$/, ''),
      words: new Set(readFileSync(`${root}test/${name}`, 'utf8').match(/\b[A-Z][A-Z_]+\b/g)),
    }))
}

function inWords(name, value) {
  if (value instanceof Set) return [...value].map((item) => `\`${item}\``).join(', ')
  if (typeof value === 'object')
    return Object.entries(value)
      .map(([key, part]) => `${key} ${part}`)
      .join(', ')
  if (/bytes/i.test(name)) return bytesInWords(value)
  if (/millis/i.test(name)) return millisInWords(value)
  return Number.isInteger(Math.log2(value)) && value > 1e6
    ? `2^${Math.log2(value)}`
    : value.toLocaleString('en')
}

function bytesInWords(value) {
  const units = ['bytes', 'KiB', 'MiB']
  const unit = value < 1024 ? 0 : value % 1024 ** 2 === 0 || value > 1024 ** 3 / 16 ? 2 : 1
  return `${Number((value / 1024 ** unit).toFixed(1)).toLocaleString('en')} ${units[unit]}`
}

function millisInWords(value) {
  const [unit, millis] = [
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
    ['ms', 1],
  ].find(([, size]) => value >= size && (value % size === 0 || size === 1))
  return `${value / millis} ${unit}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(DOCUMENT, await limitsDocument())
