/** The keys of a member's secret over HTTP, at /v1/keys: their ids, and the steps of a rotation. No key ever comes out. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { UsageError } from '../base/errors.js'
import type { Keys } from '../store/types.js'
import { answerJson } from './json.node.js'
import { notAllowed } from './problem.node.js'
import { readBody } from './request-body.node.js'

/** A step, and a secret of at most 111 characters. */
const BODY_BYTES_MAX = 512
const STEPS = ['install', 'use', 'remove'] as const

/** Answers GET with the ids, and POST of `{ step, key }` with the ids after the step. */
export async function answerKeys(
  keys: Keys,
  request: IncomingMessage,
  response: ServerResponse,
  writable: boolean,
): Promise<void> {
  if (request.method === 'GET' || request.method === 'HEAD') return answerJson(response, keys.list())
  if (request.method !== 'POST' || !writable)
    return notAllowed(response, writable ? 'GET, HEAD, POST' : 'GET, HEAD')
  const { step, key } = stepIn(await readBody(request, BODY_BYTES_MAX, 'A step of a rotation'))
  await keys[step](key)
  answerJson(response, keys.list())
}

/** What came in stands in no message: it may be a secret. */
function stepIn(body: Buffer): { step: (typeof STEPS)[number]; key: string } {
  try {
    const { step, key } = JSON.parse(body.toString()) as { step?: unknown; key?: unknown }
    const known = STEPS.find((name) => name === step)
    if (known !== undefined && typeof key === 'string') return { step: known, key }
  } catch {
    // The same answer as to any other body that is none.
  }
  throw new UsageError('ERR_OPTION_INVALID', 'The body is no step of a rotation', {
    why: 'It has to be JSON of the form {"step": "install", "key": "..."}',
    fix: `Take one of the steps ${STEPS.join(', ')}`,
  })
}
