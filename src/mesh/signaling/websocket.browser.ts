/** The WebSocket of a browser. */
import type { WebSocketLike } from './websocket.js'

export type { WebSocketLike } from './websocket.js'
export { WEBSOCKET_OPEN } from './websocket.js'

/** Begins to connect. */
export function openWebSocket(url: string): WebSocketLike {
  return new WebSocket(url) as WebSocketLike
}

/**
 * What the user has said to connections to such an address: 'granted', 'denied', 'prompt' for nothing yet. Undefined where
 * the page is as near as the address, and where the browser never asks. A name tells nothing of its address.
 */
export function localNetworkPermission(url: string): Promise<string | undefined> {
  const asked = import('./local-network.js').then(({ permissionFor }) => permissionFor(url))
  // Without the network nothing more can be loaded.
  return asked.catch(() => undefined)
}
