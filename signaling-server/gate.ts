/** Lets sockets in, within the limits, answers plain HTTP, and ends every socket when the server closes. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { ClientCounts, clientAddress } from './clients.js'
import { Connection } from './connection.js'
import type { SignalingLimits } from './limits.js'
import { SignalingMetrics } from './metrics.js'
import { Rooms } from './room.js'
import type { TokenCheck } from './tokens.js'
import type { TurnCredentials } from './turn.js'

/** RFC 6455 registry: the service restarts; clients connect again after a while. */
const SERVICE_RESTART = 1012
/** The ends of so many sockets are spread over a second. */
const ENDS_PER_SECOND = 500
/** TCP connections of one client for each WebSocket that it may have: a probe and a page beside each. */
const CONNECTIONS_PER_SOCKET = 2

/** How a gate is set up. */
export interface GateOptions {
  limits: SignalingLimits
  path: string
  origins: readonly string[] | undefined
  /** Proxies in front, each of which appends to X-Forwarded-For. */
  proxies: number
  /** Whether /metrics is answered. */
  showsMetrics: boolean
  tokens: TokenCheck | undefined
  turn: TurnCredentials | undefined
}

/** The door of one signaling server. */
export class Gate {
  readonly #options: GateOptions
  readonly #origins: ReadonlySet<string> | undefined
  readonly #rooms = new Rooms(Math.random)
  readonly #metrics: SignalingMetrics
  readonly #connections = new Set<Connection>()
  readonly #sockets: WebSocketServer
  readonly #socketsByClient = new ClientCounts()
  readonly #tcpByClient = new ClientCounts()
  #isClosing = false

  constructor(options: GateOptions) {
    this.#options = options
    this.#origins = options.origins === undefined ? undefined : new Set(options.origins)
    this.#metrics = new SignalingMetrics(
      {
        sockets: () => this.#connections.size,
        topics: () => this.#rooms.size,
        members: () => this.#rooms.seats,
      },
      { process: options.showsMetrics },
    )
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: true,
      // Compression costs 223 kB a socket instead of 7.
      perMessageDeflate: false,
      maxPayload: options.limits.messageBytesMax,
    })
  }

  /** The ids in each topic. */
  topics(): ReadonlyMap<string, readonly string[]> {
    return this.#rooms.list()
  }

  /** Takes the upgrades of `server`; returns how to stop that. */
  attach(server: Server): () => void {
    const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head)
    server.on('upgrade', upgrade)
    return () => server.off('upgrade', upgrade)
  }

  /** Cuts a client's TCP connections that are too many; a proxy's are those of many clients. */
  guard(server: Server): void {
    if (this.#options.proxies > 0) return
    const most = CONNECTIONS_PER_SOCKET * this.#options.limits.socketsPerAddressMax
    server.on('connection', (socket: Socket) => {
      const client = clientAddress({ socket, headers: {} } as IncomingMessage, 0)
      if (this.#tcpByClient.of(client) >= most) {
        this.#metrics.upgradesRefused.inc({ status: 'tcp' })
        socket.destroy()
        return
      }
      this.#tcpByClient.add(client)
      socket.once('close', () => this.#tcpByClient.remove(client))
    })
  }

  /** Plain HTTP: the probes of an orchestrator, and a hint for people who open the endpoint in a browser. */
  answer(request: IncomingMessage, response: ServerResponse): void {
    const path = pathOf(request)
    if (path === '/livez') reply(response, 200, 'ok')
    else if (path === '/readyz')
      reply(response, this.#isClosing ? 503 : 200, this.#isClosing ? 'closing' : 'ok')
    else if (path === '/metrics' && this.#options.showsMetrics) void this.#answerMetrics(response)
    else if (path !== this.#options.path) reply(response, 404, 'not found')
    else {
      response.setHeader('Upgrade', 'websocket')
      reply(response, 426, 'This is a gossip-kv signaling server; connect with a WebSocket.')
    }
  }

  /** Lets nobody in any more and ends every socket, spread so that the clients do not all come back at once. */
  async close(): Promise<void> {
    this.#isClosing = true
    const { drainMillis } = this.#options.limits
    const spread = Math.min(drainMillis, (this.#connections.size / ENDS_PER_SECOND) * 1000)
    const closed = [...this.#sockets.clients].map(
      (socket) => new Promise((resolve) => socket.once('close', resolve)),
    )
    for (const connection of this.#connections)
      setTimeout(() => connection.end(SERVICE_RESTART, 'restart'), Math.random() * spread)
    await Promise.all(closed)
    this.#sockets.close()
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Until ws takes the socket over, a reset of it is nobody else's to catch.
    socket.on('error', () => socket.destroy())
    const client = clientAddress(request, this.#options.proxies)
    const refusal = this.#refusal(request, client)
    if (refusal === undefined)
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#accept(webSocket, client))
    else {
      this.#metrics.upgradesRefused.inc({ status: refusal.slice(0, 3) })
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    }
  }

  #refusal(request: IncomingMessage, client: string): string | undefined {
    const { limits, path } = this.#options
    if (this.#isClosing) return '503 Service Unavailable'
    if (pathOf(request) !== path) return '404 Not Found'
    const { origin } = request.headers
    if (origin !== undefined && this.#origins?.has(origin) === false) return '403 Forbidden'
    if (this.#socketsByClient.of(client) >= limits.socketsPerAddressMax) return '429 Too Many Requests'
    if (this.#connections.size >= limits.socketsMax) return '503 Service Unavailable'
    return undefined
  }

  #accept(webSocket: WebSocket, client: string): void {
    const { limits, tokens, turn } = this.#options
    const connection = new Connection(webSocket, {
      rooms: this.#rooms,
      limits,
      random: Math.random,
      metrics: this.#metrics,
      tokens,
      turn,
    })
    this.#connections.add(connection)
    this.#socketsByClient.add(client)
    webSocket.on('close', () => {
      this.#connections.delete(connection)
      this.#socketsByClient.remove(client)
    })
  }

  async #answerMetrics(response: ServerResponse): Promise<void> {
    const { text, type } = await this.#metrics.expose()
    response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' })
    response.end(text)
  }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/'
}

function reply(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' })
  response.end(`${text}\n`)
}
