/** Members of a real mesh: Node processes and tabs of Chromium, asked in the same way. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Page } from 'puppeteer-core'
import type { MeshView } from '../../bench/mesh-member.js'
import { openTab } from './chromium.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A member that lives elsewhere. */
export interface MeshPeer {
  readonly kind: 'node' | 'tab'
  view(): Promise<MeshView>
  set(key: string, value: string): Promise<void>
  get(key: string): Promise<unknown>
  /** Ends without a goodbye. */
  kill(): Promise<void>
}

/** Makes members of one cluster, from sources that are bundled once. */
export class MeshPeers {
  readonly #cluster: string
  readonly #signaling: string
  readonly #folder = join(root, 'node_modules', '.cache', `gossip-kv-mesh-${process.pid}`)
  readonly #children = new Set<ChildProcess>()
  #page: Promise<string> | undefined
  #script: Promise<string> | undefined

  constructor(cluster: string, signaling: string) {
    this.#cluster = cluster
    this.#signaling = signaling
  }

  async node(): Promise<MeshPeer> {
    this.#script ??= this.#bundleForNode()
    const child = fork(await this.#script, [this.#cluster, this.#signaling], { execArgv: [] })
    this.#children.add(child)
    child.once('exit', () => this.#children.delete(child))
    return new NodePeer(child)
  }

  async tab(): Promise<MeshPeer> {
    this.#page ??= bundleForTab()
    const page = await openTab()
    await page.evaluate(await this.#page)
    await page.evaluate((...args) => window.openMeshMember(...args), this.#cluster, this.#signaling)
    return new TabPeer(page)
  }

  /** Ends what is left of the processes. */
  async close(): Promise<void> {
    await Promise.all([...this.#children].map(killed))
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #bundleForNode(): Promise<string> {
    const outfile = join(this.#folder, 'member.mjs')
    await mkdir(this.#folder, { recursive: true })
    await build({
      absWorkingDir: root,
      entryPoints: ['test/e2e/mesh-member-fixture.ts'],
      outfile,
      bundle: true,
      format: 'esm',
      target: 'es2022',
      platform: 'node',
      packages: 'external',
      logLevel: 'warning',
    })
    return outfile
  }
}

async function bundleForTab(): Promise<string> {
  const entryPoints = [join(root, 'test/e2e/mesh-tab-fixture.ts')]
  const { outputFiles } = await build({ entryPoints, bundle: true, write: false, format: 'iife' })
  return outputFiles[0]?.text ?? ''
}

class NodePeer implements MeshPeer {
  readonly kind = 'node'
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>()
  #asked = 0

  constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', ({ ask, result }: { ask: number; result: unknown }) => {
      this.#waiting.get(ask)?.resolve(result)
      this.#waiting.delete(ask)
    })
    child.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the process has ended'))
    })
  }

  view(): Promise<MeshView> {
    return this.#ask('view') as Promise<MeshView>
  }

  async set(key: string, value: string): Promise<void> {
    await this.#ask('set', key, value)
  }

  get(key: string): Promise<unknown> {
    return this.#ask('get', key)
  }

  kill(): Promise<void> {
    return killed(this.#child)
  }

  #ask(call: string, ...args: string[]): Promise<unknown> {
    const ask = ++this.#asked
    return new Promise((resolve, reject) => {
      this.#waiting.set(ask, { resolve, reject })
      this.#child.send({ ask, call, args })
    })
  }
}

class TabPeer implements MeshPeer {
  readonly kind = 'tab'
  readonly #page: Page

  constructor(page: Page) {
    this.#page = page
  }

  view(): Promise<MeshView> {
    return this.#page.evaluate(() => window.meshMember.view())
  }

  set(key: string, value: string): Promise<void> {
    return this.#page.evaluate((...args) => window.meshMember.set(...args), key, value)
  }

  get(key: string): Promise<unknown> {
    return this.#page.evaluate((wanted) => window.meshMember.get(wanted), key)
  }

  kill(): Promise<void> {
    return this.#page.close({ runBeforeUnload: false })
  }
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
