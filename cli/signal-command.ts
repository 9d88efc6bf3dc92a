/** `gossip-kv signal`: the signaling server as a process of its own. */
import { createSignalingServer } from '../signaling-server/server.js'
import type { TokenOptions } from '../signaling-server/tokens.js'
import type { TurnOptions } from '../signaling-server/turn.js'
import type { Command } from './command.js'
import type { Options } from './command-options.js'
import { printUp } from './output.js'

/** Of join tokens; the first is the default. */
const ALGORITHMS = ['HS256', 'ES256', 'EdDSA'] as const

/** Members meet here. */
export const signalCommand: Command = {
  meta: { name: 'signal', description: 'Run a signaling server, where members meet' },
  stays: true,
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
      description: 'Connections of one address (of one /64 in IPv6)',
    },
    proxies: {
      type: 'string',
      default: '0',
      valueHint: 'N',
      description: 'Proxies in front that append to X-Forwarded-For; 0 ignores the header',
    },
    'token-key-file': {
      type: 'string',
      valueHint: 'FILE',
      description: 'Ask for join tokens, checked by the key in this file: a secret, or a public key in PEM',
    },
    'token-audience': { type: 'string', valueHint: 'A', description: 'The audience that tokens name' },
    'token-algorithm': {
      type: 'string',
      default: 'HS256',
      valueHint: 'A',
      description: ALGORITHMS.join(', '),
    },
    'turn-urls': {
      type: 'string',
      valueHint: 'LIST',
      description: 'TURN servers to hand out credentials of, separated by commas',
    },
    'turn-secret-file': {
      type: 'string',
      valueHint: 'FILE',
      description: 'File with the static-auth-secret of the TURN servers',
    },
    'turn-seconds': {
      type: 'string',
      default: '3600',
      valueHint: 'S',
      description: 'How long TURN credentials are good',
    },
    metrics: { type: 'boolean', description: 'Answer /metrics in the Prometheus format' },
    json: { type: 'boolean', description: 'Print JSON also on a terminal' },
  },

  async run({ options, logger, lifetime }) {
    const origins = options.list('origins')
    const [tokens, turn] = [tokensOf(options), turnOf(options)]
    const server = await createSignalingServer({
      port: options.port('port'),
      host: options.required('host'),
      limits: { socketsPerAddressMax: options.integer('sockets-per-address', 1, 1_000_000) },
      proxies: options.integer('proxies', 0, 10),
      metrics: options.flag('metrics'),
      ...(origins.length === 0 ? {} : { origins }),
      ...(tokens && { tokens }),
      ...(turn && { turn }),
    })
    lifetime.onStop(() => server.close())
    logger.info({ url: server.url }, 'listening')
    printUp(options.flag('json'), { url: server.url, port: server.port }, `signaling at ${server.url}`)
  },
}

function tokensOf(options: Options): TokenOptions | undefined {
  const key = options.file('token-key-file')
  if (key === undefined) return undefined
  const algorithm = options.choice('token-algorithm', ALGORITHMS) as (typeof ALGORITHMS)[number]
  return { key, algorithm, audience: options.required('token-audience') }
}

function turnOf(options: Options): TurnOptions | undefined {
  const urls = options.list('turn-urls')
  if (urls.length === 0) return undefined
  options.required('turn-secret-file')
  const secret = options.file('turn-secret-file') ?? ''
  return { urls, secret, ttlSeconds: options.integer('turn-seconds', 60, 3600) }
}
