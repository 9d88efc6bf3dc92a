/** The checkpoints of a member over HTTP, at /v1/checkpoints and /v1/checkpoints/ID, where ID may be a label. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { MERGE_BYTES_MAX } from '../data/data-limits.js'
import type { Checkpoints } from '../store/types.js'
import { answerJson } from './json.node.js'
import { decodedPart } from './path.node.js'
import { answer, answerProblem, notAllowed } from './problem.node.js'
import { readBody } from './request-body.node.js'

const ROOT = '/v1/checkpoints'

/** One request, taken apart. */
interface Call {
  checkpoints: Checkpoints
  request: IncomingMessage
  response: ServerResponse
  id: string
  query: URLSearchParams
}

/** What can be done with one checkpoint, by method and last part of the path. */
const ACTIONS: Readonly<Record<string, (call: Call) => Promise<void>>> = {
  'GET ': async ({ checkpoints, response, id, query }) =>
    answerJson(response, await checkpoints.read(id, prefixIn(query))),
  'GET diff': async ({ checkpoints, response, id, query }) =>
    answerJson(response, await checkpoints.diff(id, query.get('to') ?? 'now', prefixIn(query))),
  'GET export': async ({ checkpoints, response, id }) =>
    answer(response, 200, 'application/octet-stream', await checkpoints.export(id)),
  'POST restore': async ({ checkpoints, response, id, query }) => {
    const atomic = query.get('atomic') === 'true'
    answerJson(response, await checkpoints.restore(id, { ...prefixIn(query), atomic }))
  },
  'DELETE ': async ({ checkpoints, response, id }) => {
    await checkpoints.remove(id)
    response.writeHead(204, { 'Cache-Control': 'no-store' })
    response.end()
  },
}

/** Whether a path belongs to checkpoints. */
export function isCheckpointPath(path: string): boolean {
  return path === ROOT || path.startsWith(`${ROOT}/`)
}

/** Answers a request of such a path. */
export async function answerCheckpoints(
  checkpoints: Checkpoints,
  request: IncomingMessage,
  response: ServerResponse,
  writable: boolean,
): Promise<void> {
  const [path = '', search = ''] = (request.url ?? '').split('?', 2)
  const [id = '', action = '', ...rest] = path.slice(ROOT.length + 1).split('/')
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '')
  const reads = method === 'GET'
  if (!reads && !writable) return notAllowed(response, 'GET, HEAD')
  const call = { checkpoints, request, response, id: decodedPart(id), query: new URLSearchParams(search) }
  if (id === '') return answerAll(call, method)
  const act = rest.length === 0 ? ACTIONS[`${method} ${action}`] : undefined
  if (act) return act(call)
  const allowed = ['GET', 'POST', 'DELETE'].filter((each) => `${each} ${action}` in ACTIONS)
  if (allowed.length === 0 || rest.length > 0) answerProblem(response, 404, 'There is nothing at this path.')
  else notAllowed(response, allowed.join(', '))
}

/** The list, and what makes a new one: of the present state, or of the bytes of an export. */
async function answerAll({ checkpoints, request, response, query }: Call, method: string): Promise<void> {
  if (method === 'GET') return answerJson(response, await checkpoints.list())
  if (method !== 'POST') return notAllowed(response, 'GET, HEAD, POST')
  const label = query.get('label')
  const options = label === null ? {} : { label }
  const imports = request.headers['content-type']?.startsWith('application/octet-stream') === true
  const made = imports
    ? await checkpoints.import(await readBody(request, MERGE_BYTES_MAX, 'A checkpoint'), options)
    : await checkpoints.create(options)
  answerJson(response, made, 201)
}

function prefixIn(query: URLSearchParams): { prefix?: string } {
  const prefix = query.get('prefix')
  return prefix === null ? {} : { prefix }
}
