/** Starts the built command and reads what it says; whatever was started is stopped by its pid. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { until } from '../until.js'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const started = new Set<CliProcess>()

/** A running `gossip-kv` command. */
export class CliProcess {
  readonly #child: ChildProcess
  stdout = ''
  stderr = ''

  constructor(args: readonly string[]) {
    this.#child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child.stdout?.on('data', (chunk) => {
      this.stdout += chunk
    })
    this.#child.stderr?.on('data', (chunk) => {
      this.stderr += chunk
    })
    started.add(this)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** The first line on standard output. */
  async firstLine(): Promise<string> {
    await until(
      () => this.stdout.includes('\n') || this.#exited,
      'a line from the command',
      () => this.stderr,
    )
    const [line] = this.stdout.split('\n')
    if (!line) throw new Error(`the command ended without a line:\n${this.stderr}`)
    return line
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Waits for the end. */
  async exit(): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    await until(
      () => this.#exited,
      `the end of pid ${this.pid}`,
      () => this.stderr,
    )
    started.delete(this)
    return { code: this.#child.exitCode, signal: this.#child.signalCode }
  }

  get #exited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }
}

/** Runs `gossip-kv` with arguments. */
export function cli(...args: readonly string[]): CliProcess {
  return new CliProcess(args)
}

/** To be called after each test. */
export async function stopProcesses(): Promise<void> {
  for (const process of [...started]) {
    process.kill('SIGTERM')
    const stopped = await process.exit().catch(() => undefined)
    if (stopped === undefined) process.kill('SIGKILL')
  }
}

/** GET as JSON; undefined for anything but 200. */
export async function getJson(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(30_000) }).catch(() => undefined)
  return response?.ok ? response.json() : undefined
}
