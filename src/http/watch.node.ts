/**
 * Changes of keys as they happen: one JSON object a line, for as long as the reader stays. A slow reader gets the
 * latest value of each key; memory does not grow with what it missed.
 */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { KV } from '../store/types.js'
import { jsonOf } from './json.node.js'
import { answerProblem } from './problem.node.js'

/** Readers at once: each holds a socket and a list of changed keys. */
export const WATCHERS_MAX = 100
/** An empty line in so long a silence: a reader that has gone is noticed, and no proxy ends what looks idle. */
const ALIVE_MILLIS = 15_000

/** The readers of one store. */
export class Watchers {
  #open = 0

  async answer(usr: KV, request: IncomingMessage, response: ServerResponse, query: string): Promise<void> {
    if (this.#open >= WATCHERS_MAX) {
      return answerProblem(response, 503, `${WATCHERS_MAX} readers watch already; end one of them first.`)
    }
    response.writeHead(200, { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' })
    if (request.method === 'HEAD') {
      response.end()
      return
    }
    response.flushHeaders()
    this.#open += 1
    try {
      await this.#stream(usr, response, new URLSearchParams(query))
    } finally {
      this.#open -= 1
    }
  }

  async #stream(usr: KV, response: ServerResponse, query: URLSearchParams): Promise<void> {
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const alive = setInterval(() => response.write('\n'), ALIVE_MILLIS)
    const options = { prefix: query.get('prefix') ?? '', initial: query.get('initial') === 'true' }
    try {
      for await (const { key, value } of usr.watch({ ...options, signal: gone.signal })) {
        const line = jsonOf(value === undefined ? { key, deleted: true } : { key, value })
        if (!response.write(`${line}\n`)) await once(response, 'drain', { signal: gone.signal })
      }
      response.end()
    } catch (error) {
      // The reader has gone while it was waited for.
      if (!gone.signal.aborted) throw error
    } finally {
      clearInterval(alive)
    }
  }
}
