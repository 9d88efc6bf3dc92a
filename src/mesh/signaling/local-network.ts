/** Whether the user of a page allows it to reach the local network. Loaded when a connection has failed. */
import { addressSpace } from '../../base/ip-address.js'

/** From a space to one that stands after it, a browser asks its user first. */
const SPACES = ['public', 'local', 'loopback'] as const

/** What the user has said to connections to such an address; undefined where nobody has to be asked. */
export async function permissionFor(url: string): Promise<string | undefined> {
  const { origin } = globalThis
  const own = URL.canParse(origin) ? addressSpace(new URL(origin).hostname) : 'public'
  const target = addressSpace(new URL(url).hostname)
  if (SPACES.indexOf(target) <= SPACES.indexOf(own)) return undefined
  // The second is the name of both in the first browsers that asked.
  return permission(`${target}-network`)
    .catch(() => permission('local-network-access'))
    .catch(() => undefined)
}

async function permission(name: string): Promise<string> {
  return (await navigator.permissions.query({ name: name as PermissionName })).state
}
