/** Starts the built command and reads what it says; whatever was started is stopped by its pid. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

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
  async firstLine(millisMax = 20_000): Promise<string> {
    await until(
      () => this.stdout.includes('\n') || this.#exited,
      `a line from the command\n${this.stderr}`,
      millisMax,
    )
    const [line] = this.stdout.split('\n')
    if (!line) throw new Error(`the command ended without a line:\n${this.stderr}`)
    return line
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Waits for the end. */
  async exit(millisMax = 10_000): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    if (!this.#exited)
      await Promise.race([
        once(this.#child, 'exit'),
        timeout(millisMax, `the end of pid ${this.pid}\n${this.stderr}`),
      ])
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
    const stopped = await process.exit(8_000).catch(() => undefined)
    if (stopped === undefined) process.kill('SIGKILL')
  }
}

/** Waits until `holds`, or fails with what was waited for. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  millisMax = 10_000,
): Promise<number> {
  const start = performance.now()
  while (!(await holds())) {
    if (performance.now() - start > millisMax) throw new Error(`not within ${millisMax} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return performance.now() - start
}

/** GET as JSON; undefined for anything but 200. */
export async function getJson(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined)
  return response?.ok ? response.json() : undefined
}

function timeout(millis: number, what: string): Promise<never> {
  return new Promise((_, reject) =>
    setTimeout(() => reject(new Error(`not within ${millis} ms: ${what}`)), millis).unref(),
  )
}
