/** `gossip-kv get`, `set`, `delete`, `list` and `watch`: the keys of a running member. */
import { buffer } from 'node:stream/consumers'
import { messageOf, UsageError } from '../src/base/errors.js'
import { API_ARGS, Api } from './api.js'
import type { Command } from './command.js'
import type { Options } from './command-options.js'
import { brief, jsonLine, print, printData, table } from './output.js'

const KEY = { key: { description: 'The key' } }
const PREFIX = { type: 'string', valueHint: 'P', description: 'Only keys that begin with it' } as const

export const getCommand: Command = {
  meta: { name: 'get', description: 'Print the value of a key' },
  words: KEY,
  args: {
    url: API_ARGS.url,
    port: API_ARGS.port,
    raw: { type: 'boolean', description: 'Print a text without its quotes, and bytes as they are' },
  },
  async run({ options }) {
    const response = await new Api(options).request(['usr', options.word('key')])
    const isBytes = response.headers.get('content-type') === 'application/octet-stream'
    const value: unknown = isBytes ? new Uint8Array(await response.arrayBuffer()) : await response.json()
    if (options.flag('raw') && value instanceof Uint8Array) process.stdout.write(value)
    else if (options.flag('raw') && typeof value === 'string') process.stdout.write(value)
    else print(jsonLine(value))
  },
}

export const setCommand: Command = {
  meta: { name: 'set', description: 'Write a key' },
  words: {
    ...KEY,
    value: { description: 'JSON, or else a text as it stands; - reads it from standard input' },
  },
  args: {
    url: API_ARGS.url,
    port: API_ARGS.port,
    text: { type: 'boolean', description: 'Take the value as a text, even where it is JSON' },
    bytes: { type: 'boolean', description: 'Take the value as bytes' },
  },
  async run({ options }) {
    const body = await valueIn(options)
    await new Api(options).request(['usr', options.word('key')], { method: 'PUT', body })
  },
}

export const deleteCommand: Command = {
  meta: { name: 'delete', description: 'Remove a key' },
  words: KEY,
  args: { url: API_ARGS.url, port: API_ARGS.port },
  async run({ options }) {
    await new Api(options).request(['usr', options.word('key')], { method: 'DELETE' })
  },
}

export const listCommand: Command = {
  meta: { name: 'list', description: 'Print keys and values' },
  args: { ...API_ARGS, prefix: PREFIX },
  async run({ options }) {
    const query = { prefix: options.text('prefix') }
    const entries = await new Api(options).json<Record<string, unknown>>(['usr'], { query })
    const rows = Object.entries(entries).map(([key, value]) => [key, brief(value)])
    printData(options.flag('json'), entries, () => table(['KEY', 'VALUE'], rows))
  },
}

export const watchCommand: Command = {
  meta: { name: 'watch', description: 'Print changes of keys as they happen' },
  args: {
    ...API_ARGS,
    prefix: PREFIX,
    initial: { type: 'boolean', description: 'Print what is there first' },
  },
  async run({ options, lifetime }) {
    const stopped = new AbortController()
    lifetime.onStop(async () => stopped.abort())
    const query = { prefix: options.text('prefix'), initial: String(options.flag('initial')) }
    const api = new Api(options)
    try {
      for await (const line of api.lines(['watch'], { query, signal: stopped.signal })) {
        const { key, value } = line as { key: string; value?: unknown }
        const text = () => `${table([key], [])}  ${value === undefined ? '(deleted)' : brief(value, 200)}`
        printData(options.flag('json'), line, text)
      }
    } catch (error) {
      if (!stopped.signal.aborted) throw error
    }
    // The stream ends by itself only when the member does: then it is not there any more, and this says so.
    if (!stopped.signal.aborted) await api.json(['status'])
  },
}

async function valueIn(options: Options): Promise<unknown> {
  const word = options.word('value')
  const bytes = word === '-' ? await buffer(process.stdin) : Buffer.from(word)
  if (options.flag('bytes')) return new Uint8Array(bytes)
  const text = decoded(bytes)
  if (options.flag('text')) return text
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new UsageError('ERR_VALUE_INVALID', `The value is no text in UTF-8 (${messageOf(cause)})`, {
      why: 'Bytes were read where JSON or a text was expected',
      fix: 'Pass --bytes to keep them as they are',
      cause,
    })
  }
}
