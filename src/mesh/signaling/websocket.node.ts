/** The WebSocket of Node: the package `ws`, since Node 20 has none of its own. */
import { WebSocket } from 'ws'
import { SIGNALING_MESSAGE_BYTES_MAX } from '../wire/wire-limits.js'
import type { WebSocketLike } from './websocket.js'

export type { WebSocketLike } from './websocket.js'
export { localNetworkPermission, WEBSOCKET_OPEN } from './websocket.js'

/** Begins to connect. */
export function openWebSocket(url: string): WebSocketLike {
  const socket = new WebSocket(url, { perMessageDeflate: false, maxPayload: 2 * SIGNALING_MESSAGE_BYTES_MAX })
  return socket as unknown as WebSocketLike
}
