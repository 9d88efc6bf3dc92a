/**
 * A member as a child process that is kept alive: when it ends without being told to, it is started again, later
 * and later. The child watches the channel to its parent, so that it never outlives it.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Logger } from 'pino'
import { NODE_CATALOGUE } from '../src/base/error-catalogue.node.js'
import { TransportError } from '../src/base/errors.js'

const RESTART_MILLIS_MIN = 500
const RESTART_MILLIS_MAX = 15_000
/** A process that lived for so long was well; its next failure counts as its first. */
const WELL_MILLIS = 30_000
/** A process that does not stop within this time is killed. */
const STOP_MILLIS_MAX = 3000

/** A running member. */
export interface RunningNode {
  pid: number
  name: string
  /** Its HTTP interface. */
  url: string
}

/** Keeps one `gossip-kv node` running. */
export class NodeProcess {
  readonly #name: string
  readonly #args: readonly string[]
  readonly #logger: Logger
  #child: ChildProcess | undefined
  #running: RunningNode | undefined
  #restartTimer: NodeJS.Timeout | undefined
  #failures = 0
  #isStopping = false

  /** `args` are those of the command `node`. */
  constructor(name: string, args: readonly string[], logger: Logger) {
    this.#name = name
    this.#args = ['node', '--json', '--host=127.0.0.1', '--port=0', `--name=${name}`, ...args]
    this.#logger = logger
  }

  /** The process that is up now, if any. */
  get running(): RunningNode | undefined {
    return this.#running
  }

  /** Resolves when it is up. @throws TransportError ERR_MEMBER_EXITED when it ends before that */
  start(): Promise<void> {
    const child = spawn(process.execPath, [...entry(), ...this.#args], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      env: ownEnvironment(),
      // A group of its own: Ctrl-C on a terminal reaches the parent, which stops the children in order.
      detached: process.platform !== 'win32',
    })
    this.#child = child
    const startedAt = performance.now()
    return new Promise((resolve, reject) => {
      child.once('error', (error) => reject(exited(this.#name, error.message)))
      child.once('exit', (code, signal) => {
        const how = signal === null ? `with code ${code}` : `by ${signal}`
        reject(exited(this.#name, how))
        this.#ended(how, performance.now() - startedAt)
      })
      if (child.stdout === null) return
      createInterface(child.stdout).on('line', (line) => {
        this.#running ??= runningFrom(line, child, this.#name)
        if (this.#running !== undefined) resolve()
      })
    })
  }

  /** Ends the process: asks first, and kills it when it does not listen. */
  async stop(): Promise<void> {
    this.#isStopping = true
    clearTimeout(this.#restartTimer)
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const killTimer = setTimeout(() => child.kill('SIGKILL'), STOP_MILLIS_MAX)
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await gone
    clearTimeout(killTimer)
  }

  #ended(how: string, livedMillis: number): void {
    const wasUp = this.#running !== undefined || this.#failures > 0
    this.#running = undefined
    // One that never came up is reported by the code that started it.
    if (this.#isStopping || !wasUp) return
    this.#failures = livedMillis > WELL_MILLIS ? 1 : this.#failures + 1
    const delayMillis = Math.min(RESTART_MILLIS_MAX, RESTART_MILLIS_MIN * 2 ** (this.#failures - 1))
    this.#logger.warn({ node: this.#name, how, delayMillis }, 'a member ended; it is started again')
    this.#restartTimer = setTimeout(() => void this.start().catch(() => undefined), delayMillis)
  }
}

/** How this very program is started: from its sources it needs the loader that runs them. */
function entry(): string[] {
  const program = process.argv[1] ?? ''
  return program.endsWith('.ts') ? [...process.execArgv, program] : [program]
}

/** Without GOSSIP_KV_*: what is meant for the demo, as a port or a folder, must not reach every member. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GOSSIP_KV_')))
}

function runningFrom(line: string, child: ChildProcess, name: string): RunningNode | undefined {
  try {
    const { port } = JSON.parse(line) as { port?: unknown }
    return typeof port === 'number' && child.pid !== undefined
      ? { pid: child.pid, name, url: `http://127.0.0.1:${port}/` }
      : undefined
  } catch {
    return undefined
  }
}

function exited(name: string, how: string): TransportError {
  return new TransportError('ERR_MEMBER_EXITED', `The member ${name} ended before it was up (${how})`, {
    ...NODE_CATALOGUE.TransportError.ERR_MEMBER_EXITED,
  })
}
