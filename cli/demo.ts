/**
 * `gossip-kv demo`: signaling, the demo page and some Node members, all behind one URL. The page is a member,
 * too: what is changed in one tab shows in every other tab and in every process.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { closeServer, listen } from '../signaling-server/listen.js'
import { createSignalingServer } from '../signaling-server/server.js'
import type { Command, CommandContext } from './command.js'
import { NodeProcess, type RunningNode } from './node-process.js'
import { print } from './output.js'
import { findPage, Page } from './page.js'

const SIGNALING_PATH = '/signaling'
/** What the page takes when its address names none. */
const CLUSTER = 'demo'
const NODES_MAX = 50
const REQUEST_MILLIS_MAX = 5000
/** All tabs and members come from one address. */
const SOCKETS_PER_ADDRESS_MAX = 1000

/** Shows the product at work. */
export const demoCommand: Command = {
  meta: { name: 'demo', description: 'Serve a page to play with, with some members beside it' },
  stays: true,
  args: {
    port: { type: 'string', default: '8080', valueHint: 'P', description: 'TCP port; 0 takes any free one' },
    host: { type: 'string', default: '127.0.0.1', valueHint: 'H', description: 'Address to listen on' },
    nodes: { type: 'string', default: '3', valueHint: 'N', description: 'Node members, each a process' },
  },

  async run(context) {
    const { options, lifetime } = context
    const page = new Page(findPage())
    const count = options.integer('nodes', 0, NODES_MAX)
    const nodes: NodeProcess[] = []
    const server = createServer((request, response) => {
      const running = nodes.flatMap((node) => node.running ?? [])
      void answer(request, response, page, running)
    })
    const port = await open(server, context)
    lifetime.onStop(() => closeServer(server))
    const signaling = await createSignalingServer({
      server,
      path: SIGNALING_PATH,
      limits: { socketsPerAddressMax: SOCKETS_PER_ADDRESS_MAX },
    })
    lifetime.onStop(() => signaling.close())
    lifetime.onStop(() => Promise.all(nodes.map((node) => node.stop())))
    nodes.push(...membersOf(count, port, context))
    await Promise.all(nodes.map((node) => node.start()))
    print(`http://localhost:${port}/`)
  },
}

function open(server: Server, { options }: CommandContext): Promise<number> {
  server.headersTimeout = REQUEST_MILLIS_MAX
  server.requestTimeout = REQUEST_MILLIS_MAX
  const port = options.port('port')
  const remedy = options.isChosen('port')
    ? 'pass another --port'
    : `pass --port, as in "gossip-kv demo --port ${port + 1}" or "npm start -- --port ${port + 1}",`
  return listen(server, { host: options.required('host'), port, remedy })
}

function membersOf(count: number, port: number, { options, logger }: CommandContext): NodeProcess[] {
  const args = [
    `--cluster=${CLUSTER}`,
    `--signaling=ws://127.0.0.1:${port}${SIGNALING_PATH}`,
    `--log-level=${options.required('log-level')}`,
  ]
  return Array.from({ length: count }, (_, index) => new NodeProcess(`node-${index + 1}`, args, logger))
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  page: Page,
  running: readonly RunningNode[],
): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0]
  if (path === '/api/nodes') {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
    response.end(JSON.stringify(running))
  } else if (path === '/livez' || path === '/readyz') {
    response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' })
    response.end('ok\n')
  } else {
    await page.answer(request, response)
  }
}
