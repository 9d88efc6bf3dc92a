/**
 * The HTTP interface of one member: what it holds and how it stands, for probes, scripts and sidecars. Reading is
 * local and shows what this member knows; writing is off unless it is asked for.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { shown, UsageError } from '../base/errors.js'
import type { Store } from '../store/types.js'
import { answerCheckpoints, isCheckpointPath } from './checkpoints.node.js'
import { answerJson } from './json.node.js'
import { answerKeys } from './keys.node.js'
import { decodedPart } from './path.node.js'
import { answer, answerError, answerProblem, notAllowed } from './problem.node.js'
import { readValue } from './request-body.node.js'
import { Watchers } from './watch.node.js'

const USR = '/v1/usr/'

/** How a store is shown. */
export interface HttpApiOptions {
  /**
   * Lets PUT and DELETE of keys in, what makes, restores and removes checkpoints, and the rotation of keys.
   * Default false.
   */
  writable?: boolean
}

/** Answers requests for one store. */
export class HttpApi {
  readonly #store: Store
  readonly #writable: boolean
  readonly #watchers = new Watchers()
  /** Set when the member is about to stop: it is not ready from then on, and still answers. */
  draining = false

  constructor(store: Store, options: HttpApiOptions = {}) {
    this.#store = store
    this.#writable = options.writable === true
  }

  /** Answers one request; every failure ends as an answer. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#route(request, response)
    } catch (error) {
      if (response.headersSent) response.destroy()
      else answerError(response, error)
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '/', query = ''] = (request.url ?? '/').split('?', 2)
    const isReading = request.method === 'GET' || request.method === 'HEAD'
    // A page of any origin can make a browser write, if only under a name of its own; it cannot hide where it came from.
    if (!isReading && this.#writable && request.headers.origin !== undefined)
      answerProblem(response, 403, 'Web pages may not write here.')
    else if (path.startsWith(USR)) await this.#key(request, response, decodedPart(path.slice(USR.length)))
    else if (isCheckpointPath(path))
      await answerCheckpoints(this.#store.checkpoints, request, response, this.#writable)
    else if (path === '/v1/keys') await answerKeys(this.#store.keys, request, response, this.#writable)
    else if (!isReading) notAllowed(response, 'GET, HEAD')
    else if (path === '/v1/watch') await this.#watchers.answer(this.#store.usr, request, response, query)
    else this.#read(response, path, query)
  }

  #read(response: ServerResponse, path: string, query: string): void {
    const store = this.#store
    switch (path) {
      case '/livez':
        answer(response, 200, 'text/plain; charset=utf-8', 'ok\n')
        break
      case '/readyz':
        this.#ready(response)
        break
      case '/v1/status':
        answerJson(response, { id: store.id, cluster: store.cluster, ...store.status })
        break
      case '/v1/members':
        answerJson(response, store.members.list())
        break
      case '/v1/sys':
        answerJson(response, store.sys.snapshot())
        break
      case '/v1/usr':
        answerJson(response, this.#entries(query))
        break
      default:
        answerProblem(response, 404, 'There is nothing at this path.')
    }
  }

  #ready(response: ServerResponse): void {
    const { name } = this.#store.status
    const isReady = !this.draining && (name === 'live' || name === 'alone')
    if (isReady) answer(response, 200, 'text/plain; charset=utf-8', `${name}\n`)
    else answerProblem(response, 503, `The member is ${this.draining ? 'stopping' : name}.`)
  }

  #entries(query: string): Record<string, unknown> {
    const prefix = new URLSearchParams(query).get('prefix')
    return Object.fromEntries(this.#store.usr.entries(prefix === null ? {} : { prefix }))
  }

  async #key(request: IncomingMessage, response: ServerResponse, key: string): Promise<void> {
    const allowed = this.#writable ? 'GET, HEAD, PUT, DELETE' : 'GET, HEAD'
    const { method = '' } = request
    if (!allowed.split(', ').includes(method)) {
      notAllowed(response, allowed)
      return
    }
    if (method === 'GET' || method === 'HEAD') this.#get(response, key)
    else await this.#write(request, response, key)
  }

  #get(response: ServerResponse, key: string): void {
    const value = this.#store.usr.get(key)
    if (value === undefined) answerProblem(response, 404, `There is no key ${shown(key)}.`)
    else if (value instanceof Uint8Array) answer(response, 200, 'application/octet-stream', value)
    else answerJson(response, value)
  }

  async #write(request: IncomingMessage, response: ServerResponse, key: string): Promise<void> {
    refuseConditions(request)
    if (request.method === 'PUT') this.#store.usr.set(key, await readValue(request))
    else if (!this.#store.usr.delete(key)) {
      answerProblem(response, 404, `There is no key ${shown(key)}.`)
      return
    }
    response.writeHead(204, { 'Cache-Control': 'no-store' })
    response.end()
  }
}

/** Two members could both accept the same condition, and neither would know. */
function refuseConditions(request: IncomingMessage): void {
  const header = ['if-match', 'if-none-match', 'if-unmodified-since'].find((name) => name in request.headers)
  if (header === undefined) return
  throw new UsageError('ERR_OPTION_INVALID', `The header ${header} cannot be honored`, {
    why: 'Members write without asking each other, so no member can compare and set',
    fix: 'Leave the header out; of concurrent writes one wins, the same on every member',
  })
}
