/**
 * y-webrtc in `bench/mesh-webrtc.ts`: so many documents in one process, over @roamhq/wrtc. It keeps its rooms by name in its
 * module, so the module is loaded once a document; its path by BroadcastChannel is stopped up.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { fileURLToPath, pathToFileURL } from 'node:url'
import wrtc from '@roamhq/wrtc'
import { WebSocket } from 'ws'
import { Doc, type Map as YMap } from 'yjs'
import { type TrialMember, trial } from './mesh-trial.js'

interface Provider {
  room: { webrtcConns: Map<string, { connected: boolean }> } | null
}
interface YWebrtc {
  WebrtcProvider: new (room: string, doc: Doc, options: object) => Provider
}

const [module = '', ...numbers] = process.argv.slice(2)
const [size = 10, writes = 50, formMillisMax = 90_000] = numbers.map(Number)
Object.assign(globalThis, { WebSocket: globalThis.WebSocket ?? WebSocket })
// It throws from within timers when a connection fails; the trial shows what came of it.
process.on('uncaughtException', () => {})

const port = await freePort()
const server = await startServer(port)
const members: TrialMember[] = []
for (let index = 0; index < size; index++) members.push(await open(index))
process.send?.((await trial(members, writes, formMillisMax)) ?? null)
server.kill('SIGKILL')
process.exit()

async function open(index: number): Promise<TrialMember> {
  const { WebrtcProvider } = (await import(`${pathToFileURL(module).href}?copy=${index}`)) as YWebrtc
  const doc = new Doc()
  const provider = new WebrtcProvider('bench', doc, {
    signaling: [`ws://127.0.0.1:${port}`],
    filterBcConns: false,
    peerOpts: { wrtc, config: { iceServers: [] }, iceCompleteTimeout: 1 },
  })
  const map: YMap<string> = doc.getMap('m')
  return {
    set: (key, value) => map.set(key, value),
    has: (key) => map.has(key),
    whenHas: (key, then) => {
      const look = () => {
        if (!map.has(key)) return
        map.unobserve(look)
        then()
      }
      map.observe(look)
    },
    links: () => [...(provider.room?.webrtcConns.values() ?? [])].filter(({ connected }) => connected).length,
  }
}

/** Its signaling server says on standard output when it listens. */
async function startServer(onPort: number): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('../bin/server.js', import.meta.resolve('y-webrtc')))
  const child = spawn(process.execPath, [script], {
    env: { ...process.env, PORT: String(onPort) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  process.once('exit', () => child.kill('SIGKILL'))
  await new Promise((resolve) => child.stdout.once('data', resolve))
  return child
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
