/** The WebSocket of a browser. */
import type { WebSocketLike } from './websocket.js'

export type { WebSocketLike } from './websocket.js'
export { WEBSOCKET_OPEN } from './websocket.js'

/** Begins to connect. */
export function openWebSocket(url: string): WebSocketLike {
  return new WebSocket(url) as WebSocketLike
}
