/** Options of a store from GOSSIP_KV_* variables, as a container gets them. */
import { shown, UsageError } from '../base/errors.js'
import { filePersistence } from '../data/persistence/file.node.js'
import type { StoreOptions } from '../store/types.js'

/** Variables by name; an empty one counts as absent. */
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Reads GOSSIP_KV_CLUSTER (required), GOSSIP_KV_SIGNALING (URLs, separated by commas), GOSSIP_KV_NAME,
 * GOSSIP_KV_ZONE, GOSSIP_KV_PORT (the port of the HTTP interface; 0 and none leave it open) and GOSSIP_KV_DATA
 * (a folder: the state is kept there), GOSSIP_KV_SECRET, and GOSSIP_KV_OPEN ("true": security 'open').
 * @throws UsageError ERR_OPTION_INVALID
 */
export function optionsFromEnv(env: Environment = process.env): StoreOptions {
  const text = (name: string) => env[`GOSSIP_KV_${name}`]?.trim() || undefined
  const cluster = text('CLUSTER')
  if (cluster === undefined) throw noCluster()
  const [secret, open] = [text('SECRET'), text('OPEN') === 'true']
  const [name, zone, data, port] = [text('NAME'), text('ZONE'), text('DATA'), portOf(text('PORT'))]
  return {
    cluster,
    signaling: listOf(text('SIGNALING')),
    ...(secret === undefined ? {} : { secret }),
    ...(open && secret === undefined ? { security: 'open' as const } : {}),
    ...(name === undefined ? {} : { name }),
    ...(zone === undefined ? {} : { zone }),
    ...(port === 0 ? {} : { port }),
    ...(data === undefined ? {} : { persistence: filePersistence(data) }),
  }
}

function listOf(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((url) => url.trim())
    .filter((url) => url !== '')
}

function portOf(text: string | undefined): number {
  const port = Number(text ?? 0)
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new UsageError('ERR_OPTION_INVALID', `The variable GOSSIP_KV_PORT is ${shown(text)}`, {
    why: 'A TCP port is an integer from 0 to 65535',
    fix: 'Set it to such a number, or leave it out',
  })
}

function noCluster(): UsageError {
  return new UsageError('ERR_OPTION_INVALID', 'The variable GOSSIP_KV_CLUSTER is not set', {
    why: 'A member belongs to one cluster, which has a name',
    fix: 'Set GOSSIP_KV_CLUSTER to the name that all members of the cluster share',
  })
}
