/** `gossip-kv node`: one member of a cluster as a process, with its HTTP interface. */
import type { Store, StoreOptions } from '../src/index.js'
import type { Command, CommandContext } from './command.js'
import type { Options } from './command-options.js'
import { printUp } from './output.js'

/** A member without a page. */
export const nodeCommand: Command = {
  meta: { name: 'node', description: 'Run a member of a cluster' },
  stays: true,
  args: {
    cluster: {
      type: 'string',
      valueHint: 'C',
      description: 'Members with the same cluster name share their data',
    },
    signaling: {
      type: 'string',
      valueHint: 'URLS',
      description: 'WebSocket URLs of signaling servers, separated by commas; alone when left out',
    },
    token: {
      type: 'string',
      valueHint: 'T',
      description: 'Join token for signaling, good for one connection',
    },
    'token-file': {
      type: 'string',
      valueHint: 'FILE',
      description: 'File with a join token, read anew for each connection',
    },
    name: { type: 'string', valueHint: 'N', description: 'A name for people to read' },
    zone: { type: 'string', valueHint: 'Z', description: 'Where it runs, for people to read' },
    port: {
      type: 'string',
      default: '0',
      valueHint: 'P',
      description: 'TCP port of HTTP; 0 takes any free one',
    },
    host: { type: 'string', default: '127.0.0.1', valueHint: 'H', description: 'Address of HTTP' },
    data: {
      type: 'string',
      valueHint: 'DIR',
      description: 'Folder that keeps the state; memory only when left out',
    },
    'secret-file': {
      type: 'string',
      valueHint: 'FILE',
      description: "File with the cluster's secret; else it is taken from GOSSIP_KV_SECRET",
    },
    open: {
      type: 'boolean',
      description: "Let everybody who knows the cluster's name read and write, also off this machine",
    },
    'checkpoint-every': {
      type: 'string',
      default: '0',
      valueHint: 'S',
      description: 'Seconds between checkpoints that are made by themselves; 0: none',
    },
    'checkpoint-keep': {
      type: 'string',
      default: '10',
      valueHint: 'N',
      description: 'Checkpoints without a label that stay',
    },
    writable: { type: 'boolean', description: 'Let HTTP write keys and make or restore checkpoints, too' },
    json: { type: 'boolean', description: 'Print JSON also on a terminal' },
  },

  async run(context) {
    const { options, lifetime } = context
    if (process.channel) process.once('disconnect', () => lifetime.stop())
    const cluster = options.required('cluster')
    const writable = options.flag('writable')
    // Loaded here, since the other commands need neither Yjs nor WebRTC.
    const { filePersistence, openHttp } = await import('../src/node.js')
    const { createStore } = await import('../src/index.js')
    const http = await openHttp({ port: options.port('port'), host: options.required('host') })
    lifetime.onStop(() => http.close())
    const data = options.text('data')
    const store = createStore({
      cluster,
      port: http.port,
      ...storeOptions(context),
      ...(data === undefined ? {} : { persistence: filePersistence(data) }),
    })
    lifetime.onStop(() => store.close())
    logEvents(store, context)
    await store.ready()
    http.show(store, { writable })
    // The last one that is added goes first: not ready, before anything else ends.
    lifetime.onStop(async () => http.drain())
    const up = { id: store.id, port: http.port, cluster }
    printUp(
      options.flag('json'),
      up,
      `member ${store.id} of ${cluster} at http://127.0.0.1:${http.port}/v1/status`,
    )
  },
}

function storeOptions(context: CommandContext): Omit<StoreOptions, 'cluster'> {
  const { options } = context
  const [token, name, zone] = [tokenOf(options), options.text('name'), options.text('zone')]
  const everyMillis = 1000 * options.integer('checkpoint-every', 0, 2_000_000)
  const keep = options.integer('checkpoint-keep', 1, 1000)
  return {
    checkpoints: { keep, ...(everyMillis === 0 ? {} : { everyMillis }) },
    signaling: options.list('signaling'),
    ...(token && { token }),
    ...secretOf(context),
    ...(name === undefined ? {} : { name }),
    ...(zone === undefined ? {} : { zone }),
  }
}

function tokenOf(options: Options): string | (() => Promise<string>) | undefined {
  if (options.file('token-file') === undefined) return options.text('token')
  return async () => options.file('token-file') ?? ''
}

/** Never a flag: arguments show in the list of processes. */
function secretOf({ options }: CommandContext): Pick<StoreOptions, 'secret' | 'security'> {
  // An empty file is no secret, and no wish for a cluster without one.
  const secret = options.file('secret-file') ?? (process.env['GOSSIP_KV_SECRET']?.trim() || undefined)
  if (secret !== undefined) return { secret }
  return options.flag('open') ? { security: 'open' } : {}
}

function logEvents(store: Store, { logger }: CommandContext): void {
  let name = store.status.name
  store.on('status', (status) => {
    if (status.name === name) return
    name = status.name
    logger.info({ status: name, signaling: status.signaling, links: status.links }, 'status')
  })
  store.on('error', (error) => logger.warn({ code: error.code }, error.message))
}
