/** Kills a process that writes to a data folder, again and again, and counts what it had promised and lost. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const cache = join(root, 'node_modules', '.cache', 'gossip-kv-bench')
/** How long it writes before it is killed, at most. */
const LOAD_MILLIS_MAX = 40
const START_MILLIS_MAX = 30_000
const PROBLEM_CHARS_MAX = 4000

export interface KillCounts {
  kills: number
  /** Starts that failed, or that missed something that `flush()` had waited for. */
  faults: string[]
  /** Writes that were acknowledged. */
  acknowledged: number
}

/** Kills at `points` random moments, one after the other on one folder. */
export async function killed(points: number): Promise<KillCounts> {
  const folder = await mkdtemp(join(tmpdir(), 'gossip-kv-kill-'))
  const program = join(cache, `durability-child-${process.pid}.mjs`)
  await mkdir(cache, { recursive: true })
  try {
    await build({
      absWorkingDir: root,
      entryPoints: ['bench/durability-child.ts'],
      outfile: program,
      bundle: true,
      format: 'esm',
      platform: 'node',
      packages: 'external',
      logLevel: 'warning',
    })
    const counts: KillCounts = { kills: 0, faults: [], acknowledged: 0 }
    for (; counts.kills < points; counts.kills++) await killOnce(program, join(folder, 'data'), counts)
    return counts
  } finally {
    await rm(folder, { recursive: true, force: true })
    await rm(program, { force: true })
  }
}

async function killOnce(program: string, folder: string, counts: KillCounts): Promise<void> {
  const child = spawn(process.execPath, [program, folder, String(counts.acknowledged)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exit = () => child.kill('SIGKILL')
  process.once('exit', exit)
  const { lines, code, problem } = await output(child)
  process.removeListener('exit', exit)
  for (const line of lines) {
    if (line.startsWith('lost')) counts.faults.push(line)
    else counts.acknowledged = Number(line.replace('open ', ''))
  }
  if (code !== 'SIGKILL') counts.faults.push(`it ended by itself with ${code}: ${problem}`)
  else if (!lines.some((line) => line.startsWith('open'))) counts.faults.push('it did not open')
}

/** The whole lines that it wrote until it was killed, and the error that it ended with, if it did. */
function output(child: ChildProcess): Promise<{ lines: string[]; code: string; problem: string }> {
  let text = ''
  let errors = ''
  child.stderr?.on('data', (chunk) => {
    errors = (errors + String(chunk)).slice(-PROBLEM_CHARS_MAX)
  })
  let timer = setTimeout(() => child.kill('SIGKILL'), START_MILLIS_MAX)
  child.stdout?.on('data', (chunk) => {
    const wasOpen = text.includes('open')
    text += String(chunk)
    if (wasOpen || !text.includes('open')) return
    clearTimeout(timer)
    timer = setTimeout(() => child.kill('SIGKILL'), Math.random() * LOAD_MILLIS_MAX)
  })
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const problem = /^.*Error.*$/m.exec(errors)?.[0] ?? errors
      resolve({ lines: text.split('\n').slice(0, -1), code: String(signal ?? code), problem })
    })
  })
}
