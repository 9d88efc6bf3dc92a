/**
 * `node scripts/errors-doc.mjs` writes docs/ERRORS.md from the catalogue in src/base: a chapter for each class, a heading
 * for each code, with why it usually happens, what to do, and what the comment above it says.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = new URL('..', import.meta.url)
const FILES = ['', '.mesh', '.storage', '.node'].map((part) => `src/base/error-catalogue${part}.ts`)
const CLASSES = {
  UsageError: "The caller's mistake. It is thrown at once, and nothing was changed.",
  TransportError:
    "The network's trouble. The library tries again; it shows in `status.lastError` and the event `error`.",
  ProtocolError: "A peer's mistake. It costs the peer its link, and is counted.",
  StorageError:
    'A data folder, database or checkpoint that cannot be read or written. Memory goes on serving.',
  AuthError: 'A member that is refused, or that refuses this one.',
  InternalError: 'Something of the application or of the library failed. It comes by the event `error`.',
}
const HEAD = `# Errors

Every error of the library is a \`GossipKvError\` with a \`code\` that stays. The message says what happened, why it usually
happens, and what to do: \`[gossip-kv ERR_CODE] What happened. Why. What to do.\` The class says whose fault it is.
This page is made of \`src/base/error-catalogue.ts\` by \`node scripts/errors-doc.mjs\`.
`

/** The codes with their class, in the order of the catalogue. */
export function catalogue() {
  return FILES.flatMap((path) => entriesOf(readFileSync(new URL(path, root), 'utf8')))
}

/** The text of docs/ERRORS.md. */
export function errorsDoc() {
  const entries = catalogue()
  const chapters = Object.entries(CLASSES).map(([name, about]) => {
    const own = entries.filter((entry) => entry.group === name)
    return `## ${name}\n\n${about}\n\n${own.map(section).join('\n\n')}\n`
  })
  return [HEAD, ...chapters].join('\n')
}

function section({ code, why, fix, more }) {
  const lines = [`### ${code}`, '', `${sentence(why)} ${sentence(fix)}`]
  if (more !== '') lines.push('', more)
  return lines.join('\n')
}

function sentence(text) {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

function entriesOf(text) {
  const source = ts.createSourceFile('catalogue.ts', text, ts.ScriptTarget.Latest, true)
  const entries = []
  const visit = (node) => {
    if (ts.isPropertyAssignment(node) && /^ERR_/.test(node.name.getText())) entries.push(entryOf(node, text))
    else ts.forEachChild(node, visit)
  }
  visit(source)
  return entries
}

function entryOf(node, text) {
  const fields = Object.fromEntries(
    node.initializer.properties.map((field) => [field.name.getText(), field.initializer.text]),
  )
  const comments = ts.getLeadingCommentRanges(text, node.pos) ?? []
  const more = comments.map(({ pos, end }) => plain(text.slice(pos, end))).join(' ')
  return { code: node.name.getText(), group: node.parent.parent.name.getText(), ...fields, more }
}

/** A comment without its stars, as one paragraph. */
function plain(comment) {
  return comment
    .replace(/^\/\*\*|\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\*?\s*/, '').trim())
    .filter((line) => line !== '')
    .join(' ')
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(new URL('docs/ERRORS.md', root), errorsDoc())
