/** Answers as JSON: bytes inside of it stand as `{"$base64": ...}`, errors as code and message. */
import type { ServerResponse } from 'node:http'
import { GossipKvError } from '../base/errors.js'
import { answer } from './problem.node.js'

/** Answers with `value`; 200 unless another status is named. */
export function answerJson(response: ServerResponse, value: unknown, status = 200): void {
  answer(response, status, 'application/json', jsonOf(value))
}

/** The JSON text of a value. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value, replaceUnjson) ?? 'null'
}

function replaceUnjson(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return { $base64: Buffer.from(value).toString('base64') }
  if (value instanceof GossipKvError) return { code: value.code, message: value.message }
  return value
}
