/**
 * Says whether dist is what the sources make: a fingerprint of every source file's path, size and time is kept
 * in dist by the build and compared here. Built-ins only.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const SOURCES = [
  'src',
  'cli',
  'demo',
  'signaling-server',
  'esbuild.config.mjs',
  'scripts/simple-peer.mjs',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.types.json',
]

/** Builds when dist is missing or was made from other sources. `types` asks for the declarations as well. */
export function requireBuild({ types = false } = {}) {
  const stamp = readStamp()
  const isCurrent = stamp?.fingerprint === fingerprint() && (!types || stamp?.types === true)
  if (isCurrent) return
  console.log(stamp === undefined ? 'Building ...' : 'Building (the sources have changed) ...')
  const args = ['esbuild.config.mjs', ...(types ? ['--types'] : [])]
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
  if (status === 0) return
  console.error('The build failed; its output above says why. Nothing was started.')
  process.exit(1)
}

/** Notes in dist what it was made from; `made` is the fingerprint taken before the build began. */
export function writeStamp(made, types) {
  mkdirSync(join(root, 'dist'), { recursive: true })
  writeFileSync(stampPath(), `${JSON.stringify({ fingerprint: made, types })}\n`)
}

/** A hash over path, size and modification time of every file that the build reads. */
export function fingerprint() {
  const hash = createHash('sha256')
  for (const path of SOURCES.flatMap((source) => filesUnder(source))) {
    const { size, mtimeMs } = statSync(join(root, path))
    hash.update(`${path} ${size} ${mtimeMs}\n`)
  }
  return hash.digest('hex')
}

function filesUnder(path) {
  const full = join(root, path)
  if (!existsSync(full)) return []
  if (!statSync(full).isDirectory()) return [path]
  const names = readdirSync(full).sort()
  return names.flatMap((name) => filesUnder(`${path}/${name}`))
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(stampPath(), 'utf8'))
  } catch {
    return undefined
  }
}

function stampPath() {
  return join(root, 'dist', '.build.json')
}
