/** `gossip-kv signal`: the signaling server as a process of its own. */
import { createSignalingServer } from '../signaling-server/server.js'
import type { Command } from './command.js'
import { printUp } from './output.js'

/** Members meet here. */
export const signalCommand: Command = {
  meta: { name: 'signal', description: 'Run a signaling server, where members meet' },
  args: {
    port: { type: 'string', default: '4444', valueHint: 'P', description: 'TCP port; 0 takes any free one' },
    host: { type: 'string', default: '127.0.0.1', valueHint: 'H', description: 'Address to listen on' },
    origins: {
      type: 'string',
      valueHint: 'LIST',
      description: 'Origins of pages that may connect, separated by commas; any when left out',
    },
    'sockets-per-address': {
      type: 'string',
      default: '50',
      valueHint: 'N',
      description: 'Connections of one address; raise it behind a proxy',
    },
    json: { type: 'boolean', description: 'Print JSON also on a terminal' },
  },

  async run({ options, logger, lifetime }) {
    const origins = options.list('origins')
    const server = await createSignalingServer({
      port: options.port('port'),
      host: options.required('host'),
      limits: { socketsPerAddressMax: options.integer('sockets-per-address', 1, 1_000_000) },
      ...(origins.length === 0 ? {} : { origins }),
    })
    lifetime.onStop(() => server.close())
    logger.info({ url: server.url }, 'listening')
    printUp(options.flag('json'), { url: server.url, port: server.port }, `signaling at ${server.url}`)
  },
}
