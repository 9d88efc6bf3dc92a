/** Runs the CLI as people get it: bundled, as processes of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { until } from '../../until.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** A bundle of the CLI in a folder of its own, where it finds the installed packages, with a page beside it. */
export class BuiltCli {
  readonly folder: string
  readonly #running: RunningCli[] = []

  private constructor(folder: string) {
    this.folder = folder
  }

  static async make(): Promise<BuiltCli> {
    const cache = join(root, 'node_modules', '.cache')
    await mkdir(cache, { recursive: true })
    const folder = await mkdtemp(join(cache, 'gossip-kv-cli-'))
    await build({
      absWorkingDir: root,
      entryPoints: { main: 'cli/main.ts' },
      outdir: join(folder, 'dist', 'cli'),
      bundle: true,
      splitting: true,
      chunkNames: '[name]-[hash]',
      format: 'esm',
      target: 'es2022',
      platform: 'node',
      packages: 'external',
      logLevel: 'silent',
    })
    await writeFile(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'gossip-kv', version: '1.2.3', type: 'module' }),
    )
    await mkdir(join(folder, 'dist', 'demo'))
    await writeFile(join(folder, 'dist', 'demo', 'index.html'), '<!doctype html><title>page</title>')
    await writeFile(join(folder, 'dist', 'demo', 'main.js'), 'export {}')
    return new BuiltCli(folder)
  }

  /** Starts the program with `args`; GOSSIP_KV_* come from `env` alone. */
  start(args: readonly string[], env: Record<string, string> = {}): RunningCli {
    const running = new RunningCli(join(this.folder, 'dist', 'cli', 'main.js'), args, env)
    this.#running.push(running)
    return running
  }

  /** Ends every process that was started. */
  async stopAll(): Promise<void> {
    for (const running of this.#running.splice(0)) {
      running.child.kill('SIGTERM')
      const killTimer = setTimeout(() => running.child.kill('SIGKILL'), 6000)
      await running.exit()
      clearTimeout(killTimer)
    }
  }

  async dispose(): Promise<void> {
    await this.stopAll()
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** One process of the CLI. */
export class RunningCli {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  #isClosed = false

  constructor(program: string, args: readonly string[], env: Record<string, string>) {
    this.child = spawn(process.execPath, [program, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env },
    })
    this.child.stdout?.on('data', (chunk) => {
      this.stdout += String(chunk)
    })
    this.child.stderr?.on('data', (chunk) => {
      this.stderr += String(chunk)
    })
    this.child.on('close', () => {
      this.#isClosed = true
    })
  }

  /** The first line of standard output, when it has come. */
  async line(): Promise<string> {
    await until(
      () => this.stdout.includes('\n') || this.#isClosed,
      `a line of output (standard error: ${this.stderr})`,
    )
    const [line, rest] = this.stdout.split('\n', 2)
    if (rest === undefined) throw new Error(`it ended without a line: ${this.stderr}`)
    return line ?? ''
  }

  /** The same, read as JSON. */
  async json(): Promise<Record<string, unknown>> {
    return JSON.parse(await this.line()) as Record<string, unknown>
  }

  /** The exit code, or the signal that ended it, once all output has come. */
  async exit(): Promise<number | string> {
    await until(() => this.#isClosed, 'the process ends')
    return this.child.exitCode ?? this.child.signalCode ?? 'unknown'
  }
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Asks until `accept` takes the answer. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T>,
  accept: (answer: T) => boolean,
): Promise<T> {
  let answer: { taken: T } | { error: unknown } | undefined
  const look = async () => {
    answer = await ask().then(
      (taken) => ({ taken }),
      (error: unknown) => ({ error: String(error) }),
    )
    return 'taken' in answer && accept(answer.taken) && answer
  }
  return (await until(look, what, () => answer)).taken
}
