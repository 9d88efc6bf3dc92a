/** Errors of the HTTP interface as `application/problem+json` (RFC 9457), with the stable code of gossip-kv beside it. */
import { type ServerResponse, STATUS_CODES } from 'node:http'
import { type ErrorCode, GossipKvError, messageOf } from '../base/errors.js'

/** What each error of the store means in HTTP; every other one is a 500. */
const STATUS_OF: Partial<Record<ErrorCode, number>> = {
  ERR_KEY_INVALID: 400,
  ERR_VALUE_INVALID: 400,
  ERR_OPTION_INVALID: 400,
  ERR_SECRET_INVALID: 400,
  ERR_READ_ONLY: 403,
  ERR_KEY_UNKNOWN: 409,
  ERR_SECRET_MISSING: 409,
  ERR_CHECKPOINT_MISSING: 404,
  ERR_TOO_LARGE: 413,
  ERR_CHECKPOINT_INVALID: 422,
  ERR_CHECKPOINT_VERSION: 422,
  ERR_CHECKPOINT_SEALED: 422,
  ERR_STORE_CLOSED: 503,
  ERR_FULL: 507,
}

/** Answers with what was thrown. */
export function answerError(response: ServerResponse, error: unknown): void {
  if (!(error instanceof GossipKvError)) {
    answerProblem(response, 500, messageOf(error))
    return
  }
  answerProblem(response, STATUS_OF[error.code] ?? 500, error.message, error.code)
}

/** Answers with a problem of HTTP itself, or with the `code` of an error. */
export function answerProblem(
  response: ServerResponse,
  status: number,
  detail: string,
  code?: ErrorCode,
): void {
  const title = STATUS_CODES[status] ?? 'Error'
  answer(
    response,
    status,
    'application/problem+json',
    JSON.stringify({ type: 'about:blank', title, status, detail, code }),
  )
}

/** The path is there, and not for this method. */
export function notAllowed(response: ServerResponse, allowed: string): void {
  response.setHeader('Allow', allowed)
  answerProblem(response, 405, `Only ${allowed} here.`)
}

/** Answers with a body that no cache may keep: the state changes at any time. */
export function answer(
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Uint8Array,
): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  })
  response.end(body)
}
