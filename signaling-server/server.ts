/**
 * The signaling server: members meet here, in rooms named by topics, and hand each other the signals that open
 * a WebRTC link. It stores nothing, understands no payload, and survives any input.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { shown, UsageError } from '../src/base/errors.js'
import { Connection } from './connection.js'
import { SIGNALING_LIMITS, type SignalingLimits } from './limits.js'
import { closeServer, listen, portOf } from './listen.js'
import { Rooms } from './room.js'

/** RFC 6455 registry: the service restarts; clients connect again after a while. */
const SERVICE_RESTART = 1012

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
  /** Answers not ready, ends every socket with 1012, and stops listening. Idempotent. */
  close(): Promise<void>
}

/** Starts a signaling server. @throws TransportError ERR_PORT_IN_USE, UsageError ERR_OPTION_INVALID */
export async function createSignalingServer(options: SignalingServerOptions = {}): Promise<SignalingServer> {
  const { port = 0, host = '127.0.0.1', server } = options
  if (server !== undefined && !server.listening) throw notListening()
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw badPort(port)
  const gate = new Gate(options)
  if (server !== undefined) return gate.serve(server, host, () => Promise.resolve())
  const own = createServer({ connectionsCheckingInterval: 1000 })
  own.headersTimeout = gate.limits.requestMillis
  own.requestTimeout = gate.limits.requestMillis
  own.on('request', (request, response) => gate.answer(request, response))
  await listen(own, { host, port, remedy: 'set the option "port"' })
  return gate.serve(own, host, () => closeServer(own))
}

/** Lets sockets in, within the limits, and ends them all. */
class Gate {
  readonly limits: SignalingLimits
  readonly #path: string
  readonly #origins: ReadonlySet<string> | undefined
  readonly #rooms = new Rooms(Math.random)
  readonly #connections = new Set<Connection>()
  readonly #socketsByAddress = new Map<string, number>()
  readonly #sockets: WebSocketServer
  #closing: Promise<void> | undefined

  constructor({ limits, path = '/', origins }: SignalingServerOptions) {
    this.limits = { ...SIGNALING_LIMITS, ...limits }
    this.#path = path
    this.#origins = origins === undefined ? undefined : new Set(origins)
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: true,
      // Compression costs 223 kB a socket instead of 7.
      perMessageDeflate: false,
      maxPayload: this.limits.messageBytesMax,
    })
  }

  serve(server: Server, host: string, stop: () => Promise<void>): SignalingServer {
    const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head)
    server.on('upgrade', upgrade)
    const port = portOf(server)
    const close = async () => {
      await this.#endSockets()
      server.off('upgrade', upgrade)
      await stop()
    }
    return {
      url: `ws://${host.includes(':') ? `[${host}]` : host}:${port}${this.#path}`,
      port,
      topics: () => this.#rooms.list(),
      close: () => {
        this.#closing ??= close()
        return this.#closing
      },
    }
  }

  /** Plain HTTP: the probes of an orchestrator, and a hint for whoever opens the endpoint in a browser. */
  answer(request: IncomingMessage, response: ServerResponse): void {
    const path = pathOf(request)
    if (path === '/livez') reply(response, 200, 'ok')
    else if (path === '/readyz' && this.#closing === undefined) reply(response, 200, 'ok')
    else if (path === '/readyz') reply(response, 503, 'closing')
    else if (path !== this.#path) reply(response, 404, 'not found')
    else {
      response.setHeader('Upgrade', 'websocket')
      reply(response, 426, 'This is a gossip-kv signaling server; connect with a WebSocket.')
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Until ws takes the socket over, a reset of it is nobody else's to catch.
    socket.on('error', () => socket.destroy())
    const status = this.#refusal(request)
    const address = request.socket.remoteAddress ?? ''
    if (status !== undefined) refuse(socket, status)
    else this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#accept(webSocket, address))
  }

  #refusal(request: IncomingMessage): string | undefined {
    if (this.#closing !== undefined) return '503 Service Unavailable'
    if (pathOf(request) !== this.#path) return '404 Not Found'
    const { origin } = request.headers
    if (origin !== undefined && this.#origins?.has(origin) === false) return '403 Forbidden'
    const sockets = this.#socketsByAddress.get(request.socket.remoteAddress ?? '') ?? 0
    if (sockets >= this.limits.socketsPerAddressMax) return '429 Too Many Requests'
    if (this.#connections.size >= this.limits.socketsMax) return '503 Service Unavailable'
    return undefined
  }

  #accept(webSocket: WebSocket, address: string): void {
    const { limits } = this
    const connection = new Connection(webSocket, { rooms: this.#rooms, limits, random: Math.random })
    this.#connections.add(connection)
    this.#socketsByAddress.set(address, (this.#socketsByAddress.get(address) ?? 0) + 1)
    webSocket.on('close', () => {
      this.#connections.delete(connection)
      const left = (this.#socketsByAddress.get(address) ?? 1) - 1
      if (left > 0) this.#socketsByAddress.set(address, left)
      else this.#socketsByAddress.delete(address)
    })
  }

  async #endSockets(): Promise<void> {
    const closed = [...this.#sockets.clients].map(
      (socket) => new Promise((resolve) => socket.once('close', resolve)),
    )
    for (const connection of this.#connections) connection.end(SERVICE_RESTART, 'restart')
    await Promise.all(closed)
    this.#sockets.close()
  }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/'
}

function reply(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' })
  response.end(`${text}\n`)
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

function notListening(): UsageError {
  return new UsageError('ERR_OPTION_INVALID', {
    what: 'The option "server" is an HTTP server that does not listen',
    why: 'The signaling server shares the port of a server that its owner starts and stops',
    fix: 'Call createSignalingServer() after server.listen() has called back, or leave "server" out',
  })
}

function badPort(port: unknown): UsageError {
  return new UsageError('ERR_OPTION_INVALID', {
    what: `The option "port" is ${shown(port)}`,
    why: 'A TCP port is an integer from 0 to 65535',
    fix: 'Give such a number; 0 takes any free port',
  })
}
