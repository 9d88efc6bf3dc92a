/** The HTTP interface of a running member, as the commands that ask it see it. */
import { NODE_CATALOGUE } from '../src/base/error-catalogue.node.js'
import { messageOf, shown, TransportError, UsageError } from '../src/base/errors.js'
import type { Options } from './command-options.js'

/** A member answers at once; what takes longer is not there. */
const ANSWER_MILLIS_MAX = 30_000

/** Where the member is; each command that asks one has these. */
export const API_ARGS = {
  url: { type: 'string', valueHint: 'URL', description: 'HTTP interface of the member; overrides --port' },
  port: {
    type: 'string',
    default: '8081',
    valueHint: 'P',
    description: 'Port of that interface on this machine',
  },
  json: { type: 'boolean', description: 'Print JSON also on a terminal' },
} as const

/** The member refused; the message is its own. */
export class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** How one request differs from a plain GET. */
export interface ApiRequest {
  method?: 'PUT' | 'POST' | 'DELETE'
  query?: Readonly<Record<string, string | undefined>>
  /** Bytes go as they are, anything else as JSON. */
  body?: unknown
  /** Ends the request; it then has no other limit of time. */
  signal?: AbortSignal
}

export class Api {
  readonly #base: string

  /** @throws UsageError ERR_OPTION_INVALID */
  constructor(options: Options) {
    const url = options.text('url') ?? `http://127.0.0.1:${options.port('port')}`
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) throw noUrl(url)
    this.#base = url.replace(/\/+$/, '')
  }

  /** The answer as JSON. @throws Refusal; TransportError ERR_API_UNREACHABLE */
  async json<T>(path: readonly string[], request: ApiRequest = {}): Promise<T> {
    const response = await this.request(path, request)
    return (await this.#body(() => response.json())) as T
  }

  /** The answer as bytes. */
  async bytes(path: readonly string[]): Promise<Uint8Array> {
    const response = await this.request(path)
    return new Uint8Array(await this.#body(() => response.arrayBuffer()))
  }

  /** Lines of JSON as they come, until the member or the signal ends them. */
  async *lines(path: readonly string[], request: ApiRequest): AsyncGenerator<unknown> {
    const response = await this.request(path, request)
    let rest = ''
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line !== '') yield JSON.parse(line)
    }
  }

  /** A request that was answered well. Parts of the path are encoded here. */
  async request(path: readonly string[], request: ApiRequest = {}): Promise<Response> {
    const { method = 'GET', query = {}, body, signal = AbortSignal.timeout(ANSWER_MILLIS_MAX) } = request
    const search = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, value)
    const url = `${this.#base}/v1/${path.map(encodeURIComponent).join('/')}?${search}`
    const sent =
      body === undefined
        ? {}
        : body instanceof Uint8Array
          ? { body: new Uint8Array(body), headers: { 'Content-Type': 'application/octet-stream' } }
          : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }
    const response = await this.#body(() => fetch(url, { method, signal, ...sent }))
    if (response.ok) return response
    throw await refusalOf(response)
  }

  async #body<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read()
    } catch (cause) {
      throw unreachable(this.#base, cause)
    }
  }
}

/** The detail of a problem (RFC 9457) is the message of the member's own error. */
async function refusalOf(response: Response): Promise<Refusal> {
  const { status, statusText } = response
  try {
    const { detail } = (await response.json()) as { detail?: unknown }
    if (typeof detail === 'string') {
      const hint = status === 405 ? ' The member was started without --writable.' : ''
      return new Refusal(status, detail + hint)
    }
  } catch {
    // Something else than a member answers there.
  }
  return new Refusal(status, `The server answered ${status} ${statusText}, and not as a member does.`)
}

function noUrl(url: string): UsageError {
  return new UsageError('ERR_OPTION_INVALID', `The option --url is ${shown(url)}`, {
    why: 'It has to be an http or https URL, such as http://127.0.0.1:8081',
    fix: 'Correct it, or name a port of this machine with --port',
  })
}

function unreachable(base: string, cause: unknown): TransportError {
  const reason = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause
  return new TransportError('ERR_API_UNREACHABLE', `No member answers at ${base} (${messageOf(reason)})`, {
    ...NODE_CATALOGUE.TransportError.ERR_API_UNREACHABLE,
    cause,
  })
}
