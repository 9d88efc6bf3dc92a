/** Reads the value out of a request: JSON, or bytes as they are. */
import type { IncomingMessage } from 'node:http'
import { messageOf, UsageError } from '../base/errors.js'
import { VALUE_BYTES_MAX } from '../data/data-limits.js'
import type { Value } from '../store/types.js'

/** JSON takes up to six characters for one of the value (`\u0000`), and some for its braces. */
const BODY_BYTES_MAX = 8 * VALUE_BYTES_MAX

/** The value that a request carries. @throws UsageError ERR_TOO_LARGE, ERR_VALUE_INVALID */
export async function readValue(request: IncomingMessage): Promise<Value> {
  const bytes = await readBody(request, BODY_BYTES_MAX, `A value of at most ${VALUE_BYTES_MAX} bytes`)
  if (request.headers['content-type']?.startsWith('application/octet-stream')) return new Uint8Array(bytes)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Value
  } catch (cause) {
    throw new UsageError('ERR_VALUE_INVALID', `The body is no JSON in UTF-8 (${messageOf(cause)})`, {
      why: 'A value is sent as JSON, or as bytes with the header Content-Type: application/octet-stream',
      fix: 'Put quotes around a text: "like this"',
      cause,
    })
  }
}

/** The bytes of a request, at most `bytesMax`; `what` they are, for the error. @throws UsageError ERR_TOO_LARGE */
export function readBody(request: IncomingMessage, bytesMax: number, what: string): Promise<Buffer> {
  const parts: Buffer[] = []
  let bytes = 0
  return new Promise((resolve, reject) => {
    request.on('data', (part: Buffer) => {
      bytes += part.length
      // What comes after is read and forgotten: a socket that is cut in between would lose the answer.
      if (bytes > bytesMax) {
        parts.length = 0
        reject(tooLarge(bytesMax, what))
      } else parts.push(part)
    })
    request.on('end', () => resolve(Buffer.concat(parts)))
    request.on('error', reject)
  })
}

function tooLarge(bytesMax: number, what: string): UsageError {
  return new UsageError('ERR_TOO_LARGE', `The body has more than ${bytesMax} bytes`, {
    why: `${what} has fewer`,
    fix: 'Split a value over several keys; import what an export gave',
  })
}
