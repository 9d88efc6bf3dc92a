/**
 * `npm run check -- house`: the shape of the code, beside what it was before its rooms were built. Fails on a function
 * of more than 35 lines, a file of more than 300, two files of one name, and when `src` is over its ceiling.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { ARROWS } from '../.dependency-cruiser.mjs'
import { protocolDefaults } from './protocol-defaults.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

const FUNCTION_LINES_MAX = 35
const FILE_LINES_MAX = 300
/** Lines of `src` without the laboratory. Lower it when there are fewer. */
const SRC_LINES_MAX = 25_300

const MEASURED = ['src', 'sim', 'signaling-server', 'cli', 'demo']
/** No two files in these have one name. */
const NAMED = /^(src|signaling-server|cli)\//
/** What users get of the laboratory. Lines, functions and names are counted without it. */
const LABORATORY = /^src\/testing(\.ts|\/)/
const LIMITS = /(^|-)limits\.ts$|\/forbidden-keys\.ts$/

/** What is longer until it is split, as `file` and `file function`, and the names that two files share. */
const EXCEPTIONS = new Set([])

/**
 * Before the rooms: what the audit of 30 November 2026 found. What it did not count, or not in this way (rooms, files,
 * functions, names), is counted as below on the last commit without the rooms.
 */
const BEFORE = {
  rooms: 20,
  'arrows between rooms': 61,
  floors: 8,
  'files of src': 200,
  'lines of src': 24_950,
  functions: 2716,
  'lines of a function, median': 4,
  'lines of a function, 95 of 100': 16,
  'lines of a function, most': 79,
  [`functions over ${FUNCTION_LINES_MAX} lines`]: 17,
  [`files over ${FILE_LINES_MAX} lines`]: 16,
  'exported names of src': 839,
  'protocol numbers': 69,
  limits: 79,
  'error codes': 62,
}

process.exitCode = main()

function main() {
  const files = sources()
  const functions = files.flatMap(functionsIn)
  printTable(figures(files, functions))
  const lines = sum(files.filter(({ path }) => isProduct(path)).map((file) => file.lines))
  const problems = problemsOf(files, functions)
  if (lines > SRC_LINES_MAX) problems.push(`src has ${lines} lines, more than ${SRC_LINES_MAX}`)
  for (const problem of problems) console.error(problem)
  return problems.length === 0 ? 0 : 1
}

/** What is too long or has another's name, and the exceptions that are not needed. */
function problemsOf(files, functions) {
  const found = new Map()
  for (const { path, lines } of files)
    if (lines > FILE_LINES_MAX) found.set(path, `${lines} lines, more than ${FILE_LINES_MAX}`)
  for (const { path, name, lines } of functions)
    if (lines > FUNCTION_LINES_MAX)
      found.set(`${path} ${name}`, `${lines} lines, more than ${FUNCTION_LINES_MAX}`)
  for (const name of sharedNames(files)) found.set(name, 'the name of two files')
  const unneeded = [...EXCEPTIONS].filter((one) => !found.has(one))
  return [
    ...[...found].filter(([one]) => !EXCEPTIONS.has(one)).map(([one, why]) => `${one}: ${why}`),
    ...unneeded.map((one) => `${one}: stands among the exceptions and needs none`),
  ]
}

/** Every source file with its tree. */
function sources() {
  return MEASURED.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map(
      (name) => `${folder}/${name.replaceAll('\\', '/')}`,
    ),
  )
    .filter((path) => /\.(tsx?|cjs)$/.test(path) && !path.endsWith('.d.ts'))
    .sort()
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8')
      const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
      return { path, tree, lines: text.trimEnd().split('\n').length }
    })
}

function isProduct(path) {
  return path.startsWith('src/') && !LABORATORY.test(path)
}

/** Every function, method, accessor and constructor with a body, from its first word to its brace; a class is none. */
function functionsIn({ path, tree }) {
  const found = []
  const visit = (node) => {
    if (ts.isFunctionLike(node) && node.body) {
      const line = (position) => tree.getLineAndCharacterOfPosition(position).line
      found.push({ path, name: nameOf(node), lines: line(node.end) - line(node.getStart(tree)) + 1 })
    }
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return found
}

function nameOf(node) {
  if (ts.isConstructorDeclaration(node)) return `constructor of ${node.parent.name?.text}`
  return (node.name ?? node.parent.name)?.getText() ?? 'a function without a name'
}

function sharedNames(files) {
  const names = files.filter(({ path }) => NAMED.test(path)).map(({ path }) => basename(path))
  return [...new Set(names.filter((name, i) => names.indexOf(name) !== i))]
}

function figures(files, functions) {
  const product = files.filter(({ path }) => isProduct(path))
  const lengths = functions
    .filter(({ path }) => isProduct(path))
    .map(({ lines }) => lines)
    .sort((a, b) => a - b)
  const at = (share) => lengths[Math.floor(share * (lengths.length - 1))]
  return {
    ...shapeOf(files),
    'files of src': product.length,
    'lines of src': sum(product.map(({ lines }) => lines)),
    functions: lengths.length,
    'lines of a function, median': at(0.5),
    'lines of a function, 95 of 100': at(0.95),
    'lines of a function, most': at(1),
    [`functions over ${FUNCTION_LINES_MAX} lines`]: functions.filter(
      ({ lines }) => lines > FUNCTION_LINES_MAX,
    ).length,
    [`files over ${FILE_LINES_MAX} lines`]: files.filter(({ lines }) => lines > FILE_LINES_MAX).length,
    'exported names of src': sum(product.map(({ tree }) => exportsOf(tree).length)),
    'protocol numbers': protocolDefaults().length,
    limits: sum(files.filter(({ path }) => LIMITS.test(path)).map(({ tree }) => limitsOf(tree))),
    'error codes': new Set(readFileSync(join(root, 'docs/ERRORS.md'), 'utf8').match(/^### ERR_\w+/gm)).size,
  }
}

/** Rooms are what has arrows of its own; their floors, the longest way down. */
function shapeOf(files) {
  const rooms = Object.keys(ARROWS).filter((room) => MEASURED.includes(room.split('/')[0]))
  const roomOf = (path) => rooms.find((room) => path.startsWith(room))
  const below = new Map(rooms.map((room) => [room, new Set()]))
  for (const { path, tree } of files)
    for (const target of importsOf(path, tree)) {
      const [from, to] = [roomOf(path), roomOf(target)]
      if (from && to && from !== to) below.get(from).add(to)
    }
  const floorOf = (room) => 1 + Math.max(0, ...[...below.get(room)].map(floorOf))
  return {
    rooms: rooms.length,
    'arrows between rooms': sum([...below.values()].map(({ size }) => size)),
    floors: Math.max(...rooms.map(floorOf)),
  }
}

/** The paths of ours that a file imports, types included, now or later. */
function importsOf(path, tree) {
  const found = []
  const visit = (node) => {
    const named =
      node.moduleSpecifier ??
      (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && node.arguments[0])
    if (named?.text?.startsWith('.')) found.push(join(dirname(path), named.text).replace(/\.js$/, '.ts'))
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return found
}

/** The names that a file declares and exports. */
function exportsOf(tree) {
  return tree.statements
    .filter((statement) => statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword))
    .flatMap((statement) => statement.declarationList?.declarations ?? [statement])
}

/** Exported constants, and the fields of those that are an object. */
function limitsOf(tree) {
  const values = exportsOf(tree).map(({ initializer }) => initializer)
  return sum(
    values
      .filter((value) => value !== undefined)
      .map((value) => (ts.isObjectLiteralExpression(value) ? value.properties.length : 1)),
  )
}

function sum(numbers) {
  return numbers.reduce((all, one) => all + one, 0)
}

function printTable(now) {
  const row = (what, ...cells) => console.log(what.padEnd(34), ...cells.map((cell) => cell.padStart(8)))
  row('', 'before', 'now')
  for (const [what, value] of Object.entries(now))
    row(what, (BEFORE[what] ?? '-').toLocaleString('en'), value.toLocaleString('en'))
}
