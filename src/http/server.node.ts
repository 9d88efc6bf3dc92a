/**
 * The HTTP server of a member. It can open before there is a store, so that the port is known (and known to be
 * free) before anything else begins; until then it answers that it lives and is not ready.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isLoopbackName } from '../base/ip-address.js'
import { listenError } from '../base/listen-error.js'
import type { Store } from '../store/types.js'
import { HttpApi, type HttpApiOptions } from './api.node.js'
import { answer, answerProblem } from './problem.node.js'

const REQUEST_MILLIS_MAX = 5000

/** Where to listen. */
export interface HttpServerOptions {
  /** TCP port. Default 0: any free one. */
  port?: number
  /** Address. Default 127.0.0.1: this machine only. */
  host?: string
}

/** A running HTTP server. */
export interface HttpServer {
  readonly port: number
  /** Shows `store` from now on. */
  show(store: Store, options?: HttpApiOptions): void
  /** Answers /readyz with 503 from now on; everything else goes on. */
  drain(): void
  /** Stops listening and cuts what is connected. Idempotent. */
  close(): Promise<void>
}

/**
 * Serves the HTTP interface of `store`: /livez, /readyz, /v1/status, /v1/members, /v1/sys, /v1/usr,
 * /v1/usr/KEY, /v1/watch and /v1/checkpoints; read-only unless `writable`.
 * @throws TransportError ERR_PORT_IN_USE, UsageError ERR_OPTION_INVALID
 */
export async function serveHttp(
  store: Store,
  options: HttpServerOptions & HttpApiOptions = {},
): Promise<HttpServer> {
  const server = await openHttp(options)
  server.show(store, options)
  return server
}

/** Opens the server without a store. @throws TransportError ERR_PORT_IN_USE, UsageError ERR_OPTION_INVALID */
export async function openHttp({
  port = 0,
  host = '127.0.0.1',
}: HttpServerOptions = {}): Promise<HttpServer> {
  const server = createServer({ connectionsCheckingInterval: 1000 })
  server.headersTimeout = REQUEST_MILLIS_MAX
  server.requestTimeout = REQUEST_MILLIS_MAX
  let api: HttpApi | undefined
  server.on('request', (request, response) => {
    if (isLoopbackName(host) && !isLocalName(request.headers.host)) misdirected(response)
    else if (api === undefined) answerStarting(request, response)
    else void api.handle(request, response)
  })
  await listen(server, port, host)
  return {
    port: (server.address() as AddressInfo).port,
    show: (store, options) => {
      api = new HttpApi(store, options)
    },
    drain: () => {
      if (api !== undefined) api.draining = true
    },
    close: () => close(server),
  }
}

/** A web page can point a name of its own at 127.0.0.1; the name in the request gives that away. */
function isLocalName(header: string | undefined): boolean {
  return isLoopbackName((header ?? '').replace(/:\d+$/, ''))
}

function misdirected(response: ServerResponse): void {
  answerProblem(
    response,
    421,
    'This server listens on this machine only and answers to localhost and 127.0.0.1.',
  )
}

function answerStarting(request: IncomingMessage, response: ServerResponse): void {
  if (request.url === '/livez') answer(response, 200, 'text/plain; charset=utf-8', 'ok\n')
  else answerProblem(response, 503, 'The member is starting.')
}

function listen(server: Server, port: number, host: string): Promise<void> {
  const failed = (cause: unknown) => listenError(cause, { host, port, remedy: 'set the option "port"' })
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(failed(cause)))
    try {
      server.listen(port, host, resolve)
    } catch (cause) {
      reject(failed(cause))
    }
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
