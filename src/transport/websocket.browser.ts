/** The WebSocket of a browser. */
import { addressSpace } from '../wire/ip-address.js'
import type { WebSocketLike } from './websocket.js'

export type { WebSocketLike } from './websocket.js'
export { WEBSOCKET_OPEN } from './websocket.js'

/** From a space to one that stands after it, a browser asks its user first. */
const SPACES = ['public', 'local', 'loopback'] as const

/** Begins to connect. */
export function openWebSocket(url: string): WebSocketLike {
  return new WebSocket(url) as WebSocketLike
}

/**
 * What the user has said to connections to such an address: 'granted', 'denied', 'prompt' for nothing yet. Undefined where
 * the page is as near as the address, and where the browser never asks. A name tells nothing of its address.
 */
export function localNetworkPermission(url: string): Promise<string | undefined> | undefined {
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
