/**
 * The signaling server: members meet here, in rooms named by topics, and hand each other the signals that open
 * a WebRTC link. It stores nothing, understands no payload, and survives any input.
 */
import { createServer, type Server } from 'node:http'
import { shown, UsageError } from '../src/base/errors.js'
import { Gate } from './gate.js'
import { SIGNALING_LIMITS, type SignalingLimits } from './limits.js'
import { closeServer, listen, portOf } from './listen.js'
import { TokenCheck, type TokenOptions } from './tokens.js'
import { TurnCredentials, type TurnOptions } from './turn.js'

const PROXIES_MAX = 10

/** How a signaling server is set up; every field has a default. */
export interface SignalingServerOptions {
  /** TCP port. Default 0: any free one. */
  port?: number
  /** Address to listen on. Default 127.0.0.1: this machine only. */
  host?: string
  /** The path of the WebSocket endpoint. Default `/`. */
  path?: string
  /** Values of the header `Origin` that are let in; requests without the header (not from browsers) always are. Default: any. */
  origins?: readonly string[]
  /** Proxies in front, each of which appends the address it heard to X-Forwarded-For. Default 0: the header is ignored. */
  proxies?: number
  /** Lets in only who shows a join token as its first message. Default: everybody. */
  tokens?: TokenOptions
  /** Hands members credentials of these TURN servers. Default: none. */
  turn?: TurnOptions
  /** Answers /metrics in the Prometheus format. Default false. */
  metrics?: boolean
  /** Bounds that differ from SIGNALING_LIMITS. */
  limits?: Partial<SignalingLimits>
  /** An HTTP server that already listens, to share its port: only upgrades of `path` are taken, and it stays open on close. */
  server?: Server
}

/** A running signaling server. */
export interface SignalingServer {
  /** What clients connect to. */
  readonly url: string
  readonly port: number
  /** The member ids in each topic, as of now. */
  topics(): ReadonlyMap<string, readonly string[]>
  /** Answers not ready, ends every socket with 1012 (spread over up to 5 s when they are many), and stops listening. Idempotent. */
  close(): Promise<void>
}

/** Starts a signaling server. @throws TransportError ERR_PORT_IN_USE, UsageError ERR_OPTION_INVALID */
export async function createSignalingServer(options: SignalingServerOptions = {}): Promise<SignalingServer> {
  const { port = 0, host = '127.0.0.1', path = '/', proxies = 0, server } = options
  if (server !== undefined && !server.listening) throw notListening()
  if (!isWithin(port, 65_535))
    throw badNumber('port', port, 'A TCP port is an integer from 0 to 65535; 0 takes any free one')
  if (!isWithin(proxies, PROXIES_MAX))
    throw badNumber('proxies', proxies, `It is the number of proxies in front, 0 to ${PROXIES_MAX}`)
  const limits = { ...SIGNALING_LIMITS, ...options.limits }
  const gate = new Gate({
    limits,
    path,
    origins: options.origins,
    proxies,
    showsMetrics: options.metrics === true,
    tokens: options.tokens && (await TokenCheck.create(options.tokens)),
    turn: options.turn && new TurnCredentials(options.turn),
  })
  const running = server ?? (await listening(gate, limits, host, port))
  const detach = gate.attach(running)
  let closing: Promise<void> | undefined
  const close = async () => {
    await gate.close()
    detach()
    if (server === undefined) await closeServer(running)
  }
  return {
    url: `ws://${host.includes(':') ? `[${host}]` : host}:${portOf(running)}${path}`,
    port: portOf(running),
    topics: () => gate.topics(),
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

async function listening(gate: Gate, limits: SignalingLimits, host: string, port: number): Promise<Server> {
  const server = createServer({ connectionsCheckingInterval: 1000, maxHeaderSize: limits.headerBytesMax })
  server.headersTimeout = limits.requestMillis
  server.requestTimeout = limits.requestMillis
  server.on('request', (request, response) => gate.answer(request, response))
  gate.guard(server)
  await listen(server, { host, port, remedy: 'set the option "port"' })
  return server
}

function isWithin(value: unknown, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max
}

function notListening(): UsageError {
  return new UsageError('ERR_OPTION_INVALID', 'The option "server" is an HTTP server that does not listen', {
    why: 'The signaling server shares the port of a server that its owner starts and stops',
    fix: 'Call createSignalingServer() after server.listen() has called back, or leave "server" out',
  })
}

function badNumber(option: string, value: unknown, why: string): UsageError {
  return new UsageError('ERR_OPTION_INVALID', `The option "${option}" is ${shown(value)}`, {
    why,
    fix: 'Give such a number, or leave it out',
  })
}
