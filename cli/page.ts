/** The files of the demo page over HTTP: only what lies in its folder, never anything beside it. */

import { createReadStream, existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { NODE_CATALOGUE } from '../src/base/error-catalogue.node.js'
import { UsageError } from '../src/base/errors.js'

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
}

/** The folder of the built page: beside the built CLI, or in dist when the CLI runs from its sources. @throws UsageError ERR_PAGE_MISSING */
export function findPage(base: string = import.meta.url): string {
  const folders = ['../demo/', '../dist/demo/'].map((path) => fileURLToPath(new URL(path, base)))
  const found = folders.find((folder) =>
    ['index.html', 'main.js'].every((file) => existsSync(join(folder, file))),
  )
  if (found !== undefined) return found
  throw new UsageError('ERR_PAGE_MISSING', `The demo page is not in ${folders.join(' nor in ')}`, {
    ...NODE_CATALOGUE.UsageError.ERR_PAGE_MISSING,
  })
}

/** Answers GET and HEAD with files of one folder. */
export class Page {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder.endsWith(sep) ? folder : folder + sep
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD')
      end(response, 405, 'Only GET and HEAD here.')
      return
    }
    const path = this.#pathOf(request.url ?? '/')
    const found = path === undefined ? undefined : await stat(path).catch(() => undefined)
    if (path === undefined || found?.isFile() !== true) end(response, 404, 'There is no such file.')
    else
      await send(
        request,
        response,
        path,
        `"${found.size.toString(36)}-${Math.round(found.mtimeMs).toString(36)}"`,
      )
  }

  /** The file that a URL means; undefined when it is none inside of the folder. */
  #pathOf(url: string): string | undefined {
    try {
      const name = decodeURIComponent(url.split(/[?#]/, 1)[0] ?? '/')
      const path = join(this.#folder, name.endsWith('/') ? `${name}index.html` : name)
      return path.startsWith(this.#folder) && !path.includes('\0') ? path : undefined
    } catch {
      return undefined
    }
  }
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  etag: string,
): Promise<void> {
  // Asked for anew each time, so that a new build shows; what has not changed is not sent again.
  response.setHeader('ETag', etag)
  response.setHeader('Cache-Control', 'no-cache')
  response.setHeader('X-Content-Type-Options', 'nosniff')
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304).end()
    return
  }
  response.writeHead(200, { 'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream' })
  if (request.method === 'HEAD') response.end()
  // A browser that goes away in the middle is no failure.
  else await pipeline(createReadStream(path), response).catch(() => response.destroy())
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`)
}
